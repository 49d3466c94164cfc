//! [`AliasLayer`].

use super::service::Aliased;
use tower_layer::Layer;

/// Gives tools names that every client takes; see the [module](super). It belongs above all layers
/// that speak of tools.
#[derive(Clone, Debug, Default)]
pub struct AliasLayer;

impl AliasLayer {
    /// There is nothing to set.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AliasLayer {
    type Service = Aliased<S>;

    fn layer(&self, inner: S) -> Aliased<S> {
        Aliased::new(inner)
    }
}
