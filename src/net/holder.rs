//! [`Holder`]: the caller that a shared resource is counted for, and [`Shares`]: how much of it each caller has.

use crate::identity::Identity;
use crate::net::{Caller, Peer, remote};
use crate::rpc::Extensions;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Identifies a caller for the limits of one caller: by subject (and partition, if there is one), or by address if many [share](Identity::shared) the
/// subject.
///
/// Holds only a keyed hash of the subject. Equal callers are equal within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Subject(u64),
    Address(u64),
    /// Nothing is known of the caller, as on standard streams.
    Nobody,
}

/// The key of the hashes, random for each process: without it, callers could look for names with equal hashes.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Returns a hash that cannot be computed outside this process.
pub(crate) fn keyed_hash(what: impl Hash) -> u64 {
    SEED.hash_one(what)
}

impl Holder {
    pub(crate) fn subject(subject: &str) -> Self {
        Self::Subject(keyed_hash(('s', subject)))
    }

    /// Returns the holder of an address. IPv6 addresses count by their first 64 bits, since one subscriber has all the
    /// rest; IPv4-mapped ones count as IPv4.
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => keyed_hash(('4', address.to_bits())),
            IpAddr::V6(address) => keyed_hash(('6', address.to_bits() >> 64)),
        })
    }

    /// Returns the holder of an RPC request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self::find(extensions.get(), extensions.get(), extensions.get())
    }

    /// Returns the holder of an HTTP request with these extensions.
    pub(crate) fn of_http(extensions: &http::Extensions) -> Self {
        Self::find(extensions.get(), extensions.get(), extensions.get())
    }

    fn find(identity: Option<&Identity>, caller: Option<&Caller>, peer: Option<&Peer>) -> Self {
        match identity {
            Some(identity) if !identity.is_shared() => match identity.partition() {
                None => Self::subject(identity.subject()),
                Some(partition) => Self::Subject(keyed_hash(('p', partition, identity.subject()))),
            },
            _ => remote(caller, peer).map_or(Self::Nobody, Self::address),
        }
    }
}

/// Limits how many of something exist at once: in all, for one subject, and for one address whose users have no subject
/// of their own. Clones share the count.
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

/// One share of [`Shares`], given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    holder: Holder,
}

/// The error of a caller that gets no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareError {
    /// All shares are taken.
    All,
    /// This caller has as many shares as one caller may have.
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
    fn users_of_two_partitions_are_two() {
        let of = |identity: &Identity| Holder::find(Some(identity), None, None);
        let user = |partition: &str| Identity::new("a", crate::Scopes::default()).with_partition(partition);
        assert_eq!(of(&user("p")), of(&user("p").with_client("c")));
        assert_ne!(of(&user("p")), of(&user("q")));
        assert_ne!(of(&user("p")), Holder::subject("a"));
        assert_eq!(of(&user("p").shared()), Holder::Nobody);
    }

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
