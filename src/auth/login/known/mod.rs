//! [`KnownLogins`]: remembers which logins were right before.

mod bounds;
#[cfg(feature = "oauth")]
mod record;
#[cfg_attr(not(feature = "oauth"), path = "nowhere.rs")]
mod stored;

pub(super) use bounds::KNOWN;
#[cfg(feature = "oauth")]
pub(super) use record::Record;
pub(super) use stored::Stored;

use super::salt::{AccountHash, Salt};
use crate::auth::buckets::{Buckets, at_least_one};
use crate::identity::Credentials;
use crate::net::{Network, place};
use bounds::PLACES;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the record in the store is renewed.
const RENEWED: Duration = Duration::from_secs(24 * 3600);
/// How many accounts are known in memory.
pub(super) const CAPACITY: u64 = 10_000;

/// How often a login that turns out different may be compared with the known one: in a minute at a place where the
/// account was right before, and in an hour at all other places together. Without a limit, the comparison would tell
/// guessers what the pauses are to hide.
const HERE: NonZeroU32 = at_least_one(30);
const ELSEWHERE: NonZeroU32 = at_least_one(100);

/// The last right login of each account and the places where it was right. In memory it is a SHA-256 with a salt of
/// this process; it is also in the store if there is one.
pub(super) struct KnownLogins {
    salt: Salt,
    accounts: Cache<AccountHash, Arc<Account>>,
    here: Buckets<(AccountHash, Network)>,
    elsewhere: Buckets<AccountHash>,
    stored: Option<Arc<Stored>>,
}

/// The count that a comparison was added to.
pub(super) enum Compared {
    /// No comparison was made: nothing is known of the account, or too many comparisons were made.
    Not,
    Here((AccountHash, Network)),
    Elsewhere(AccountHash),
}

#[derive(Default)]
struct Account(Mutex<Option<Right>>);

/// A login that was right.
#[derive(Clone)]
struct Right {
    login: AccountHash,
    since: Instant,
    places: Vec<Network>,
    /// When the store last got this state; `None` if it has an older one.
    stored: Option<Instant>,
}

impl KnownLogins {
    pub(super) fn new(salt: Salt, stored: Option<Arc<Stored>>) -> Self {
        let accounts = Cache::builder().max_capacity(CAPACITY).eviction_policy(EvictionPolicy::lru());
        Self {
            salt,
            accounts: accounts.time_to_idle(KNOWN).build(),
            here: Buckets::per_minute(HERE),
            elsewhere: Buckets::per_hour(ELSEWHERE),
            stored,
        }
    }

    /// Whether this login was right before in this process. The error says where a comparison was counted, so that the
    /// count can be given back if the login is counted otherwise.
    pub(super) fn recalls(&self, login: &Credentials, from: Option<IpAddr>) -> Result<(), Compared> {
        let (account, place) = (self.salt.account(login.user()), place(from));
        let Some(known) = self.accounts.get(&account) else { return Err(Compared::Not) };
        let known =
            known.right().as_ref().filter(|right| right.counts()).map(|right| (right.login, right.was_at(place)));
        let Some((right, here)) = known else { return Err(Compared::Not) };
        let Some(compared) = self.compare((account, place), here) else { return Err(Compared::Not) };
        if right != self.salt.right(login) {
            return Err(compared);
        }
        self.give_back(compared);
        Ok(())
    }

    /// Counts a comparison, unless there were too many.
    fn compare(&self, at: (AccountHash, Network), here: bool) -> Option<Compared> {
        let counted = if here { self.here.check(&at) } else { self.elsewhere.check(&at.0) };
        counted.ok().map(|()| if here { Compared::Here(at) } else { Compared::Elsewhere(at.0) })
    }

    pub(super) fn give_back(&self, compared: Compared) {
        match compared {
            Compared::Not => {}
            Compared::Here(at) => self.here.give_back(&at),
            Compared::Elsewhere(account) => self.elsewhere.give_back(&account),
        }
    }

    /// Whether this login was right before, in this process or in another one that shares the store.
    pub(super) async fn knows(&self, login: &Credentials, from: Option<IpAddr>) -> bool {
        let (account, place) = (self.salt.account(login.user()), place(from));
        let known = self.accounts.get(&account).and_then(|account| account.right().clone()).filter(Right::counts);
        let stored = match &self.stored {
            Some(stored) => stored.record(account, login).await.map(|record| (stored, record)),
            None => None,
        };
        if known.is_none() && stored.is_none() {
            return false;
        }
        let here = known.as_ref().is_some_and(|known| known.was_at(place))
            || stored.as_ref().is_some_and(|(_, record)| record.was_at(place));
        let Some(compared) = self.compare((account, place), here) else { return false };
        let mut found = known.is_some_and(|known| known.login == self.salt.right(login));
        if let (false, Some((stored, record))) = (found, stored) {
            found = stored.is_of(record, login).await;
            if found {
                self.note(account, login, place);
            }
        }
        if found {
            self.give_back(compared);
        }
        found
    }

    /// Notes that the login was right; returns whether that is new.
    pub(super) async fn was_right(&self, login: &Credentials, from: Option<IpAddr>) -> bool {
        let (account, place) = (self.salt.account(login.user()), place(from));
        let (is_new, is_due) = self.note(account, login, place);
        if let Some(stored) = &self.stored
            && is_due
            && stored.put(account, login, place).await
            && let Some(known) = self.accounts.get(&account)
            && let Some(right) = known.right().as_mut()
        {
            right.stored = Some(Instant::now());
        }
        is_new
    }

    /// Notes a right login in memory; returns whether it is new, and whether it is time to store it.
    fn note(&self, account: AccountHash, login: &Credentials, place: Network) -> (bool, bool) {
        let (login, now) = (self.salt.right(login), Instant::now());
        let account = self.accounts.get_with(account, Arc::default);
        let mut slot = account.right();
        let known = slot.take().filter(Right::counts);
        let is_new = known.as_ref().is_none_or(|known| known.login != login);
        let mut right = known.unwrap_or(Right { login, since: now, places: Vec::new(), stored: None });
        (right.login, right.since) = (login, now);
        let at = right.places.iter().position(|known| *known == place);
        if is_new || at.is_none() {
            right.stored = None;
        }
        // The newest place is the last.
        at.map(|at| right.places.remove(at));
        right.places.push(place);
        if right.places.len() > PLACES {
            right.places.remove(0);
        }
        let is_due = right.stored.is_none_or(|stored| stored.elapsed() >= RENEWED);
        *slot = Some(right);
        (is_new, is_due)
    }

    /// Forgets a login that 1C has refused.
    pub(super) async fn forget(&self, login: &Credentials) {
        let (account, wrong) = (self.salt.account(login.user()), self.salt.right(login));
        let Some(known) = self.accounts.get(&account) else { return };
        if known.right().take_if(|right| right.login == wrong).is_none() {
            return;
        }
        if let Some(stored) = &self.stored {
            stored.forget(account, login).await;
        }
    }
}

impl Account {
    fn right(&self) -> MutexGuard<'_, Option<Right>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Right {
    fn was_at(&self, place: Network) -> bool {
        self.places.contains(&place)
    }

    fn counts(&self) -> bool {
        self.since.elapsed() < KNOWN
    }
}

impl fmt::Debug for KnownLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownLogins")
    }
}
