//! [`JsonRpcLayer`].

use super::options::Options;
use super::service::JsonRpc;
use crate::bridge::Bridge;
use crate::net::OriginPolicy;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// Turns a service over [`rpc::Request`](crate::rpc::Request) into one over HTTP; see the
/// [module](super).
#[derive(Clone, Debug)]
pub struct JsonRpcLayer {
    bridge: Arc<Bridge>,
    options: Options,
}

impl JsonRpcLayer {
    /// The bridge of a server; give a [`Bridge`] for other times than the default ones, or to share
    /// it with another transport.
    pub fn new(bridge: impl Into<Bridge>) -> Self {
        Self { bridge: Arc::new(bridge.into()), options: Options::default() }
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

impl<S> Layer<S> for JsonRpcLayer {
    type Service = JsonRpc<S>;

    fn layer(&self, inner: S) -> JsonRpc<S> {
        JsonRpc::new(inner, Arc::clone(&self.bridge), self.options.clone())
    }
}
