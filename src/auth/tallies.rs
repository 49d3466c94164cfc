//! [`Tallies`]: a count for each of many keys, in bounded memory.

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// The longest time that a key is kept: the cache does not accept every duration.
const LONGEST_IDLE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Holds a count for each of many keys.
///
/// When there are too many keys, those not seen for the longest time go first. Blocked keys have room of their own:
/// however many keys a caller makes up, they do not displace a blocked one.
pub(crate) struct Tallies<K, V> {
    seen: Cache<K, Arc<V>>,
    held: Cache<K, Arc<V>>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Default + Send + Sync + 'static> Tallies<K, V> {
    /// Creates room for this many keys, and as many blocked ones; each is kept for `idle` after it was last seen.
    pub(crate) fn new(keys: u64, idle: Duration) -> Self {
        let cache = || {
            let cache = Cache::builder().max_capacity(keys).eviction_policy(EvictionPolicy::lru());
            cache.time_to_idle(idle.min(LONGEST_IDLE)).build()
        };
        Self { seen: cache(), held: cache() }
    }

    pub(crate) fn get(&self, key: &K) -> Arc<V> {
        self.held.get(key).unwrap_or_else(|| self.seen.get_with_by_ref(key, Arc::default))
    }

    /// Moves a key to the blocked ones.
    pub(crate) fn hold(&self, key: &K, what: &Arc<V>) {
        if !self.held.contains_key(key) {
            self.held.insert(key.clone(), Arc::clone(what));
            self.seen.invalidate(key);
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.seen.run_pending_tasks();
        self.held.run_pending_tasks();
        self.seen.entry_count() + self.held.entry_count()
    }
}

impl<K, V> fmt::Debug for Tallies<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tallies").finish_non_exhaustive()
    }
}
