//! Calls under way, so that those who ask for the same wait for one.

use super::key::Key;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The calls under way, no more than there are callers.
#[derive(Debug)]
pub(super) struct Flights<T>(Mutex<HashMap<Key, Arc<OnceCell<T>>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Flights<T> {
    /// What `call` comes to, or the call of another who asked for the same before. If the one who made the
    /// call leaves, the next in line makes it.
    ///
    /// Who asks after its end begins anew.
    pub(super) async fn join(&self, key: Key, call: impl Future<Output = T>) -> T {
        let place = Place { flights: self, key, cell: Some(self.cell(key)) };
        let lead = async {
            let end = call.await;
            place.close();
            end
        };
        match &place.cell {
            Some(cell) => cell.get_or_init(|| lead).await.clone(),
            None => lead.await,
        }
    }

    /// How many calls are under way.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<T>> {
        Arc::clone(self.lock().entry(key).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<OnceCell<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place in a flight.
struct Place<'a, T: Clone> {
    flights: &'a Flights<T>,
    key: Key,
    /// Always there, until the place is given up.
    cell: Option<Arc<OnceCell<T>>>,
}

impl<T: Clone> Place<'_, T> {
    /// Lets nobody else in.
    fn close(&self) {
        self.remove_if(&mut self.flights.lock(), |_| true);
    }

    fn remove_if(&self, flights: &mut HashMap<Key, Arc<OnceCell<T>>>, last: impl FnOnce(&Arc<OnceCell<T>>) -> bool) {
        let Some(own) = &self.cell else { return };
        if let Entry::Occupied(entry) = flights.entry(self.key)
            && Arc::ptr_eq(entry.get(), own)
            && last(entry.get())
        {
            entry.remove();
        }
    }
}

impl<T: Clone> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // The map's own and this one's. Others come and go only under the lock, so the count is right.
        self.remove_if(&mut flights, |cell| Arc::strong_count(cell) == 2);
        self.cell = None;
    }
}
