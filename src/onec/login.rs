//! Questions to 1C about logins: whether 1C answers, whether a login is valid, and who holds an access key.

use super::cause::Cause;
use super::deadline::Patience;
use super::error::Error;
use super::error_body::words;
use super::error_kind::ErrorKind;
use super::exchange::Route;
use super::queue::Flow;
use super::service::OneCService;
use crate::identity::{Credentials, Scopes};
use crate::rpc::{BoxError, cause};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;
use tower_service::Service;

/// The longest answer to the check of a key that is read, in bytes. A hundred scopes take a tenth of it.
const MAX_HOLDER: usize = 64 * 1024;

/// The longest name or subject, in characters.
const MAX_NAME: usize = 256;

/// The holder of an access key, as 1C names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHolder {
    /// The permanent identifier of the holder in 1C: 1 to 256 characters.
    pub sub: String,
    /// The name of the holder, at most 256 characters.
    pub name: Option<String>,
    /// The scopes of the key; empty if 1C names none.
    pub scopes: Scopes,
}

#[derive(Serialize)]
struct Check<'a> {
    key: &'a str,
}

/// The answer of 1C; other members are ignored.
#[derive(Deserialize)]
struct Checked {
    sub: String,
    name: Option<String>,
    scopes: Option<Vec<String>>,
}

impl<C> OneCService<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    /// Checks that the HTTP service answers: `GET {service}/health` must return `{"status":"ok"}`, with any
    /// other members beside it.
    ///
    /// If calls have no account, a 401 of 1C counts as success too.
    ///
    /// # Errors
    /// [`Error`] if it does not, or cannot be asked.
    pub async fn health(&self) -> Result<(), BoxError> {
        let answer = self.look(Who::Account).await;
        let proof =
            |error: &BoxError| !self.target.infobase.has_account() && is_status(error, StatusCode::UNAUTHORIZED);
        if answer.as_ref().is_err_and(proof) { Ok(()) } else { answer }
    }

    /// Checks a login: `GET {service}/health` as this user, within the time limit of quick calls.
    ///
    /// # Errors
    /// [`Error`] with the kind [`ErrorKind::Status`]: 401 for a wrong login, 403 for a user without the role.
    /// Any other error, also one of these with a [`Cause`], means that the login could not be checked. A 200
    /// without `{"status":"ok"}` comes from a web server that checks no logins, or from another service.
    pub async fn log_in(&self, credentials: &Credentials) -> Result<(), BoxError> {
        self.log_in_as(credentials, None).await
    }

    /// Checks a login in the queue of `flow` instead of a flow of its own.
    pub(crate) async fn log_in_as(&self, credentials: &Credentials, flow: Option<Flow>) -> Result<(), BoxError> {
        self.look(Who::User(credentials, flow)).await
    }

    /// Returns whether 1C asks for a login: `GET {service}/health` without one gets 401.
    ///
    /// If it does not, because the publication has a user of its own (`Usr=` in its `.vrd` file) or allows
    /// anonymous access, [`log_in`](Self::log_in) proves nothing.
    ///
    /// # Errors
    /// [`Error`] if 1C cannot be asked.
    pub async fn asks_for_login(&self) -> Result<bool, BoxError> {
        match self.look(Who::Nobody).await {
            Ok(()) => Ok(false),
            Err(error) if is_status(&error, StatusCode::UNAUTHORIZED) => Ok(true),
            // The default user of the publication has no right to the service.
            Err(error) if is_status(&error, StatusCode::FORBIDDEN) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks 1C for the holder of an access key: `POST {service}/auth/verify` with `{"key":…}`, under the
    /// service account and within the time limit of quick calls.
    ///
    /// # Errors
    /// [`Error`] with the kind [`ErrorKind::Status`] and 401 for a bad key. Any other error means that the key
    /// could not be checked. 1C also answers 401 to a service account with a wrong password; if no key works,
    /// [`health`](Self::health) tells the two apart.
    pub async fn verify_key(&self, key: &SecretString) -> Result<KeyHolder, BoxError> {
        self.verify_key_as(key, None).await
    }

    /// Checks a key in the queue of `flow` instead of a flow of its own.
    pub(crate) async fn verify_key_as(&self, key: &SecretString, flow: Option<Flow>) -> Result<KeyHolder, BoxError> {
        let body = Bytes::from(serde_json::to_vec(&Check { key: key.expose_secret() })?);
        let flow = flow.unwrap_or_else(|| Flow::login(&body));
        let build = || {
            let mut call = self.plain(Method::POST, &self.target.verify, Who::Account, body.clone())?;
            flow.mark(&mut call);
            Ok(call)
        };
        let route = Route { name: "auth/verify", uri: &self.target.verify, harmless: true };
        let answer = self.target.exchange(self.ready().await?, build, route).await;
        holder(answer.map_err(|error| without(key, error))?.body())
    }

    /// Calls `GET {service}/health` and checks the answer.
    async fn look(&self, who: Who<'_>) -> Result<(), BoxError> {
        let build = || self.plain(Method::GET, &self.target.health, who, Bytes::new());
        let route = Route { name: "health", uri: &self.target.health, harmless: true };
        well(&self.target.exchange(self.ready().await?, build, route).await?)
    }

    async fn ready(&self) -> Result<C, BoxError> {
        let mut client = self.client.clone();
        client.ready().await.map_err(Into::into)?;
        Ok(client)
    }

    /// Builds a call that is not JSON-RPC.
    fn plain(&self, method: Method, uri: &Uri, who: Who<'_>, body: Bytes) -> Result<http::Request<Bytes>, BoxError> {
        let mut call = http::Request::builder().method(method).uri(uri.clone()).body(body)?;
        call.headers_mut().clone_from(&self.target.headers);
        match who {
            Who::Account => {}
            Who::User(credentials, _) => {
                call.headers_mut().insert(AUTHORIZATION, credentials.authorization().clone());
            }
            Who::Nobody => {
                call.headers_mut().remove(AUTHORIZATION);
            }
        }
        if call.body().is_empty() {
            call.headers_mut().remove(CONTENT_TYPE);
        }
        call.extensions_mut().insert(Patience(self.target.infobase.quick));
        who.flow().mark(&mut call);
        Ok(call)
    }
}

/// The login for a question to 1C.
#[derive(Clone, Copy)]
enum Who<'a> {
    /// The service account, if there is one.
    Account,
    /// A user, in this flow or else one of its own.
    User(&'a Credentials, Option<Flow>),
    Nobody,
}

impl Who<'_> {
    fn flow(self) -> Flow {
        match self {
            // The flow includes the password: wrong guesses at a login take none of its owner's turns.
            Self::User(credentials, flow) => {
                flow.unwrap_or_else(|| Flow::login(credentials.authorization().as_bytes()))
            }
            Self::Account | Self::Nobody => Flow::HEALTH,
        }
    }
}

