//! [`AliasLayer`].

use crate::rpc::{BoxError, Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Gives tools names that every client takes.
#[derive(Clone, Debug, Default)]
pub struct AliasLayer;

impl AliasLayer {
    /// With the defaults.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AliasLayer {
    type Service = Aliased<S>;

    fn layer(&self, inner: S) -> Aliased<S> {
        Aliased { inner }
    }
}

/// An RPC service behind [`AliasLayer`].
#[derive(Clone, Debug)]
pub struct Aliased<S> {
    inner: S,
}

impl<S> Service<Request> for Aliased<S>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.inner.call(request)
    }
}
