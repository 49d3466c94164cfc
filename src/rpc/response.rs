//! The answer of the RPC stack to a request.

use super::encoded::Encoded;
use super::error::{BoxError, ErrorObject, RpcError};
use super::failure;
use super::message::{Id, Request};
use super::params::Param;
use super::payload::Payload;
use super::request_id::RequestId;
use crate::identity::Scopes;
use http::StatusCode;
use std::time::Duration;

/// The answer to a request.
///
/// A JSON-RPC error for the client, from 1C or from a layer, is an answer; an error of the server itself is an
/// `Err` of the service instead.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The result, or the error for the client.
    pub outcome: Result<Payload, ErrorObject>,
    /// The time that 1C took, if it was called.
    pub upstream: Option<Duration>,
}

impl Response {
    /// Creates an answer with a result.
    pub const fn result(payload: Payload) -> Self {
        Self { outcome: Ok(payload), upstream: None }
    }

    /// Creates an answer with an error for the client.
    pub const fn error(error: ErrorObject) -> Self {
        Self { outcome: Err(error), upstream: None }
    }
}

impl From<Result<Payload, ErrorObject>> for Response {
    fn from(outcome: Result<Payload, ErrorObject>) -> Self {
        Self { outcome, upstream: None }
    }
}

/// The outcome of a request, success or error, with what HTTP adds to it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Payload, ErrorObject>,
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) upstream: Option<Duration>,
    /// The scopes that the caller lacks for the call.
    pub(crate) scopes: Option<Scopes>,
}

impl Outcome {
    /// Returns the outcome of `request`, and logs a failed call to 1C.
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

    /// Returns the outcome of an answer that needs no line in the log for an error of 1C.
    pub(crate) fn answered(Response { outcome, upstream }: Response) -> Self {
        Self { result: outcome, status: StatusCode::OK, retry_after: None, upstream, scopes: None }
    }

    pub(crate) fn error(error: ErrorObject, status: StatusCode) -> Self {
        Self { result: Err(error), status, retry_after: None, upstream: None, scopes: None }
    }
}

/// Writes an error response; without an id if none could be read
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

/// Returns an empty list in answer to `request`.
pub(crate) fn empty_list(request: &Request) -> Response {
    if request.params.raw(Param::Cursor).is_some_and(|cursor| cursor != b"null") {
        // No cursor was ever issued.
        return Response::error(ErrorObject::invalid_params("Unknown cursor"));
    }
    let (member, _) = request.method.listed().unwrap_or_default();
    Payload::parse(format!("{{\"{member}\":[]}}")).map_err(ErrorObject::from).into()
}
