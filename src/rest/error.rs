//! The errors of REST endpoints.

use crate::auth::DeniedError;
use crate::catalog::{ArgumentError, FunctionError};
use crate::identity::Scopes;
use crate::net::budget::{AFTER_NO_ROOM, NO_ROOM};
use crate::net::{Body, ENCODED, IDENTITY, Refused};
use crate::onec::ErrorKind;
use crate::rpc::{BoxError, Outcome, RequestId, cause};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use std::time::Duration;

/// The challenge that names no error.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// An error as the caller gets it: `{"error","message"}` with a status.
#[derive(Debug, Serialize)]
pub(super) struct RestError {
    /// The code, one of those in [`CODES`].
    #[serde(rename = "error")]
    pub(super) code: &'static str,
    message: String,
    /// The argument that does not fit, if it is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    allow: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    /// The challenge for the caller.
    #[serde(skip)]
    challenge: Option<Box<HeaderValue>>,
    /// Whether the log or the audit trail has reported the error.
    #[serde(skip)]
    told: bool,
    /// Whether the request's body was left unread.
    #[serde(skip)]
    pub(super) unread: bool,
}

/// The codes of endpoints that 1C answers.
pub(super) const CODES: [&str; 6] =
    ["invalid_request", "validation_error", "limit_exceeded", "unauthorized", "not_found", "onec_error"];
/// The code of an error of the program itself.
pub(super) const TOOL_ERROR: &str = "tool_error";

/// The codes that there are besides where callers are told apart.
pub(super) const CODES_OF_CALLERS: [&str; 4] =
    ["insufficient_scope", "access_denied", "slow_down", "temporarily_unavailable"];

impl RestError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: String::new(),
            status,
            allow: None,
            retry_after: None,
            challenge: None,
            told: false,
            unread: false,
        }
    }

    const fn told(mut self) -> Self {
        self.told = true;
        self
    }

    const fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    pub(super) fn unauthorized() -> Self {
        let text = "This endpoint needs the header Authorization: Bearer, with the token of this server's REST API";
        Self { challenge: Some(Box::new(BEARER)), ..Self::new(StatusCode::UNAUTHORIZED, "unauthorized", text).unread() }
    }

    /// Returns the error of a caller whom the validator refuses.
    pub(super) fn denied(denied: DeniedError, challenge: Option<HeaderValue>) -> Self {
        let code = if denied.status == StatusCode::UNAUTHORIZED { "unauthorized" } else { denied.error };
        let retry_after = denied.retry_after.map(Duration::from_secs);
        let challenge = challenge.map(Box::new);
        Self { challenge, retry_after, ..Self::new(denied.status, code, denied.text).told().unread() }
    }

    /// Returns 403 for a caller who lacks one of these scopes.
    pub(super) fn scopes(needed: &Scopes) -> Self {
        let text = format!("This call needs the scopes: {needed}");
        let challenge = HeaderValue::from_str(&format!(r#"Bearer error="insufficient_scope", scope="{needed}""#));
        let problem = Self::new(StatusCode::FORBIDDEN, "insufficient_scope", text).told();
        Self { challenge: challenge.ok().map(Box::new), ..problem }
    }

    pub(super) fn not_found() -> Self {
        let text = "There is no such endpoint. GET /openapi.json lists those that there are";
        Self::new(StatusCode::NOT_FOUND, "not_found", text).unread()
    }

    pub(super) fn only(methods: &'static str) -> Self {
        let text = format!("This endpoint takes {methods} only");
        let problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", text).unread();
        Self { allow: Some(methods), ..problem }
    }

    /// Returns 415 for a body that is compressed or encoded otherwise.
    pub(super) fn encoded() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", ENCODED).unread()
    }

    pub(super) fn too_large(text: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", text).unread()
    }

    pub(super) fn too_late() -> Self {
        let text = "The body took too long to arrive";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request", text).unread()
    }

    pub(super) fn no_room() -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "onec_error", NO_ROOM).told().unread();
        Self { retry_after: Some(AFTER_NO_ROOM), ..problem }
    }

    pub(super) fn invalid_request(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", why)
    }

    pub(super) fn unfit(field: String, why: String) -> Self {
        Self { field, ..Self::new(StatusCode::BAD_REQUEST, "validation_error", why) }
    }

    pub(super) fn excess(who: &str, count: u64, ceiling: u64) -> Self {
        let text = format!(
            "{who} sent {count} rows, and the most that this server passes on is {ceiling}. Narrow the request: \
             a shorter period, more filters or a coarser grouping"
        );
        Self::new(StatusCode::BAD_REQUEST, "limit_exceeded", text).told()
    }

    /// Keeps the 400 and 401 of 1C; any other error of 1C becomes 502.
    pub(super) fn onec(error: BoxError, request: RequestId) -> Self {
        let (status, own) = match cause::<crate::onec::Error>(&*error).map(crate::onec::Error::kind) {
            Some(ErrorKind::Status(StatusCode::BAD_REQUEST, text)) => (StatusCode::BAD_REQUEST, Some(text.clone())),
            Some(ErrorKind::Status(StatusCode::UNAUTHORIZED, _) | ErrorKind::LoginRefused) => {
                (StatusCode::UNAUTHORIZED, None)
            }
            _ => (StatusCode::BAD_GATEWAY, None),
        };
        let outcome = Outcome::of(Err(error), request);
        let retry_after = outcome.retry_after;
        let message = own.filter(|text| !text.is_empty());
        let told = || outcome.result.err().map(|error| error.message.into_owned()).unwrap_or_default();
        let message = message.unwrap_or_else(told);
        let challenge = (status == StatusCode::UNAUTHORIZED).then(|| Box::new(BEARER));
        Self { retry_after, challenge, ..Self::new(status, "onec_error", message).told() }
    }

    /// Returns the error of a tool that the program itself answers. What it was told by 1C stays an error of 1C.
    pub(super) fn program(error: BoxError, request: RequestId) -> Self {
        if let Some(unfit) = cause::<ArgumentError>(&*error) {
            return Self::unfit(unfit.field.clone(), unfit.message.clone());
        }
        if cause::<crate::onec::Error>(&*error).is_some() {
            return Self::onec(error, request);
        }
        let failed = |message: String| Self::new(StatusCode::INTERNAL_SERVER_ERROR, TOOL_ERROR, message).told();
        if let Some(told) = cause::<FunctionError>(&*error) {
            return failed(told.to_string());
        }
        let Outcome { result, retry_after, .. } = Outcome::of(Err(error), request);
        let message = result.err().map(|error| error.message.into_owned()).unwrap_or_default();
        Self { retry_after, ..failed(message) }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        // The struct holds nothing but strings, so writing it cannot fail.
        let mut response = json(self.status, serde_json::to_string(&self).unwrap_or_default());
        let why = if self.told { Refused::Told } else { Refused::Because(self.message.into()) };
        why.mark(&mut response);
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, *challenge);
        }
        if self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            headers.insert(ACCEPT_ENCODING, IDENTITY);
        }
        if let Some(methods) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if let Some(time) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
        }
        response
    }
}

pub(super) fn json(status: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
