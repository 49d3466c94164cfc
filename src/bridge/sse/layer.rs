//! The layer of the HTTP+SSE transport: [`LegacySseLayer`].

use super::post::Shared;
use super::service::LegacySse;
use crate::bridge::http::Options;
use crate::bridge::{Bridge, Core};
use crate::net::OriginPolicy;
use std::sync::Arc;
use tower_layer::{self, Layer};

/// A layer that serves a stream at GET and its messages at POST. Mount it at two routes, one for the stream and
/// one for the messages, both to (clones of) one service; a POST to the stream is 405.
///
/// 1024 streams may be open, of them 8 for one subject, and 64 for one address whose users have no subject of
/// their own; beyond that the answer is 503. Each stream holds at most 1 MiB of waiting messages and 1 MiB of
/// waiting replies (a single one may be longer), and at most 128 calls run.
#[derive(Clone, Debug)]
pub struct LegacySseLayer<L = tower_layer::Identity> {
    bridge: Arc<Core>,
    layer: L,
    options: Options,
    messages: Arc<str>,
}

impl<L> LegacySseLayer<L> {
    /// Creates the layer. `messages` is the path of the POST route as clients see it, with the path of the
    /// public URL and any prefix that a proxy or router strips.
    pub fn new(bridge: impl Into<Bridge<L>>, messages: &str) -> Self {
        let Bridge { core, layer } = bridge.into();
        Self { bridge: Arc::new(core), layer, options: Options::default(), messages: messages.into() }
    }

    /// Sets which `Origin` and `Host` headers are accepted; by default all but the `Origin` of a foreign web page.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.options.origins = policy;
        self
    }
}

impl<S, L: Layer<S>> Layer<S> for LegacySseLayer<L> {
    type Service = LegacySse<L::Service>;

    fn layer(&self, inner: S) -> LegacySse<L::Service> {
        let shared = Shared::new(Arc::clone(&self.bridge), self.options.clone(), Arc::clone(&self.messages));
        LegacySse::new(self.layer.layer(inner), shared)
    }
}
