//! [`OwnLogin`]: users log in with their own login of 1C.

use super::{Form, LoggedIn, Login, LoginError, Typed};
use crate::identity::Credentials;
use crate::onec::{DefaultClient, Error, ErrorKind, Flow, OneCService};
use crate::rpc::{BoxError, cause};
use bytes::Bytes;
use http::StatusCode;
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower_service::Service;

/// The longest user name, in characters, and the longest password, in bytes. 1C's own limits are lower; for a much
/// longer header the web server would answer with a status that means something else.
const MAX_USER: usize = 256;
const MAX_PASSWORD: usize = 1024;

/// How long a check that 1C asks for logins remains valid.
const GUARDED: Duration = Duration::from_secs(300);

/// A login by the user's own login of 1C, which is tried at `GET {service}/health`. All later calls run as that user.
///
/// The subject is `onec:<login>`, with the login as it was typed. The scopes are not limited: 1C's roles decide. A
/// login is wrong, and 1C is not asked, if no user of 1C can have its name over HTTP (empty, longer than 256
/// characters, with a colon or a control character) or if its password is longer than 1 KiB.
///
/// An infobase that answers without any login would accept every password, as when its publication has a user of its
/// own. Beside a right login it is therefore checked, every 5 minutes, that 1C refuses requests without one; if it does
/// not, all logins fail ([`LoginError::Unavailable`]).
///
/// All checks [from](Login::check_from) one address are one [`Flow`] at 1C; a login that is [known](Login::check_known)
/// has a flow of its own.
#[derive(Clone, Debug)]
pub struct OwnLogin<C = DefaultClient> {
    onec: OneCService<C>,
    /// When 1C was last seen to refuse a request without a login.
    guarded: Arc<Mutex<Option<Instant>>>,
}

impl<C> OwnLogin<C> {
    /// Creates a login that asks this infobase.
    pub fn new(onec: OneCService<C>) -> Self {
        Self { onec, guarded: Arc::default() }
    }
}

impl<C> OwnLogin<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    async fn be_guarded(&self) -> Result<(), BoxError> {
        let seen = || self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
        if seen().is_some_and(|seen| seen.elapsed() < GUARDED) {
            return Ok(());
        }
        if !self.onec.asks_for_login().await? {
            return Err(Error::from(ErrorKind::Open).into());
        }
        *seen() = Some(Instant::now());
        Ok(())
    }

    /// Checks the login in this flow at 1C, or in a flow of its own.
    async fn ask(&self, typed: Typed, flow: Option<Flow>) -> Result<LoggedIn, LoginError> {
        let Typed::Credentials(login) = typed else { return Err(LoginError::Wrong) };
        if !may_be(&login) {
            return Err(LoginError::Wrong);
        }
        self.onec.log_in_as(&login, flow).await.map_err(|error| {
            // A status with another cause, such as a blocked infobase, says nothing about the user.
            let plain = cause::<Error>(&*error).filter(|error| error.why().is_none());
            match plain.and_then(Error::status) {
                Some(StatusCode::UNAUTHORIZED) => LoginError::Wrong,
                Some(StatusCode::FORBIDDEN) => LoginError::NoRole,
                _ => LoginError::Unavailable(error),
            }
        })?;
        self.be_guarded().await.map_err(LoginError::Unavailable)?;
        Ok(LoggedIn::new(format!("onec:{}", login.user())).credentials(login))
    }
}

impl<C> Login for OwnLogin<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    fn form(&self) -> Form {
        Form::Credentials
    }

    fn is_own(&self) -> bool {
        true
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.ask(typed, None).await
    }

    async fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.ask(typed, from.map(Flow::logins_from)).await
    }

    async fn check_known(&self, typed: Typed, _: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        self.ask(typed, None).await
    }
}

/// Whether a user of 1C can have this login over HTTP
/// ([RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2): the first colon ends the name, and control
/// characters are not allowed).
fn may_be(login: &Credentials) -> bool {
    let user = login.user();
    !user.trim().is_empty()
        && user.chars().count() <= MAX_USER
        && !user.contains(|letter: char| letter == ':' || letter.is_control())
        && login.password().expose_secret().len() <= MAX_PASSWORD
}
