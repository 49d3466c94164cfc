//! The OpenAPI 3.1 document.

use super::error::{CODES, CODES_OF_CALLERS, TOOL_ERROR};
use crate::catalog::{Tool, Tools};
use crate::rpc::BoxError;
use crate::service::aside::aside;
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The OpenAPI document of a set of tools, written once for each set.
#[derive(Clone, Debug)]
pub(super) struct Document {
    title: String,
    version: String,
    servers: Vec<String>,
    /// Whether calls need scopes.
    scoped: bool,
    /// Shared by all clones of the service.
    written: Arc<Mutex<Option<Written>>>,
}

/// The set of tools, and the text of its document.
type Written = (Arc<Tools>, Bytes);

impl Default for Document {
    fn default() -> Self {
        let (title, version) = ("1C reports".into(), "1.0.0".into());
        Self { title, version, servers: Vec::new(), scoped: false, written: Arc::default() }
    }
}

impl Document {
    pub(super) fn scoped(self, scoped: bool) -> Self {
        Self { scoped, ..self }
    }

    pub(super) fn set_title(&mut self, title: String) {
        self.title = title;
        self.written = Arc::default();
    }

    pub(super) fn set_version(&mut self, version: String) {
        self.version = version;
        self.written = Arc::default();
    }

    pub(super) fn add_server(&mut self, url: String) {
        self.servers.push(url);
        self.written = Arc::default();
    }

    /// Returns the text of the document.
    ///
    /// It is written once for each `Arc` of tools.
    ///
    /// # Errors
    /// The runtime shuts down.
    pub(super) async fn of(&self, tools: &Arc<Tools>) -> Result<Bytes, BoxError> {
        if let Some(text) = self.known(tools) {
            return Ok(text);
        }
        let (document, tools) = (self.clone(), Arc::clone(tools));
        aside(move || {
            // Another task may have written it meanwhile.
            document.known(&tools).unwrap_or_else(|| {
                let text = Bytes::from(document.write(&tools).to_string());
                *document.last() = Some((Arc::clone(&tools), text.clone()));
                text
            })
        })
        .await
    }

    fn known(&self, tools: &Arc<Tools>) -> Option<Bytes> {
        self.last().as_ref().filter(|(known, _)| Arc::ptr_eq(known, tools)).map(|(_, text)| text.clone())
    }

    fn last(&self) -> MutexGuard<'_, Option<Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, tools: &Tools) -> Value {
        let mut paths = Map::new();
        let mut tags: Vec<String> = Vec::new();
        for tool in tools.iter() {
            let Some(path) = tool.rest() else { continue };
            let tag = tag(path);
            if let Some(tag) = tag.as_ref().filter(|tag| !tags.contains(tag)) {
                tags.push(tag.clone());
            }
            // When several tools have one path, the first one answers there.
            paths.entry(path).or_insert_with(|| json!({ "post": operation(tool, path, tag, self.scoped) }));
        }
        let mut document = json!({
            "openapi": "3.1.0",
            "info": { "title": self.title, "version": self.version },
            "security": [{ "bearer": [] }],
            "tags": tags.iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
            "paths": paths,
            "components": components(
                tools.iter().any(|tool| tool.rest().is_some() && tool.path().is_none()),
                self.scoped,
            ),
        });
        if let (Some(members), false) = (document.as_object_mut(), self.servers.is_empty()) {
            let servers = self.servers.iter().map(|url| json!({ "url": url })).collect();
            members.insert("servers".into(), Value::Array(servers));
        }
        document
    }
}

/// The errors of each endpoint: the status, and the name of the response.
const PROBLEMS: [(&str, &str); 6] = [
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("408", "TooLate"),
    ("413", "TooLarge"),
    ("415", "Encoded"),
    ("502", "BadGateway"),
];

/// The errors that there are besides where the program itself answers.
const PROBLEMS_OF_PROGRAM: [(&str, &str); 1] = [("500", "ToolFailed")];

/// The errors that there are besides where callers are told apart.
const PROBLEMS_OF_CALLERS: [(&str, &str); 3] = [("403", "Forbidden"), ("429", "TooMany"), ("503", "Unavailable")];

/// Returns the tag of a path: its first part, if it has several.
fn tag(path: &str) -> Option<String> {
    let (first, _) = path.trim_start_matches('/').split_once('/')?;
    let mut letters = first.chars();
    let initial = letters.next()?;
    Some(initial.to_uppercase().chain(letters).collect())
}

