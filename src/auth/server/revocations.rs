//! How many revocations this process has made: what was looked up before the last one may be stale.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by the endpoints, which revoke, and [`Tokens`](super::Tokens), which remember.
#[derive(Clone, Debug, Default)]
pub(super) struct Revocations(Arc<AtomicU64>);

impl Revocations {
    /// To be called when the store has confirmed a revocation, and before anybody is told.
    pub(super) fn made_one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How many there were.
    pub(super) fn so_far(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
