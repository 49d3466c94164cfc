//! The part that the bearer and the basic layer share: identify the caller, then let the request in or answer it.

use super::NeededScopes;
use crate::audit::Event;
use crate::identity::Identity;
use crate::net::sampler::Sampler;
use crate::net::{Refused, close_unread};
use crate::service::{accessors, take_ready};
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// A way to authenticate: where the credentials are in a request, and which challenge answers a request without them.
pub trait Scheme: Clone + Send + Sync + 'static {
    /// What is kept of a request for its challenge.
    type Place: Send + 'static;

    /// Reads from a request what its challenge needs.
    fn place(&self, head: &Parts) -> Self::Place;

    /// Returns the caller, or the error to answer with.
    fn admit(&self, head: &Parts, place: &Self::Place) -> impl Future<Output = Result<Identity, DeniedError>> + Send;

    /// Returns the value of the `WWW-Authenticate` header.
    fn challenge(&self, place: &Self::Place, why: Challenge<'_>) -> Option<HeaderValue>;
}

/// The cause of a challenge.
#[derive(Clone, Copy, Debug)]
pub enum Challenge<'a> {
    /// The request has no credentials.
    Missing,
    /// The credentials are not valid; why, in words.
    Invalid(&'a str),
    /// The request is malformed; why, in words.
    Malformed(&'a str),
    /// The caller lacks these scopes.
    Scopes(&'a NeededScopes),
}

/// The error of a request that is denied before the inner service is called.
#[derive(Debug)]
pub struct DeniedError {
    pub(crate) status: StatusCode,
    /// The `error` code of [RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1).
    pub(crate) error: &'static str,
    pub(crate) text: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) scopes: Option<NeededScopes>,
    /// Whether the audit trail or the log has reported it.
    told: bool,
}

impl DeniedError {
    pub(crate) fn new(status: StatusCode, error: &'static str, text: impl Into<String>) -> Self {
        Self { status, error, text: text.into(), retry_after: None, scopes: None, told: false }
    }

    /// Notes that the audit trail or the log has reported the error.
    pub(crate) fn told(self) -> Self {
        Self { told: true, ..self }
    }

    /// Returns the value of the `WWW-Authenticate` header, if the answer has one.
    pub(crate) fn challenge<K: Scheme>(&self, scheme: &K, place: &K::Place) -> Option<HeaderValue> {
        let Self { status, error, text, scopes, .. } = self;
        match (*status, scopes) {
            (StatusCode::FORBIDDEN, Some(scopes)) => scheme.challenge(place, Challenge::Scopes(scopes)),
            (StatusCode::UNAUTHORIZED, _) if *error == MISSING => scheme.challenge(place, Challenge::Missing),
            (StatusCode::BAD_REQUEST, _) => scheme.challenge(place, Challenge::Malformed(text)),
            (StatusCode::UNAUTHORIZED, _) => scheme.challenge(place, Challenge::Invalid(text)),
            _ => None,
        }
    }
}

/// A service behind an authentication layer; see [`BearerAuthLayer`](super::BearerAuthLayer).
#[derive(Clone, Debug)]
pub struct Authenticated<S, K> {
    pub(super) inner: S,
    pub(super) scheme: K,
}

accessors!(Authenticated<S, K>);

/// The response future of an [`Authenticated`] service.
// Boxed, since a validator is usually an `async fn`, and it borrows the request.
pub struct ResponseFuture<T>(BoxFuture<'static, T>);

impl<T> fmt::Debug for ResponseFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<T> Future for ResponseFuture<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(cx)
    }
}

impl<S, K, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticated<S, K>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    K: Scheme,
    ReqBody: http_body::Body + Send + 'static,
    ResBody: From<Bytes> + Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        let scheme = self.scheme.clone();
        ResponseFuture(Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let place = scheme.place(&head);
            let identity = match scheme.admit(&head, &place).await {
                Ok(identity) => identity,
                Err(denied) => {
                    let mut response = refusal(&scheme, &place, &denied);
                    close_unread(&mut response, &head, &body);
                    return Ok(response.map(ResBody::from));
                }
            };
            head.extensions.insert(identity);
            let mut response = inner.call(Request::from_parts(head, body)).await?;
            mend(&scheme, &place, &mut response);
            Ok(response)
        }))
    }
}

fn refusal<K: Scheme>(scheme: &K, place: &K::Place, denied: &DeniedError) -> Response<Bytes> {
    let DeniedError { status, error, text, retry_after, told, .. } = denied;
    let body = serde_json::json!({ "error": error, "error_description": text }).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = *status;
    let why = if *told { Refused::Told } else { Refused::Because(text.clone().into()) };
    why.mark(&mut response);
    let challenge = denied.challenge(scheme, place);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

/// The error code of a request without credentials, in the body only: RFC 6750 wants none in the challenge.
pub(crate) const MISSING: &str = "unauthorized";

/// Adds a challenge where the inner service found that the login of 1C is no longer valid, or that scopes are missing.
fn mend<K: Scheme, B>(scheme: &K, place: &K::Place, response: &mut Response<B>) {
    let challenge = match response.status() {
        StatusCode::UNAUTHORIZED => Challenge::Invalid("The login of 1C was refused; log in again"),
        StatusCode::FORBIDDEN => match response.extensions().get() {
            Some(needed) => Challenge::Scopes(needed),
            None => return,
        },
        _ => return,
    };
    if response.headers().contains_key(WWW_AUTHENTICATE) {
        return;
    }
    if let Some(challenge) = scheme.challenge(place, challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
}

/// Returns the address that a request came from.
pub(crate) fn remote(head: &Parts) -> Option<IpAddr> {
    crate::net::remote(head.extensions.get(), head.extensions.get())
}

/// Writes an event of a refused request to the audit trail.
pub(crate) fn refused(sampler: &Sampler, head: &Parts, sub: Option<&str>, reason: &'static str) {
    Event { name: "oauth.token.refused", sub, remote: remote(head), ..Event::default() }
        .emit_some(Some(reason), sampler);
}
