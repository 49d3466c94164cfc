//! What 1C is asked about logins: whether it is there, whether a user may come in, whose a key is.

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

/// The longest answer to a key's check that is read. A hundred scopes take a tenth of it.
const MAX_HOLDER: usize = 64 * 1024;

/// The longest name or subject, in characters.
const MAX_NAME: usize = 256;

/// Whose an access key is, as 1C tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHolder {
    /// 1C's lasting name of the holder: 1 to 256 characters.
    pub sub: String,
    /// What to call the holder, at most 256 characters.
    pub name: Option<String>,
    /// What the key allows. None where 1C names none.
    pub scopes: Scopes,
}

#[derive(Serialize)]
struct Check<'a> {
    key: &'a str,
}

/// Members that are not named here are of no interest.
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
    /// Asks the HTTP service whether it is there: `GET {service}/health`, which must answer
    /// `{"status":"ok"}`, with any other members beside it.
    ///
    /// Where calls run under no account of their own, a 401 of 1C proves that it is.
    ///
    /// # Errors
    /// [`Error`] with what is wrong.
    pub async fn health(&self) -> Result<(), BoxError> {
        let answer = self.look(Who::Account).await;
        let proof =
            |error: &BoxError| !self.target.infobase.has_account() && is_status(error, StatusCode::UNAUTHORIZED);
        if answer.as_ref().is_err_and(proof) { Ok(()) } else { answer }
    }

    /// Asks 1C whether this user may come in: `GET {service}/health` as that user, within the timeout
    /// of quick calls.
    ///
    /// # Errors
    /// [`Error`] whose kind is [`ErrorKind::Status`] with 401 for a wrong login, with 403 for a user
    /// without the role, and anything else where 1C cannot tell, also where the status has another
    /// [`Cause`]. A 200 that does not say `{"status":"ok"}` comes from a web server that knows of no logins,
    /// or from another service.
    pub async fn log_in(&self, credentials: &Credentials) -> Result<(), BoxError> {
        self.log_in_as(credentials, None).await
    }

    /// The same as a call of this flow, not of one of its own.
    pub(crate) async fn log_in_as(&self, credentials: &Credentials, flow: Option<Flow>) -> Result<(), BoxError> {
        self.look(Who::User(credentials, flow)).await
    }

    /// Whether 1C wants to know who calls: `GET {service}/health` without any login gets 401.
    ///
    /// Where it does not, because the publication has a user of its own (`Usr=` in its `.vrd` file) or
    /// allows anonymous access, [`log_in`](Self::log_in) proves nothing.
    ///
    /// # Errors
    /// [`Error`] where 1C cannot be asked.
    pub async fn asks_for_login(&self) -> Result<bool, BoxError> {
        match self.look(Who::Nobody).await {
            Ok(()) => Ok(false),
            Err(error) if is_status(&error, StatusCode::UNAUTHORIZED) => Ok(true),
            // Whoever it was taken for may not use the service.
            Err(error) if is_status(&error, StatusCode::FORBIDDEN) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks 1C whose an access key is: `POST {service}/auth/verify` with `{"key":…}`, under the
    /// service account and within the timeout of quick calls.
    ///
    /// # Errors
    /// [`Error`] whose kind is [`ErrorKind::Status`] with 401 for a bad key, and anything else where
    /// 1C cannot tell. As 1C also answers 401 to a service account with a wrong password, that is
    /// worth a look when no key works; [`health`](Self::health) tells the two apart.
    pub async fn verify_key(&self, key: &SecretString) -> Result<KeyHolder, BoxError> {
        self.verify_key_as(key, None).await
    }

    /// The same as a call of this flow, not of one of its own.
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

    /// `GET {service}/health`, which is well only if it says so.
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

    /// A call that is no JSON-RPC.
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

/// Under which login 1C is asked.
#[derive(Clone, Copy)]
enum Who<'a> {
    /// The service account, if there is one.
    Account,
    /// In this flow, or else one of its own.
    User(&'a Credentials, Option<Flow>),
    Nobody,
}

impl Who<'_> {
    fn flow(self) -> Flow {
        match self {
            // With the password: whoever guesses at a login takes none of its owner's turns.
            Self::User(credentials, flow) => {
                flow.unwrap_or_else(|| Flow::login(credentials.authorization().as_bytes()))
            }
            Self::Account | Self::Nobody => Flow::HEALTH,
        }
    }
}

/// 1C's words about a key may repeat it, and they may end up in a log.
fn without(key: &SecretString, error: BoxError) -> BoxError {
    match cause::<Error>(&*error).map(Error::kind) {
        Some(ErrorKind::Status(status, text)) if text.contains(key.expose_secret()) => {
            Error::from(ErrorKind::Status(*status, String::new())).into()
        }
        _ => error,
    }
}

/// Exactly this status, and not a cause that may come under any.
fn is_status(error: &BoxError, status: StatusCode) -> bool {
    cause::<Error>(&**error).is_some_and(|error| error.status() == Some(status) && error.why().is_none())
}

#[derive(Deserialize)]
struct Health {
    status: String,
}

/// Whether the service says that it is well. Whatever else it says is its own affair.
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
    // The parser's own words may quote the answer, which is nobody's business.
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
