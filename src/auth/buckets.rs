//! [`Buckets`]: a rate limit for each of many keys, in bounded memory.

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// So many keys are remembered: about 2 MB. Whoever comes from more addresses is not held up by
/// limits per address anyway.
const MAX_KEYS: u64 = 10_000;

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// So many events a minute for each key, all of them at once if need be.
///
/// When there are too many keys, the one not seen for the longest is forgotten, and starts anew.
pub(crate) struct Buckets<K, C: Clock = DefaultClock> {
    quota: Quota,
    clock: C,
    of: Cache<K, Arc<Bucket<C>>>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Buckets<K> {
    pub(crate) fn per_minute(events: NonZeroU32) -> Self {
        Self::new(events, DefaultClock::default(), MAX_KEYS)
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, C: Clock + Clone + Send + Sync + 'static> Buckets<K, C>
where
    Bucket<C>: Send + Sync,
{
    fn new(events: NonZeroU32, clock: C, keys: u64) -> Self {
        let of = Cache::builder()
            .max_capacity(keys)
            .eviction_policy(EvictionPolicy::lru())
            // After a minute a bucket is full again, and no different from a new one.
            .time_to_idle(Duration::from_secs(61))
            .build();
        Self { quota: Quota::per_minute(events), clock, of }
    }

    /// Counts one event of `key`, or says how long to wait for the next one: whole seconds, at
    /// least one, as `Retry-After` counts them.
    pub(crate) fn check(&self, key: K) -> Result<(), Duration> {
        let bucket = self.of.get_with(key, || Arc::new(RateLimiter::direct_with_clock(self.quota, self.clock.clone())));
        bucket.check().map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(Duration::from_secs(1))
        })
    }
}

/// What counts as one address: of IPv6 the /64, which is what one customer gets.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

impl<K, C: Clock> fmt::Debug for Buckets<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").field("quota", &self.quota).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn buckets(events: u32, keys: u64) -> (Buckets<u64, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Buckets::new(NonZeroU32::new(events).unwrap(), clock.clone(), keys), clock)
    }

    #[test]
    fn so_many_at_once_and_then_one_by_one() {
        let (buckets, clock) = buckets(10, 100);
        for _ in 0..10 {
            assert_eq!(buckets.check(1), Ok(()));
        }
        assert_eq!(buckets.check(1), Err(Duration::from_secs(6)));
        assert_eq!(buckets.check(2), Ok(()), "another key is not held up");
        clock.advance(Duration::from_millis(5_500));
        assert_eq!(buckets.check(1), Err(Duration::from_secs(1)), "half a second is rounded up");
        clock.advance(Duration::from_millis(500));
        assert_eq!(buckets.check(1), Ok(()));
        assert_eq!(buckets.check(1), Err(Duration::from_secs(6)));
        clock.advance(Duration::from_secs(60));
        assert_eq!((0..20).filter(|_| buckets.check(1).is_ok()).count(), 10);
    }

    #[test]
    fn one_a_minute() {
        let (buckets, clock) = buckets(1, 100);
        assert_eq!(buckets.check(1), Ok(()));
        assert_eq!(buckets.check(1), Err(Duration::from_secs(60)));
        clock.advance(Duration::from_nanos(59_999_999_999));
        assert_eq!(buckets.check(1), Err(Duration::from_secs(1)), "never 0");
    }

    #[test]
    fn memory_is_bounded() {
        let (buckets, _) = buckets(1, 100);
        for key in 0..5_000 {
            assert_eq!(buckets.check(key), Ok(()));
        }
        buckets.of.run_pending_tasks();
        assert!(buckets.of.entry_count() <= 100, "{}", buckets.of.entry_count());
        assert!(buckets.check(4_999).is_err(), "the newest one is remembered");
    }
}
