//! Checks arguments that a client repeats in `Mcp-Param-*` headers
//! ([custom headers](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#custom-headers-from-tool-parameters)).

use super::headers::single;
use super::sentinel;
use crate::rpc::json::{self, Member, Scanner, Span, once};
use crate::rpc::{BoxError, ErrorObject, MAX_ITEMS, Param, Params, Payload, Request, Response, RpcError};
use crate::service::ask;
use http::HeaderMap;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower_service::Service;

/// How long a list of tools counts as fresh.
const FRESH: Duration = Duration::from_secs(60);
/// How long a list counts as fresh for a tool that is not in it.
const FRESH_FOR_UNKNOWN: Duration = Duration::from_secs(5);
/// How long a list counts as fresh for a client whose headers do not fit it.
const FRESH_FOR_MISMATCH: Duration = Duration::from_secs(1);
/// The most tools that are remembered.
const MAX_TOOLS: usize = MAX_ITEMS;
/// Below this number every integer has a double of its own.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// An annotated property of an input schema.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mirrored {
    header: String,
    path: Vec<String>,
}

/// The annotated properties of all tools, from the last list of tools.
#[derive(Debug, Default)]
pub(super) struct ToolParams {
    known: Mutex<Known>,
    /// Allows one request for the list at a time; others wait and use its answer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    tools: HashMap<String, Arc<[Mirrored]>>,
    read: Option<Instant>,
}

impl ToolParams {
    /// Checks the headers of a `tools/call` of 2026-07-28 against its arguments.
    ///
    /// # Errors
    /// -32020 if they differ, and the error of `tools/list` if `Mcp-Param-*` headers cannot be checked without it.
    pub(super) async fn check<S>(&self, headers: &HeaderMap, request: &Request, service: &S) -> Result<(), BoxError>
    where
        S: Service<Request, Response = Response> + Clone,
        S::Error: Into<BoxError>,
    {
        let Some(name) = request.params.text(Param::Name) else { return Ok(()) };
        let mut limit = FRESH;
        loop {
            let (mirrored, age) = self.look_up(&name);
            let limit_now = if mirrored.is_some() { limit } else { limit.min(FRESH_FOR_UNKNOWN) };
            if age.is_none_or(|age| age >= limit_now) {
                if let Err(error) = self.refresh(request, service, age).await {
                    let has_params = headers.keys().any(|name| name.as_str().starts_with("mcp-param-"));
                    return if has_params { Err(error) } else { Ok(()) };
                }
                limit = Duration::MAX;
                continue;
            }
            let Some(mirrored) = mirrored else { return Ok(()) };
            match matches(&mirrored, headers, &request.params) {
                Err(_) if limit == FRESH && age.is_some_and(|age| age >= FRESH_FOR_MISMATCH) => {
                    limit = FRESH_FOR_MISMATCH;
                }
                result => {
                    return result.map_err(|error| RpcError::bad_request(error).into());
                }
            }
        }
    }

    fn look_up(&self, name: &str) -> (Option<Arc<[Mirrored]>>, Option<Duration>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (known.tools.get(name).cloned(), known.read.map(|read| read.elapsed()))
    }

    async fn refresh<S>(&self, request: &Request, service: &S, seen: Option<Duration>) -> Result<(), BoxError>
    where
        S: Service<Request, Response = Response> + Clone,
        S::Error: Into<BoxError>,
    {
        let _turn = self.asking.lock().await;
        let age = self.look_up("").1;
        if age.is_some_and(|age| seen.is_none_or(|seen| age < seen)) {
            return Ok(());
        }
        let read = Arc::<Mutex<HashMap<_, _>>>::default();
        let tools = Arc::clone(&read);
        let each = move |_: &Request, page: &Payload| {
            let list: Value = serde_json::from_slice(page.json()).unwrap_or_default();
            read_tools(&list, &mut tools.lock().unwrap_or_else(PoisonError::into_inner));
            true
        };
        if let Some(error) = ask::tools(request, &mut service.clone(), each).await? {
            return Err(error.into());
        }
        let tools = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Another caller may see other tools, so those of earlier lists stay.
        if known.tools.len() + tools.len() > MAX_TOOLS {
            known.tools.clear();
        }
        known.tools.extend(tools);
        known.read = Some(Instant::now());
        Ok(())
    }
}

