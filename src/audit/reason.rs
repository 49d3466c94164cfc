//! [`Verdict`]: the outcome of a request.

use crate::rpc::{BoxError, ErrorObject, Payload, Response, RpcError};
use http::StatusCode;
use std::time::Duration;

/// The outcome of a request, with a reason if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    pub(crate) reason: Option<&'static str>,
    /// The code of the JSON-RPC error, 0 for a result.
    pub(crate) status: Option<i64>,
    /// How long 1C took, if it was called.
    pub(crate) upstream: Option<Duration>,
}

impl Verdict {
    pub(crate) const SERVED: Self = Self { ok: true, reason: None, status: None, upstream: None };

    /// Returns the verdict on a request that failed, for one of the reasons in the [module](super)'s table.
    pub(crate) const fn failed(reason: &'static str) -> Self {
        Self { ok: false, reason: Some(reason), ..Self::SERVED }
    }

    /// Returns the verdict on an answer of an RPC service.
    #[cfg_attr(
        not(any(feature = "alias", feature = "audit")),
        expect(dead_code, reason = "the REST endpoints know their own codes")
    )]
    pub(crate) fn of(answer: &Result<Response, BoxError>) -> Self {
        match answer {
            Ok(Response { outcome, upstream }) => Self { upstream: *upstream, ..Self::of_outcome(outcome) },
            Err(error) => {
                let failure = RpcError::from_error(error);
                Self { status: Some(failure.error.code), ..Self::failed(by_failure(&failure)) }
            }
        }
    }

    fn of_outcome(outcome: &Result<Payload, ErrorObject>) -> Self {
        let result = Self { status: Some(0), ..Self::SERVED };
        match outcome {
            Ok(payload) if payload.is_tool_error() => Self { ok: false, reason: Some("tool_error"), ..result },
            Ok(payload) if payload.is_input_required() => Self { reason: Some("input_required"), ..result },
            Ok(_) => result,
            Err(error) => Self { status: Some(error.code), ..Self::failed(by_code(error)) },
        }
    }
}

/// Returns the reason of a request that ended with `Err`, mostly by its HTTP status.
fn by_failure(failure: &RpcError) -> &'static str {
    if failure.scopes.is_some() {
        return "insufficient_scope";
    }
    match failure.status {
        StatusCode::OK | StatusCode::BAD_REQUEST => by_code(&failure.error),
        StatusCode::UNAUTHORIZED => "login_refused",
        StatusCode::FORBIDDEN => "insufficient_scope",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "overloaded",
        StatusCode::GATEWAY_TIMEOUT => "timeout",
        StatusCode::BAD_GATEWAY => "onec_error",
        _ => "internal_error",
    }
}

/// Returns the reason of a JSON-RPC error. 1C's own errors have the code -32603, or a code of 1C's.
const fn by_code(error: &ErrorObject) -> &'static str {
    match error.code {
        ErrorObject::INVALID_PARAMS => "invalid_params",
        ErrorObject::METHOD_NOT_FOUND => "not_found",
        ErrorObject::PARSE_ERROR
        | ErrorObject::INVALID_REQUEST
        | ErrorObject::HEADER_MISMATCH
        | ErrorObject::MISSING_CLIENT_CAPABILITY
        | ErrorObject::UNSUPPORTED_VERSION => "invalid_request",
        _ => "onec_error",
    }
}
