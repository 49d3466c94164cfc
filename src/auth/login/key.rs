//! [`AccessKey`]: users log in with a key that 1C checks.

use super::known::{CAPACITY, KNOWN};
use super::salt::{AccountHash, Salt};
use super::{Form, LoggedIn, Login, LoginError, Page, Typed};
use crate::onec::{DefaultClient, Error, Flow, OneCService};
use crate::rpc::{BoxError, cause};
use bytes::Bytes;
use http::StatusCode;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::IpAddr;
use tower_service::Service;

/// The longest key, in bytes.
const MAX_KEY: usize = 1024;

/// A login by access keys that 1C has given to users. 1C checks a key at `POST {service}/auth/verify` and says who the
/// user is and which scopes the key allows; later calls run under the service account.
///
/// A key that is empty, longer than 1 KiB or has a control character is wrong; 1C is not asked.
///
/// A key that was right is known for 7 days after its last use, up to 10 000 keys: it then passes even when its
/// [network](Login::check_held) has to wait. Checks of other keys [from](Login::check_from) one address are one
/// [`Flow`] at 1C.
#[derive(Clone)]
pub struct AccessKey<C = DefaultClient> {
    onec: OneCService<C>,
    salt: Salt,
    known: Cache<AccountHash, ()>,
}

impl<C> AccessKey<C> {
    /// Creates a login that asks this infobase, which needs a service account.
    pub fn new(onec: OneCService<C>) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_idle(KNOWN).build();
        Self { onec, salt: Salt::new(), known }
    }
}

impl<C> AccessKey<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    /// Checks the key in this flow at 1C, or in a flow of its own.
    async fn ask(&self, key: &SecretString, flow: Option<Flow>) -> Result<LoggedIn, LoginError> {
        let text = key.expose_secret();
        if text.is_empty() || text.len() > MAX_KEY || text.contains(char::is_control) {
            return Err(LoginError::Wrong);
        }
        let holder = self.onec.verify_key_as(key, flow).await.map_err(|error| {
            let plain = cause::<Error>(&*error).filter(|error| error.why().is_none());
            match plain.and_then(Error::status) {
                Some(StatusCode::UNAUTHORIZED) => LoginError::Wrong,
                // A 403 for the service account says nothing about the user.
                _ => LoginError::Unavailable(error),
            }
        })?;
        Ok(LoggedIn::new(holder.sub).scopes(holder.scopes))
    }
}

impl<C> Login for AccessKey<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + Sync + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    fn form(&self) -> Form {
        Form::Key
    }

    fn page(&self) -> Page {
        Page::onec()
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.check_from(typed, None).await
    }

    async fn check_from(&self, typed: Typed, from: Option<IpAddr>) -> Result<LoggedIn, LoginError> {
        let Typed::Key(key) = typed else { return Err(LoginError::Wrong) };
        let digest = self.salt.key(&key);
        let flow = from.filter(|_| !self.known.contains_key(&digest)).map(Flow::logins_from);
        let answer = self.ask(&key, flow).await;
        match &answer {
            Ok(_) => self.known.insert(digest, ()),
            Err(LoginError::Wrong) => self.known.invalidate(&digest),
            Err(_) => {}
        }
        answer
    }

    async fn check_held(&self, typed: Typed, from: Option<IpAddr>, seconds: u64) -> Result<LoggedIn, LoginError> {
        match &typed {
            Typed::Key(key) if self.known.contains_key(&self.salt.key(key)) => self.check_from(typed, from).await,
            _ => Err(LoginError::TooMany(seconds)),
        }
    }

    async fn forget(&self, typed: &Typed) {
        if let Typed::Key(key) = typed {
            self.known.invalidate(&self.salt.key(key));
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for AccessKey<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("onec", &self.onec).finish_non_exhaustive()
    }
}
