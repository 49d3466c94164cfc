//! [`AliasLayer`].

use super::service::Alias;
use crate::rpc::name::Kept;
use tower_layer::Layer;

/// Gives tools names that every client takes; see the [module](super). It belongs above all layers
/// that speak of tools.
#[derive(Clone, Debug, Default)]
pub struct AliasLayer {
    kept: Kept,
}

impl AliasLayer {
    /// Aliases for all names that some client refuses.
    pub const fn new() -> Self {
        Self { kept: Kept::Legal }
    }

    /// Aliases only for names with characters that are not seen: control characters, and those that turn
    /// the direction of writing. All others stay, whoever may refuse them.
    #[must_use]
    pub const fn only_unseen(self) -> Self {
        Self { kept: Kept::Visible }
    }
}

impl<S> Layer<S> for AliasLayer {
    type Service = Alias<S>;

    fn layer(&self, inner: S) -> Alias<S> {
        Alias::new(inner, self.kept)
    }
}
