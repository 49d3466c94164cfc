//! [`Cached`] and its layer [`CachedLayer`], which remember the answers of another login.

use super::salt::{AccountHash, Salt};
use super::{Form, LoggedIn, Login, LoginError, Page, Referral, Typed};
use crate::rpc::BoxError;
use crate::service::flight::Flights;
use moka::sync::Cache;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower_layer::Layer;
use url::Url;

/// How long answers are kept by default.
const GOOD: Duration = Duration::from_secs(300);
const BAD: Duration = Duration::from_secs(30);

/// The longest time that answers are kept: the cache does not accept every duration.
const LONGEST_KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many answers are kept by default.
const CAPACITY: u64 = 10_000;

/// A login that remembers the answers of another login: right ones for 5 minutes, wrong ones for 30 s, 10 000 at most.
/// That 1C cannot be asked is never remembered, nor is a login that is good for one time only: one with
/// [further fields](Typed::Fields), such as a one-time code, or the [answer](Typed::Answer) of a provider.
///
/// Simultaneous checks of one login ask once, and each gets the answer. What was typed is remembered as a salted
/// SHA-256 that means nothing outside this process; the password of a right login stays in memory as part of the
/// answer. Clones share one memory.
#[derive(Clone)]
pub struct Cached<L> {
    login: L,
    salt: Salt,
    kept: Cache<AccountHash, Kept>,
    checks: Arc<Flights<AccountHash, Kept>>,
    good: Duration,
    bad: Duration,
}

/// An answer, and when it was given.
#[derive(Clone)]
struct Kept {
    answer: Answer,
    since: Instant,
}

#[derive(Clone)]
enum Answer {
    In(LoggedIn),
    Wrong,
    NoRole,
    TooMany(u64),
    Unavailable(Arc<dyn StdError + Send + Sync>),
}

/// Holds how much a [`Cached`] login remembers, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct CachedLayer {
    good: Duration,
    bad: Duration,
    capacity: u64,
}

impl CachedLayer {
    /// Creates the layer with the defaults that each setter names.
    pub const fn new() -> Self {
        Self { good: GOOD, bad: BAD, capacity: CAPACITY }
    }

    /// Sets how long right and wrong answers are remembered; 5 minutes and 30 s by default.
    ///
    /// A user whose password or roles change in 1C is let in for that long where only this login is asked.
    #[must_use]
    pub const fn ttl(mut self, good: Duration, bad: Duration) -> Self {
        (self.good, self.bad) = (good, bad);
        self
    }

    /// Sets how many answers are remembered; 10 000 by default.
    #[must_use]
    pub const fn capacity(mut self, answers: u64) -> Self {
        self.capacity = answers;
        self
    }
}

impl Default for CachedLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> Layer<L> for CachedLayer {
    type Service = Cached<L>;

    fn layer(&self, login: L) -> Cached<L> {
        let Self { good, bad, capacity } = *self;
        let (salt, kept, checks) = (Salt::new(), room(capacity, good.max(bad)), Arc::default());
        Cached { login, salt, kept, checks, good, bad }
    }
}

impl<L> Cached<L> {
    /// Wraps `login` with the defaults of a [`CachedLayer`].
    pub fn new(login: L) -> Self {
        CachedLayer::new().layer(login)
    }

    /// Returns how long an answer is valid for later checks.
    const fn lifetime(&self, answer: &Answer) -> Duration {
        match answer {
            Answer::In(_) => self.good,
            Answer::Wrong | Answer::NoRole => self.bad,
            Answer::TooMany(_) | Answer::Unavailable(_) => Duration::ZERO,
        }
    }

    /// Returns the remembered answer, if it is still valid.
    fn kept(&self, typed: &AccountHash) -> Option<Kept> {
        self.kept.get(typed).filter(|kept| kept.since.elapsed() < self.lifetime(&kept.answer))
    }

