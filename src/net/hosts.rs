//! The layer [`HostLayer`], which checks the host that a request is for.

use super::OriginPolicy;
use super::refusals::Refused;
use super::unread::close_unread;
use crate::rpc::{ErrorObject, encode_error};
use crate::service::accessors;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;
use std::future::Future;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that refuses requests for no host or a foreign one, before any other service sees them.
///
/// | Request | Answer |
/// |---|---|
/// | HTTP/1.1 without `Host`, any with several, or with one that is no host with or without a port | 400 ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)) |
/// | `Host` that the [`OriginPolicy`] does not let in | 403 |
///
/// It belongs before all endpoints, inside of a [`ProxiesLayer`](super::ProxiesLayer) and outside of authentication: a
/// challenge that points to a foreign host misleads clients. The answers are JSON-RPC errors at every endpoint.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use onec_mcp::net::{HostLayer, OriginPolicy};
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(|_: Request<Full<Bytes>>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) });
/// let service = HostLayer::new(OriginPolicy::new().loopback_listener()).layer(inner);
/// for (host, status) in [("localhost:8000", 200), ("rebound.example", 403), ("", 400)] {
///     let request = Request::get("/info").header("host", host).body(Full::default())?;
///     assert_eq!(service.clone().oneshot(request).await?.status(), status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct HostLayer {
    policy: OriginPolicy,
}

impl HostLayer {
    /// Creates a layer that lets in the hosts of `policy`; the policy's origins do not matter here.
    pub const fn new(policy: OriginPolicy) -> Self {
        Self { policy }
    }
}

impl<S> Layer<S> for HostLayer {
    type Service = Hosts<S>;

    fn layer(&self, inner: S) -> Hosts<S> {
        Hosts { inner, policy: self.policy.clone() }
    }
}

/// The service that [`HostLayer`] produces.
#[derive(Clone, Debug)]
pub struct Hosts<S> {
    inner: S,
    policy: OriginPolicy,
}

accessors!(Hosts<S>);

pin_project! {
    /// The response future of a [`Hosts`] service.
    #[derive(Debug)]
    pub struct HostsFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum State<F, B> {
        Passed { #[pin] call: F },
        Refused { answer: Option<Response<B>> },
    }
}

impl<F, B, E> Future for HostsFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Passed { call } => call.poll(cx),
            // A future is not polled after its end.
            Projected::Refused { answer } => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Hosts<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: http_body::Body,
    ResBody: From<Bytes>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = HostsFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (head, body) = request.into_parts();
        let state = match refuse(&self.policy, &head) {
            None => State::Passed { call: self.inner.call(Request::from_parts(head, body)) },
            Some((status, why)) => {
                let mut answer = refusal(status, why);
                close_unread(&mut answer, &head, &body);
                State::Refused { answer: Some(answer.map(ResBody::from)) }
            }
        };
        HostsFuture { state }
    }
}

/// Returns the status and the message for a request that is refused.
fn refuse(policy: &OriginPolicy, head: &Parts) -> Option<(StatusCode, &'static str)> {
    let mut hosts = head.headers.get_all(HOST).into_iter();
    let bad = |why| Some((StatusCode::BAD_REQUEST, why));
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version == Version::HTTP_11 => return bad("The Host header is missing"),
        (Some(_), Some(_)) => return bad("There are several Host headers"),
        (Some(host), None) if !is_host(host.as_bytes()) => return bad("The Host header names no host"),
        _ => {}
    }
    // The authority of HTTP/2, or of a request in absolute form.
    if head.uri.authority().is_some_and(|authority| !is_host(authority.as_str().as_bytes())) {
        return bad("The request target names no host");
    }
    policy.refuse_host(head).map(|why| (StatusCode::FORBIDDEN, why))
}

/// Whether the text is the host of an `http` URL, with or without a port: a name, or an IPv6 address in brackets
/// ([RFC 3986, section 3.2](https://www.rfc-editor.org/rfc/rfc3986#section-3.2)). Names may have only the characters of
/// real host names: other characters that the grammar allows end the host for some parsers.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| matches!(byte, b':' | b']')) {
        Some(at) if text.get(at) == Some(&b':') => (text.get(..at), text.get(at + 1..)),
        _ => (Some(text), None),
    };
    let is_port = |port: &[u8]| {
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        let number =
            port.iter().try_fold(0_u32, |number, byte| Some(number.saturating_mul(10).saturating_add(digit(byte)?)));
        number.is_some_and(|number| number <= u32::from(u16::MAX))
    };
    host.is_some_and(is_name_or_address) && port.is_none_or(is_port)
}

fn is_name_or_address(host: &[u8]) -> bool {
    if let Some(address) = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        return std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !host.is_empty() && host.iter().all(fine)
}

fn refusal(status: StatusCode, why: &'static str) -> Response<Bytes> {
    let text = encode_error(&ErrorObject::invalid_request(why), None).into_bytes();
    let mut response = Response::new(text);
    *response.status_mut() = status;
    Refused::Because(why.into()).mark(&mut response);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
