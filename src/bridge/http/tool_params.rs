//! Checks arguments that a client repeats in `Mcp-Param-*` headers
//! ([custom headers](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#custom-headers-from-tool-parameters)).

use super::headers::single;
use super::sentinel;
use crate::identity::{CallerKey, Sharing};
use crate::rpc::json::{self, JsonError, Member, Scanner, Span, once};
use crate::rpc::{
    BoxError, ErrorObject, List, Memo, Method, Param, Params, Payload, Request, Response, RpcError, Size,
};
use crate::service::ask;
use crate::service::shown::{self, Page as _, Shown};
use http::HeaderMap;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tower_service::Service;

/// How long a list of tools counts as fresh.
const FRESH: Duration = Duration::from_secs(60);
/// How long a list counts as fresh for a tool that is not in it.
const FRESH_FOR_UNKNOWN: Duration = Duration::from_secs(5);
/// How long a list counts as fresh for a client whose headers do not fit it.
const FRESH_FOR_MISMATCH: Duration = Duration::from_secs(1);
/// Below this number every integer has a double of its own.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// An annotated property of an input schema.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mirrored {
    header: String,
    path: Vec<String>,
}

/// The annotated properties of the tools of one page of a list.
#[derive(Debug, Default)]
struct Page(HashMap<String, Arc<[Mirrored]>>);

impl shown::Page for Page {
    fn bytes(&self) -> usize {
        let of_property = |property: &Mirrored| {
            property.header.len() + property.path.iter().map(|key| key.len() + 24).sum::<usize>() + 48
        };
        let of_tool =
            |(name, tool): (&String, &Arc<[Mirrored]>)| name.len() + 64 + tool.iter().map(of_property).sum::<usize>();
        self.0.iter().map(of_tool).sum()
    }
}

impl Size for Arc<Page> {
    fn size(&self) -> usize {
        self.bytes()
    }
}

/// The key of [`Page`]s among what is derived from a list; they depend on the list alone.
#[derive(Clone, PartialEq)]
struct Key;

/// The annotated properties of the tools that callers were shown.
#[derive(Debug, Default)]
pub(super) struct ToolParams {
    shown: Shown<Page>,
    lists: Arc<Memo>,
    /// Allows one request for a caller's list at a time; others wait and use its answer.
    turns: Mutex<HashMap<CallerKey, Weak<Turn>>>,
}

type Turn = tokio::sync::Mutex<()>;

impl ToolParams {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { shown: Shown::new(sharing), ..Self::default() }
    }

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
            let (mirrored, age) = (self.look_up(request, &name), self.age(request));
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

    fn look_up(&self, request: &Request, name: &str) -> Option<Arc<[Mirrored]>> {
        self.shown.last(request, |page| page.0.get(name).cloned()).map(|(mirrored, _)| mirrored)
    }

    /// Returns how long ago the list was read for the caller of `request`.
    fn age(&self, request: &Request) -> Option<Duration> {
        self.shown.last(request, |_| Some(())).map(|((), at)| at.elapsed())
    }

    fn turn(&self, request: &Request) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let caller = self.shown.caller(request);
        if let Some(turn) = turns.get(&caller).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(caller, Arc::downgrade(&turn));
        turn
    }

    async fn refresh<S>(&self, request: &Request, service: &S, seen: Option<Duration>) -> Result<(), BoxError>
    where
        S: Service<Request, Response = Response> + Clone,
        S::Error: Into<BoxError>,
    {
        let turn = self.turn(request);
        let _turn = turn.lock().await;
        let age = self.age(request);
        if age.is_some_and(|age| seen.is_none_or(|seen| age < seen)) {
            return Ok(());
        }
        let (read, lists) = (Arc::<Mutex<Vec<_>>>::default(), Arc::clone(&self.lists));
        let pages = Arc::clone(&read);
        let each = move |asked: &Request, page: &Payload| {
            let page = page.read_list(&Method::ToolsList, &lists);
            let page = page.and_then(|list| list.made(&Key, || Page::of(&list).map(Arc::new))).unwrap_or_default();
            pages.lock().unwrap_or_else(PoisonError::into_inner).push((asked.clone(), page));
            true
        };
        if let Some(error) = ask::tools(request, &mut service.clone(), each).await? {
            return Err(error.into());
        }
        // Callers who are treated alike may see other tools by their scopes, so those of earlier lists stay.
        for (asked, page) in std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.shown.learn_too(&self.shown.asking(&asked), &page);
        }
        Ok(())
    }
}

impl Page {
    fn of(list: &List) -> Result<Self, JsonError> {
        let tools = list.items().iter().zip(list.each(&Key, |item| Ok::<_, JsonError>(Mirrors(mirrors(&item.json))))?);
        Ok(Self(tools.map(|(item, Mirrors(mirrored))| (item.name().to_owned(), mirrored)).collect()))
    }
}

/// The annotated properties of one tool.
#[derive(Clone, Debug)]
struct Mirrors(Arc<[Mirrored]>);

impl Size for Mirrors {
    fn size(&self) -> usize {
        self.0.len() * 96
    }
}

fn mirrors(tool: &[u8]) -> Arc<[Mirrored]> {
    let mut mirrored = Vec::new();
    let tool: Value = serde_json::from_slice(tool).unwrap_or_default();
    if let Some(schema) = tool.get("inputSchema") {
        collect(schema, &mut Vec::new(), &mut mirrored);
    }
    mirrored.into()
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
