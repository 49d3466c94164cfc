//! [`Tally`]: counts what one exchange holds.

use super::pool::{MemoryBudget, OverBudgetError};
use crate::net::holder::Holder;
use bytes::Bytes;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An exchange that holds less than this does not count towards its caller's share.
const LARGE: usize = 64 * 1024;
/// A piece of an answer shorter than this is no longer counted once it has left the body.
const LARGE_PIECE: usize = 16 * 1024;

/// Counts what one HTTP exchange holds of a budget; the bytes are given back when the last clone is dropped. It travels
/// in the extensions of the request to every place where bytes are held for it.
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

    /// Counts bytes of the request's body that have arrived.
    pub(super) fn came(&self, bytes: usize) {
        self.0.change(|held| held.request += bytes);
    }

    /// Counts bytes of an answer that have arrived.
    pub(crate) fn answered(&self, bytes: usize) {
        self.0.change(|held| held.answer += bytes);
    }

    /// Counts only the `bytes` of the finished answer from now on: nothing else is held.
    pub(super) fn settle(&self, bytes: usize) {
        self.0.change(|held| *held = Parts { request: 0, answer: bytes });
    }

    /// Returns a tally of the same caller that is given back on its own.
    #[cfg(feature = "sse")]
    pub(crate) fn apart(&self, bytes: usize) -> Self {
        let apart = Self::new(self.0.budget.clone(), self.0.holder);
        apart.came(bytes);
        apart
    }

    /// Counts these bytes until the last reference to them is dropped.
    #[cfg(feature = "sse")]
    pub(crate) fn hold(&self, bytes: Bytes) -> Bytes {
        let tally = self.apart(bytes.len());
        Bytes::from_owner(Piece { bytes, _tally: tally })
    }

    /// Keeps the tally alive as long as these bytes, if they are a large piece.
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

/// Bytes together with the tally that counts them.
struct Piece {
    bytes: Bytes,
    _tally: Tally,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
