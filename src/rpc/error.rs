//! JSON-RPC errors, and the one table from machinery errors to them.

use super::json;
use super::version::Version;
use crate::identity::Scopes;
use bytes::Bytes;
use http::{StatusCode, Uri};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Any error of a service.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The error of a JSON-RPC response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorObject {
    /// What kind it is; see the constants here.
    pub code: i64,
    /// What happened and what to do, in one sentence or two.
    pub message: Cow<'static, str>,
    /// More of it, as JSON text.
    pub data: Option<Bytes>,
}

impl ErrorObject {
    /// Not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// JSON, but no message.
    pub const INVALID_REQUEST: i64 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// Parameters that do not fit, an unknown tool or prompt; since 2026-07-28 an unknown resource.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server or 1C failed.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// An unknown resource, until 2025-11-25.
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// A header and the body disagree (2026-07-28).
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The client cannot do what the request needs (2026-07-28).
    pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
    /// The revision is not spoken here (2026-07-28).
    pub const UNSUPPORTED_VERSION: i64 = -32022;

    /// An error without data.
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The same with data, which must be JSON text.
    #[must_use]
    pub fn with_data(mut self, json: impl Into<Bytes>) -> Self {
        self.data = Some(json.into());
        self
    }

    /// -32700
    pub fn parse_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::PARSE_ERROR, message)
    }

    /// -32600
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_REQUEST, message)
    }

    /// -32602
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_PARAMS, message)
    }

    /// -32603
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INTERNAL_ERROR, message)
    }

    /// -32601
    pub fn method_not_found(method: &str) -> Self {
        Self::new(Self::METHOD_NOT_FOUND, format!("Method not found: {method}"))
    }

    /// -32020
    pub fn header_mismatch(message: impl fmt::Display) -> Self {
        Self::new(Self::HEADER_MISMATCH, format!("Header mismatch: {message}"))
    }

    /// -32022 with the revisions spoken here
    /// ([negotiation](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#protocol-version-negotiation)).
    pub fn unsupported_version(requested: &str) -> Self {
        let supported = Version::ALL.map(Version::as_str);
        let data = serde_json::json!({ "supported": supported, "requested": requested });
        Self::new(Self::UNSUPPORTED_VERSION, "Unsupported protocol version").with_data(data.to_string())
    }

    /// An unknown resource, in the words of `version`
    /// ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/server/resources#error-handling)).
    pub fn resource_not_found(uri: &str, version: Version) -> Self {
        let code = match version.era() {
            super::version::Era::Modern => Self::INVALID_PARAMS,
            super::version::Era::Legacy => Self::RESOURCE_NOT_FOUND,
        };
        Self::new(code, "Resource not found").with_data(serde_json::json!({ "uri": uri }).to_string())
    }

    /// Appends the JSON object.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"code\":");
        out.extend_from_slice(self.code.to_string().as_bytes());
        out.extend_from_slice(b",\"message\":");
        json::quote_into(out, &self.message);
        if let Some(data) = &self.data {
            out.extend_from_slice(b",\"data\":");
            out.extend_from_slice(data);
        }
        out.push(b'}');
    }
}

impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl StdError for ErrorObject {}

/// What a machinery error looks like to a client, and what is behind it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RpcError {
    /// The JSON-RPC error, the same on every transport.
    pub error: ErrorObject,
    /// The status, where the transport is HTTP and no event stream has begun.
    pub status: StatusCode,
    /// When to come back, where that helps.
    pub retry_after: Option<Duration>,
    /// All the scopes that the caller would need, where only they are missing
    /// ([RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    pub scopes: Option<Scopes>,
    /// The call that failed, where it is what stands behind this server that failed.
    pub(crate) upstream: Option<Box<Upstream>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// A call of what stands behind this server that failed, as the log tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// The cause in a word.
    pub(crate) cause: &'static str,
    /// What it answered with, where it answered.
    pub(crate) status: Option<StatusCode>,
    /// The address that was called, where that is known.
    pub(crate) uri: Option<Uri>,
    /// The tool that was called, where that is known.
    pub(crate) tool: Option<Box<str>>,
    /// It no longer takes the caller's own login.
    pub(crate) login_refused: bool,
    /// Whether administrators have a hand in it.
    pub(crate) is_for_administrators: bool,
}

impl RpcError {
    /// A failure of what stands behind this server.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorObject::internal(message), status)
    }

    /// What the sender of the request did wrong.
    pub(crate) const fn bad_request(error: ErrorObject) -> Self {
        Self::of(error, StatusCode::BAD_REQUEST)
    }

    pub(crate) const fn of(error: ErrorObject, status: StatusCode) -> Self {
        Self { error, status, retry_after: None, scopes: None, upstream: None, source: None }
    }

    /// The failure of a call of what stands behind this server; `source` says more of it, to the log.
    pub(crate) fn caused(self, upstream: Upstream, source: BoxError) -> Self {
        Self { upstream: Some(Box::new(upstream)), source: Some(source.into()), ..self }
    }

    /// The failure of a call of this tool.
    #[cfg(feature = "catalog")]
    pub(crate) fn of_tool(mut self, tool: &str) -> Self {
        if let Some(upstream) = &mut self.upstream {
            upstream.tool = Some(tool.into());
        }
        self
    }

    /// The caller lacks scopes. Over HTTP this is 403, from which a client of 2025-11-25 or later
    /// asks its user for more
    /// ([step-up authorization](https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#step-up-authorization-flow));
    /// elsewhere it is a tool result that says so.
    pub fn insufficient_scope(needed: Scopes) -> Self {
        let error = ErrorObject::invalid_request(format!("Not allowed: this needs the scopes {needed}"));
        Self { scopes: Some(needed), ..Self::of(error, StatusCode::FORBIDDEN) }
    }

    /// The one table: an [`RpcError`] or [`ErrorObject`] that the leaf or a layer failed with, tower's errors;
    /// anything else is a 500 whose text stays in the log. Wrapped errors are found.
    pub fn from_error(error: &BoxError) -> Self {
        if let Some(failure) = cause::<Self>(&**error) {
            return failure.clone();
        }
        if let Some(error) = cause::<ErrorObject>(&**error) {
            return Self::of(error.clone(), StatusCode::OK);
        }
        if cause::<tower::load_shed::error::Overloaded>(&**error).is_some() {
            return Self::overloaded();
        }
        if cause::<tower::timeout::error::Elapsed>(&**error).is_some() {
            return Self::new(StatusCode::GATEWAY_TIMEOUT, "The call took longer than this server allows.");
        }
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error. The server's log says more.")
    }

    /// Too many calls wait already.
    pub fn overloaded() -> Self {
        let mut failure = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "1C is busy: too many calls wait for their turn already. Try again in a few seconds.",
        );
        failure.retry_after = Some(Duration::from_secs(2));
        failure
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.message.fmt(f)
    }
}

impl StdError for RpcError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// The first error of type `E` in the chain of causes. What an [`io::Error`] was made of belongs to it,
/// though its `source` passes over that.
pub(crate) fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
