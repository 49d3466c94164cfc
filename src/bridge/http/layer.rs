//! The layer of the HTTP bridge: [`JsonRpcLayer`].

use super::options::Options;
use super::service::JsonRpc;
use crate::bridge::{Bridge, Core};
use crate::net::OriginPolicy;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::{Identity, Layer};

/// A layer that turns a service over [`rpc::Request`](crate::rpc::Request) into one over HTTP; see the [module](super).
#[derive(Clone, Debug)]
pub struct JsonRpcLayer<L = Identity> {
    bridge: Arc<Core>,
    layer: L,
    options: Options,
}

impl<L> JsonRpcLayer<L> {
    /// Creates the layer from a [`ServerInfo`](crate::rpc::ServerInfo), or from a [`Bridge`] to change its
    /// times or to share it with another transport.
    pub fn new(bridge: impl Into<Bridge<L>>) -> Self {
        let Bridge { core, layer } = bridge.into();
        Self { bridge: Arc::new(core), layer, options: Options::default() }
    }

    /// Sets which `Origin` and `Host` headers are accepted; by default all but the `Origin` of a foreign web page.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.options.origins = policy;
        self
    }

    /// Sets the longest body in bytes; the default is 4 MiB. A longer one gets 413.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.options.max_body = bytes;
        self
    }

    /// Sets the time limit for the body to arrive; the default is 30 s. After it the answer is 408.
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
