//! Messages of a client: requests, notifications and replies, as parts of the bytes they came in.

use super::error::ErrorObject;
use super::extensions::Extensions;
use super::json::{self, JsonError, Member, Scanner, Span, once};
use super::method::Method;
use super::params::Params;
use super::request_id::RequestId;
use super::version::Version;
use bytes::{Buf, Bytes};
use http::HeaderMap;
use std::borrow::Cow;
use std::fmt;

/// The id of a request: a string or an integer.
///
/// It is kept as JSON text, so that it goes back with its type and its exact digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id(Bytes);

impl Id {
    /// Reads an id from JSON text.
    ///
    /// # Errors
    /// [`JsonError::Expected`] for anything but a string or an integer; `null` is no id in MCP
    /// ([requests](https://modelcontextprotocol.io/specification/2026-07-28/basic#requests)).
    pub fn from_json(json: Bytes) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(&json)?;
        let whole = scanner.skip()?;
        scanner.end()?;
        let fits = match json.first() {
            Some(b'"') => whole.end() == json.len() && json::unquote(&json).is_some(),
            Some(b'-' | b'0'..=b'9') => json.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9')),
            _ => false,
        };
        if fits { Ok(Self(json)) } else { Err(JsonError::Expected("id must be a string or an integer")) }
    }

    /// Creates a string id.
    pub fn from_text(text: &str) -> Self {
        let mut json = Vec::with_capacity(text.len() + 2);
        json::quote_into(&mut json, text);
        Self(json.into())
    }

    /// Returns the id as JSON text.
    pub fn as_json(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text of a string id.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        json::unquote(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// A request on its way through the RPC stack.
///
/// The JSON-RPC id stays with the bridge that took the request in; layers and the leaf never need it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The parameters.
    pub params: Params,
    /// The protocol revision of the client.
    pub version: Version,
    /// HTTP headers for 1C. Empty at first: headers of the client do not get here by themselves.
    pub headers: HeaderMap,
    /// Values that layers share, beginning with the extensions of the HTTP request.
    pub extensions: Extensions,
    /// Identifies the request in the log and the audit trail.
    pub id: RequestId,
}

impl Request {
    /// Creates a request with no more than a method and parameters.
    pub fn new(method: Method, params: Params, version: Version) -> Self {
        Self {
            method,
            params,
            version,
            headers: HeaderMap::new(),
            extensions: Extensions::new(),
            id: RequestId::next(),
        }
    }
}

/// The answer of a client to a request of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The id of the server's request.
    pub id: Id,
    /// The `result` or the `error`, as JSON text.
    pub outcome: Result<Bytes, Bytes>,
}

/// One message of a client.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request, which gets an answer under its id.
    Request(Id, Request),
    /// A notification, which gets no answer.
    Notification(Method, Params),
    /// An answer to a request of the server.
    Reply(Reply),
}

/// An error in a message, and the id to answer under, if one could be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct MessageError {
    /// The id of the request, if it could be read.
    pub id: Option<Id>,
    /// The JSON-RPC error to answer with.
    pub error: ErrorObject,
}

impl MessageError {
    fn new(id: Option<Id>, error: ErrorObject) -> Self {
        Self { id, error }
    }
}

/// The content of an HTTP body or a line.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one message is the common case and lives for a moment")]
pub enum Incoming {
    /// A single message.
    One(Result<Message, MessageError>),
    /// A batch (revision 2025-03-26 only). Never empty.
    Batch(Vec<Result<Message, MessageError>>),
}

/// The byte order mark, in UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The most messages one batch may hold.
pub const MAX_BATCH: usize = 100;

impl Incoming {
    /// Reads a body or a line without copying.
    ///
    /// A byte order mark at the start is skipped: some programs on Windows write one by default.
    pub fn parse(bytes: &Bytes) -> Self {
        let stripped;
        let bytes = if bytes.starts_with(BOM) {
            stripped = without_bom(bytes.clone());
            &stripped
        } else {
            bytes
        };
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => match split(bytes) {
                Ok(items) => Self::Batch(items.iter().map(Message::parse).collect()),
                Err(error) => Self::One(Err(MessageError::new(None, error))),
            },
            _ => Self::One(Message::parse(bytes)),
        }
    }
}

/// Returns `bytes` without byte order marks at the start; some programs write several.
pub(crate) fn without_bom(mut bytes: Bytes) -> Bytes {
    while bytes.starts_with(BOM) {
        bytes.advance(BOM.len());
    }
    bytes
}

