//! [`LogLayer`].

use super::service::Log;
use tower_layer::Layer;

/// Writes a line of the log for each request; see the [module](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLayer {
    every: bool,
}

impl LogLayer {
    /// Leaves the lines out of which the audit trail tells.
    pub const fn new() -> Self {
        Self { every: false }
    }

    /// Whether lists and calls of tools get their line also where the audit trail has told of them; false. True is
    /// for a trail that goes elsewhere than the log.
    #[must_use]
    pub const fn every_request(mut self, every: bool) -> Self {
        self.every = every;
        self
    }
}

impl<S> Layer<S> for LogLayer {
    type Service = Log<S>;

    fn layer(&self, inner: S) -> Log<S> {
        Log { inner, every: self.every }
    }
}
