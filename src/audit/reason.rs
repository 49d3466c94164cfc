//! [`Verdict`]: how a request ended, in a word.

use crate::rpc::{BoxError, ErrorObject, Payload, Response, RpcError};
use http::StatusCode;
use std::time::Duration;

/// Whether a request was served, and the reason if there is one to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    pub(crate) reason: Option<&'static str>,
    /// The code of the JSON-RPC error, 0 for a result.
    pub(crate) status: Option<i64>,
    /// How long 1C took, if it was asked.
    pub(crate) upstream: Option<Duration>,
}

impl Verdict {
    pub(crate) const SERVED: Self = Self { ok: true, reason: None, status: None, upstream: None };

    /// Not served, for one of the reasons in the [module](super)'s table.
    pub(crate) const fn failed(reason: &'static str) -> Self {
        Self { ok: false, reason: Some(reason), ..Self::SERVED }
    }

    /// The verdict on what an RPC service answered.
    #[cfg_attr(
        not(any(feature = "alias", feature = "audit")),
        expect(dead_code, reason = "the REST face knows its own codes")
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

/// Why a machinery error happened; its status tells it apart.
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

/// 1C's own errors have the code -32603, or one of its own.
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
