//! [`Used`]: the request states that were used.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The most that are remembered, in about 10 MB: 160 answers a second for all of 10 minutes.
const MOST: usize = 100_000;

/// Identifies a request state: when it expires (in seconds), and its seal.
pub(super) type Mark = (u64, [u8; 32]);

/// The result of using a request state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// The state was not used before, and is now.
    Call,
    /// The state was used before.
    Nothing,
    /// The state cannot be remembered as used, as there are too many.
    Unknown,
}

/// The used request states that have not expired, in bounded memory.
pub(super) struct Used {
    most: usize,
    marks: Mutex<BTreeSet<Mark>>,
}

impl Default for Used {
    fn default() -> Self {
        Self { most: MOST, marks: Mutex::default() }
    }
}

impl Used {
    /// Uses a mark up. Marks that have not expired are never forgotten: if there are too many, no more are accepted.
    pub(super) fn take(&self, mark: Mark, now: u64) -> Worth {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        while marks.first().is_some_and(|(until, _)| *until <= now) {
            marks.pop_first();
        }
        if marks.contains(&mark) {
            Worth::Nothing
        } else if marks.len() >= self.most {
            Worth::Unknown
        } else {
            marks.insert(mark);
            Worth::Call
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_good_twice_and_none_is_forgotten() {
        let used = Used { most: 3, marks: Mutex::default() };
        let mark = |until, seal| (until, [seal; 32]);
        for seal in 1..=3 {
            assert_eq!(used.take(mark(100 + u64::from(seal), seal), 50), Worth::Call);
        }
        assert_eq!(used.take(mark(200, 4), 100), Worth::Unknown);
        for seal in 1..=3 {
            assert_eq!(used.take(mark(100 + u64::from(seal), seal), 100), Worth::Nothing);
        }
        // The first mark has expired.
        assert_eq!(used.take(mark(200, 4), 101), Worth::Call);
        assert_eq!(used.take(mark(200, 4), 101), Worth::Nothing);
        assert_eq!(used.take(mark(200, 5), 101), Worth::Unknown);
    }
}
