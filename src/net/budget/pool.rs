//! The budget that layers share: [`MemoryBudget`].

use crate::net::holder::Holder;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The budget divided by this number is what one caller may hold.
const PART_OF_ONE: usize = 4;
/// How long a request waits for room.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How often a waiting request looks for room. Only requests that wait look, so nothing has to notify them.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Counts the bytes that are held, up to a limit; see the [module](super). Clones share one count.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    limit: usize,
    of_one: usize,
    held: AtomicUsize,
    /// What each caller holds, for those that hold much.
    shares: Mutex<HashMap<Holder, usize>>,
}

/// The error of a body that finds no room: the budget, or the caller's share of it, is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the server holds as many bytes as it may")]
pub struct OverBudgetError;

impl MemoryBudget {
    /// Creates a budget of this many bytes, of which one caller may hold a quarter.
    pub fn new(bytes: usize) -> Self {
        let (held, shares) = (AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Pool { limit: bytes, of_one: bytes / PART_OF_ONE, held, shares }))
    }

    /// Returns how many bytes are held now.
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Whether a request of this caller may begin, or its body continue.
    pub(super) fn has_room(&self, holder: Holder) -> bool {
        let held = self.held();
        // The lock is not needed while all callers together hold less than one share.
        held < self.0.limit && (held < self.0.of_one || self.share(holder) < self.0.of_one)
    }

    /// Waits for room, for [`LONGEST_WAIT`] at most.
    pub(super) async fn room(self, holder: Holder) -> Result<(), OverBudgetError> {
        let end = Instant::now() + LONGEST_WAIT;
        while !self.has_room(holder) {
            if Instant::now() >= end {
                return Err(OverBudgetError);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn share(&self, holder: Holder) -> usize {
        self.0.shares.lock().unwrap_or_else(PoisonError::into_inner).get(&holder).copied().unwrap_or(0)
    }

    /// Replaces `before` bytes held by `after` bytes.
    pub(super) fn change(&self, before: usize, after: usize) {
        if after >= before {
            self.0.held.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.0.held.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Replaces `before` bytes in the share of one caller by `after` bytes.
    pub(super) fn change_share(&self, holder: Holder, before: usize, after: usize) {
        if before == after || holder == Holder::Nobody {
            return;
        }
        match self.0.shares.lock().unwrap_or_else(PoisonError::into_inner).entry(holder) {
            Entry::Occupied(mut share) => {
                let left = share.get() + after - before;
                if left == 0 {
                    share.remove();
                } else {
                    *share.get_mut() = left;
                }
            }
            Entry::Vacant(share) => {
                share.insert(after);
            }
        }
    }
}
