//! [`CatalogLayer`].

use super::live::Catalog;
use super::service::CatalogService;
use std::sync::Arc;
use tower_layer::Layer;

/// Serves the tools of a catalog, and merges them into the list of tools; see the [module](super).
///
/// `R` makes the calls to 1C: [`OneCRest`](crate::onec::OneCRest), or any other service of
/// [`RestCall`](crate::onec::RestCall).
#[derive(Clone, Debug)]
pub struct CatalogLayer<R> {
    catalog: Catalog,
    rest: R,
    structured: bool,
    rpc: bool,
}

impl<R> CatalogLayer<R> {
    /// Creates a layer for the tools of `catalog`, whose calls go to `rest`.
    pub const fn new(catalog: Catalog, rest: R) -> Self {
        Self { catalog, rest, structured: true, rpc: true }
    }

    /// Returns a layer whose calls go to the handle that `change` returns.
    #[cfg(feature = "cache")]
    pub(crate) fn map_rest<T>(self, change: impl FnOnce(R) -> T) -> CatalogLayer<T> {
        let Self { catalog, rest, structured, rpc } = self;
        CatalogLayer { catalog, rest: change(rest), structured, rpc }
    }

    /// Returns the catalog of the layer.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Sets whether results have `structuredContent` besides the text; `true` by default. Without it,
    /// output schemas are not shown either.
    #[must_use]
    pub const fn structured(mut self, on: bool) -> Self {
        self.structured = on;
        self
    }

    /// Sets whether 1C has the RPC dialect too; `true` by default. If not, only the catalog is served.
    #[must_use]
    pub const fn rpc(mut self, on: bool) -> Self {
        self.rpc = on;
        self
    }
}

impl<S, R: Clone> Layer<S> for CatalogLayer<R> {
    type Service = CatalogService<S, R>;

    fn layer(&self, inner: S) -> CatalogService<S, R> {
        let Self { catalog, rest, structured, rpc } = self.clone();
        CatalogService { inner, rest, catalog, structured, rpc, lists: Arc::default() }
    }
}
