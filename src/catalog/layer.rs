//! [`CatalogLayer`].

use super::live::Catalog;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Answers the tools of a catalog, and merges them into the list of tools.
#[derive(Clone, Debug)]
pub struct CatalogLayer {
    catalog: Catalog,
    structured: bool,
    rpc: bool,
}

impl CatalogLayer {
    /// The tools of `catalog`.
    pub const fn new(catalog: Catalog) -> Self {
        Self { catalog, structured: true, rpc: true }
    }

    /// Whether results carry `structuredContent` beside the text; they do by default.
    #[must_use]
    pub const fn structured(mut self, on: bool) -> Self {
        self.structured = on;
        self
    }

    /// Whether 1C has the RPC dialect too; it has by default. If not, there is nothing but the catalog.
    #[must_use]
    pub const fn rpc(mut self, on: bool) -> Self {
        self.rpc = on;
        self
    }
}

impl<S> Layer<S> for CatalogLayer {
    type Service = Catalogued<S>;

    fn layer(&self, inner: S) -> Catalogued<S> {
        Catalogued { inner, layer: self.clone() }
    }
}

/// An RPC service with the tools of a catalog. What is beneath must speak both dialects, and be ready
/// for one where it is for the other, as [`OneCService`](crate::onec::OneCService) is.
#[derive(Clone, Debug)]
pub struct Catalogued<S> {
    inner: S,
    #[expect(dead_code)]
    layer: CatalogLayer,
}

impl<S> Service<Request> for Catalogued<S>
where
    S: Service<Request, Response = Response> + Service<RestCall, Response = Response>,
    <S as Service<Request>>::Error: Into<BoxError>,
    <S as Service<RestCall>>::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = <S as Service<Request>>::Error;
    type Future = <S as Service<Request>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.inner.call(request)
    }
}
