//! [`ScopeLayer`].

use super::policy::ScopePolicy;
use super::service::Scoped;
use std::sync::Arc;
use tower_layer::Layer;

/// Lets requests pass that the caller's scopes allow, and tells 1C who calls; see the
/// [module](super).
#[derive(Clone, Debug)]
pub struct ScopeLayer {
    policy: Arc<ScopePolicy>,
}

impl ScopeLayer {
    /// Requests need what `policy` says.
    pub fn new(policy: ScopePolicy) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl<S> Layer<S> for ScopeLayer {
    type Service = Scoped<S>;

    fn layer(&self, inner: S) -> Scoped<S> {
        Scoped { inner, policy: Arc::clone(&self.policy) }
    }
}
