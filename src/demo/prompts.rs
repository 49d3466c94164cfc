//! Prompts: ready-made requests for a model.

use serde_json::{Value, json};

use super::arguments::{Arguments, ExceptionError};
use super::trade::Date;
use super::{metadata, resources};

struct Prompt {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    /// Makes the contents of the messages, all of the user.
    contents: fn(&Arguments<'_>, Date) -> Result<Vec<Value>, ExceptionError>,
}

struct Argument {
    name: &'static str,
    description: &'static str,
    required: bool,
}

const PROMPTS: &[Prompt] = &[
    Prompt {
        name: "analyze_sales",
        title: "Анализ продаж",
        description: "Разобрать продажи за период",
        arguments: &[
            Argument {
                name: "period_from", description: "Начало периода, ГГГГ-ММ-ДД", required: true
            },
            Argument {
                name: "period_to", description: "Конец периода, ГГГГ-ММ-ДД", required: true
            },
            Argument { name: "focus", description: "На что обратить внимание", required: false },
        ],
        contents: analyze_sales,
    },
    Prompt {
        name: "describe_object",
        title: "Описание объекта",
        description: "Объяснить назначение объекта конфигурации",
        arguments: &[Argument {
            name: "name",
            description: "Полное имя объекта, например Справочник.Номенклатура",
            required: true,
        }],
        contents: describe_object,
    },
    Prompt {
        name: "company_overview",
        title: "Обзор компании",
        description: "Познакомиться с компанией и её базой",
        arguments: &[],
        contents: |_, today| {
            let about = json!({ "type": "resource", "resource": resources::contents(resources::ABOUT, today)? });
            Ok(vec![about, text("Расскажи о компании по этой справке.".to_owned())])
        },
    },
];

pub(super) fn list() -> Value {
    let argument = |argument: &Argument| {
        let Argument { name, description, required } = argument;
        json!({ "name": name, "description": description, "required": required })
    };
    let entry = |prompt: &Prompt| {
        let Prompt { name, title, description, .. } = prompt;
        let arguments = prompt.arguments.iter().map(argument).collect::<Vec<_>>();
        json!({ "name": name, "title": title, "description": description, "arguments": arguments })
    };
    json!({ "prompts": PROMPTS.iter().map(entry).collect::<Vec<_>>() })
}

/// Returns a prompt with its messages.
///
/// # Errors
///
/// If there is no such prompt, or an argument is missing or invalid.
pub(super) fn get(params: Arguments<'_>, today: Date) -> Result<Value, ExceptionError> {
    let name = params.required("name")?;
    let prompt = PROMPTS.iter().find(|prompt| prompt.name == name);
    let prompt = prompt.ok_or_else(|| format!("Промпт '{name}' не найден"))?;
    let contents = (prompt.contents)(&Arguments::new(params.get("arguments"))?, today)?;
    let message = |content| json!({ "role": "user", "content": content });
    let messages = contents.into_iter().map(message).collect::<Vec<_>>();
    Ok(json!({ "description": prompt.description, "messages": messages }))
}

fn analyze_sales(arguments: &Arguments<'_>, _: Date) -> Result<Vec<Value>, ExceptionError> {
    let (from, to) = (arguments.required("period_from")?, arguments.required("period_to")?);
    let mut request = format!(
        "Получи отчёт о продажах инструментом sales_report с {from} по {to} и объясни, \
         что и почему продавалось лучше всего."
    );
    if let Some(focus) = arguments.text("focus")? {
        request.push_str(&format!(" Обрати внимание: {focus}."));
    }
    Ok(vec![text(request)])
}

fn describe_object(arguments: &Arguments<'_>, _: Date) -> Result<Vec<Value>, ExceptionError> {
    let object = metadata::object(arguments.required("name")?)?.describe("");
    Ok(vec![text(format!("Объясни простыми словами, зачем нужен этот объект:\n{object}"))])
}

fn text(text: String) -> Value {
    json!({ "type": "text", "text": text })
}
