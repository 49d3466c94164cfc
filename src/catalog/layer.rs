//! [`CatalogLayer`].

use super::live::Catalog;
use super::merge::Merged;
use super::service::Catalogued;
use std::sync::Arc;
use tower_layer::Layer;

/// Answers the tools of a catalog, and merges them into the list of tools; see the [module](super).
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

    /// The catalog whose tools these are.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Whether results carry `structuredContent` beside the text; they do by default. Without it,
    /// output schemas are not shown either.
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
        let Self { catalog, structured, rpc } = self.clone();
        Catalogued { inner, catalog, structured, rpc, merged: Arc::new(Merged::default()) }
    }
}
