//! [`AccessKey`].

use super::{Form, LoggedIn, Login, LoginError, Typed};
use crate::onec::{DefaultClient, Error, OneCService};
use crate::rpc::{BoxError, cause};
use bytes::Bytes;
use http::StatusCode;
use secrecy::ExposeSecret;
use tower_service::Service;

/// The longest key, in bytes.
const MAX_KEY: usize = 1024;

/// Users log in with an access key that 1C has given them. 1C checks it at
/// `POST {service}/auth/verify` and says who it is and which scopes it allows; later calls run under
/// the service account.
///
/// A key that is empty, over 1 KiB or holds a control character is wrong without asking 1C.
#[derive(Clone, Debug)]
pub struct AccessKey<C = DefaultClient> {
    onec: OneCService<C>,
}

impl<C> AccessKey<C> {
    /// Asks this infobase, which needs a service account.
    pub const fn new(onec: OneCService<C>) -> Self {
        Self { onec }
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

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Key(key) = typed else { return Err(LoginError::Wrong) };
        let text = key.expose_secret();
        if text.is_empty() || text.len() > MAX_KEY || text.contains(char::is_control) {
            return Err(LoginError::Wrong);
        }
        let holder = self.onec.verify_key(&key).await.map_err(|error| {
            let plain = cause::<Error>(&*error).filter(|error| error.why().is_none());
            match plain.and_then(Error::status) {
                Some(StatusCode::UNAUTHORIZED) => LoginError::Wrong,
                // The service account's 403 is not the user's.
                _ => LoginError::Unavailable(error),
            }
        })?;
        Ok(LoggedIn { subject: holder.sub, scopes: Some(holder.scopes), credentials: None })
    }
}
