//! [`ScopeLayer`].

use super::policy::ScopePolicy;
use super::service::Scope;
use std::sync::Arc;
use tower_layer::Layer;

/// Allows requests by the caller's scopes, filters lists by them, and tells 1C who calls; see the [module](super).
#[derive(Clone, Debug)]
pub struct ScopeLayer {
    policy: ScopePolicy,
}

impl ScopeLayer {
    /// Creates a layer with the rules of `policy`.
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
