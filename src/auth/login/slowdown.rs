//! [`Slowdown`].

use super::salt::{Alias, Salt};
use super::{Form, LoggedIn, Login, LoginError, Typed};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Wrong logins of an account that cost nothing, if nobody says otherwise.
const FREE: u32 = 5;

/// The shortest and the longest pause between two tries, if nobody says otherwise.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How long a wrong login is held against an account, if nobody says otherwise.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// How many accounts are watched, if nobody says otherwise.
const CAPACITY: u64 = 10_000;

/// Makes guessing at an account slow, from however many addresses: after 5 wrong logins of one user
/// name, each next try must wait 1 s, 2 s, 4 s and so on up to 60 s. A try that comes sooner is
/// [`LoginError::TooMany`], and 1C is not asked.
///
/// A right login ends this, and so do 15 minutes without a try. Names that differ in case or in space
/// around them are one account. A try counts as wrong until the answer says otherwise, so guesses at
/// the same time do not slip through; one that 1C could not answer does not count. Access keys are
/// not slowed: there is no account to guess at, and a key is too long to guess.
///
/// Somebody who keeps guessing at an account keeps its owner from new logins as well, though not from
/// what tokens and caches still allow. Therefore the longest pause is short: it leaves a guesser 60
/// tries an hour, and the owner is back in a minute after the guessing ends.
///
/// Accounts are known by a salted SHA-256; the 10 000 last tried are watched. Clones share one
/// memory. It is this process's: a second gateway counts for itself.
#[derive(Clone)]
pub struct Slowdown<L> {
    login: L,
    salt: Salt,
    accounts: Cache<Alias, Arc<Account>>,
    policy: Policy,
    capacity: u64,
}

#[derive(Clone, Copy, Debug)]
struct Policy {
    free: u32,
    first: Duration,
    longest: Duration,
    window: Duration,
}

/// The tries of one account that were wrong or have no answer yet.
#[derive(Default)]
struct Account(Mutex<Option<Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Instant,
}

impl<L> Slowdown<L> {
    /// Slows wrong logins of `login` down.
    pub fn new(login: L) -> Self {
        let policy = Policy { free: FREE, first: FIRST, longest: LONGEST, window: WINDOW };
        Self { login, salt: Salt::new(), accounts: accounts(CAPACITY, WINDOW), policy, capacity: CAPACITY }
    }

    /// How many wrong logins of an account cost nothing, at least 1; 5 by default.
    #[must_use]
    pub fn free(mut self, tries: u32) -> Self {
        self.policy.free = tries.max(1);
        self
    }

    /// The first pause, which doubles with each further wrong login, and the longest one; 1 s and
    /// 60 s by default.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.policy.first, self.policy.longest) = (first, longest);
        self
    }

    /// After how long without a try the wrong logins of an account are forgotten; 15 minutes by
    /// default. Forgets what there is, so say it before the first check.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.policy.window = window;
        self.accounts = accounts(self.capacity, window);
        self
    }

    /// How many accounts are watched; 10 000 by default. Forgets what there is, so say it before the
    /// first check.
    #[must_use]
    pub fn capacity(mut self, watched: u64) -> Self {
        self.capacity = watched;
        self.accounts = accounts(watched, self.policy.window);
        self
    }
}

/// The least recently tried goes first, so that made-up names never keep a new one out.
fn accounts(capacity: u64, window: Duration) -> Cache<Alias, Arc<Account>> {
    let policy = EvictionPolicy::lru();
    let idle = window.min(super::LONGEST_IDLE);
    Cache::builder().max_capacity(capacity).time_to_idle(idle).eviction_policy(policy).build()
}

impl<L: Login> Login for Slowdown<L> {
    fn form(&self) -> Form {
        self.login.form()
    }

    fn is_own(&self) -> bool {
        self.login.is_own()
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Credentials(credentials) = &typed else { return self.login.check(typed).await };
        let alias = self.salt.account(credentials.user());
        let account = self.accounts.get_with(alias, Arc::default);
        account.admit(&self.policy).map_err(|wait| LoginError::TooMany(seconds(wait)))?;
        let answer = self.login.check(typed).await;
        match &answer {
            // The password was right in both cases.
            Ok(_) | Err(LoginError::NoRole) => account.clear(),
            Err(LoginError::Wrong) => {}
            Err(LoginError::TooMany(_) | LoginError::Unavailable(_)) => account.take_back(),
        }
        answer
    }

    async fn forget(&self, typed: &Typed) {
        self.login.forget(typed).await;
    }
}

impl Account {
    /// Counts a try.
    ///
    /// # Errors
    /// How long the next one must wait. Such a try does not count, so that asking too soon does not
    /// make the pause longer.
    fn admit(&self, policy: &Policy) -> Result<(), Duration> {
        let now = Instant::now();
        let mut tries = self.tries();
        let count = match *tries {
            Some(Tries { count, last }) if now.duration_since(last) < policy.window => {
                let wait = policy.pause(count).saturating_sub(now.duration_since(last));
                if !wait.is_zero() {
                    return Err(wait);
                }
                count
            }
            _ => 0,
        };
        *tries = Some(Tries { count: count.saturating_add(1), last: now });
        Ok(())
    }

    /// The login was right.
    fn clear(&self) {
        *self.tries() = None;
    }

    /// Nobody said whether the login was right.
    fn take_back(&self) {
        if let Some(tries) = self.tries().as_mut() {
            tries.count = tries.count.saturating_sub(1);
        }
    }

    fn tries(&self) -> MutexGuard<'_, Option<Tries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Policy {
    /// Between the last of so many tries and the next.
    fn pause(&self, tries: u32) -> Duration {
        match tries.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => self.first.saturating_mul(2_u32.saturating_pow(over)).min(self.longest),
        }
    }
}

/// Whole seconds, never too few.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

impl<L: fmt::Debug> fmt::Debug for Slowdown<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { login, policy, .. } = self;
        f.debug_struct("Slowdown").field("login", login).field("policy", policy).finish_non_exhaustive()
    }
}
