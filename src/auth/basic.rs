//! The layer [`BasicAuthLayer`], which authenticates callers by their own login of 1C.

use super::bearer::denied;
use super::gate::{Authenticated, Challenge, DeniedError, MISSING, Scheme, remote};
use super::login::{Login, LoginError, Typed};
use super::trouble::Troubles;
use super::validate::AuthError;
use crate::audit::{self, Event};
use crate::identity::{Credentials, Identity, Scopes};
use crate::net::sampler::Sampler;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::SecretString;
use tower_layer::Layer;
use zeroize::Zeroizing;

/// The longest value of an `Authorization` header that can be a login of 1C.
const MAX_LOGIN: usize = 4 * 1024;

/// A layer for clients that send their own 1C login with each request, as HTTP Basic
/// ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617), UTF-8). Calls run as that user.
///
/// It is meant for clients that can set a header but cannot do OAuth. `login` is asked for every request, so it should
/// remember answers and slow guessing down: the [module](super::login) shows how.
///
/// | Request | Answer |
/// |---|---|
/// | without a login, or with a wrong one | 401 with a Basic challenge |
/// | of a user without the role | 403 |
/// | after too many wrong ones of the account, or from the network ([`Peer`](crate::net::Peer), [`Caller`](crate::net::Caller)) | 429 with `Retry-After` |
/// | while 1C cannot be asked | 503 with `Retry-After` |
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use onec_mcp::auth::BasicAuthLayer;
/// use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, Typed};
/// use onec_mcp::{Identity, Scopes};
/// use secrecy::ExposeSecret;
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// #[derive(Clone)]
/// struct Everybody(&'static str);
///
/// impl Login for Everybody {
///     fn form(&self) -> Form {
///         Form::Credentials
///     }
///
///     async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
///         match typed {
///             Typed::Credentials(login) if login.password().expose_secret() == self.0 => {
///                 Ok(LoggedIn::new(login.user()).credentials(login))
///             }
///             _ => Err(LoginError::Wrong),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(|request: http::Request<Full<Bytes>>| async move {
///     let who = request.extensions().get::<Identity>().map(|identity| identity.subject().to_owned());
///     Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from(who.unwrap_or_default())))
/// });
/// let service = BasicAuthLayer::new(Everybody("secret")).scopes(Scopes::parse("mcp")).layer(inner);
///
/// let request = http::Request::post("/mcp").header("authorization", "Basic bWU6c2VjcmV0");
/// assert_eq!(service.clone().oneshot(request.body(Full::default())?).await?.status(), 200);
///
/// let answer = service.oneshot(http::Request::post("/mcp").body(Full::default())?).await?;
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.headers()["www-authenticate"], r#"Basic realm="1C:Enterprise", charset="UTF-8""#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BasicAuthLayer<L> {
    scheme: Basic<L>,
}

/// The authentication scheme of a [`BasicAuthLayer`].
#[derive(Clone, Debug)]
pub struct Basic<L> {
    login: L,
    scopes: Scopes,
    /// Bounds the audit events of failed logins.
    sampler: Sampler,
    troubles: Troubles,
}

impl<L: Login> BasicAuthLayer<L> {
    /// Creates a layer that checks logins by `login`.
    pub fn new(login: L) -> Self {
        let (sampler, troubles) = (audit::sampler(), Troubles::new());
        Self { scheme: Basic { login, scopes: Scopes::default(), sampler, troubles } }
    }

    /// Sets what a user may do for whom `login` sets no scopes. This is usually every scope, since 1C's own roles
    /// decide.
    #[must_use]
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.scheme.scopes = scopes;
        self
    }
}

impl<S, L: Login> Layer<S> for BasicAuthLayer<L> {
    type Service = Authenticated<S, Basic<L>>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticated { inner, scheme: self.scheme.clone() }
    }
}

impl<L: Login> Scheme for Basic<L> {
    type Place = ();

    fn place(&self, _: &Parts) {}

    async fn admit(&self, head: &Parts, (): &()) -> Result<Identity, DeniedError> {
        let credentials = credentials(&head.headers)?;
        let typed = Typed::Credentials(credentials.clone());
        let failed = |reason| {
            let (sub, remote) = (Some(credentials.user()), remote(head));
            Event { name: "oauth.login.failed", sub, remote, ..Event::default() }
                .emit_some(Some(reason), &self.sampler);
        };
        let denied = |refusal| denied(&refusal, &self.troubles, head);
        let logged_in = match self.login.check_from(typed.clone(), remote(head)).await {
            Ok(logged_in) => logged_in,
            Err(LoginError::Wrong) => {
                failed("wrong");
                return Err(DeniedError::new(
                    StatusCode::UNAUTHORIZED,
                    "invalid_token",
                    "Wrong user name or password of 1C",
                )
                .told());
            }
            Err(LoginError::NoRole) => {
                failed("no_role");
                return Err(denied(AuthError::Forbidden));
            }
            Err(LoginError::TooMany(seconds)) => {
                failed("too_many");
                return Err(denied(AuthError::TooMany(seconds)));
            }
            Err(LoginError::Unavailable(cause)) => return Err(denied(AuthError::Unavailable(cause))),
        };
        let scopes = logged_in.scopes.unwrap_or_else(|| self.scopes.clone());
        let identity = Identity::new(logged_in.subject, scopes);
        let Some(credentials) = logged_in.credentials else { return Ok(identity) };
        let login = self.login.clone();
        Ok(identity.with_credentials(credentials).on_login_refused(move || {
            let (login, typed) = (login.clone(), typed.clone());
            async move { login.forget(&typed).await }
        }))
    }

    fn challenge(&self, (): &(), why: Challenge<'_>) -> Option<HeaderValue> {
        match why {
            // Another login would not help a user who lacks scopes, nor a request that is malformed.
            Challenge::Scopes(_) | Challenge::Malformed(_) => None,
            _ => Some(HeaderValue::from_static("Basic realm=\"1C:Enterprise\", charset=\"UTF-8\"")),
        }
    }
}

/// Returns the login of the `Authorization` header.
fn credentials(headers: &HeaderMap) -> Result<Credentials, DeniedError> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let missing = || DeniedError::new(StatusCode::UNAUTHORIZED, MISSING, "A login of 1C is needed, as HTTP Basic");
    let malformed = || DeniedError::new(StatusCode::UNAUTHORIZED, "invalid_token", "The login is malformed");
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(DeniedError::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "There are several Authorization headers",
        ));
    }
    let (scheme, encoded) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(missing());
    }
    if encoded.len() > MAX_LOGIN {
        return Err(malformed());
    }
    let login = STANDARD.decode(encoded.trim_matches(' ')).map_err(|_| malformed())?;
    let login = Zeroizing::new(String::from_utf8(login).map_err(|_| malformed())?);
    match login.split_once(':') {
        Some((user, password)) if !user.is_empty() && !login.contains(char::is_control) => {
            Ok(Credentials::new(user, SecretString::from(password)))
        }
        _ => Err(malformed()),
    }
}
