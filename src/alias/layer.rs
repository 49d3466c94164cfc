//! [`AliasLayer`].

use super::service::Alias;
use crate::identity::Sharing;
use crate::rpc::name::Kept;
use tower_layer::Layer;

/// Gives tools names that every client accepts; see the [module](super).
///
/// The layer belongs above all layers that know tools by name.
#[derive(Clone, Debug, Default)]
pub struct AliasLayer {
    kept: Kept,
    sharing: Sharing,
}

impl AliasLayer {
    /// Creates a layer that gives an alias to every name that some client rejects.
    pub const fn new() -> Self {
        Self { kept: Kept::Legal, sharing: Sharing::nobody() }
    }

    /// Limits aliases to names with invisible characters: control characters, and those that change the direction of
    /// text. All other names stay, even if some clients reject them.
    #[must_use]
    pub const fn only_unseen(mut self) -> Self {
        self.kept = Kept::Visible;
        self
    }

    /// Sets which callers the leaf treats alike, so that names which one of them was shown are known of all; by default
    /// nobody. Any other caller needs a list of its own before the first call by an alias.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }
}

impl<S> Layer<S> for AliasLayer {
    type Service = Alias<S>;

    fn layer(&self, inner: S) -> Alias<S> {
        Alias::new(inner, self.kept, self.sharing.clone())
    }
}
