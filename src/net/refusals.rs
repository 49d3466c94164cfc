//! The layer [`RefusalsLayer`], which writes log lines of refused requests.

use super::remote;
use crate::net::sampler::{Sampler, Sum};
use crate::rpc::label::shown;
use crate::service::accessors;
use http::{Method, Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that writes a log line with the cause for each refused request that no other log line or audit event
/// reports: a foreign `Host` (403), an unknown path (404), another method (405), a body that is too long (413), too
/// many requests (429), and so on.
///
/// The number of lines is bounded. For one address (of IPv6, one /64) up to 10 lines a minute are written for each
/// status, and 100 a minute in all. The others are counted, and the sums written a minute after the first line: "2990
/// more like this from 198.51.100.7 in the last minute". Up to 1000 addresses are known at a time.
///
/// It belongs inside of a [`ProxiesLayer`](super::ProxiesLayer), which finds the client's address, and outside of all
/// services that refuse requests. Lines are at INFO, those of 403, 429 and 503 at WARNING: an administrator may be able
/// to fix their cause.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use onec_mcp::net::RefusalsLayer;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(|_: Request<Full<Bytes>>| async {
///     let mut response = Response::new(Full::<Bytes>::default());
///     *response.status_mut() = StatusCode::NOT_FOUND;
///     Ok::<_, Infallible>(response)
/// });
/// // INFO request refused status=404 method=GET path="/admin" cause="Not Found"
/// let service = RefusalsLayer::new().layer(inner);
/// assert_eq!(service.oneshot(Request::get("/admin").body(Full::default())?).await?.status(), 404);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RefusalsLayer {
    sampler: Sampler,
}

/// The cause of a refused request, in the extensions of its answer.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// The cause in words.
    Because(Cow<'static, str>),
    /// The log or the audit trail reports the cause already.
    Told,
}

impl Refused {
    /// Leaves the cause in the extensions of the answer for [`RefusalsLayer`].
    pub(crate) fn mark<B>(self, response: &mut Response<B>) {
        response.extensions_mut().insert(self);
    }
}

impl RefusalsLayer {
    /// Creates the layer, which has no settings.
    pub fn new() -> Self {
        Self { sampler: Sampler::new(tell_more) }
    }

    /// Writes the log line of bytes from this address that were not a request, and that the HTTP server has answered on
    /// its own with this status. The cause must be the server's words, not the client's.
    pub fn unread(&self, from: IpAddr, status: StatusCode, cause: &dyn fmt::Display) {
        if self.sampler.admits(Some(from), ("request refused", like(status))) {
            tracing::info!(status = status.as_u16(), remote = %from, %cause, "request refused");
        }
    }
}

impl Default for RefusalsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RefusalsLayer {
    type Service = Refusals<S>;

    fn layer(&self, inner: S) -> Refusals<S> {
        Refusals { inner, sampler: self.sampler.clone() }
    }
}

/// The service that [`RefusalsLayer`] produces.
#[derive(Clone, Debug)]
pub struct Refusals<S> {
    inner: S,
    sampler: Sampler,
}

accessors!(Refusals<S>);

pin_project! {
    /// The response future of a [`Refusals`] service.
    #[derive(Debug)]
    pub struct RefusalsFuture<F> {
        #[pin]
        call: F,
        // Kept only where the log line would be written.
        asked: Option<Asked>,
        sampler: Sampler,
    }
}

/// What a log line says of a request.
#[derive(Debug)]
struct Asked {
    method: Method,
    uri: Uri,
    remote: Option<IpAddr>,
}

impl<F, B, E> Future for RefusalsFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.call.poll(cx));
        if let (Ok(response), Some(asked)) = (&answer, this.asked.take()) {
            asked.tell(response, this.sampler);
        }
        Poll::Ready(answer)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Refusals<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = RefusalsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let asked = tracing::enabled!(tracing::Level::WARN).then(|| Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            remote: remote(request.extensions().get(), request.extensions().get()),
        });
        RefusalsFuture { call: self.inner.call(request), asked, sampler: self.sampler.clone() }
    }
}

impl Asked {
    fn tell<B>(&self, response: &Response<B>, sampler: &Sampler) {
        let status = response.status();
        let cause = match response.extensions().get() {
            Some(Refused::Told) => return,
            Some(Refused::Because(why)) => shown(why),
            None if status.is_client_error() => status.canonical_reason().unwrap_or("refused"),
            // These statuses have log lines of their own.
            None => return,
        };
        if !sampler.admits(self.remote, ("request refused", like(status))) {
            return;
        }
        let Self { method, uri, remote } = self;
        let (status, path, remote) = (status.as_u16(), shown(uri.path()), remote.map(tracing::field::display));
        match status {
            403 | 429 | 503 => tracing::warn!(status, %method, path, remote, cause, "request refused"),
            _ => tracing::info!(status, %method, path, remote, cause, "request refused"),
        }
    }
}

/// Returns the name under which a status is counted.
fn like(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        413 => "413",
        429 => "429",
        431 => "431",
        503 => "503",
        _ => "4xx",
    }
}

fn tell_more(&Sum { more, from, like }: &Sum) {
    let status = like.map(|(_, status)| status);
    match status {
        Some("403" | "429" | "503") => {
            tracing::warn!(status, "{more} more like this from {from} in the last minute: request refused");
        }
        _ => tracing::info!(status, "{more} more like this from {from} in the last minute: request refused"),
    }
}
