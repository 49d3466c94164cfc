//! [`AuditLayer`].

use super::service::Audit;
use std::sync::Arc;
use tower_layer::Layer;

/// Reports lists of tools and calls of tools; see the [module](super). It belongs above the layers
/// that refuse and answer, so that it sees what they do, and beneath the one that renames tools.
#[derive(Clone, Debug, Default)]
pub struct AuditLayer;

impl AuditLayer {
    /// There is nothing to set.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = Audit<S>;

    fn layer(&self, inner: S) -> Audit<S> {
        Audit { inner, lists: Arc::default() }
    }
}
