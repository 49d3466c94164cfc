//! [`Slowdown`] and its layer [`SlowdownLayer`], which make guessing slow.

use super::guesses::{Guesses, Policy, Try};
use super::known::{Compared, KnownLogins, Stored};
use super::salt::Salt;
use super::{Form, LoggedIn, Login, LoginError, Page, Referral, Typed};
use crate::identity::Credentials;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;
use url::Url;

const POLICY: Policy = Policy {
    free: 5,
    free_in_all: 100,
    per_network: NonZeroU32::new(10),
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    window: Duration::from_secs(15 * 60),
    capacity: 10_000,
};

/// A login that makes guessing passwords slow, without shutting out the owner of the account.
///
/// | Wrong logins | Consequence |
/// |---|---|
/// | 5 of one user name from one network | each next try of it there must wait 1 s, 2 s, 4 s and so on up to 60 s |
/// | 100 of one user name from everywhere | each next try of it must wait as long, from everywhere |
/// | 10 a minute of any user names from one network | each next try there must wait until they are worked off, 15 minutes at most |
///
/// A try that comes sooner is [`LoginError::TooMany`], and 1C is not asked.
///
/// *A login that was right before passes*, whatever was counted: a stranger's wrong passwords do not stop the
/// owner. It is known for 7 days after it was last right; only the last login of each account is known, for 10 000
/// accounts. In memory it is a salted SHA-256 that means nothing outside this process; with
/// [`remember_in`](SlowdownLayer::remember_in) the token store has a slow salted hash too. So that this tells guessers
/// nothing, a login that would have to wait is compared with the known one at most 30 times a minute at each of the
/// last 8 networks where the account was right before, and 100 times an hour from all others together.
///
/// A right login that is new ends the count of the account in its network, and 15 minutes without a try end every
/// count. Names that differ only in case or in spaces around them are one account. A try counts as wrong until its
/// answer is known, so simultaneous guesses do not escape the count; a try that 1C could not answer does not count.
/// Access keys are not slowed down: there is no account to guess at, and a key is too long to guess. Nor are answers of
/// providers. A login with [further fields](Typed::Fields) is never known, since user and password alone do not make it
/// right: who has a stolen password has to wait between guesses at the one-time code.
///
/// A network is an IPv4 address or an IPv6 /64; a /56 may do 4 times as much, and a /48 16 times. Where the
/// [address is not known](Login::check_from), all are one network, and only accounts are counted.
///
/// Accounts are known by a salted SHA-256; the 10 000 last tried are watched. However many names a caller makes up,
/// those that must wait are forgotten last. Clones share one memory, which belongs to this process: a second gateway
/// counts for itself.
#[derive(Clone)]
pub struct Slowdown<L> {
    login: L,
    salt: Salt,
    guesses: Arc<Guesses>,
    known: Arc<KnownLogins>,
}

/// Holds how many wrong logins a [`Slowdown`] allows, and how long the pauses are.
#[derive(Clone)]
pub struct SlowdownLayer {
    policy: Policy,
    stored: Option<Arc<Stored>>,
}

impl SlowdownLayer {
    /// Creates the layer with the defaults that each setter names.
    pub const fn new() -> Self {
        Self { policy: POLICY, stored: None }
    }

    /// Sets how many wrong logins of an account from one network cost no pause, at least 1; 5 by default.
    #[must_use]
    pub const fn free(mut self, tries: u32) -> Self {
        self.policy.free = if tries == 0 { 1 } else { tries };
        self
    }

    /// Sets how many wrong logins of an account from all networks together cost no pause, at least as many as from one;
    /// 100 by default.
    #[must_use]
    pub const fn free_in_all(mut self, tries: u32) -> Self {
        self.policy.free_in_all = tries;
        self
    }

    /// Sets how many wrong logins a minute may come from one network, of all accounts together; 10 by default, 0 for
    /// any number.
    #[must_use]
    pub const fn per_network(mut self, wrong: u32) -> Self {
        self.policy.per_network = NonZeroU32::new(wrong);
        self
    }

    /// Sets the first pause, which doubles with each further wrong login, and the longest one; 1 s and 60 s by default.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.policy.first, self.policy.longest) = (first, longest);
        self
    }

    /// Sets the time without a try after which the wrong logins of an account are forgotten; 15 minutes by default.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.policy.window = window;
        self
    }

    /// Sets how many accounts are watched; 10 000 by default.
    #[must_use]
    pub const fn capacity(mut self, watched: u64) -> Self {
        self.policy.capacity = watched;
        self
    }

    /// Remembers right logins in this store too, so that they outlive the process and replicas share them. They are
    /// stored as PBKDF2 with a salt each, which takes a moment once a day for each user.
    #[cfg(feature = "oauth")]
    #[must_use]
    pub fn remember_in<S: crate::auth::store::TokenStore>(mut self, store: S) -> Self {
        self.stored = Some(Arc::new(Stored::new(store, crate::auth::Clock::default())));
        self
    }
}

