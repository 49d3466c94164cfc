//! [`CheckLayer`].

use super::service::Check;
use crate::catalog::Catalog;
use tower_layer::Layer;

/// Checks and mends the arguments of tools by the schemas that were listed; see the [module](super).
#[derive(Clone, Debug, Default)]
pub struct CheckLayer {
    catalog: Option<Catalog>,
}

impl CheckLayer {
    /// All tools are checked.
    pub const fn new() -> Self {
        Self { catalog: None }
    }

    /// All but the tools of `catalog`, whose layer beneath does it itself.
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