fn operation(tool: &Tool, path: &str, tag: Option<String>, scoped: bool) -> Value {
    let here = format!("#/paths/{}/post", pointer(path));
    let arguments = format!("{here}/requestBody/content/{}/schema", pointer("application/json"));
    let answer = format!("{here}/responses/200/content/{}/schema", pointer("application/json"));
    let result = tool.output_schema().cloned().unwrap_or_else(|| json!({ "type": "object" }));
    let problem = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    let content = json!({ "application/json": { "schema": moved(result, &answer) } });
    let answered = format!("What {} answered", tool.answerer());
    let mut responses = Map::new();
    responses.insert("200".into(), json!({ "description": answered, "content": content }));
    let of_program = if tool.path().is_none() { &PROBLEMS_OF_PROGRAM[..] } else { &[] };
    let of_callers = if scoped { &PROBLEMS_OF_CALLERS[..] } else { &[] };
    for (status, name) in PROBLEMS.iter().chain(of_program).chain(of_callers) {
        responses.insert((*status).into(), problem(name));
    }
    json!({
        "operationId": tool.name(),
        "summary": tool.title(),
        "description": tool.description(),
        "tags": tag.into_iter().collect::<Vec<_>>(),
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": moved(tool.whole_schema().clone(), &arguments) } },
        },
        "responses": responses,
    })
}

/// Moves a schema to `to`: its references to parts of itself would otherwise start at the root of the document.
fn moved(mut schema: Value, to: &str) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match member {
                    Value::String(target) if key == "$ref" && target.starts_with("#/") => {
                        target.replace_range(..1, to);
                    }
                    _ => *member = moved(member.take(), to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = moved(item.take(), to)),
        _ => {}
    }
    schema
}

/// The characters that a URI fragment cannot hold unescaped
/// ([RFC 3986, section 3.5](https://www.rfc-editor.org/rfc/rfc3986#section-3.5)).
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Encodes one step of a JSON pointer in a URI fragment
/// ([RFC 6901, section 6](https://www.rfc-editor.org/rfc/rfc6901#section-6)).
fn pointer(step: &str) -> String {
    utf8_percent_encode(&step.replace('~', "~0").replace('/', "~1"), FRAGMENT).to_string()
}

/// The parts that the operations refer to. `program` says whether the program itself answers some of them, `scoped`
/// whether callers are told apart.
fn components(program: bool, scoped: bool) -> Value {
    let problem = |text: &str| {
        json!({
            "description": text,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
        })
    };
    let accepted = json!({
        "Accept-Encoding": { "description": "What the body may be encoded with", "schema": { "const": "identity" } },
    });
    let mut encoded = problem("invalid_request: the body is compressed");
    if let Some(members) = encoded.as_object_mut() {
        members.insert("headers".into(), accepted);
    }
    let mut codes = CODES.to_vec();
    let mut responses = vec![
        (
            "BadRequest",
            problem(
                "invalid_request: the body is no JSON object. validation_error: an argument does not fit. \
                 limit_exceeded: 1C sent more than may be passed on. onec_error: 1C refused the arguments",
            ),
        ),
        ("Unauthorized", problem("unauthorized: no token, or a wrong one. onec_error: 1C refused the login")),
        ("TooLate", problem("invalid_request: the body took too long to arrive")),
        ("TooLarge", problem("invalid_request: the body is too long")),
        ("Encoded", encoded),
        ("BadGateway", problem("onec_error: 1C failed, cannot be reached, is busy or took too long")),
    ];
    if program {
        codes.push(TOOL_ERROR);
        responses.push(("ToolFailed", problem("tool_error: the tool failed")));
    }
    if scoped {
        codes.extend(CODES_OF_CALLERS);
        let forbidden = "insufficient_scope: the caller lacks a scope. access_denied: it may not use this service";
        responses.push(("Forbidden", problem(forbidden)));
        responses.push(("TooMany", problem("slow_down: too many attempts")));
        responses.push(("Unavailable", problem("temporarily_unavailable: tokens cannot be checked at the moment")));
    }
    let responses: Map<_, _> = responses.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({
        "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        "schemas": {
            "Error": {
                "type": "object",
                "properties": {
                    "error": { "type": "string", "enum": codes },
                    "message": { "type": "string", "description": "What is wrong and what would be right" },
                    "field": { "type": "string", "description": "Which argument, with validation_error" },
                },
                "required": ["error", "message"],
            },
        },
        "responses": responses,
    })
}
