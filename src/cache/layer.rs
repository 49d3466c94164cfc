//! [`CacheLayer`].

use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Remembers answers of 1C.
#[derive(Clone, Debug, Default)]
pub struct CacheLayer;

impl CacheLayer {
    /// With the defaults.
    pub const fn new() -> Self {
        Self
    }

    /// Lists of the RPC dialect are remembered for this long; not at all by default.
    #[must_use]
    pub const fn lists(self, _time: std::time::Duration) -> Self {
        self
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache { inner }
    }
}

/// An RPC service behind [`CacheLayer`].
#[derive(Clone, Debug)]
pub struct Cache<S> {
    inner: S,
}

impl<S> Service<Request> for Cache<S>
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

impl<S> Service<RestCall> for Cache<S>
where
    S: Service<RestCall, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: RestCall) -> S::Future {
        self.inner.call(call)
    }
}