    /// Returns the user of a right login, if it is remembered.
    async fn good(&self, typed: &Typed) -> Option<LoggedIn> {
        let typed = self.salt.typed(typed)?;
        self.checks.wait(typed).await;
        match self.kept(&typed)?.answer {
            Answer::In(user) => Some(user),
            _ => None,
        }
    }

    /// Returns the remembered answer, or else that of `ask`.
    async fn answer(
        &self,
        typed: AccountHash,
        ask: Pin<&mut impl Future<Output = Result<LoggedIn, LoginError>>>,
    ) -> Result<LoggedIn, LoginError> {
        if let Some(kept) = self.kept(&typed) {
            return kept.answer.into();
        }
        let check = async {
            // The answer may have come while this check waited for its turn.
            if let Some(kept) = self.kept(&typed) {
                return kept;
            }
            let answer = Answer::from(ask.await);
            Kept { answer, since: Instant::now() }
        };
        let keep = |kept: &Kept| {
            if !self.lifetime(&kept.answer).is_zero() {
                self.kept.insert(typed, kept.clone());
            }
        };
        self.checks.join(typed, check, keep).await.answer.into()
    }
}

/// Creates a cache for this many answers, none of which is valid for longer than this.
fn room(capacity: u64, longest: Duration) -> Cache<AccountHash, Kept> {
    Cache::builder().max_capacity(capacity).time_to_live(longest.min(LONGEST_KEPT)).build()
}

impl<L: Login> Login for Cached<L> {
    fn form(&self) -> Form {
        self.login.form()
    }

    fn page(&self) -> Page {
        self.login.page()
    }

    fn is_own(&self) -> bool {
        self.login.is_own()
    }

    async fn authorization_url(&self, referral: Referral) -> Result<Url, LoginError> {
        self.login.authorization_url(referral).await
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.check_from(typed, None).await
    }

    async fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        let Some(alias) = self.salt.typed(&typed) else { return self.login.check_from(typed, from).await };
        self.answer(alias, pin!(self.login.check_from(typed, from))).await
    }

    async fn check_known(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        let Some(alias) = self.salt.typed(&typed) else { return self.login.check_known(typed, from).await };
        self.answer(alias, pin!(self.login.check_known(typed, from))).await
    }

    /// Looks up keys only: for a password, a remembered answer would tell a guesser what the pauses are to hide. A key
    /// is too long to guess.
    async fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Result<LoggedIn, LoginError> {
        if let (Typed::Key(_), Some(user)) = (&typed, self.good(&typed).await) {
            return Ok(user);
        }
        self.login.check_held(typed, from, seconds).await
    }

    /// Makes the next check ask again, also where a check is under way.
    async fn forget(&self, typed: &Typed) {
        if let Some(key) = self.salt.typed(typed) {
            self.checks.forget(&key);
            self.kept.invalidate(&key);
        }
        self.login.forget(typed).await;
    }
}

impl From<Result<LoggedIn, LoginError>> for Answer {
    fn from(answer: Result<LoggedIn, LoginError>) -> Self {
        match answer {
            Ok(user) => Self::In(user),
            Err(LoginError::Wrong) => Self::Wrong,
            Err(LoginError::NoRole) => Self::NoRole,
            Err(LoginError::TooMany(seconds)) => Self::TooMany(seconds),
            Err(LoginError::Unavailable(error)) => Self::Unavailable(error.into()),
        }
    }
}

impl From<Answer> for Result<LoggedIn, LoginError> {
    fn from(answer: Answer) -> Self {
        Err(match answer {
            Answer::In(user) => return Ok(user),
            Answer::Wrong => LoginError::Wrong,
            Answer::NoRole => LoginError::NoRole,
            Answer::TooMany(seconds) => LoginError::TooMany(seconds),
            Answer::Unavailable(error) => LoginError::Unavailable(BoxError::from(Shared(error))),
        })
    }
}

/// An error that all checks which waited for it share.
#[derive(Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the login could not be checked")
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

impl<L: fmt::Debug> fmt::Debug for Cached<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("login", &self.login).finish_non_exhaustive()
    }
}
