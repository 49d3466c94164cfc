//! [`Buckets`]: a rate limit for each of many keys, in bounded memory; and [`ByNetwork`], the same for addresses.

use super::tallies::Tallies;
use crate::net::{Network, networks};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The number of keys that are remembered, about 2 MB. A caller with more addresses than this is not stopped by limits
/// for each address anyway.
const MAX_KEYS: u64 = 10_000;

/// The longest time for which events beyond the limit block a key.
const MOST_DEBT: Duration = Duration::from_secs(15 * 60);

/// Returns a `NonZeroU32` of this number, or 1 if it is 0.
pub(crate) const fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(number.saturating_sub(1))
}

/// The number of events that are allowed in a period. They may all come at once; then they are allowed one by one,
/// evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    events: NonZeroU32,
    period: Duration,
}

impl Rate {
    pub(crate) const fn per_minute(events: NonZeroU32) -> Self {
        Self { events, period: Duration::from_secs(60) }
    }

    pub(crate) const fn per_hour(events: NonZeroU32) -> Self {
        Self { events, period: Duration::from_secs(3600) }
    }

    /// Returns a rate of `share` times as many events.
    pub(crate) fn times(self, share: u32) -> Self {
        Self { events: self.events.saturating_mul(at_least_one(share)), ..self }
    }

    /// Returns the part of the period that one event takes.
    fn price(self) -> Duration {
        self.period / self.events.get()
    }
}

/// The instant at which all counted events are worked off, by the generic cell rate algorithm. The crate `governor` is
/// not used, since it can neither give an event back nor count one beyond the limit.
#[derive(Default)]
struct Bucket(Mutex<Option<Instant>>);

impl Bucket {
    fn worked_off(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long to wait until one more event is within the limit.
    fn wait(&self, rate: Rate) -> Duration {
        let now = Instant::now();
        wait((*self.worked_off()).unwrap_or(now).max(now) + rate.price(), now, rate)
    }

    /// Counts an event if it is within the limit, or returns how long to wait.
    fn take(&self, rate: Rate) -> Result<(), Duration> {
        let (now, mut worked_off) = (Instant::now(), self.worked_off());
        let then = worked_off.unwrap_or(now).max(now) + rate.price();
        let wait = wait(then, now, rate);
        if !wait.is_zero() {
            return Err(wait);
        }
        *worked_off = Some(then);
        Ok(())
    }

    /// Counts an event, whether it is within the limit or not.
    fn count(&self, rate: Rate) {
        let (now, mut worked_off) = (Instant::now(), self.worked_off());
        let then = worked_off.unwrap_or(now).max(now) + rate.price();
        *worked_off = Some(then.min(now + rate.period + MOST_DEBT));
    }

    fn give_back(&self, rate: Rate) {
        let mut worked_off = self.worked_off();
        *worked_off = worked_off.and_then(|then| then.checked_sub(rate.price()));
    }
}

fn wait(then: Instant, now: Instant, rate: Rate) -> Duration {
    then.saturating_duration_since(now + rate.period)
}

/// Rounds up to whole seconds, at least one, as `Retry-After` needs them.
fn whole(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(Duration::from_secs(1))
}

/// Applies a [`Rate`] to each key.
///
/// When there are too many keys, those not seen for the longest time are forgotten and start anew; keys that are
/// blocked go last.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rate: Rate,
    of: Tallies<K, Bucket>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Buckets<K> {
    pub(crate) fn per_minute(events: NonZeroU32) -> Self {
        Self::new(Rate::per_minute(events), MAX_KEYS)
    }

    pub(crate) fn per_hour(events: NonZeroU32) -> Self {
        Self::new(Rate::per_hour(events), MAX_KEYS)
    }

    fn new(rate: Rate, keys: u64) -> Self {
        // A bucket whose events are all worked off is equal to a new one.
        Self { rate, of: Tallies::new(keys, rate.period + MOST_DEBT) }
    }

    /// Counts an event of `key`, or returns how long to wait for the next one: whole seconds, at least one.
    pub(crate) fn check(&self, key: &K) -> Result<(), Duration> {
        self.take(key, self.rate)
    }

    fn take(&self, key: &K, rate: Rate) -> Result<(), Duration> {
        let bucket = self.of.get(key);
        bucket.take(rate).map_err(|wait| {
            self.of.hold(key, &bucket);
            whole(wait)
        })
    }

    fn count(&self, key: &K, rate: Rate) {
        let bucket = self.of.get(key);
        bucket.count(rate);
        if !bucket.wait(rate).is_zero() {
            self.of.hold(key, &bucket);
        }
    }

    /// Undoes the count of an event.
    pub(crate) fn give_back(&self, key: &K) {
        self.of.get(key).give_back(self.rate);
    }
}

/// Applies a [`Rate`] to each address: to its network and, for IPv6, to the larger networks around it, which may do
/// more. All requests whose address is unknown count as one address.
#[derive(Debug)]
pub(crate) struct ByNetwork(Buckets<Network>);

impl ByNetwork {
    pub(crate) fn per_minute(events: NonZeroU32) -> Self {
        Self(Buckets::per_minute(events))
    }

