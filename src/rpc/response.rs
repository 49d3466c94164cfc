//! What the RPC stack answers.

use super::encoded::Encoded;
use super::error::{BoxError, ErrorObject, RpcError};
use super::failure;
use super::message::Id;
use super::payload::Payload;
use super::request_id::RequestId;
use crate::identity::Scopes;
use http::StatusCode;
use std::time::Duration;

/// The answer to a request.
///
/// A JSON-RPC error that 1C or a layer means for the client is an answer; trouble with the
/// machinery is an `Err` of the service instead.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
    /// How `request` ended. What failed in 1C is told in the log.
    pub(crate) fn of(answer: Result<Response, BoxError>, request: RequestId) -> Self {
        match answer {
            Ok(response) => {
                if let (Err(error), Some(_)) = (&response.outcome, response.upstream) {
                    failure::refused_by_onec(error, request);
                }
                Self::answered(response)
            }
            Err(error) => {
                let failure = RpcError::from_error(&error);
                failure::happened(&error, &failure, request);
                let RpcError { error, status, retry_after, scopes, .. } = failure;
                Self { result: Err(error), status, retry_after, upstream: None, scopes }
            }
        }
    }

    /// An answer that 1C was not asked for, or whose failures were told of.
    pub(crate) fn answered(Response { outcome, upstream }: Response) -> Self {
        Self { result: outcome, status: StatusCode::OK, retry_after: None, upstream, scopes: None }
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
