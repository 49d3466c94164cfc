//! Answers that need no call, and the response head of event streams.

use crate::net::{Body, ENCODED, IDENTITY, Refused};
use crate::rpc::{Encoded, ErrorObject, Id, encode_error};
use http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use std::time::Duration;

pub(in crate::bridge) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(in crate::bridge) fn accepted() -> Response<Body> {
    status(StatusCode::ACCEPTED)
}

/// Returns 405 for any method but `method`
/// ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#earlier-streamable-http-revisions)).
pub(in crate::bridge) fn only(method: &'static str) -> Response<Body> {
    let mut response = error(
        StatusCode::METHOD_NOT_ALLOWED,
        &ErrorObject::invalid_request(format!("This endpoint takes {method} only")),
        None,
    );
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    response
}

/// Returns 415 for a body that is compressed or encoded otherwise
/// ([RFC 9110, section 15.5.16](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16)).
pub(in crate::bridge) fn encoded() -> Response<Body> {
    let mut response = error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &ErrorObject::invalid_request(ENCODED), None);
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

/// Returns a JSON-RPC error as the answer to the HTTP request.
pub(in crate::bridge) fn error(status: StatusCode, error: &ErrorObject, id: Option<&Id>) -> Response<Body> {
    let mut response = json(encode_error(error, id), status, None);
    Refused::Because(error.message.clone()).mark(&mut response);
    response
}

pub(in crate::bridge) fn json(text: Encoded, status: StatusCode, retry_after: Option<Duration>) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(time) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)));
    }
    response
}

/// Returns the response of an event stream. Its headers keep proxies from caching or buffering it.
pub(in crate::bridge) fn events(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}
