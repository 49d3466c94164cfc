//! [`Sampler`]: bounds log lines that strangers can cause in any number. Some are written, the others counted.

use crate::net::{Network, networks};
use ipnet::IpNet;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// The time for which lines are counted before the sums are reported.
const MINUTE: Duration = Duration::from_secs(60);
/// The lines of one kind that are written for one address in a minute.
const EACH: u64 = 10;
/// The lines that are written in a minute in all, not counting sums.
const ALL: u64 = 100;
/// The sums that are reported for a minute, those of the busiest addresses. The rest are reported as one.
const SUMS: usize = 20;
/// The pairs of address and kind that are known within a minute; further ones are counted together.
const MAX_KNOWN: usize = 1_000;

/// The kind of a line: lines with equal kinds and addresses are counted together.
pub(crate) type Like = (&'static str, &'static str);

/// Decides which lines are written, in bounded memory and for a bounded number of lines a minute.
///
/// The first lines of a kind from an address are written, the others counted, and a minute after the first one the sums
/// are reported. Clones share the counts.
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
    /// Lines that came when there was no room for another address.
    others: u64,
    /// Whether a task reports the sums at the end of the minute.
    watched: bool,
}

#[derive(Clone, Copy, Default)]
struct Count {
    written: u64,
    more: u64,
}

/// The number of lines that were not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) more: u64,
    pub(crate) from: From,
    /// The kind of the lines, if they are all of one kind.
    pub(crate) like: Option<Like>,
}

/// The source of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Network(IpNet),
    Unknown,
    Others,
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A network of a single address is shown as the address.
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => network.addr().fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::Unknown => f.write_str("an unknown address"),
            Self::Others => f.write_str("other addresses"),
        }
    }
}

impl Sampler {
    /// Creates a sampler that reports sums by `tell`.
    pub(crate) fn new(tell: fn(&Sum)) -> Self {
        Self(Arc::new(Shared { minute: Mutex::default(), tell }))
    }

    /// Whether this line may be written; if not, it is counted.
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

    /// Reports the sums, without holding the lock, since writing a log can be slow.
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

/// Reports the sums at `end` even if no more lines come. Returns whether there is a runtime to do so.
fn watch(shared: &Arc<Shared>, end: Instant) -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    let shared: Weak<Shared> = Arc::downgrade(shared);
    runtime.spawn(async move {
        sleep_until(end).await;
        if let Some(shared) = shared.upgrade() {
            let mut minute = shared.minute();
            // A new minute may have begun by now; its end has a task of its own.
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

    /// Returns the numbers of lines that were not written, the largest first.
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
