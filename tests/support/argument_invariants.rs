//! What must hold of arguments on their way to 1C for any bytes whatever: shared by the property tests, the
//! corpus and the fuzz targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken invariant is a panic")]

use bytes::Bytes;
use onec_mcp::alias::AliasLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, Version};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use tower::{Layer, Service, ServiceExt, service_fn};

/// As deep as arguments may nest.
const MAX_DEPTH: usize = 128;

/// A schema in the first line, arguments behind it: what 1C gets differs from them in names of arguments
/// only, and is the same when it is sent once more. What a schema gives as an example is a call that 1C gets
/// as it wrote it.
pub(crate) fn names(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (schema, arguments) = bytes.split_at(at);
    let (Some(schema), Some(before)) = (text(schema), text(arguments.trim_ascii())) else { return };
    let (Some(Json::Object(members)), Some(arguments)) = (read(schema, 0), read(before, 0)) else { return };
    let mut known = HashSet::new();
    members.iter().for_each(|(key, value)| words(key, value, &mut known));

    let onec = Onec::with(schema);
    let service = AliasLayer::new().layer(onec.service());
    let Some(refused) = send(&service, before) else { return };
    let Some(after) = onec.got() else {
        assert!(refused && may_hold_alias(before), "refused: {before}");
        return;
    };
    let got = read(&after, 0).unwrap_or_else(|| panic!("no JSON: {after}"));
    assert!(is_renamed(&arguments, &got, &known), "{before}\n{after}");
    assert!(after == before || may_hold_alias(before), "{before}\n{after}");
    assert_eq!(send(&service, &after), Some(false), "{after}");
    assert_eq!(onec.got().as_ref(), Some(&after));

    // A call with one alias twice is refused.
    if !may_hold_alias(before) && !repeats(&arguments) && !members.iter().any(|(key, _)| key == "default") {
        example(schema, members.is_empty(), before, &arguments);
    }
}

/// Arguments as the default of a schema, and what 1C gets of a call with what is shown of them.
fn example(schema: &str, empty: bool, before: &str, arguments: &Json) {
    let rest = schema.trim_start().strip_prefix('{').unwrap();
    let onec = Onec::with(&format!("{{\"default\":{before}{}{rest}", if empty { "" } else { "," }));
    let service = AliasLayer::new().layer(onec.service());
    let list = ask(&service, Method::ToolsList, "{}".to_owned()).unwrap();
    let Some(shown) = shown_default(text(list.json()).unwrap()) else { return };
    if send(&service, &shown).is_none() {
        return;
    }
    let after = onec.got().unwrap_or_else(|| panic!("refused: {shown}"));
    assert_eq!(read(&after, 0).as_ref(), Some(arguments), "shown as {shown}");
}

fn shown_default(list: &str) -> Option<String> {
    let member = |json: Json, name: &str| match json {
        Json::Object(members) => members.into_iter().find(|(key, _)| key == name).map(|(_, value)| value),
        _ => None,
    };
    let Json::Array(tools) = member(read(list, 0)?, "tools")? else { return None };
    let schema = member(tools.into_iter().next()?, "inputSchema")?;
    Some(member(schema, "default")?.write())
}

/// Arguments of any tool: what only the user may say is nowhere in what 1C gets, and all else is.
pub(crate) fn confirmation(bytes: &[u8]) {
    let Some(before) = text(bytes.trim_ascii()) else { return };
    let Some(whole) = read(before, 0) else { return };
    let onec = Onec::with("{}");
    let service = ConfirmLayer::new().layer(onec.service());
    if send(&service, before).is_none() {
        return;
    }
    let after = onec.got().expect("1C was not called");
    // JSON text may be taken for an object.
    let inner = match &whole {
        Json::Text(text) => of_text(text),
        _ => None,
    };
    let mut left = inner.unwrap_or_else(|| whole.clone());
    if strip(&mut left) {
        let got = read(&after, 0).unwrap_or_else(|| panic!("no JSON: {after}"));
        assert_eq!(got, left, "{before}");
    } else {
        assert_eq!(after, before);
    }
}

/// A 1C with one tool, and the arguments that it was called with.
struct Onec {
    list: String,
    got: Arc<Mutex<Option<String>>>,
}

impl Onec {
    fn with(schema: &str) -> Self {
        Self { list: format!("{{\"tools\":[{{\"name\":\"t\",\"inputSchema\":{schema}}}]}}"), got: Arc::default() }
    }

    fn service(
        &self,
    ) -> impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + 'static {
        let (list, got) = (self.list.clone(), Arc::clone(&self.got));
        service_fn(move |request: Request| {
            let answer = match request.method {
                Method::ToolsList => list.clone(),
                _ => {
                    let arguments = request.params.raw(Param::Arguments).expect("a call without its arguments");
                    *got.lock().unwrap() = Some(text(arguments).expect("no UTF-8").to_owned());
                    "{\"content\":[]}".to_owned()
                }
            };
            let answer = Payload::parse(answer).map(Response::result).map_err(BoxError::from);
            std::future::ready(answer)
        })
    }

    fn got(&self) -> Option<String> {
        self.got.lock().unwrap().take()
    }
}