impl Default for SlowdownLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SlowdownLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, stored } = self;
        f.debug_struct("SlowdownLayer").field("policy", policy).field("stored", &stored.is_some()).finish()
    }
}

impl<L> Layer<L> for SlowdownLayer {
    type Service = Slowdown<L>;

    fn layer(&self, login: L) -> Slowdown<L> {
        let salt = Salt::new();
        let known = Arc::new(KnownLogins::new(salt.clone(), self.stored.clone()));
        Slowdown { login, salt, guesses: Arc::new(Guesses::new(self.policy)), known }
    }
}

impl<L> Slowdown<L> {
    /// Wraps `login` with the defaults of a [`SlowdownLayer`].
    pub fn new(login: L) -> Self {
        SlowdownLayer::new().layer(login)
    }
}

impl<L: Login> Slowdown<L> {
    /// Checks the login at 1C, and counts the try by the answer.
    async fn ask(
        &self,
        typed: Typed,
        login: &Credentials,
        from: Option<IpAddr>,
        how: How,
    ) -> Result<LoggedIn, LoginError> {
        let How { counted, compared } = how;
        let is_whole = matches!(typed, Typed::Credentials(_));
        let answer = match compared {
            Ok(()) => self.login.check_known(typed, from).await,
            Err(_) => self.login.check_from(typed, from).await,
        };
        // A login that is counted as a try, or was right, does not count as a comparison too.
        if let (Err(compared), Ok(_) | Err(LoginError::NoRole | LoginError::Wrong)) = (compared, &answer) {
            self.known.give_back(compared);
        }
        match &answer {
            Ok(_) | Err(LoginError::NoRole) if !is_whole => counted.iter().for_each(Try::was_right),
            // The password was right in both cases.
            Ok(_) | Err(LoginError::NoRole) => {
                let is_new = self.known.was_right(login, from).await;
                match counted {
                    Some(counted) if is_new => counted.was_right(),
                    Some(counted) => counted.take_back(),
                    None => {}
                }
            }
            Err(LoginError::Wrong) => {
                self.guesses.was_wrong(from);
                if is_whole {
                    self.known.forget(login).await;
                }
            }
            Err(LoginError::TooMany(_) | LoginError::Unavailable(_)) => {
                counted.iter().for_each(Try::take_back);
            }
        }
        answer
    }
}

impl<L: Login> Login for Slowdown<L> {
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
        let Some(login) = typed.credentials().cloned() else { return self.login.check_from(typed, from).await };
        let is_whole = matches!(typed, Typed::Credentials(_));
        let how = match self.guesses.admit(self.salt.account(login.user()), from) {
            Ok(counted) if !is_whole => How { counted: Some(counted), compared: Err(Compared::Not) },
            Err(wait) if !is_whole => return Err(LoginError::TooMany(seconds(wait))),
            Ok(counted) => How { counted: Some(counted), compared: self.known.recalls(&login, from) },
            Err(_) if self.known.knows(&login, from).await => How::KNOWN,
            Err(wait) => return Err(LoginError::TooMany(seconds(wait))),
        };
        self.ask(typed, &login, from, how).await
    }

    async fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Result<LoggedIn, LoginError> {
        let Some(login) = typed.credentials().cloned() else {
            return self.login.check_held(typed, from, seconds).await;
        };
        if matches!(typed, Typed::Credentials(_)) && self.known.knows(&login, from).await {
            return self.ask(typed, &login, from, How::KNOWN).await;
        }
        Err(LoginError::TooMany(seconds))
    }

    async fn forget(&self, typed: &Typed) {
        if let Typed::Credentials(login) = typed {
            self.known.forget(login).await;
        }
        self.login.forget(typed).await;
    }
}

/// How a login that may be checked at 1C was counted.
struct How {
    /// The try that was counted; `None` for a login that passes because it is known.
    counted: Option<Try>,
    /// `Ok` if the login is known, or else the count of the comparison.
    compared: Result<(), Compared>,
}

impl How {
    const KNOWN: Self = Self { counted: None, compared: Ok(()) };
}

/// Rounds up to whole seconds, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

impl<L: fmt::Debug> fmt::Debug for Slowdown<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slowdown").field("login", &self.login).finish_non_exhaustive()
    }
}
