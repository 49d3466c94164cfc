//! [`ScopeLayer`].

use super::policy::ScopePolicy;
use super::service::Scope;
use std::sync::Arc;
use tower_layer::Layer;

/// Lets requests pass that the caller's scopes allow, shows of lists what they allow, and tells 1C
/// who calls; see the [module](super).
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
    type Service = Scope<S>;

    fn layer(&self, inner: S) -> Scope<S> {
        Scope { inner, policy: self.policy.clone(), lists: Arc::default() }
    }
}