/// Splits a batch into its items.
fn split(bytes: &Bytes) -> Result<Vec<Bytes>, ErrorObject> {
    let mut items = Vec::new();
    let mut scanner = Scanner::new(bytes)?;
    scanner.array::<ErrorObject>(|scanner| {
        let span = scanner.skip()?;
        if items.len() == MAX_BATCH {
            return Err(ErrorObject::invalid_request(format!("a batch holds at most {MAX_BATCH} messages")));
        }
        items.push(span.slice(bytes));
        Ok(())
    })?;
    scanner.end()?;
    if items.is_empty() {
        return Err(ErrorObject::invalid_request("an empty batch"));
    }
    Ok(items)
}

/// The members of a message that are read; all others are ignored.
#[derive(Default)]
struct Envelope {
    jsonrpc: Span,
    id: Span,
    method: Span,
    result: Span,
    error: Span,
}

impl Message {
    /// Reads one message without copying.
    ///
    /// # Errors
    /// [`MessageError`] with -32700 for what is not JSON, -32600 for what is no message, -32602 for
    /// parameters that cannot be read, and the id where one was found.
    pub fn parse(bytes: &Bytes) -> Result<Self, MessageError> {
        let mut envelope = Envelope::default();
        let mut params = None;
        let read = envelope.read(bytes, &mut params);
        let id = if envelope.id.is_empty() { None } else { Some(Id::from_json(envelope.id.slice(bytes))) };
        let told = id.as_ref().and_then(|id| id.as_ref().ok().cloned());
        let refuse = |error: ErrorObject| Err(MessageError::new(told.clone(), error));
        if let Err(error) = read {
            return refuse(error);
        }
        if json::text(bytes, envelope.jsonrpc).as_deref() != Some("2.0") {
            return refuse(ErrorObject::invalid_request("jsonrpc must be \"2.0\""));
        }
        let id = match id.transpose() {
            Ok(id) => id,
            Err(fault) => return refuse(ErrorObject::invalid_request(fault.to_string())),
        };
        let method = match envelope.method(bytes) {
            Ok(method) => method,
            Err(error) => return refuse(error),
        };
        match (method, id) {
            (Some(method), Some(id)) => {
                let params = params.unwrap_or_default();
                Ok(Self::Request(id, Request::new(method, params, Version::NEWEST_LEGACY)))
            }
            (Some(method), None) => Ok(Self::Notification(method, params.unwrap_or_default())),
            (None, Some(id)) => match envelope.outcome(bytes) {
                Some(outcome) => Ok(Self::Reply(Reply { id, outcome })),
                None => refuse(ErrorObject::invalid_request("neither a request nor a response")),
            },
            (None, None) => refuse(ErrorObject::invalid_request("neither a request nor a response")),
        }
    }
}

impl Envelope {
    fn read(&mut self, bytes: &Bytes, params: &mut Option<Params>) -> Result<(), ErrorObject> {
        let mut scanner = Scanner::new(bytes)?;
        if scanner.peek() != b'{' {
            // No JSON at all is a parse error; JSON of another type is an invalid request.
            scanner.skip()?;
            scanner.end()?;
            return Err(ErrorObject::invalid_request("a message must be an object"));
        }
        scanner.object::<ErrorObject>(|scanner, Member { key, .. }| {
            let (slot, name) = match &*key {
                "jsonrpc" => (&mut self.jsonrpc, "jsonrpc"),
                "id" => (&mut self.id, "id"),
                "method" => (&mut self.method, "method"),
                "result" => (&mut self.result, "result"),
                "error" => (&mut self.error, "error"),
                "params" => return read_params(scanner, bytes, params),
                _ => {
                    scanner.skip()?;
                    return Ok(());
                }
            };
            let span = scanner.skip()?;
            Ok(once(slot, span, name)?)
        })?;
        Ok(scanner.end()?)
    }

    fn method(&self, bytes: &Bytes) -> Result<Option<Method>, ErrorObject> {
        if self.method.is_empty() {
            return Ok(None);
        }
        if !(self.result.is_empty() && self.error.is_empty()) {
            return Err(ErrorObject::invalid_request("both a request and a response"));
        }
        json::text(bytes, self.method)
            .map(|name| Some(Method::from_name(&name)))
            .ok_or_else(|| ErrorObject::invalid_request("method must be a string"))
    }

    fn outcome(&self, bytes: &Bytes) -> Option<Result<Bytes, Bytes>> {
        match (self.result.is_empty(), self.error.is_empty()) {
            (false, true) => Some(Ok(self.result.slice(bytes))),
            (true, false) => Some(Err(self.error.slice(bytes))),
            _ => None,
        }
    }
}

fn read_params(scanner: &mut Scanner<'_>, bytes: &Bytes, params: &mut Option<Params>) -> Result<(), ErrorObject> {
    if params.is_some() {
        return Err(JsonError::Duplicate("params").into());
    }
    if scanner.peek() == b'n' {
        scanner.skip()?;
        return Ok(());
    }
    *params = Some(Params::read(scanner, bytes)?);
    Ok(())
}
