//! [`Holder`]: whose a thing is that is shared out among callers, and [`Shares`]: how much of it each has.

use crate::identity::Identity;
use crate::net::{Caller, Peer, remote};
use crate::rpc::Extensions;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// A caller as the bounds of one caller count: by subject, unless many [share](Identity::shared) it, or else
/// by address.
///
/// It holds a keyed hash and nothing else of who it is. Equal callers are equal within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Subject(u64),
    Address(u64),
    /// Nothing is known of them, as on standard streams.
    Nobody,
}

/// Keeps others from finding names whose holders are one.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A hash of something that nobody else can compute.
pub(crate) fn keyed_hash(what: impl Hash) -> u64 {
    SEED.hash_one(what)
}

impl Holder {
    pub(crate) fn subject(subject: &str) -> Self {
        Self::Subject(keyed_hash(('s', subject)))
    }

    /// IPv6 addresses count by their first 64 bits, as one subscriber has all of the rest; IPv4 in IPv6 dress
    /// is IPv4.
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => keyed_hash(('4', address.to_bits())),
            IpAddr::V6(address) => keyed_hash(('6', address.to_bits() >> 64)),
        })
    }

    /// Whose a request with these extensions is.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self::find(extensions.get(), extensions.get(), extensions.get())
    }

    /// The same of a request of HTTP.
    pub(crate) fn of_http(extensions: &http::Extensions) -> Self {
        Self::find(extensions.get(), extensions.get(), extensions.get())
    }

    fn find(identity: Option<&Identity>, caller: Option<&Caller>, peer: Option<&Peer>) -> Self {
        match identity {
            Some(identity) if !identity.is_shared() => Self::subject(identity.subject()),
            _ => remote(caller, peer).map_or(Self::Nobody, Self::address),
        }
    }
}

/// So many of something at once: in all, for one subject, and for one address whose users have no subject of
/// their own. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct Shares(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: usize,
    of_subject: usize,
    of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    each: HashMap<Holder, usize>,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    holder: Holder,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareError {
    /// All are taken.
    All,
    /// This caller has as many as one may have.
    Own,
}

impl Shares {
    pub(crate) fn new(all: usize, of_subject: usize, of_address: usize) -> Self {
        Self(Arc::new(Inner { all, of_subject, of_address, taken: Mutex::default() }))
    }

    pub(crate) fn take(&self, holder: Holder) -> Result<Share, ShareError> {
        let most = match holder {
            Holder::Subject(_) => self.0.of_subject,
            Holder::Address(_) => self.0.of_address,
            Holder::Nobody => self.0.all,
        };
        let mut taken = self.taken();
        if taken.all >= self.0.all {
            return Err(ShareError::All);
        }
        if taken.each.get(&holder).is_some_and(|taken| *taken >= most) {
            return Err(ShareError::Own);
        }
        *taken.each.entry(holder).or_default() += 1;
        taken.all += 1;
        drop(taken);
        Ok(Share { shares: self.clone(), holder })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.all -= 1;
        if let Some(own) = taken.each.get_mut(&self.holder) {
            *own -= 1;
            if *own == 0 {
                taken.each.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_there_is() {
        let shares = Shares::new(5, 2, 3);
        let (a, b) = (Holder::subject("a"), Holder::address(IpAddr::from([192, 0, 2, 1])));
        let mut held: Vec<_> = [a, a, b, b, b].into_iter().map(|holder| shares.take(holder)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(shares.take(Holder::Nobody).err(), Some(ShareError::All));
        held.pop();
        assert_eq!(shares.take(a).err(), Some(ShareError::Own));
        drop(shares.take(Holder::Nobody));
        held.clear();
        assert!(shares.taken().each.is_empty() && shares.taken().all == 0);
    }
}
