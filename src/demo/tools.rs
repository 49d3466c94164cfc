//! The list of tools, and the call of one. Their work is in `answers`.

use serde_json::{Value, json};

use super::answers;
use super::arguments::{Arguments, Call, ExceptionError};
use super::callers::Session;
use super::publication::Publication;

struct Tool {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Makes the schemas of the parameters, if there are any.
    parameters: Option<fn() -> Value>,
    required: &'static [&'static str],
    run: fn(&Call<'_>) -> Result<Vec<Value>, ExceptionError>,
    /// Whether the tool is slow on purpose.
    slow: bool,
    /// Whether the arguments are read into a Map, which holds any key.
    map: bool,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "get_metadata",
        title: "Метаданные",
        description: "Описание объекта конфигурации: синоним, реквизиты, табличные части",
        parameters: Some(|| {
            json!({
                "name": string("Полное имя объекта: Справочник.Номенклатура или Catalog.Products"),
                "filter": string("Только реквизиты, в имени которых есть этот текст"),
            })
        }),
        required: &["name"],
        run: answers::get_metadata,
        slow: false,
        map: false,
    },
    Tool {
        name: "search_catalog",
        title: "Поиск в справочнике",
        description: "Поиск по коду, артикулу и наименованию на русском или английском языке",
        parameters: Some(|| {
            let mut warehouse = string("Склад: искать только номенклатуру, которая на нём есть");
            if let Value::Object(schema) = &mut warehouse {
                schema.insert("x-mcp-header".to_owned(), json!("Warehouse"));
            }
            json!({
                "catalog": string("Номенклатура, Контрагенты или Склады, можно по-английски"),
                "query": string("Что искать"),
                "limit": {
                    "type": "integer", "minimum": 1, "maximum": 100, "default": 10,
                    "description": "Сколько строк показать",
                },
                "warehouse": warehouse,
            })
        }),
        required: &["catalog", "query"],
        run: answers::search_catalog,
        slow: false,
        map: false,
    },
    Tool {
        name: "sales_report",
        title: "Отчёт о продажах",
        description: "Количество и сумма продаж по номенклатуре за период; строится долго",
        parameters: Some(|| {
            json!({
                "period_from": date("Первый день периода, ГГГГ-ММ-ДД"),
                "period_to": date("Последний день периода, ГГГГ-ММ-ДД"),
            })
        }),
        required: &["period_from", "period_to"],
        run: answers::sales_report,
        slow: true,
        map: false,
    },
    Tool {
        name: "fail_with_exception",
        title: "Вызвать исключение",
        description: "Всегда завершается исключением: показывает, как видны ошибки 1С",
        parameters: Some(|| json!({ "message": string("Текст исключения") })),
        required: &[],
        run: answers::fail_with_exception,
        slow: false,
        map: false,
    },
    Tool {
        name: "product_image",
        title: "Картинка товара",
        description: "Изображение номенклатуры в формате PNG",
        parameters: Some(|| json!({ "code": string("Код номенклатуры, например 000000101") })),
        required: &["code"],
        run: answers::product_image,
        slow: false,
        map: false,
    },
    Tool {
        name: "остатки_товаров",
        title: "Остатки товаров",
        description: "Остатки номенклатуры на складе: количество и стоимость по прайс-листу",
        parameters: Some(|| {
            json!({
                "Склад": string("Наименование или код склада"),
                "Номенклатура": string("Только товары, в наименовании которых есть этот текст"),
                "Отбор": {
                    "type": "object",
                    "description": "Другие условия",
                    "properties": {
                        "Остаток не меньше": { "type": "integer", "minimum": 0 },
                        "Единица измерения": string("шт, упак и так далее"),
                    },
                },
                "Сортировать по": {
                    "type": "string", "enum": ["наименованию", "остатку"], "default": "наименованию",
                },
            })
        }),
        required: &["Склад"],
        run: answers::stock,
        slow: false,
        map: true,
    },
    Tool {
        name: "list_warehouses",
        title: "Склады",
        description: "Все склады компании с адресами",
        parameters: None,
        required: &[],
        run: answers::list_warehouses,
        slow: false,
        map: false,
    },
    Tool {
        name: "whoami",
        title: "Кто я",
        description: "Пользователь 1С, от имени которого выполняются вызовы, и что известно о вызывающем",
        parameters: None,
        required: &[],
        run: answers::whoami,
        slow: false,
        map: false,
    },
];

fn string(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn date(description: &str) -> Value {
    json!({ "type": "string", "format": "date", "description": description })
}

impl Tool {
    fn input_schema(&self) -> Value {
        match self.parameters {
            // Not a valid schema in MCP, which requires "type":"object"; the standard extension sends it.
            None => json!({}),
            Some(parameters) => {
                json!({ "type": "object", "properties": parameters(), "required": self.required })
            }
        }
    }
}

pub(super) fn list() -> Value {
    let entry = |tool: &Tool| {
        let Tool { name, title, description, .. } = tool;
        let schema = tool.input_schema();
        json!({ "name": name, "title": title, "description": description, "inputSchema": schema })
    };
    json!({ "tools": TOOLS.iter().map(entry).collect::<Vec<_>>() })
}

/// Returns whether the arguments of a tool may have keys that a Structure cannot hold.
pub(super) fn takes_any_key(name: &str) -> bool {
    TOOLS.iter().any(|tool| tool.name == name && tool.map)
}

/// Calls a tool. An exception of the tool is a result too.
///
/// # Errors
///
/// If there is no such tool.
pub(super) async fn call(
    publication: &Publication,
    session: &Session,
    params: Arguments<'_>,
) -> Result<Value, ExceptionError> {
    let name = params.required("name")?;
    let tool = TOOLS.iter().find(|tool| tool.name == name);
    let tool = tool.ok_or_else(|| format!("Инструмент '{name}' не найден"))?;
    publication.callers.remember(session, name);
    let running = publication.calls.start();
    let today = publication.today();
    let outcome =
        Arguments::new(params.get("arguments")).and_then(|arguments| (tool.run)(&Call { arguments, session, today }));
    if tool.slow && outcome.is_ok() {
        tokio::time::sleep(publication.report_delay).await;
    }
    running.finish();
    Ok(match outcome {
        Ok(content) => json!({ "content": content, "isError": false }),
        Err(ExceptionError(text)) => {
            let place = "{ОбщийМодуль.ДемоИнструменты.Модуль(42)}";
            let text = format!("Ошибка выполнения инструмента '{name}': {place}: {text}");
            json!({ "content": [answers::text(text)], "isError": true })
        }
    })
}
