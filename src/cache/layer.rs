//! [`CacheLayer`].

use super::memory::Memory;
use super::service::Cache;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// How much is remembered, if nobody says otherwise.
const ENTRIES: u64 = 10_000;
const BYTES: u64 = 64 * 1024 * 1024;

/// Remembers answers of 1C; see the [module](super).
///
/// Each service that it makes has a memory of its own, which the clones of that service share: answers
/// of one infobase are never taken for those of another.
#[derive(Clone, Copy, Debug)]
pub struct CacheLayer {
    lists: Option<Duration>,
    entries: u64,
    bytes: u64,
}

impl CacheLayer {
    /// With the defaults: no lists, 10 000 answers, 64 MiB.
    pub const fn new() -> Self {
        Self { lists: None, entries: ENTRIES, bytes: BYTES }
    }

    /// Lists of the RPC dialect are remembered for this long; not at all by default.
    ///
    /// A tool that is new in 1C, or gone, is seen that much later.
    #[must_use]
    pub const fn lists(mut self, time: Duration) -> Self {
        self.lists = if time.is_zero() { None } else { Some(time) };
        self
    }

    /// At most so many answers are remembered; 10 000 by default.
    #[must_use]
    pub const fn max_entries(mut self, answers: u64) -> Self {
        self.entries = answers;
        self
    }

    /// At most so many bytes are remembered, counting for each answer its JSON and a quarter of a KiB
    /// beside it; 64 MiB by default. An answer longer than that is not remembered.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for CacheLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache { inner, lists: self.lists, memory: Arc::new(Memory::new(self.entries, self.bytes)) }
    }
}