    /// Counts an event, or returns how long to wait for the next one: whole seconds, at least one.
    #[cfg(feature = "oauth")]
    pub(crate) fn check(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        // The smallest network first, so that events which it may not do are not counted against its neighbours.
        networks(address).try_for_each(|(network, share)| self.0.take(&network, self.0.rate.times(share)))
    }

    /// Counts an event, whether it is within the limit or not: for events that are known only when they are over.
    pub(crate) fn count(&self, address: Option<IpAddr>) {
        for (network, share) in networks(address) {
            self.0.count(&network, self.0.rate.times(share));
        }
    }

    /// Returns how long to wait if one more event would be beyond the limit, without counting one.
    pub(crate) fn admit(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let waits = networks(address).map(|(network, share)| self.0.of.get(&network).wait(self.0.rate.times(share)));
        match waits.max() {
            Some(wait) if !wait.is_zero() => Err(whole(wait)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn buckets(events: u32, keys: u64) -> Buckets<u64> {
        Buckets::new(Rate::per_minute(NonZeroU32::new(events).unwrap()), keys)
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_at_once_and_then_one_by_one() {
        let buckets = buckets(10, 100);
        for _ in 0..10 {
            assert_eq!(buckets.check(&1), Ok(()));
        }
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(6)));
        assert_eq!(buckets.check(&2), Ok(()), "another key is not held up");
        advance(Duration::from_millis(5_500)).await;
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(1)), "half a second is rounded up");
        advance(Duration::from_millis(500)).await;
        assert_eq!(buckets.check(&1), Ok(()));
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(6)));
        buckets.give_back(&1);
        assert_eq!(buckets.check(&1), Ok(()));
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(6)));
        advance(Duration::from_secs(60)).await;
        assert_eq!((0..20).filter(|_| buckets.check(&1).is_ok()).count(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_a_minute() {
        let buckets = buckets(1, 100);
        assert_eq!(buckets.check(&1), Ok(()));
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(60)));
        advance(Duration::from_millis(59_999)).await;
        assert_eq!(buckets.check(&1), Err(Duration::from_secs(1)), "never 0");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_who_is_held_up_leaves_last() {
        let buckets = buckets(1, 100);
        assert_eq!(buckets.check(&0), Ok(()));
        assert!(buckets.check(&0).is_err());
        for key in 1..5_000 {
            assert_eq!(buckets.check(&key), Ok(()));
        }
        assert!(buckets.of.count() <= 200, "{}", buckets.of.count());
        assert!(buckets.check(&4_999).is_err(), "the newest one is remembered");
        assert!(buckets.check(&0).is_err(), "and who was held up");
    }

    #[cfg(feature = "oauth")]
    /// By RFC 6177, a customer with many networks has the larger networks around them too.
    #[tokio::test(start_paused = true)]
    async fn ipv6_counts_in_three_networks() {
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let limit = ByNetwork::per_minute(NonZeroU32::new(10).unwrap());
        let taken = |from: &mut dyn Iterator<Item = Option<IpAddr>>| from.filter(|at| limit.check(*at).is_ok()).count();
        assert_eq!(taken(&mut (0..50).map(|at| address(&format!("2001:db8:1:200::{at:x}")))), 10);
        // What was refused is not counted against the neighbours.
        assert_eq!(taken(&mut (1..256).map(|at| address(&format!("2001:db8:1:2{at:02x}::1")))), 30);
        assert_eq!(taken(&mut (0..60_000_u32).map(|at| address(&format!("2001:db8:1:{at:x}::1")))), 120);
        assert_eq!(limit.admit(address("2001:db8:1:f000::")), Err(Duration::from_secs(1)));
        assert_eq!(limit.admit(address("2001:db8:2::")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_counted_beyond_the_limit_holds_up_longer() {
        let limit = ByNetwork::per_minute(NonZeroU32::new(10).unwrap());
        (0..20).for_each(|_| limit.count(None));
        assert_eq!(limit.admit(None), Err(Duration::from_secs(66)));
        (0..1_000_000).for_each(|_| limit.count(None));
        assert_eq!(limit.admit(None), Err(MOST_DEBT + Duration::from_secs(6)));
    }
}
