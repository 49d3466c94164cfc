//! Answers that need no call, and the heads of those that do.

use super::body::Body;
use super::refusals::Refused;
use crate::rpc::{Encoded, ErrorObject, Id, encode_error};
use http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode, Version};
use std::time::Duration;

pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(super) fn accepted() -> Response<Body> {
    status(StatusCode::ACCEPTED)
}

/// 405: only POST is served
/// ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#earlier-streamable-http-revisions)).
pub(super) fn only(method: &'static str) -> Response<Body> {
    let mut response = error(
        StatusCode::METHOD_NOT_ALLOWED,
        &ErrorObject::invalid_request(format!("This endpoint takes {method} only")),
        None,
    );
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    response
}

/// 415: a body that is compressed, or encoded otherwise
/// ([RFC 9110, section 15.5.16](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16)).
pub(super) fn encoded() -> Response<Body> {
    let mut response = error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &ErrorObject::invalid_request(ENCODED), None);
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

/// What a 415 says of a body that is encoded.
pub(crate) const ENCODED: &str =
    "The body must not be compressed: no Content-Encoding is taken here, and no Transfer-Encoding but chunked";
/// And its `Accept-Encoding`.
pub(crate) const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The connection cannot go on after the answer to a request whose body stays unread; says so before it
/// closes.
pub(crate) fn close_unread<T, B: http_body::Body>(response: &mut Response<T>, head: &Parts, body: &B) {
    if head.version <= Version::HTTP_11 && !body.is_end_stream() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A JSON-RPC error that answers the HTTP request.
pub(super) fn error(status: StatusCode, error: &ErrorObject, id: Option<&Id>) -> Response<Body> {
    let mut response = json(encode_error(error, id), status, None);
    Refused::Because(error.message.clone()).mark(&mut response);
    response
}

pub(super) fn json(text: Encoded, status: StatusCode, retry_after: Option<Duration>) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(time) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
    }
    response
}

/// The head of an event stream. Proxies must neither keep nor collect it.
pub(super) fn events(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}
