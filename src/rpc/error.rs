//! JSON-RPC errors, and the one mapping from errors of services to them.

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

/// Any error of a service, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The error of a JSON-RPC response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorObject {
    /// The kind of error; see the constants of this type.
    pub code: i64,
    /// The message: what happened and what to do about it, in one or two sentences.
    pub message: Cow<'static, str>,
    /// More detail, as JSON text.
    pub data: Option<Bytes>,
}

impl ErrorObject {
    /// The message is not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The JSON is not a JSON-RPC message.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method does not exist.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters do not fit, or the tool or prompt is unknown; since 2026-07-28 also an unknown resource.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server or 1C failed.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// The resource is unknown (until 2025-11-25).
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// A header and the body disagree (2026-07-28).
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The client lacks a capability that the request needs (2026-07-28).
    pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
    /// The requested revision is not supported here (2026-07-28).
    pub const UNSUPPORTED_VERSION: i64 = -32022;

    /// Creates an error without data.
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// Adds data, which must be JSON text.
    #[must_use]
    pub fn with_data(mut self, json: impl Into<Bytes>) -> Self {
        self.data = Some(json.into());
        self
    }

    /// Creates an error with the code -32700: the message is not JSON.
    pub fn parse_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::PARSE_ERROR, message)
    }

    /// Creates an error with the code -32600: the JSON is not a message.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_REQUEST, message)
    }

    /// Creates an error with the code -32602: the parameters do not fit.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_PARAMS, message)
    }

    /// Creates an error with the code -32603: the server or 1C failed.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INTERNAL_ERROR, message)
    }

    /// Creates an error with the code -32601: `method` does not exist.
    pub fn method_not_found(method: &str) -> Self {
        Self::new(Self::METHOD_NOT_FOUND, format!("Method not found: {method}"))
    }

    /// Creates an error with the code -32020: a header and the body disagree.
    pub fn header_mismatch(message: impl fmt::Display) -> Self {
        Self::new(Self::HEADER_MISMATCH, format!("Header mismatch: {message}"))
    }

    /// Creates an error with the code -32022, which lists the supported revisions
    /// ([negotiation](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#protocol-version-negotiation)).
    pub fn unsupported_version(requested: &str) -> Self {
        let supported = Version::ALL.map(Version::as_str);
        let data = serde_json::json!({ "supported": supported, "requested": requested });
        Self::new(Self::UNSUPPORTED_VERSION, "Unsupported protocol version").with_data(data.to_string())
    }

    /// Creates the error for an unknown resource, with the code that `version` wants
    /// ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/server/resources#error-handling)).
    pub fn resource_not_found(uri: &str, version: Version) -> Self {
        let code = match version.era() {
            super::version::Era::Modern => Self::INVALID_PARAMS,
            super::version::Era::Legacy => Self::RESOURCE_NOT_FOUND,
        };
        Self::new(code, "Resource not found").with_data(serde_json::json!({ "uri": uri }).to_string())
    }

    /// Appends the error as a JSON object.
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

/// An error of a service as clients see it, with its source for the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RpcError {
    /// The JSON-RPC error, equal on every transport.
    pub error: ErrorObject,
    /// The HTTP status, used if the transport is HTTP and no event stream has begun.
    pub status: StatusCode,
    /// When to try again, if that helps.
    pub retry_after: Option<Duration>,
    /// All the scopes that the call needs, if only scopes are missing
    /// ([RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    pub scopes: Option<Scopes>,
    /// The failed call to 1C or another upstream, if that is the cause.
    pub(crate) upstream: Option<Box<Upstream>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// A failed call to an upstream (1C, usually), as the log shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// The cause in one word.
    pub(crate) cause: &'static str,
    /// The HTTP status of the upstream's answer, if there was one.
    pub(crate) status: Option<StatusCode>,
    /// The URI that was called, if known.
    pub(crate) uri: Option<Uri>,
    /// The tool that was called, if known.
    pub(crate) tool: Option<Box<str>>,
    /// Whether 1C no longer accepts the caller's own login.
    pub(crate) login_refused: bool,
    /// Whether only an administrator can fix it.
    pub(crate) is_for_administrators: bool,
}

impl RpcError {
    /// Creates the error of an upstream, with the HTTP status that clients get.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorObject::internal(message), status)
    }

    /// Creates the error of a bad request: 400 with `error`.
    pub(crate) const fn bad_request(error: ErrorObject) -> Self {
        Self::of(error, StatusCode::BAD_REQUEST)
    }

    pub(crate) const fn of(error: ErrorObject, status: StatusCode) -> Self {
        Self { error, status, retry_after: None, scopes: None, upstream: None, source: None }
    }

    /// Adds the failed call to the upstream, and `source` for the log.
    pub(crate) fn caused(self, upstream: Upstream, source: BoxError) -> Self {
        Self { upstream: Some(Box::new(upstream)), source: Some(source.into()), ..self }
    }

    /// Adds the name of the tool that was called.
    #[cfg(feature = "catalog")]
    pub(crate) fn of_tool(mut self, tool: &str) -> Self {
        if let Some(upstream) = &mut self.upstream {
            upstream.tool = Some(tool.into());
        }
        self
    }

    /// Creates the error of a caller without the scopes that a call needs.
    ///
    /// Over HTTP it is 403, after which a client of 2025-11-25 or later asks its user for more scopes
    /// ([step-up authorization](https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#step-up-authorization-flow));
    /// elsewhere it is a tool result that says so.
    pub fn insufficient_scope(needed: Scopes) -> Self {
        let error = ErrorObject::invalid_request(format!("Not allowed: this needs the scopes {needed}"));
        Self { scopes: Some(needed), ..Self::of(error, StatusCode::FORBIDDEN) }
    }

    /// Maps any error of a service to what clients see.
    ///
    /// Finds an [`RpcError`] or [`ErrorObject`] of a layer or the leaf, and tower's errors, also inside wrapped
    /// errors. Anything else becomes a 500 whose text goes to the log only.
    pub fn from_error(error: &BoxError) -> Self {
        let unknown = || Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error. The server's log says more.");
        Self::known(error).unwrap_or_else(unknown)
    }

    /// Returns what clients see of an error that this crate or tower makes; `None` for any other error.
    pub(crate) fn known(error: &BoxError) -> Option<Self> {
        if let Some(failure) = cause::<Self>(&**error) {
            return Some(failure.clone());
        }
        if let Some(error) = cause::<ErrorObject>(&**error) {
            return Some(Self::of(error.clone(), StatusCode::OK));
        }
        if cause::<tower::load_shed::error::Overloaded>(&**error).is_some() {
            return Some(Self::overloaded());
        }
        if cause::<tower::timeout::error::Elapsed>(&**error).is_some() {
            return Some(Self::new(StatusCode::GATEWAY_TIMEOUT, "The call took longer than this server allows."));
        }
        None
    }

    /// Creates the error for too many waiting calls.
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

/// Returns the first error of type `E` in the chain of causes. Looks into an [`io::Error`] too, since its
/// `source` skips the error that it wraps.
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
