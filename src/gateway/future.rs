//! [`ResponseFuture`].

use super::stack::Stack;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

pin_project! {
    /// The answer of a [`Gateway`](super::Gateway) over a leaf `L` and a handle `R`.
    pub struct ResponseFuture<L, R>
    where
        L: Service<Request, Response = Response, Error = BoxError>,
        L: Clone,
        L: Send,
        L: 'static,
        L::Future: Send,
        R: Service<RestCall, Response = Response, Error = BoxError>,
        R: Clone,
        R: Send,
        R: 'static,
        R::Future: Send,
    {
        #[pin]
        pub(super) call: <Stack<L, R> as Service<Request>>::Future,
    }
}

impl<L, R> Future for ResponseFuture<L, R>
where
    L: Service<Request, Response = Response, Error = BoxError> + Clone + Send + 'static,
    L::Future: Send,
    R: Service<RestCall, Response = Response, Error = BoxError> + Clone + Send + 'static,
    R::Future: Send,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx)
    }
}

impl<L, R> fmt::Debug for ResponseFuture<L, R>
where
    L: Service<Request, Response = Response, Error = BoxError> + Clone + Send + 'static,
    L::Future: Send,
    R: Service<RestCall, Response = Response, Error = BoxError> + Clone + Send + 'static,
    R::Future: Send,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
