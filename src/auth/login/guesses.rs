//! [`Guesses`]: counts wrong logins of each account and network.

use super::salt::AccountHash;
use crate::auth::buckets::ByNetwork;
use crate::auth::tallies::Tallies;
use crate::net::{Network, networks};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many wrong logins are allowed without a pause, and how long the pauses are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Wrong logins of an account from one network that cost no pause.
    pub(super) free: u32,
    /// Wrong logins of an account from all networks together that cost no pause.
    pub(super) free_in_all: u32,
    /// Wrong logins a minute from one network, of all accounts together; `None` for any number.
    pub(super) per_network: Option<NonZeroU32>,
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) window: Duration,
    /// The number of accounts that are watched.
    pub(super) capacity: u64,
}

/// What tries are counted for: an account in a network, or everywhere.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    From(AccountHash, Network),
    InAll(AccountHash),
}

/// The recent wrong logins.
#[derive(Debug)]
pub(super) struct Guesses {
    policy: Policy,
    tries: Tallies<Key, Account>,
    wrong: Option<ByNetwork>,
}

/// The tries of one account that were wrong or have no answer yet.
#[derive(Default)]
struct Account(Mutex<Option<Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Instant,
}

/// A try that is counted as wrong until its answer is known, so that simultaneous guesses do not escape the count.
///
/// The network that the try came from is the first count.
pub(super) struct Try(Vec<Counted>);

struct Counted {
    account: Arc<Account>,
    before: Option<Tries>,
}

impl Guesses {
    pub(super) fn new(policy: Policy) -> Self {
        // Room for each account in several networks.
        let tries = Tallies::new(policy.capacity.saturating_mul(4), policy.window);
        Self { policy, tries, wrong: policy.per_network.map(ByNetwork::per_minute) }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// Returns how long to wait before the next try. A try that comes too soon is not counted, so it does not
    /// make the pause longer.
    pub(super) fn admit(&self, account: AccountHash, from: Option<IpAddr>) -> Result<Try, Duration> {
        // Without an address, one caller's wrong logins would block all others.
        if let (Some(wrong), Some(_)) = (&self.wrong, from) {
            wrong.admit(from)?;
        }
        let near = networks(from).map(|(at, share)| (Key::From(account, at), self.policy.free.saturating_mul(share)));
        let all = (Key::InAll(account), self.policy.free_in_all.max(self.policy.free));
        let mut counted = Try(Vec::new());
        for (key, free) in near.chain([all]) {
            let account = self.tries.get(&key);
            match account.admit(&self.policy, free) {
                Ok((before, count)) => {
                    if count >= free {
                        self.tries.hold(&key, &account);
                    }
                    counted.0.push(Counted { account, before });
                }
                Err(wait) => {
                    counted.take_back();
                    return Err(wait);
                }
            }
        }
        Ok(counted)
    }

    /// Counts a wrong login of the network.
    pub(super) fn was_wrong(&self, from: Option<IpAddr>) {
        if let (Some(wrong), Some(_)) = (&self.wrong, from) {
            wrong.count(from);
        }
    }
}

impl Try {
    /// Ends the count of the account in its network after a right login that is new here: its user probably typed the
    /// wrong ones too. Tries from elsewhere remain counted.
    pub(super) fn was_right(&self) {
        if let Some((there, elsewhere)) = self.0.split_first() {
            there.account.clear();
            elsewhere.iter().for_each(Counted::take_back);
        }
    }

    /// Undoes the count of the try: the login was not checked, or was known to be right.
    pub(super) fn take_back(&self) {
        self.0.iter().for_each(Counted::take_back);
    }
}

impl Counted {
    fn take_back(&self) {
        self.account.take_back(self.before);
    }
}

impl Account {
    /// Counts a try; returns the tries before it and their number now.
    fn admit(&self, policy: &Policy, free: u32) -> Result<(Option<Tries>, u32), Duration> {
        let now = Instant::now();
        let mut tries = self.tries();
        let before = tries.filter(|tries| now.duration_since(tries.last) < policy.window);
        if let Some(Tries { count, last }) = before {
            let wait = policy.pause(count, free).saturating_sub(now.duration_since(last));
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        let count = before.map_or(0, |tries| tries.count).saturating_add(1);
        *tries = Some(Tries { count, last: now });
        Ok((before, count))
    }

    fn clear(&self) {
        *self.tries() = None;
    }

    fn take_back(&self, before: Option<Tries>) {
        let mut tries = self.tries();
        let Some(now) = tries.as_mut() else { return };
        now.count = now.count.saturating_sub(1);
        // Restores the state before the try, unless others came meanwhile.
        if now.count == before.map_or(0, |before| before.count) {
            *tries = before;
        }
    }

    fn tries(&self) -> MutexGuard<'_, Option<Tries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Policy {
    /// Returns the pause after this many tries.
    fn pause(&self, tries: u32, free: u32) -> Duration {
        match tries.checked_sub(free) {
            None => Duration::ZERO,
            Some(over) => self.first.saturating_mul(2_u32.saturating_pow(over)).min(self.longest),
        }
    }
}
