//! [`ScopeLayer`].

use super::policy::ScopePolicy;
use super::service::Scoped;
use tower_layer::Layer;

/// Lets requests pass that the caller's scopes allow, and tells 1C who calls; see the
/// [module](super).
#[derive(Clone, Debug)]
pub struct ScopeLayer {
    policy: ScopePolicy,
}

impl ScopeLayer {
    /// Requests need what `policy` says.
    pub const fn new(policy: ScopePolicy) -> Self {
        Self { policy }
    }
}

impl<S> Layer<S> for ScopeLayer {
    type Service = Scoped<S>;

    fn layer(&self, inner: S) -> Scoped<S> {
        Scoped { inner, policy: self.policy.clone() }
    }
}
