//! What a client sends: requests, notifications and replies, over the bytes they came in.

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

/// The id of a request: a string or an integer, kept as the JSON text it came as, so that it goes
/// back with its type and its exact digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id(Bytes);

impl Id {
    /// The id that `json` holds.
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

    /// A string id.
    pub fn from_text(text: &str) -> Self {
        let mut json = Vec::with_capacity(text.len() + 2);
        json::quote_into(&mut json, text);
        Self(json.into())
    }

    /// The JSON text.
    pub fn as_json(&self) -> &[u8] {
        &self.0
    }

    /// The text of a string id.
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
    /// What is asked.
    pub method: Method,
    /// With what.
    pub params: Params,
    /// The revision its sender speaks.
    pub version: Version,
    /// Headers that travel on to 1C. Empty at first: nothing a client sends over HTTP gets here by
    /// itself.
    pub headers: HeaderMap,
    /// What the layers tell each other, beginning with the extensions of the HTTP request.
    pub extensions: Extensions,
    /// Which request it is in the log and in the audit trail.
    pub id: RequestId,
}

impl Request {
    /// A request with nothing but a method and parameters.
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
    /// Of the server's request.
    pub id: Id,
    /// The raw `result`, or the raw `error`.
    pub outcome: Result<Bytes, Bytes>,
}

/// One message of a client.
#[derive(Clone, Debug)]
pub enum Message {
    /// Wants an answer under its id.
    Request(Id, Request),
    /// Wants none.
    Notification(Method, Params),
    /// Is one.
    Reply(Reply),
}

/// Why something is no message, and the id to say so under, if one could be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct MessageError {
    /// The id of the request, where it could be read.
    pub id: Option<Id>,
    /// What to answer.
    pub error: ErrorObject,
}

impl MessageError {
    fn new(id: Option<Id>, error: ErrorObject) -> Self {
        Self { id, error }
    }
}

/// What an HTTP body or a line holds.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one message is the common case and lives for a moment")]
pub enum Incoming {
    /// A single message.
    One(Result<Message, MessageError>),
    /// An array of them, revision 2025-03-26 only. Never empty.
    Batch(Vec<Result<Message, MessageError>>),
}

/// The byte order mark, in UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The most messages one batch may hold.
pub const MAX_BATCH: usize = 100;

impl Incoming {
    /// Reads a body or a line. Nothing of `bytes` is copied. A byte order mark at its head is passed
    /// over: programs of Windows write one without being asked.
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

/// The same without the byte order mark at its head; some write several.
pub(crate) fn without_bom(mut bytes: Bytes) -> Bytes {
    while bytes.starts_with(BOM) {
        bytes.advance(BOM.len());
    }
    bytes
}

/// The items of a batch.
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

/// The members of an envelope that mean something; the rest is ignored.
#[derive(Default)]
struct Envelope {
    jsonrpc: Span,
    id: Span,
    method: Span,
    result: Span,
    error: Span,
}

impl Message {
    /// Reads one message. Nothing of `bytes` is copied.
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
            // Not even JSON is a parse error; JSON of another kind is not a message.
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
