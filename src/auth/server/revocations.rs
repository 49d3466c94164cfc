//! [`Revocations`]: counts the revocations of this process, since earlier look-ups may be stale after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The count, which the endpoints (which revoke) and [`Tokens`](super::Tokens) (which cache look-ups) share.
#[derive(Clone, Debug, Default)]
pub(super) struct Revocations(Arc<AtomicU64>);

impl Revocations {
    /// Counts a revocation. To be called when the store has confirmed it, before anyone is told.
    pub(super) fn made_one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns how many revocations there were.
    pub(super) fn so_far(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
