//! [`FromFn`].

use super::next::Next;
use crate::rpc::boxed::ResponseFuture;
use crate::rpc::{BoxError, Request, Response};
use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};
use tower_service::Service;

/// An RPC service behind a layer of [`from_fn`](super::from_fn).
#[derive(Clone, Copy)]
pub struct FromFn<S, F> {
    pub(super) inner: S,
    pub(super) function: F,
}

impl<S, F> FromFn<S, F> {
    /// Returns a reference to the inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, F, Fut> Service<Request> for FromFn<S, F>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    F: Fn(Request, Next) -> Fut,
    Fut: Future<Output = Result<Response, BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        // The service that was polled to readiness is used; a clone is not ready.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::new((self.function)(request, Next::new(ready)))
    }
}

impl<S: fmt::Debug, F> fmt::Debug for FromFn<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, .. } = self;
        f.debug_struct("FromFn").field("inner", inner).field("function", &type_name::<F>()).finish()
    }
}
