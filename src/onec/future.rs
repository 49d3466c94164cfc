//! The future of the leaf: [`ResponseFuture`].

use crate::rpc::{BoxError, Response};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of a [`OneCService`](super::OneCService) or a [`OneCRest`](super::OneCRest).
// Boxed, since the futures of `async fn`s have no names.
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>);

impl ResponseFuture {
    /// Boxes a call whose errors become [`failed`](super::error::failed) errors.
    pub(super) fn new(call: impl Future<Output = Result<Response, BoxError>> + Send + 'static) -> Self {
        Self(Box::pin(call))
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}
