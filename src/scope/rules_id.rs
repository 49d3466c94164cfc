//! [`next_id`]: what tells one set of rules from another.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other set of rules has.
pub(super) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
