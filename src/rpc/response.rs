//! What the RPC stack answers.

use super::encoded::Encoded;
use super::error::{BoxError, ErrorObject, Failure, cause};
use super::message::Id;
use super::payload::Payload;
use crate::identity::Scopes;
use http::StatusCode;
use std::time::Duration;

/// The answer to a request.
///
/// A JSON-RPC error that 1C or a layer means for the client is an answer; trouble with the
/// machinery is an `Err` of the service instead.
#[derive(Clone, Debug)]
pub struct Response {
    /// The result, or the error meant for the client.
    pub outcome: Result<Payload, ErrorObject>,
    /// How long 1C took, if it was asked.
    pub upstream: Option<Duration>,
}

impl Response {
    /// A result.
    pub const fn result(payload: Payload) -> Self {
        Self { outcome: Ok(payload), upstream: None }
    }

    /// An error meant for the client.
    pub const fn error(error: ErrorObject) -> Self {
        Self { outcome: Err(error), upstream: None }
    }
}

impl From<Result<Payload, ErrorObject>> for Response {
    fn from(outcome: Result<Payload, ErrorObject>) -> Self {
        Self { outcome, upstream: None }
    }
}

/// The end of a request, whichever way it went, with what an HTTP transport says of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Payload, ErrorObject>,
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) upstream: Option<Duration>,
    /// What the caller would have needed.
    pub(crate) scopes: Option<Scopes>,
}

impl Outcome {
    pub(crate) fn of(answer: Result<Response, BoxError>) -> Self {
        match answer {
            Ok(Response { outcome, upstream }) => {
                Self { result: outcome, status: StatusCode::OK, retry_after: None, upstream, scopes: None }
            }
            Err(error) => {
                let Failure { error: told, status, retry_after, scopes } = Failure::from_error(&error);
                match cause::<crate::onec::Error>(&*error) {
                    // Administrators are told more than clients, whose mistakes are none of theirs.
                    Some(trouble) if trouble.is_for_administrators() => {
                        let (tool, uri) = (trouble.tool(), trouble.uri().map(tracing::field::display));
                        tracing::warn!(tool, uri, error = &*error as &dyn std::error::Error, "a call of 1C failed");
                    }
                    _ => tracing::debug!(error = &*error as &dyn std::error::Error, "call failed"),
                }
                if status == StatusCode::INTERNAL_SERVER_ERROR {
                    tracing::error!(error = &*error as &dyn std::error::Error, "unexpected failure of a call");
                }
                Self { result: Err(told), status, retry_after, upstream: None, scopes }
            }
        }
    }

    /// The same as an error of a service.
    pub(crate) fn into_failure(self) -> Failure {
        let error = self.result.err().unwrap_or_else(|| ErrorObject::internal("Internal error"));
        Failure { error, status: self.status, retry_after: self.retry_after, scopes: self.scopes }
    }

    pub(crate) fn error(error: ErrorObject, status: StatusCode) -> Self {
        Self { result: Err(error), status, retry_after: None, upstream: None, scopes: None }
    }
}

/// An error response; without an id where none could be read
/// ([error responses](https://modelcontextprotocol.io/specification/2026-07-28/basic#error-responses)).
pub(crate) fn encode_error(error: &ErrorObject, id: Option<&Id>) -> Encoded {
    let mut out = Vec::with_capacity(128 + error.message.len());
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",");
    if let Some(id) = id {
        out.extend_from_slice(b"\"id\":");
        out.extend_from_slice(id.as_json());
        out.push(b',');
    }
    out.extend_from_slice(b"\"error\":");
    error.write(&mut out);
    out.push(b'}');
    out.into()
}
