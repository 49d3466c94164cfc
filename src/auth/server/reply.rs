//! Answers of the endpoints.

use super::store::StoreError;
use crate::net::budget::{AFTER_NO_ROOM, NO_ROOM};
use crate::net::{Body, ENCODED, IDENTITY, Refused};
use crate::rpc::BoxError;
use bytes::Bytes;
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// The seconds that a client should wait when the store does not answer.
const STORE_RETRY: u64 = 5;

/// An error for the client
/// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Debug)]
pub(super) struct OAuthError {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: Cow<'static, str>,
    pub(super) retry_after: Option<u64>,
    /// The error for the log only: what failed, and the cause.
    pub(super) trouble: Option<(&'static str, BoxError)>,
}

impl OAuthError {
    pub(super) fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error, description: description.into(), retry_after: None, trouble: None }
    }

    pub(super) fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn client(description: &'static str) -> Self {
        Self::new("invalid_client", description)
    }

    /// Creates an error after which clients keep their tokens and try again: neither the status nor the error says that
    /// a token is invalid.
    pub(super) fn unavailable(why: &'static str) -> Self {
        Self { retry_after: Some(STORE_RETRY), ..Self::new("temporarily_unavailable", why) }
    }

    /// Creates an [`unavailable`](Self::unavailable) error whose cause is logged.
    pub(super) fn broken(why: &'static str, what: &'static str, cause: impl Into<BoxError>) -> Self {
        Self { trouble: Some((what, cause.into())), ..Self::unavailable(why) }
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let new = Self::new("temporarily_unavailable", "too many requests");
        Self { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(seconds), ..new }
    }

    /// Creates the error of a server that holds as many bytes as it may.
    pub(super) fn no_room() -> Self {
        let new = Self::new("temporarily_unavailable", NO_ROOM);
        Self { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: Some(AFTER_NO_ROOM.as_secs()), ..new }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn response(&self) -> Response<Body> {
        #[derive(Serialize)]
        struct Text<'a> {
            error: &'a str,
            error_description: String,
        }
        let error_description = plain(&self.description);
        let mut response = json(self.status, &Text { error: self.error, error_description });
        Refused::Because(self.description.clone()).mark(&mut response);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.max(1).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"OAuth client\""));
        }
        response
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Self::broken("the token store does not answer", "the token store failed", error)
    }
}

/// An error of the random numbers or the cipher, which clients cannot fix.
impl From<BoxError> for OAuthError {
    fn from(error: BoxError) -> Self {
        Self::broken("no token could be made", "no token could be made", error)
    }
}

/// Returns the whole seconds to wait, at least one.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Replaces characters that `error_description` must not have
/// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
pub(super) fn plain(text: &str) -> String {
    let fine = |char: &char| matches!(char, ' '..='~') && !matches!(char, '"' | '\\');
    text.chars().map(|char| if fine(&char) { char } else { '?' }).take(300).collect()
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Texts and numbers always serialise.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response
}

/// Returns the answer to a body that is compressed, or encoded otherwise
/// ([RFC 9110, section 15.5.16](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16)).
pub(super) fn encoded() -> Response<Body> {
    let mut response = OAuthError::request(ENCODED).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).response();
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

pub(super) fn allowing(code: StatusCode, methods: &'static str) -> Response<Body> {
    let mut response = status(code);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

pub(super) fn redirect(code: StatusCode, location: &str) -> Response<Body> {
    // A redirect URI has only characters of URIs, and the appended parameters are encoded.
    let Ok(location) = HeaderValue::from_str(location) else { return status(StatusCode::BAD_REQUEST) };
    let mut response = status(code);
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Adds the headers that every answer carries; caches keep nothing unless an answer allows it.
pub(super) fn guard(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    response
}
