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

mod boxed;
mod cached;
#[cfg(feature = "oauth")]
pub(crate) mod fuzzing;
mod guesses;
mod key;
mod known;
mod own;
#[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "only the authorization server shows pages"))]
pub(crate) mod page;
pub(crate) mod salt;
mod slowdown;
mod typed;
mod with_page;

pub use boxed::BoxLogin;
pub use cached::{Cached, CachedLayer};
pub use key::AccessKey;
pub use own::OwnLogin;
pub use page::{Field, Page, Provider, Text};
pub use slowdown::{Slowdown, SlowdownLayer};
pub use typed::{Answer, Fields, Referral, Typed};
pub use with_page::WithPage;

use crate::identity::{Credentials, Scopes};
use crate::rpc::BoxError;
use std::future::Future;
use std::net::IpAddr;
use url::Url;

/// Decides who may log in at the authorization server.
///
/// Two implementations ship with the crate: [`OwnLogin`] (the user's own login of 1C) and [`AccessKey`] (a key that 1C
/// checks). An embedder's own can ask any directory. An async closure or function from [`Typed`] to [`LoggedIn`] is a
/// login with user and password; it is cloned for each check. [`BoxLogin`] holds a login of any type.
///
/// # Example
///
/// A directory with a one-time code. [`Slowdown`] in front makes guessing slow, the code too.
///
/// ```
/// use onec_mcp::Scopes;
/// use onec_mcp::auth::login::{Field, Form, LoggedIn, Login, LoginError, Page, Slowdown, Text, Typed};
/// use secrecy::ExposeSecret;
///
/// #[derive(Clone)]
/// struct Directory;
///
/// impl Login for Directory {
///     fn form(&self) -> Form {
///         Form::Credentials
///     }
///
///     fn page(&self) -> Page {
///         Page::new()
///             .heading(Text::new("Log in with your company account", "Вход с корпоративной учётной записью"))
///             .field(Field::one_time_code("code", Text::new("Code from the app", "Код из приложения")))
///     }
///
///     async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
///         let (Some(login), Some(code)) = (typed.credentials(), typed.field("code")) else {
///             return Err(LoginError::Wrong);
///         };
///         // Many directories take an empty password for an anonymous user, and let it in.
///         if login.password().expose_secret().is_empty() {
///             return Err(LoginError::Wrong);
///         }
///         match (login.user(), login.password().expose_secret(), code) {
///             ("anna", "secret", "123456") => Ok(LoggedIn::new("anna").scopes(Scopes::parse("mcp"))),
///             _ => Err(LoginError::Wrong),
///         }
///     }
/// }
///
/// let login = Slowdown::new(Directory);
/// # let _ = login;
/// ```
pub trait Login: Clone + Send + Sync + 'static {
    /// Returns which fields the login page shows.
    fn form(&self) -> Form;

    /// Returns the texts, the branding, and the further fields and buttons of the login page. By default its texts
    /// speak of an account of 1C if [users have one](Self::is_own), and name no system otherwise.
    fn page(&self) -> Page {
        if self.is_own() { Page::onec() } else { Page::new() }
    }

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

    /// Returns where the user is sent who chose a [provider](Page::provider): the URL of its authorization request, with
    /// the `redirect_uri` and the `state` of the referral. The provider sends the user back with a GET request, and the
    /// query comes to [`check_from`](Self::check_from) as [`Typed::Answer`]. By default there are no providers.
    ///
    /// The authorization request of the client waits in a cookie of the user's browser, for 10 minutes.
    ///
    /// # Errors
    /// Returns a [`LoginError`], which the login page puts into words.
    fn authorization_url(&self, referral: Referral) -> impl Future<Output = Result<Url, LoginError>> + Send {
        let _ = referral;
        std::future::ready(Err(LoginError::Wrong))
    }

    /// Forgets a login that was right before, because 1C refused it during a call. A login that remembers answers
    /// implements this method.
    fn forget(&self, typed: &Typed) -> impl Future<Output = ()> + Send {
        let _ = typed;
        std::future::ready(())
    }
}

impl<F, T> Login for F
where
    F: FnOnce(Typed) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Result<LoggedIn, LoginError>> + Send,
{
    fn form(&self) -> Form {
        Form::Credentials
    }

    fn check(&self, typed: Typed) -> impl Future<Output = Result<LoggedIn, LoginError>> + Send {
        self.clone()(typed)
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
    /// No fields: the page has only the buttons of its [providers](Page::provider).
    Providers,
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
