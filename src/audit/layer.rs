//! [`AuditLayer`].

use super::service::Audit;
use std::sync::Arc;
use tower_layer::Layer;

/// Reports lists of tools and calls of tools; see the [module](super).
///
/// The layer belongs above the layers that reject requests or answer them, so that it sees their answers, and beneath
/// the one that renames tools.
#[derive(Clone, Debug, Default)]
pub struct AuditLayer;

impl AuditLayer {
    /// Creates the layer. It has no settings.
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
