//! [`Login`]: decides who may log in, by what the user typed.
//!
//! [`OwnLogin`] and [`AccessKey`] ask 1C. Two more logins wrap any other login: [`Cached`] remembers answers, and
//! [`Slowdown`] makes guessing slow. Put the cache outermost, so that one login sent many times, at once or repeatedly,
//! counts once. That cache should not remember right logins for long, since guesses that it answers are not slowed
//! down. Where each request brings a login, a second, inner cache remembers right logins:
//!
//! ```
//! use onec_mcp::auth::login::{CachedLayer, OwnLogin, SlowdownLayer};
//! use onec_mcp::onec::{Infobase, OneCService};
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//!
//! let onec = OneCService::new(Infobase::new("http://localhost/base")?)?;
//! let login = ServiceBuilder::new()
//!     .layer(CachedLayer::new().ttl(Duration::ZERO, Duration::from_secs(30)))
//!     .layer(SlowdownLayer::new())
//!     .layer(CachedLayer::new())
//!     .service(OwnLogin::new(onec));
//! # let _ = login;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cached;
#[cfg(feature = "oauth")]
pub(crate) mod fuzzing;
mod guesses;
mod key;
mod known;
mod own;
pub(crate) mod salt;
mod slowdown;

pub use cached::{Cached, CachedLayer};
pub use key::AccessKey;
pub use own::OwnLogin;
pub use slowdown::{Slowdown, SlowdownLayer};

use crate::identity::{Credentials, Scopes};
use crate::rpc::BoxError;
use secrecy::SecretString;
use std::future::Future;
use std::net::IpAddr;

/// Decides who may log in at the authorization server.
///
/// Two implementations ship with the crate: [`OwnLogin`] (the user's own login of 1C) and [`AccessKey`] (a key that 1C
/// checks). An embedder's own can ask any directory.
pub trait Login: Clone + Send + Sync + 'static {
    /// Returns which fields the login page shows.
    fn form(&self) -> Form;

    /// Checks what the user typed.
    ///
    /// # Errors
    /// Returns a [`LoginError`], which the login page puts into words.
    fn check(&self, typed: Typed) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send;

    /// Checks what a user at this address typed, like [`check`](Self::check); the address may be unknown. A login that
    /// counts wrong logins, or that asks another login, implements this method; for all others the address makes no
    /// difference.
    ///
    /// # Errors
    /// Returns a [`LoginError`], which the login page puts into words.
    fn check_from(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        let _ = from;
        self.check(typed)
    }

    /// Checks a login that is known to have been right before, like [`check_from`](Self::check_from): at 1C it does not
    /// wait behind the others from its network. By default there is no difference.
    ///
    /// # Errors
    /// Returns a [`LoginError`], which the login page puts into words.
    fn check_known(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        self.check_from(typed, from)
    }

    /// Checks the login of a user who would have to wait this many seconds, since too many logins came from their
    /// network. Only a login that is known to have been right before may pass. By default none is known.
    ///
    /// # Errors
    /// Returns a [`LoginError`], which the login page puts into words.
    fn check_held(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
        seconds: u64,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        let _ = (typed, from);
        std::future::ready(Err(LoginError::TooMany(seconds)))
    }

    /// Whether all users who log in this way work in 1C under their own login. If so, a token that carries no login,
    /// because it was issued while users logged in otherwise, is no longer valid.
    fn is_own(&self) -> bool {
        false
    }

    /// Forgets a login that was right before, because 1C refused it during a call. A login that remembers answers
    /// implements this method.
    fn forget(&self, typed: &Typed) -> impl Future<Output = ()> + Send {
        let _ = typed;
        std::future::ready(())
    }
}

/// The fields of the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A user name and a password.
    Credentials,
    /// An access key.
    Key,
}

/// What a user typed on the login page. `Debug` shows no password and no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Typed {
    /// A user name and a password.
    Credentials(Credentials),
    /// An access key.
    Key(SecretString),
}

/// A user who logged in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The subject, which 1C is told in `X-MCP-Sub`.
    pub subject: String,
    /// The scopes that the user may be granted; `None` for every scope that the server supports.
    pub scopes: Option<Scopes>,
    /// The login that calls run under, or `None` for the service account.
    pub credentials: Option<Credentials>,
}

impl LoggedIn {
    /// Creates a user who may be granted every scope, and whose calls run under the service account.
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), scopes: None, credentials: None }
    }

    /// Bounds the scopes that the user may be granted.
    #[must_use]
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = Some(scopes);
        self
    }

    /// Sets the login that the user's calls run under.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }
}

/// The error of a login that failed or could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The user, password or key is wrong.
    #[error("wrong login")]
    Wrong,
    /// The login is right, but the user lacks the role.
    #[error("the user lacks the role to use this service")]
    NoRole,
    /// Too many wrong logins of this account or from this network; with the seconds until the next try.
    #[error("too many wrong logins, try again in {0} s")]
    TooMany(u64),
    /// 1C cannot be asked.
    #[error("logins cannot be checked now")]
    Unavailable(#[source] BoxError),
}
