//! [`next_id`]: identifiers of sets of rules.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns a number that no other set of rules in the process has.
pub(super) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
