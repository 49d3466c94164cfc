//! [`ConfirmLayer`].

use super::seal::Seal;
use super::service::Confirm;
use std::time::Duration;
use tower_layer::Layer;

/// Asks users for consent before calls of 1C's tools that require it; see the [module](super).
///
/// The layer belongs beneath the one that checks scopes, and above all that answer calls.
#[derive(Clone, Debug)]
pub struct ConfirmLayer {
    seal: Seal,
}

impl Default for ConfirmLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ConfirmLayer {
    /// Creates a layer whose consents are valid for 10 minutes, and in this process only.
    pub fn new() -> Self {
        Self { seal: Seal::new() }
    }

    /// Sets a secret that all replicas know and no client does, such as the password of the service account in 1C: a
    /// consent given to one replica is then valid at the others. An empty secret changes nothing.
    #[must_use]
    pub fn shared(mut self, secret: &[u8]) -> Self {
        self.seal.share(secret);
        self
    }

    /// Sets how long a consent, and the question for it, stay valid; 10 minutes by default.
    #[must_use]
    pub const fn lifetime(mut self, time: Duration) -> Self {
        self.seal.lifetime = time;
        self
    }
}

impl<S> Layer<S> for ConfirmLayer {
    type Service = Confirm<S>;

    fn layer(&self, inner: S) -> Confirm<S> {
        Confirm::new(inner, self.seal.clone())
    }
}
