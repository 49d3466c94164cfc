//! JSON-RPC 2.0 as the standard extension speaks it.

use serde_json::{Value, json};
use std::borrow::Cow;

use super::arguments::{Arguments, ExceptionError};
use super::callers::Session;
use super::publication::Publication;
use super::{prompts, resources, tools};

/// How many bytes of a rejected key are shown: it may be as long as a request.
const KEY_SHOWN: usize = 100;

/// Returns the reply; `None` for a notification.
pub(super) async fn answer(publication: &Publication, session: &Session, body: &[u8]) -> Option<Value> {
    let request = match serde_json::from_slice::<Value>(body) {
        Ok(request) => request,
        Err(error) => return Some(internal(&Value::Null, &located(&unreadable(&error)))),
    };
    if let Some(key) = refused_key(&of_structures(&request)) {
        let key = key.chars().take(KEY_SHOWN).collect::<String>();
        let text = format!("Недопустимое имя ключа структуры: {key}");
        return Some(internal(&Value::Null, &text));
    }
    let Value::Object(request) = &request else {
        let text = "Значение не является значением объектного типа (jsonrpc)";
        return Some(internal(&Value::Null, &located(text)));
    };
    // The standard extension reads nothing else of a notification, and runs nothing for it.
    let id = request.get("id")?;
    if request.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Some(error(id, -32600, "Неподдерживаемая версия JSON-RPC"));
    }
    let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
    let outcome = match Arguments::new(request.get("params")) {
        Ok(params) => run(publication, session, method, params).await,
        Err(exception) => Some(Err(exception)),
    };
    Some(match outcome {
        Some(Ok(result)) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Some(Err(ExceptionError(text))) => internal(id, &located(&text)),
        None => error(id, -32601, &format!("Неизвестный метод: {method}")),
    })
}

/// Returns the result of a method; `None` if there is no such method.
async fn run(
    publication: &Publication,
    session: &Session,
    method: &str,
    params: Arguments<'_>,
) -> Option<Result<Value, ExceptionError>> {
    Some(match method {
        "tools/list" => Ok(tools::list()),
        "tools/call" => tools::call(publication, session, params).await,
        "resources/list" => Ok(resources::list()),
        "resources/read" => resources::read(params, publication.today()),
        "prompts/list" => Ok(prompts::list()),
        "prompts/get" => prompts::get(params, publication.today()),
        _ => return None,
    })
}

/// Returns the request without arguments that its tool reads into a Map.
fn of_structures(request: &Value) -> Cow<'_, Value> {
    let name = request.pointer("/params/name").and_then(Value::as_str);
    if !name.is_some_and(tools::takes_any_key) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    if let Some(arguments) = request.pointer_mut("/params/arguments") {
        *arguments = Value::Null;
    }
    Cow::Owned(request)
}

/// Returns the first key, at any depth, that 1C's `Structure` cannot hold: requests are read into one. The
/// parser has limited the depth.
fn refused_key(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.iter().find_map(refused_key),
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| if is_identifier(key) { refused_key(value) } else { Some(key) })
        }
        _ => None,
    }
}

/// Returns whether a key is an identifier: a letter of any alphabet or an underscore, then also digits.
fn is_identifier(key: &str) -> bool {
    let mut letters = key.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// Returns the text of an exception as it reaches the top of the module: with its place before it.
fn located(text: &str) -> String {
    format!("{{HTTPСервис.mcp_APIBackend.Модуль(118)}}: {text}")
}

fn unreadable(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("Непредвиденный символ при чтении JSON. Строка: {line}, колонка: {column}")
}

fn internal(id: &Value, text: &str) -> Value {
    error(id, -32603, &format!("Внутренняя ошибка сервера: {text}"))
}

fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
