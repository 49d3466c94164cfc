//! [`WithPage`]: a login with another page.

use super::{Form, LoggedIn, Login, LoginError, Page, Referral, Typed};
use std::net::IpAddr;
use url::Url;

/// A login with another [`Page`], as for a closure, which has no way to describe its own.
///
/// # Example
///
/// ```
/// use onec_mcp::auth::login::{LoggedIn, LoginError, Page, Text, Typed, WithPage};
///
/// let login = async |typed: Typed| match typed.credentials() {
///     Some(login) if login.user() == "anna" => Ok(LoggedIn::new("anna")),
///     _ => Err(LoginError::Wrong),
/// };
/// let login = WithPage::new(login, Page::new().user(Text::new("Staff number", "Табельный номер")));
/// # let _ = login;
/// ```
#[derive(Clone, Debug)]
pub struct WithPage<L> {
    login: L,
    page: Page,
}

impl<L: Login> WithPage<L> {
    /// Creates a login that checks as `login` does.
    pub const fn new(login: L, page: Page) -> Self {
        Self { login, page }
    }
}

impl<L: Login> Login for WithPage<L> {
    fn form(&self) -> Form {
        self.login.form()
    }

    fn page(&self) -> Page {
        self.page.clone()
    }

    fn is_own(&self) -> bool {
        self.login.is_own()
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.login.check(typed).await
    }

    async fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.login.check_from(typed, from).await
    }

    async fn check_known(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.login.check_known(typed, from).await
    }

    async fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Result<LoggedIn, LoginError> {
        self.login.check_held(typed, from, seconds).await
    }

    async fn authorization_url(&self, referral: Referral) -> Result<Url, LoginError> {
        self.login.authorization_url(referral).await
    }

    async fn forget(&self, typed: &Typed) {
        self.login.forget(typed).await;
    }
}
