//! [`CheckLayer`].

use super::service::Check;
use crate::catalog::Catalog;
use tower_layer::Layer;

/// Checks and mends the arguments of tools by the schemas that 1C listed; see the [module](super).
#[derive(Clone, Debug, Default)]
pub struct CheckLayer {
    catalog: Option<Catalog>,
}

impl CheckLayer {
    /// Creates a layer that checks all tools.
    pub const fn new() -> Self {
        Self { catalog: None }
    }

    /// Excludes the tools of `catalog`, whose own layer beneath checks them.
    #[must_use]
    pub fn beside(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }
}

impl<S> Layer<S> for CheckLayer {
    type Service = Check<S>;

    fn layer(&self, inner: S) -> Check<S> {
        Check::new(inner, self.catalog.clone())
    }
}
