//! [`Sampler`]: lines that strangers can cause in any number, of which some are written and the others counted.

use crate::net::{Network, networks};
use ipnet::IpNet;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// What is counted together, and told of at the end.
const MINUTE: Duration = Duration::from_secs(60);
/// Lines of one kind that one address gets a minute.
const EACH: u64 = 10;
/// Lines a minute in all, sums aside.
const ALL: u64 = 100;
/// Sums a minute; those of the busiest addresses. The others are told as one.
const SUMS: usize = 20;
/// Addresses and kinds of line that are known within a minute; more are counted together.
const MAX_KNOWN: usize = 1_000;

/// What makes two lines alike besides the address.
pub(crate) type Like = (&'static str, &'static str);

/// Decides which lines are written, in bounded memory and for a bounded number of lines a minute.
///
/// The first lines of a kind from an address are written, the others counted, and a minute after the first one the
/// sums are told. Clones share the counts.
#[derive(Clone)]
pub(crate) struct Sampler(Arc<Shared>);

struct Shared {
    minute: Mutex<Minute>,
    tell: fn(&Sum),
}

#[derive(Default)]
struct Minute {
    since: Option<Instant>,
    written: u64,
    known: HashMap<(Network, Like), Count>,
    /// What came when there was no room for another address.
    others: u64,
    /// Somebody will tell of the sums.
    watched: bool,
}

#[derive(Clone, Copy, Default)]
struct Count {
    written: u64,
    more: u64,
}

/// Lines that were not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) more: u64,
    pub(crate) from: From,
    /// What they are like, where that is one thing.
    pub(crate) like: Option<Like>,
}

/// Where they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Network(IpNet),
    Unknown,
    Others,
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An address of its own is none of a network.
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => network.addr().fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::Unknown => f.write_str("an unknown address"),
            Self::Others => f.write_str("other addresses"),
        }
    }
}

impl Sampler {
    /// Sums are told by `tell`.
    pub(crate) fn new(tell: fn(&Sum)) -> Self {
        Self(Arc::new(Shared { minute: Mutex::default(), tell }))
    }

    /// Whether this line may be written; else it is counted.
    pub(crate) fn admits(&self, address: Option<IpAddr>, like: Like) -> bool {
        let now = Instant::now();
        let mut minute = self.0.minute();
        let ended = minute.since.is_some_and(|since| now.duration_since(since) >= MINUTE);
        let sums = if ended { std::mem::take(&mut *minute).sums() } else { Vec::new() };
        let end = *minute.since.get_or_insert(now) + MINUTE;
        let (network, _) = networks(address).next().unwrap_or_default();
        let admitted = minute.count((network, like));
        let watch = !admitted && !minute.watched && watch(&self.0, end);
        minute.watched |= watch;
        drop(minute);
        self.0.tell(&sums);
        admitted
    }
}

impl Shared {
    fn minute(&self) -> MutexGuard<'_, Minute> {
        self.minute.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Not under the lock: telling may take as long as a log takes.
    fn tell(&self, sums: &[Sum]) {
        sums.iter().for_each(self.tell);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let sums = std::mem::take(&mut *self.minute()).sums();
        self.tell(&sums);
    }
}

/// Tells of the sums though nothing more may come; whether there is a runtime that can.
fn watch(shared: &Arc<Shared>, end: Instant) -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    let shared: Weak<Shared> = Arc::downgrade(shared);
    runtime.spawn(async move {
        sleep_until(end).await;
        if let Some(shared) = shared.upgrade() {
            let mut minute = shared.minute();
            // It may be another one by now, whose end is watched too.
            let ended = minute.since.is_some_and(|since| since.elapsed() >= MINUTE);
            let sums = if ended { std::mem::take(&mut *minute).sums() } else { Vec::new() };
            drop(minute);
            shared.tell(&sums);
        }
    });
    true
}

impl Minute {
    fn count(&mut self, key: (Network, Like)) -> bool {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&key) {
            self.others += 1;
            return false;
        }
        let count = self.known.entry(key).or_default();
        let admitted = count.written < EACH && self.written < ALL;
        if admitted {
            count.written += 1;
            self.written += 1;
        } else {
            count.more += 1;
        }
        admitted
    }

    /// What was not written, the most first.
    fn sums(self) -> Vec<Sum> {
        let counted = self.known.into_iter().filter(|(_, count)| count.more > 0);
        let mut sums: Vec<Sum> = counted
            .map(|((network, like), Count { more, .. })| Sum {
                more,
                from: network.map_or(From::Unknown, From::Network),
                like: Some(like),
            })
            .collect();
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.more));
        let rest = sums.iter().skip(SUMS).map(|sum| sum.more).sum::<u64>() + self.others;
        sums.truncate(SUMS);
        if rest > 0 {
            sums.push(Sum { more: rest, from: From::Others, like: None });
        }
        sums
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIKE: Like = ("refused", "401");

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    fn admitted(sampler: &Sampler, from: impl Fn(u32) -> Option<IpAddr>, events: u32) -> usize {
        (0..events).filter(|event| sampler.admits(from(*event), LIKE)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn memory_and_lines_are_bounded_whoever_comes() {
        let sampler = Sampler::new(|_| {});
        assert_eq!(admitted(&sampler, address, 50_000), usize::try_from(ALL).unwrap());
        assert_eq!(sampler.0.minute().known.len(), MAX_KNOWN);
        let sums = std::mem::take(&mut *sampler.0.minute()).sums();
        assert_eq!(sums.len(), SUMS + 1);
        assert_eq!(sums.iter().map(|sum| sum.more).sum::<u64>(), 50_000 - ALL);
        assert_eq!(sums.last().unwrap().from.to_string(), "other addresses");
    }

    #[test]
    fn it_works_without_a_runtime_and_tells_at_its_end() {
        static TOLD: Mutex<Vec<Sum>> = Mutex::new(Vec::new());
        let sampler = Sampler::new(|sum| TOLD.lock().unwrap().push(*sum));
        assert_eq!(admitted(&sampler, |_| None, 15), 10);
        drop(sampler);
        assert_eq!(*TOLD.lock().unwrap(), [Sum { more: 5, from: From::Unknown, like: Some(LIKE) }]);
    }
}
