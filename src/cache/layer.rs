//! [`CacheLayer`].

use super::memory::Memory;
use super::service::Cache;
use crate::identity::Sharing;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// The default limits.
const ENTRIES: u64 = 10_000;
const BYTES: u64 = 64 * 1024 * 1024;

/// Remembers answers of 1C; see the [module](super).
///
/// Each service that the layer makes has a memory of its own, shared by the clones of that service. An answer is given
/// only to the caller who got it, unless [`sharing`](Self::sharing) says more.
#[derive(Clone, Debug)]
pub struct CacheLayer {
    sharing: Sharing,
    lists: Option<Duration>,
    entries: u64,
    bytes: u64,
}

impl CacheLayer {
    /// Creates a layer with the defaults: nothing is shared between callers, no lists, 10 000 answers, 64 MiB.
    pub const fn new() -> Self {
        Self { sharing: Sharing::nobody(), lists: None, entries: ENTRIES, bytes: BYTES }
    }

    /// Sets which callers the service beneath treats alike, so that they are given the answers of each other; by
    /// default nobody.
    ///
    /// A leaf says it of itself, as by [`OneCService::sharing`](crate::OneCService::sharing). Where several leaves are
    /// beneath, what one of them says is true of callers of that leaf only.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Sets how long lists of the RPC dialect are remembered; by default they are not.
    ///
    /// Clients learn of a new or removed tool in 1C that much later.
    #[must_use]
    pub const fn lists(mut self, time: Duration) -> Self {
        self.lists = if time.is_zero() { None } else { Some(time) };
        self
    }

    /// Sets the maximum number of remembered answers; 10 000 by default.
    #[must_use]
    pub const fn max_entries(mut self, answers: u64) -> Self {
        self.entries = answers;
        self
    }

    /// Sets the maximum size of all remembered answers in bytes; 64 MiB by default.
    ///
    /// Each answer counts with its JSON and another 256 bytes. A longer answer than the maximum is not remembered.
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
        let memory = Memory::new(self.sharing.clone(), self.entries, self.bytes);
        Cache { inner, lists: self.lists, memory: Arc::new(memory) }
    }
}
