//! [`ScopePolicy`].

use crate::identity::Scopes;

/// Which scopes a request needs.
#[derive(Clone, Debug, Default)]
pub struct ScopePolicy {
    everything: Scopes,
}

impl ScopePolicy {
    /// Every request needs this scope.
    pub fn everything(scope: &str) -> Self {
        Self { everything: Scopes::parse(scope) }
    }

    /// All the scopes that a request needs.
    pub(super) const fn needed(&self) -> &Scopes {
        &self.everything
    }
}
