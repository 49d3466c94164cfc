//! [`Flights`]: calls under way, shared by all callers that ask for the same.
//!
//! moka's `try_get_with` does this for answers that are kept by moka's own clock. These are kept by tokio's, or only
//! shared by those who wait for them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The calls under way: never more than there are callers waiting.
#[derive(Debug)]
pub(crate) struct Flights<K, T>(Mutex<HashMap<K, Arc<OnceCell<T>>>>);

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Flights<K, T> {
    /// Returns the outcome of `call`, or of an earlier call for the same key that is still under way. If the caller
    /// who made that call is dropped, the next in line makes it.
    ///
    /// A caller who asks after the end starts a new call. `keep` is given the outcome just before the end, unless the
    /// call was [forgotten](Self::forget).
    pub(crate) async fn join(&self, key: K, call: impl Future<Output = T>, keep: impl FnOnce(&T)) -> T {
        let cell = Arc::clone(self.lock().entry(key.clone()).or_default());
        let place = Place { flights: self, key, cell: Some(cell) };
        // Calls may be large futures; without this pin, the future below would hold several copies of one.
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
            // A waiter whose turn it becomes makes no call itself, so the turn passes to the next one.
            let _ = cell.get_or_try_init(|| std::future::ready(Err::<T, ()>(()))).await;
        }
    }

    /// Removes the call under way, so that later callers start a new one.
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
struct Place<'a, K: Clone + Eq + Hash, T: Clone> {
    flights: &'a Flights<K, T>,
    key: K,
    /// `Some` until the place is given up.
    cell: Option<Arc<OnceCell<T>>>,
}

impl<K: Clone + Eq + Hash, T: Clone> Place<'_, K, T> {
    /// Ends the flight, so that later callers start a new one.
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
        match flights.entry(self.key.clone()) {
            Entry::Occupied(entry) if Arc::ptr_eq(entry.get(), own) && last(entry.get()) => {
                entry.remove();
                true
            }
            _ => false,
        }
    }
}

impl<K: Clone + Eq + Hash, T: Clone> Drop for Place<'_, K, T> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // One reference is the map's and one is this place's. Others change only under the lock, so the count is exact.
        self.remove_if(&mut flights, |cell| Arc::strong_count(cell) == 2);
        self.cell = None;
    }
}
