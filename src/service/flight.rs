//! [`Flights`]: calls under way, so that those who ask for the same wait for one.
//!
//! moka's `try_get_with` does this for answers that are kept by its own clock. These are kept by tokio's, or shared by
//! those who wait and kept for nobody else.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The calls under way, no more than there are callers.
#[derive(Debug)]
pub(crate) struct Flights<K, T>(Mutex<HashMap<K, Arc<OnceCell<T>>>>);

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash, T: Clone> Flights<K, T> {
    /// What `call` comes to, or the call of another who asked for the same before. If the one who made the
    /// call leaves, the next in line makes it.
    ///
    /// Who asks after its end begins anew. `keep` is shown the end just before that, unless the call was
    /// [given up](Self::forget).
    pub(crate) async fn join(&self, key: K, call: impl Future<Output = T>, keep: impl FnOnce(&T)) -> T {
        let cell = Arc::clone(self.lock().entry(key).or_default());
        let place = Place { flights: self, key, cell: Some(cell) };
        // Calls may be large futures, and what follows would hold several of one.
        let call = pin!(call);
        let lead = async {
            let end = call.await;
            place.close(|| keep(&end));
            end
        };
        match &place.cell {
            Some(cell) => cell.get_or_init(|| lead).await.clone(),
            None => lead.await,
        }
    }

    /// Waits for the call under way, if there is one.
    #[cfg(any(feature = "basic", feature = "oauth"))]
    pub(crate) async fn wait(&self, key: K) {
        let Some(cell) = self.lock().get(&key).map(Arc::clone) else { return };
        let place = Place { flights: self, key, cell: Some(cell) };
        if let Some(cell) = &place.cell {
            // Whoever finds the call left by its maker makes none, and so it comes to the next.
            let _ = cell.get_or_try_init(|| std::future::ready(Err::<T, ()>(()))).await;
        }
    }

    /// The call under way serves nobody who comes later.
    #[cfg(any(feature = "basic", feature = "oauth"))]
    pub(crate) fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    /// How many calls are under way.
    #[cfg(feature = "cache")]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place in a flight.
struct Place<'a, K: Copy + Eq + Hash, T: Clone> {
    flights: &'a Flights<K, T>,
    key: K,
    /// Always there, until the place is given up.
    cell: Option<Arc<OnceCell<T>>>,
}

impl<K: Copy + Eq + Hash, T: Clone> Place<'_, K, T> {
    /// Lets nobody else in.
    fn close(&self, keep: impl FnOnce()) {
        let mut flights = self.flights.lock();
        if self.remove_if(&mut flights, |_| true) {
            keep();
        }
    }

    fn remove_if(
        &self,
        flights: &mut HashMap<K, Arc<OnceCell<T>>>,
        last: impl FnOnce(&Arc<OnceCell<T>>) -> bool,
    ) -> bool {
        let Some(own) = &self.cell else { return false };
        match flights.entry(self.key) {
            Entry::Occupied(entry) if Arc::ptr_eq(entry.get(), own) && last(entry.get()) => {
                entry.remove();
                true
            }
            _ => false,
        }
    }
}

impl<K: Copy + Eq + Hash, T: Clone> Drop for Place<'_, K, T> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // The map's own and this one's. Others come and go only under the lock, so the count is right.
        self.remove_if(&mut flights, |cell| Arc::strong_count(cell) == 2);
        self.cell = None;
    }
}