/// Removes the key from an error, which may repeat it and go to a log.
fn without(key: &SecretString, error: BoxError) -> BoxError {
    match cause::<Error>(&*error).map(Error::kind) {
        Some(ErrorKind::Status(status, text)) if text.contains(key.expose_secret()) => {
            Error::from(ErrorKind::Status(*status, String::new())).into()
        }
        _ => error,
    }
}

/// Returns whether an error is exactly this status, and has no [`Cause`] that may come with any status.
fn is_status(error: &BoxError, status: StatusCode) -> bool {
    cause::<Error>(&**error).is_some_and(|error| error.status() == Some(status) && error.why().is_none())
}

#[derive(Deserialize)]
struct Health {
    status: String,
}

/// Checks that the service reports `{"status":"ok"}`. Other members are ignored.
fn well(answer: &http::Response<Bytes>) -> Result<(), BoxError> {
    let body = answer.body().trim_ascii_start();
    let why = match body.first() {
        None => "an empty body".to_owned(),
        Some(b'<') => "a page of HTML instead of JSON".to_owned(),
        _ => match serde_json::from_slice::<Health>(body) {
            Ok(Health { status }) if status == "ok" => return Ok(()),
            Ok(Health { status }) => format!("the status \"{}\"", status.chars().take(40).collect::<String>()),
            Err(_) => "no JSON object with \"status\"".to_owned(),
        },
    };
    let said = super::cause::said(&words(answer.headers(), body));
    let found = said.map_or_else(|| (Cause::NotWell, Some(why.clone())), |cause| (cause, None));
    Err(Error::found(ErrorKind::Nonsense(why), Some(found), None).into())
}

fn holder(body: &[u8]) -> Result<KeyHolder, BoxError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.len() > MAX_HOLDER {
        return Err(nonsense("an answer about a key of more than 64 KiB"));
    }
    if body.trim_ascii_start().first() == Some(&b'<') {
        return Err(nonsense("a page of HTML instead of JSON"));
    }
    // The parser's own text may quote the answer, which must not reach a log.
    let Ok(Checked { sub, name, scopes }) = serde_json::from_slice(body) else {
        return Err(nonsense("no JSON object with \"sub\" and \"scopes\" about a key"));
    };
    if sub.trim().is_empty() || sub.chars().count() > MAX_NAME {
        return Err(nonsense("a \"sub\" that is empty or longer than 256 characters"));
    }
    let name = name.map(|name| name.trim().chars().take(MAX_NAME).collect::<String>());
    Ok(KeyHolder {
        sub,
        name: name.filter(|name| !name.is_empty()),
        scopes: scopes.iter().flatten().map(String::as_str).collect(),
    })
}

fn nonsense(why: &str) -> BoxError {
    Error::from(ErrorKind::Nonsense(why.to_owned())).into()
}
