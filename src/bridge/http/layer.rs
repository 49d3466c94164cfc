//! [`JsonRpcLayer`].

use super::options::Options;
use super::service::JsonRpc;
use crate::bridge::{Bridge, Core};
use crate::net::OriginPolicy;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::{Identity, Layer};

/// Turns a service over [`rpc::Request`](crate::rpc::Request) into one over HTTP; see the
/// [module](super).
#[derive(Clone, Debug)]
pub struct JsonRpcLayer<L = Identity> {
    bridge: Arc<Core>,
    layer: L,
    options: Options,
}

impl<L> JsonRpcLayer<L> {
    /// The bridge of a server; give a [`Bridge`] for other times than the default ones, or to share
    /// it with another transport.
    pub fn new(bridge: impl Into<Bridge<L>>) -> Self {
        let Bridge { core, layer } = bridge.into();
        Self { bridge: Arc::new(core), layer, options: Options::default() }
    }

    /// Who may call; by default anybody but foreign web pages.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.options.origins = policy;
        self
    }

    /// The longest body in bytes, 4 MiB by default; a longer one gets 413.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.options.max_body = bytes;
        self
    }

    /// How long the body may take to arrive, 30 s by default; then the answer is 408.
    #[must_use]
    pub const fn body_timeout(mut self, time: Duration) -> Self {
        self.options.body_timeout = time;
        self
    }
}

impl<S, L: Layer<S>> Layer<S> for JsonRpcLayer<L> {
    type Service = JsonRpc<L::Service>;

    fn layer(&self, inner: S) -> JsonRpc<L::Service> {
        JsonRpc::new(self.layer.layer(inner), Arc::clone(&self.bridge), self.options.clone())
    }
}