fn read_tools(list: &Value, tools: &mut HashMap<String, Arc<[Mirrored]>>) {
    let items = list.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for tool in items.iter().take(MAX_TOOLS) {
        let Some(name) = tool.get("name").and_then(Value::as_str) else { continue };
        let mut mirrored = Vec::new();
        if let Some(schema) = tool.get("inputSchema") {
            collect(schema, &mut Vec::new(), &mut mirrored);
        }
        tools.insert(name.to_owned(), mirrored.into());
    }
}

/// Collects annotated properties. Annotations count only where a chain of `properties` leads to them.
fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<Mirrored>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (key, property) in properties {
        path.push(key.clone());
        let header = property.get("x-mcp-header").and_then(Value::as_str);
        if let Some(header) = header.filter(|name| http::HeaderName::try_from(*name).is_ok()) {
            let header = format!("mcp-param-{}", header.to_ascii_lowercase());
            found.push(Mirrored { header, path: path.clone() });
        }
        collect(property, path, found);
        path.pop();
    }
}

fn matches(mirrored: &[Mirrored], headers: &HeaderMap, params: &Params) -> Result<(), ErrorObject> {
    let arguments = params.raw(Param::Arguments).unwrap_or(b"{}");
    for Mirrored { header, path } in mirrored {
        let told = match single(headers, header)? {
            None => None,
            Some(value) => Some(
                sentinel::decode(value.as_bytes())
                    .ok_or_else(|| ErrorObject::header_mismatch(format_args!("{header} holds invalid characters")))?,
            ),
        };
        let body = at(arguments, path)?.filter(|raw| *raw != b"null");
        match (told, body) {
            (None, None) => {}
            (Some(told), Some(raw)) if is_same(&told, raw) => {}
            (None, Some(_)) => {
                return Err(ErrorObject::header_mismatch(format_args!("the {header} header is missing")));
            }
            _ => {
                return Err(ErrorObject::header_mismatch(format_args!(
                    "{header} does not match the argument {}",
                    path.join(".")
                )));
            }
        }
    }
    Ok(())
}

/// Returns the JSON text at a path of keys, each of which must occur once.
fn at<'a>(object: &'a [u8], path: &[String]) -> Result<Option<&'a [u8]>, ErrorObject> {
    let Some((first, rest)) = path.split_first() else { return Ok(Some(object)) };
    if object.first() != Some(&b'{') {
        return Ok(None);
    }
    let mut found = Span::default();
    let mut scanner = Scanner::new(object)?;
    scanner.object::<ErrorObject>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if is_key(&key, first) { Ok(once(&mut found, span, "a mirrored argument")?) } else { Ok(()) }
    })?;
    match found.of(object) {
        Some(value) => at(value, rest),
        None => Ok(None),
    }
}

/// Returns whether a key is the one in the list of tools, or the name in 1C that it is an alias of.
fn is_key(key: &str, listed: &str) -> bool {
    #[cfg(feature = "alias")]
    if crate::rpc::name::stands_for(listed, key) {
        return true;
    }
    key == listed
}

/// Compares a header with an argument: strings exactly, numbers by value, booleans by their literal.
fn is_same(told: &str, raw: &[u8]) -> bool {
    match raw.first() {
        Some(b'"') => json::unquote(raw).is_some_and(|text| text == told),
        Some(b't' | b'f') => told.as_bytes() == raw,
        Some(b'-' | b'0'..=b'9') => {
            // Beyond 2^53 different integers have one double, so only equal digits count.
            let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.abs() < SAFE);
            let body = std::str::from_utf8(raw).ok();
            body == Some(told) || body.and_then(number).is_some_and(|body| number(told) == Some(body))
        }
        _ => false,
    }
}
