//! The time limit of a call to 1C.

use super::error_kind::ErrorKind;
use crate::rpc::{BoxError, RpcError};
use crate::service::accessors;
use bytes::Bytes;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

/// The time limit of one call, in the extensions of the HTTP request; without it the limit is 30 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);

pub(super) fn patience(request: &http::Request<Bytes>) -> Patience {
    request.extensions().get().copied().unwrap_or(Patience(Duration::from_secs(30)))
}

/// A layer that ends a call after its [`Patience`], with an [`RpcError`] for [`ErrorKind::Slow`]. The dropped
/// call ends the call to 1C.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use onec_mcp::onec::{DeadlineLayer, Error, ErrorKind, Patience};
/// use onec_mcp::rpc::BoxError;
/// use std::time::Duration;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// type Answer = Result<http::Response<Bytes>, BoxError>;
/// let silent = service_fn(|_: http::Request<Bytes>| std::future::pending::<Answer>());
/// let limit = Duration::from_secs(2);
/// let mut call = http::Request::new(Bytes::new());
/// call.extensions_mut().insert(Patience(limit));
/// let error = DeadlineLayer.layer(silent).oneshot(call).await.err().ok_or("answered")?;
/// assert_eq!(Error::find(&*error).map(Error::kind), Some(&ErrorKind::Slow(limit)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadlineLayer;

impl<C> Layer<C> for DeadlineLayer {
    type Service = Deadline<C>;

    fn layer(&self, client: C) -> Deadline<C> {
        Deadline { inner: client }
    }
}

/// A service with a time limit for calls; see [`DeadlineLayer`].
#[derive(Clone, Debug)]
pub struct Deadline<C> {
    inner: C,
}

accessors!(Deadline<C>);

impl<C> Service<http::Request<Bytes>> for Deadline<C>
where
    C: Service<http::Request<Bytes>>,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = DeadlineFuture<C::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let Patience(limit) = patience(&request);
        DeadlineFuture { call: self.inner.call(request), sleep: tokio::time::sleep(limit), limit }
    }
}

pin_project! {
    /// The future of a [`Deadline`].
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        call: F,
        #[pin]
        sleep: Sleep,
        limit: Duration,
    }
}

impl<F, T, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Poll the answer first: an answer that is ready is never dropped for being late.
        if let Poll::Ready(answer) = this.call.poll(cx) {
            return Poll::Ready(answer.map_err(Into::into));
        }
        ready!(this.sleep.poll(cx));
        Poll::Ready(Err(RpcError::from(ErrorKind::Slow(*this.limit)).into()))
    }
}
