//! [`Login`]: who may log in, and what they type.
//!
//! [`OwnLogin`] and [`AccessKey`] ask 1C. Two more logins stand around any other: [`Cached`]
//! remembers answers, and [`Slowdown`] makes guessing slow. Put the cache outermost, so that one login
//! sent by many at once, or again and again, counts once. A cache that stands there should not remember
//! right logins for long: whoever guesses is not slowed before it. Where each request brings a login, one
//! more cache within does that:
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
/// Two ship with it: [`OwnLogin`] (the user's own login of 1C) and [`AccessKey`] (a key that 1C
/// checks). An embedder's own may ask any directory.
pub trait Login: Clone + Send + Sync + 'static {
    /// What the login page asks for.
    fn form(&self) -> Form;

    /// Whether what was typed is right.
    ///
    /// # Errors
    /// [`LoginError`], which the login page puts into words.
    fn check(&self, typed: Typed) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send;

    /// As [`check`](Self::check), for somebody at this address, if it is known. A login that counts
    /// wrong ones, or that asks another login, has its own of this; for all others there is no difference.
    ///
    /// # Errors
    /// [`LoginError`], which the login page puts into words.
    fn check_from(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        let _ = from;
        self.check(typed)
    }

    /// As [`check_from`](Self::check_from), for a login that is known to have been right before: at 1C it does not
    /// wait behind the others from its network. By default there is no difference.
    ///
    /// # Errors
    /// [`LoginError`], which the login page puts into words.
    fn check_known(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        self.check_from(typed, from)
    }

    /// As [`check_from`](Self::check_from), for somebody who would have to wait for so many seconds, since too
    /// much came from their network: a login that is known to have been right before may pass. By default
    /// none is known.
    ///
    /// # Errors
    /// [`LoginError`], which the login page puts into words.
    fn check_held(
        &self,
        typed: Typed,
        from: Option<IpAddr>,
        seconds: u64,
    ) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        let _ = (typed, from);
        std::future::ready(Err(LoginError::TooMany(seconds)))
    }

    /// Whether all who log in this way work in 1C under their own login. Then a token that carries no
    /// login, since it was given out while users logged in otherwise, counts no longer.
    fn is_own(&self) -> bool {
        false
    }

    /// 1C refused during a call what was right before: a login that remembers answers forgets this
    /// one.
    fn forget(&self, typed: &Typed) -> impl Future<Output = ()> + Send {
        let _ = typed;
        std::future::ready(())
    }
}

/// The fields of the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// User and password.
    Credentials,
    /// One access key.
    Key,
}

/// What a user typed. Its `Debug` shows no password and no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Typed {
    /// User and password.
    Credentials(Credentials),
    /// An access key.
    Key(SecretString),
}

/// Somebody who logged in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoggedIn {
    /// Who, as 1C is told in `X-MCP-Sub`.
    pub subject: String,
    /// What they may be granted; `None` is every scope the server supports.
    pub scopes: Option<Scopes>,
    /// The login that calls run under, if not the service account.
    pub credentials: Option<Credentials>,
}

impl LoggedIn {
    /// Somebody who may be granted every scope, and whose calls run under the service account.
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), scopes: None, credentials: None }
    }

    /// Bounds what they may be granted.
    #[must_use]
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = Some(scopes);
        self
    }

    /// Sets the login that their calls run under.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }
}

/// Why a login did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Wrong user, password or key.
    #[error("wrong login")]
    Wrong,
    /// The login is right, and the user lacks the role.
    #[error("the user lacks the role to use this service")]
    NoRole,
    /// Too many wrong logins of this account, or from this network; seconds until the next may be tried.
    #[error("too many wrong logins, try again in {0} s")]
    TooMany(u64),
    /// 1C cannot be asked.
    #[error("logins cannot be checked now")]
    Unavailable(#[source] BoxError),
}
