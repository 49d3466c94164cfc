//! [`LogLayer`].

use super::service::Log;
use tower_layer::Layer;

/// Writes a line of the log for each request; see the [module](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLayer {
    every: bool,
}

impl LogLayer {
    /// Creates a layer that leaves out the requests that the audit trail reports.
    pub const fn new() -> Self {
        Self { every: false }
    }

    /// Sets whether lists and calls of tools are logged even if the audit trail reports them; `false` by default. Use
    /// `true` if the audit trail does not go to the log.
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
