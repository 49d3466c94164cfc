//! [`BoxLogin`]: a login of any type.

use super::{Form, LoggedIn, Login, LoginError, Page, Referral, Typed};
use futures_core::future::BoxFuture;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use url::Url;

/// A [`Login`] of any type, for programs that choose one when they start. Cloning is cheap.
///
/// ```
/// use onec_mcp::auth::login::{AccessKey, BoxLogin, OwnLogin, Slowdown};
/// use onec_mcp::onec::OneCService;
///
/// fn choose(onec: OneCService, keys: bool) -> BoxLogin {
///     if keys { BoxLogin::new(AccessKey::new(onec)) } else { BoxLogin::new(Slowdown::new(OwnLogin::new(onec))) }
/// }
/// ```
#[derive(Clone)]
pub struct BoxLogin(Arc<dyn Boxed>);

impl BoxLogin {
    /// Boxes a login.
    pub fn new(login: impl Login) -> Self {
        Self(Arc::new(login))
    }
}

type Checked<'a> = BoxFuture<'a, Result<LoggedIn, LoginError>>;

/// A [`Login`] with boxed futures.
trait Boxed: Send + Sync {
    fn form(&self) -> Form;
    fn page(&self) -> Page;
    fn is_own(&self) -> bool;
    fn check(&self, typed: Typed) -> Checked<'_>;
    fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Checked<'_>;
    fn check_known(&self, typed: Typed, from: Option<IpAddr>) -> Checked<'_>;
    fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Checked<'_>;
    fn authorization_url(&self, referral: Referral) -> BoxFuture<'_, Result<Url, LoginError>>;
    fn forget<'a>(&'a self, typed: &'a Typed) -> BoxFuture<'a, ()>;
}

impl<L: Login> Boxed for L {
    fn form(&self) -> Form {
        Login::form(self)
    }

    fn page(&self) -> Page {
        Login::page(self)
    }

    fn is_own(&self) -> bool {
        Login::is_own(self)
    }

    fn check(&self, typed: Typed) -> Checked<'_> {
        Box::pin(Login::check(self, typed))
    }

    fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Checked<'_> {
        Box::pin(Login::check_from(self, typed, from))
    }

    fn check_known(&self, typed: Typed, from: Option<IpAddr>) -> Checked<'_> {
        Box::pin(Login::check_known(self, typed, from))
    }

    fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Checked<'_> {
        Box::pin(Login::check_held(self, typed, from, seconds))
    }

    fn authorization_url(&self, referral: Referral) -> BoxFuture<'_, Result<Url, LoginError>> {
        Box::pin(Login::authorization_url(self, referral))
    }

    fn forget<'a>(&'a self, typed: &'a Typed) -> BoxFuture<'a, ()> {
        Box::pin(Login::forget(self, typed))
    }
}

impl Login for BoxLogin {
    fn form(&self) -> Form {
        self.0.form()
    }

    fn page(&self) -> Page {
        self.0.page()
    }

    fn is_own(&self) -> bool {
        self.0.is_own()
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.0.check(typed).await
    }

    async fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.0.check_from(typed, from).await
    }

    async fn check_known(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.0.check_known(typed, from).await
    }

    async fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Result<LoggedIn, LoginError> {
        self.0.check_held(typed, from, seconds).await
    }

    async fn authorization_url(&self, referral: Referral) -> Result<Url, LoginError> {
        self.0.authorization_url(referral).await
    }

    async fn forget(&self, typed: &Typed) {
        self.0.forget(typed).await;
    }
}

impl fmt::Debug for BoxLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxLogin")
    }
}
