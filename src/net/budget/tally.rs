//! [`Tally`]: what one exchange holds.

use super::pool::{MemoryBudget, OverBudgetError};
use crate::net::holder::Holder;
use bytes::Bytes;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An exchange that holds less has no part in its caller's share.
const LARGE: usize = 64 * 1024;
/// A piece of an answer that holds less goes uncounted once it has left the body.
const LARGE_PIECE: usize = 16 * 1024;

/// What one exchange of HTTP holds of a budget, given back when the last clone is dropped. It travels with
/// the request, in its extensions, to wherever bytes are held for it.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Arc<Exchange>);

#[derive(Debug)]
struct Exchange {
    budget: MemoryBudget,
    holder: Holder,
    held: Mutex<Parts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    request: usize,
    answer: usize,
}

impl Parts {
    const fn total(self) -> usize {
        self.request + self.answer
    }

    const fn of_share(self) -> usize {
        if self.total() < LARGE { 0 } else { self.total() }
    }
}

impl Tally {
    pub(super) fn new(budget: MemoryBudget, holder: Holder) -> Self {
        Self(Arc::new(Exchange { budget, holder, held: Mutex::default() }))
    }

    pub(super) fn has_room(&self) -> bool {
        self.0.budget.has_room(self.0.holder)
    }

    pub(super) fn room(&self) -> impl Future<Output = Result<(), OverBudgetError>> + Send + use<> {
        self.0.budget.clone().room(self.0.holder)
    }

    /// So many bytes of the request's body are there.
    pub(super) fn came(&self, bytes: usize) {
        self.0.change(|held| held.request += bytes);
    }

    /// So many bytes of an answer are there.
    pub(crate) fn answered(&self, bytes: usize) {
        self.0.change(|held| held.answer += bytes);
    }

    /// The answer is made, and nothing else is held.
    pub(super) fn settle(&self, bytes: usize) {
        self.0.change(|held| *held = Parts { request: 0, answer: bytes });
    }

    /// A tally of the same caller that has its own end.
    #[cfg(feature = "sse")]
    pub(crate) fn apart(&self, bytes: usize) -> Self {
        let apart = Self::new(self.0.budget.clone(), self.0.holder);
        apart.came(bytes);
        apart
    }

    /// Counts these bytes for as long as anybody has them.
    #[cfg(feature = "sse")]
    pub(crate) fn hold(&self, bytes: Bytes) -> Bytes {
        let tally = self.apart(bytes.len());
        Bytes::from_owner(Piece { bytes, _tally: tally })
    }

    /// The tally goes where a large piece goes.
    pub(super) fn with(&self, bytes: Bytes) -> Bytes {
        if bytes.len() < LARGE_PIECE {
            return bytes;
        }
        Bytes::from_owner(Piece { bytes, _tally: self.clone() })
    }
}

impl Exchange {
    fn change(&self, change: impl FnOnce(&mut Parts)) {
        let mut held = self.held();
        let before = *held;
        change(&mut held);
        self.replaced(before, *held);
    }

    fn replaced(&self, before: Parts, after: Parts) {
        self.budget.change(before.total(), after.total());
        self.budget.change_share(self.holder, before.of_share(), after.of_share());
    }

    fn held(&self) -> MutexGuard<'_, Parts> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let held = *self.held();
        self.replaced(held, Parts::default());
    }
}

/// Bytes, and the tally that they count in.
struct Piece {
    bytes: Bytes,
    _tally: Tally,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