/// Whether a call with these arguments is refused; nothing if the bridge would not take them, or takes them
/// for absent.
fn send<S>(service: &S, arguments: &str) -> Option<bool>
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    if arguments.trim() == "null" {
        return None;
    }
    // A list that is known already costs nothing.
    ask(service, Method::ToolsList, "{}".to_owned())?;
    let answer = ask(service, Method::ToolsCall, format!("{{\"name\":\"t\",\"arguments\":{arguments}}}"))?;
    Some(answer.is_tool_error())
}

/// Nothing if parameters or answer nest too deep.
fn ask<S>(service: &S, method: Method, params: String) -> Option<Payload>
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone,
{
    let params = Params::parse(&Bytes::from(params)).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = runtime.block_on(service.clone().oneshot(Request::new(method, params, Version::V2025_11_25)));
    answer.ok()?.outcome.ok()
}

/// JSON with members that stand there twice and numbers as they are written.
#[derive(Clone, Debug, PartialEq)]
enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    Other(String),
}

impl Json {
    fn write(&self) -> String {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        match self {
            Self::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("{}:{}", quoted(key), value.write())).collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Array(items) => format!("[{}]", items.iter().map(Self::write).collect::<Vec<_>>().join(",")),
            Self::Text(text) => quoted(text),
            Self::Other(raw) => raw.clone(),
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn read(text: &str, depth: usize) -> Option<Json> {
    let raw = serde_json::from_str::<&RawValue>(text).ok()?.get();
    let below = || (depth < MAX_DEPTH).then_some(depth + 1);
    Some(match raw.as_bytes().first()? {
        b'{' => {
            let (below, Members(members)) = (below()?, serde_json::from_str(raw).ok()?);
            let member = |(key, value): (String, Box<RawValue>)| Some((key, read(value.get(), below)?));
            Json::Object(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        b'[' => {
            let (below, items) = (below()?, serde_json::from_str::<Vec<&RawValue>>(raw).ok()?);
            Json::Array(items.into_iter().map(|item| read(item.get(), below)).collect::<Option<_>>()?)
        }
        b'"' => Json::Text(serde_json::from_str(raw).ok()?),
        _ => Json::Other(raw.to_owned()),
    })
}

struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// Every name that a schema may speak of.
fn words<'a>(key: &'a str, value: &'a Json, known: &mut HashSet<&'a str>) {
    known.insert(key);
    match value {
        Json::Object(members) => members.iter().for_each(|(key, value)| words(key, value, known)),
        Json::Array(items) => items.iter().for_each(|item| words(key, item, known)),
        Json::Text(text) => drop(known.insert(text)),
        Json::Other(_) => {}
    }
}

/// Whether a member stands twice in some object.
fn repeats(json: &Json) -> bool {
    match json {
        Json::Object(members) => {
            let mut met = HashSet::new();
            members.iter().any(|(key, value)| !met.insert(key) || repeats(value))
        }
        Json::Array(items) => items.iter().any(repeats),
        Json::Text(_) | Json::Other(_) => false,
    }
}

/// Whether `after` is `before` with names of the schema in place of aliases, in JSON text too.
fn is_renamed(before: &Json, after: &Json, known: &HashSet<&str>) -> bool {
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            old.len() == new.len()
                && old.iter().zip(new).all(|((old, value), (new, changed))| {
                    (old == new || is_made(old) && known.contains(&**new)) && is_renamed(value, changed, known)
                })
        }
        (Json::Array(old), Json::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_renamed(old, new, known))
        }
        (Json::Text(old), Json::Text(new)) if old != new => match (read(old, 0), read(new, 0)) {
            (Some(old @ (Json::Object(_) | Json::Array(_))), Some(new)) => is_renamed(&old, &new, known),
            _ => false,
        },
        (before, after) => before == after,
    }
}

/// Whether it has the look of an alias: a short hash behind the last underscore.
fn is_made(name: &str) -> bool {
    let hash = name.rsplit_once('_').map(|(_, hash)| hash.as_bytes());
    name.len() <= 64 && hash.is_some_and(|hash| hash.len() == 6 && is_hash(hash))
}

fn is_hash(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| matches!(first, b'2'..=b'9'))
        && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'9'))
}

/// Whether some key may, however it is written.
fn may_hold_alias(json: &str) -> bool {
    json.contains('\\') || json.as_bytes().windows(7).any(|window| window.strip_prefix(b"_").is_some_and(is_hash))
}

/// Takes what 1C may read as `_confirmation` out; whether there was any.
fn strip(json: &mut Json) -> bool {
    let is_confirmation = |key: &str| {
        let unseen = |c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}';
        key.trim_matches(unseen).eq_ignore_ascii_case("_confirmation")
    };
    match json {
        Json::Object(members) => {
            let before = members.len();
            members.retain(|(key, _)| !is_confirmation(key));
            let gone = before != members.len();
            members.iter_mut().fold(gone, |gone, (_, value)| strip(value) | gone)
        }
        Json::Array(items) => items.iter_mut().fold(false, |gone, item| strip(item) | gone),
        Json::Text(text) => {
            let Some(mut inner) = of_text(text) else { return false };
            let gone = strip(&mut inner);
            if gone {
                *text = inner.write();
            }
            gone
        }
        Json::Other(_) => false,
    }
}

/// The object or array that a text is as JSON.
fn of_text(text: &str) -> Option<Json> {
    let json = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    read(json, 0).filter(|json| matches!(json, Json::Object(_) | Json::Array(_)))
}
