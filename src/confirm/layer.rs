//! [`ConfirmLayer`].

use super::seal::Seal;
use super::service::Confirm;
use std::time::Duration;
use tower_layer::Layer;

/// Asks users for their consent where a tool of 1C wants it; see the [module](super). It belongs beneath
/// the layer that knows what callers may do, and above all that answers.
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
    /// Consents are good for 10 minutes, and for this process alone.
    pub fn new() -> Self {
        Self { seal: Seal::new() }
    }

    /// A secret that all replicas have and no client, as the password of the service account in 1C: what a
    /// user agreed to at one replica counts at the others. An empty one changes nothing.
    #[must_use]
    pub fn shared(mut self, secret: &[u8]) -> Self {
        self.seal.share(secret);
        self
    }

    /// How long a consent, and the question for it, are good.
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
