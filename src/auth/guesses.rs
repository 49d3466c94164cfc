//! [`Guesses`]: wrong logins from one address.

use super::buckets::{Buckets, network};
use super::login::Typed;
use super::login::salt::{Alias, Salt};
use moka::sync::Cache;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

/// How long a login that was right passes whatever others at its address do, and how long the same
/// wrong one counts once.
const GOOD: Duration = Duration::from_secs(300);
const BAD: Duration = Duration::from_secs(30);
const CAPACITY: u64 = 10_000;

/// Slows an address down that tries many wrong logins, of however many accounts.
///
/// A client that repeats one wrong login counts once in a while, and logins that were right lately are
/// not held up: many people may share an address.
#[derive(Debug)]
pub(super) struct Guesses {
    wrong: Buckets<Option<IpAddr>>,
    /// Until when nothing new is tried.
    until: Cache<Option<IpAddr>, Instant>,
    good: Cache<Alias, ()>,
    bad: Cache<Alias, ()>,
    salt: Salt,
}

impl Guesses {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let cache = |time| Cache::builder().max_capacity(CAPACITY).time_to_live(time).build();
        Self {
            wrong: Buckets::per_minute(per_minute),
            until: Cache::builder().max_capacity(CAPACITY).time_to_live(Duration::from_secs(60)).build(),
            good: cache(GOOD),
            bad: cache(BAD),
            salt: Salt::new(),
        }
    }

    /// How a login is known here.
    pub(super) fn alias(&self, login: &Typed) -> Alias {
        self.salt.typed(login)
    }

    /// Whether this login may be tried now.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(super) fn admit(&self, address: Option<IpAddr>, login: &Alias) -> Result<(), u64> {
        let Some(until) = self.until.get(&address.map(network)) else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait.is_zero() || self.good.contains_key(login) { Ok(()) } else { Err(wait.as_secs() + 1) }
    }

    pub(super) fn was_right(&self, login: Alias) {
        self.good.insert(login, ());
    }

    pub(super) fn was_wrong(&self, address: Option<IpAddr>, login: Alias) {
        self.good.invalidate(&login);
        if self.bad.contains_key(&login) {
            return;
        }
        self.bad.insert(login, ());
        let address = address.map(network);
        if let Err(wait) = self.wrong.check(address) {
            self.until.insert(address, Instant::now() + wait);
        }
    }
}
