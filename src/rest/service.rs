//! [`RestService`].

use crate::catalog::Catalog;
use crate::http::Body;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Response};
use secrecy::SecretString;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// The REST face of a catalog.
#[derive(Clone, Debug)]
pub struct RestService<S> {
    #[expect(dead_code)]
    catalog: Catalog,
    #[expect(dead_code)]
    token: SecretString,
    inner: S,
}

impl<S> RestService<S> {
    /// The endpoints of `catalog` over `inner`, for whoever bears `token`.
    pub const fn new(catalog: Catalog, token: SecretString, inner: S) -> Self {
        Self { catalog, token, inner }
    }
}

impl<S, B> Service<http::Request<B>> for RestService<S>
where
    S: Service<RestCall, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Ready<Result<http::Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, _: http::Request<B>) -> Self::Future {
        ready(Ok(http::Response::new(Body::default())))
    }
}
