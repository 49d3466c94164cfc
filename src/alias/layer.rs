//! [`AliasLayer`].

use super::service::Alias;
use crate::rpc::name::Kept;
use tower_layer::Layer;

/// Gives tools names that every client accepts; see the [module](super).
///
/// The layer belongs above all layers that know tools by name.
#[derive(Clone, Debug, Default)]
pub struct AliasLayer {
    kept: Kept,
}

impl AliasLayer {
    /// Creates a layer that gives an alias to every name that some client rejects.
    pub const fn new() -> Self {
        Self { kept: Kept::Legal }
    }

    /// Limits aliases to names with invisible characters: control characters, and those that change the direction of
    /// text. All other names stay, even if some clients reject them.
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
