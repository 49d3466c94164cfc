//! [`Verdict`]: how a request ended, in a word.

use crate::rpc::{BoxError, ErrorObject, Failure, Response};
use http::StatusCode;

/// Whether a request was served, and the reason if there is one to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    pub(crate) reason: Option<&'static str>,
}

impl Verdict {
    pub(crate) const SERVED: Self = Self { ok: true, reason: None };

    /// Not served, for one of the reasons in the [module](super)'s table.
    pub(crate) const fn failed(reason: &'static str) -> Self {
        Self { ok: false, reason: Some(reason) }
    }

    /// The verdict on what an RPC service answered.
    #[cfg_attr(
        not(any(feature = "alias", feature = "audit")),
        expect(dead_code, reason = "the REST face knows its own codes")
    )]
    pub(crate) fn of(answer: &Result<Response, BoxError>) -> Self {
        match answer {
            Ok(Response { outcome: Ok(payload), .. }) if payload.is_tool_error() => Self::failed("tool_error"),
            Ok(Response { outcome: Ok(payload), .. }) if payload.is_input_required() => {
                Self { ok: true, reason: Some("input_required") }
            }
            Ok(Response { outcome: Ok(_), .. }) => Self::SERVED,
            Ok(Response { outcome: Err(error), .. }) => Self::failed(by_code(error)),
            Err(error) => Self::failed(by_failure(&Failure::from_error(error))),
        }
    }
}

/// Why a machinery error happened; its status tells it apart.
fn by_failure(failure: &Failure) -> &'static str {
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
