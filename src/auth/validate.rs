//! [`TokenValidator`]: who decides whether a token is good.

use crate::identity::Identity;
use crate::rpc::BoxError;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::future::Future;
use tower::ServiceExt as _;
use tower_service::Service;

/// Decides who the bearer of a token is.
///
/// Implemented by [`StaticToken`], by `auth::server::Tokens` (the tokens of the own authorization
/// server), by any closure from a [`Presented`] token to a future, and by [`ServiceValidator`] over
/// any tower service.
pub trait TokenValidator: Clone + Send + Sync + 'static {
    /// Who bears this token.
    ///
    /// # Errors
    /// [`AuthError`] says why the token does not count, or that it cannot be told.
    fn validate(&self, presented: Presented<'_>) -> impl Future<Output = Result<Identity, AuthError>> + Send;
}

/// A token as it came with a request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Presented<'a> {
    /// The token.
    pub token: &'a str,
    /// The base URL of this server as the client sees it, without a slash at the end.
    pub base: &'a str,
    /// Whether a token for this resource may be used here
    /// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub site: &'a super::Site,
}

impl<'a> Presented<'a> {
    /// A token that came to the server at `base`, which is that of `site`.
    pub const fn new(token: &'a str, base: &'a str, site: &'a super::Site) -> Self {
        Self { token, base, site }
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Why a token, or a login, does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Nobody gave it out, or it was revoked.
    #[error("the token is not known")]
    Unknown,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It was given out for another resource.
    #[error("the token is for another resource")]
    Audience,
    /// The login is right, and may not use this service.
    #[error("the login lacks the role to use this service")]
    Forbidden,
    /// Too many wrong logins; try again after so many seconds.
    #[error("too many attempts")]
    TooMany(u64),
    /// Who could tell is down. The token may be good, so clients must not throw it away.
    #[error("tokens cannot be checked now")]
    Unavailable(#[source] BoxError),
}

impl AuthError {
    /// The reason in the audit trail.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "not_found",
            Self::Expired => "expired",
            Self::Audience => "audience_mismatch",
            Self::Forbidden => "forbidden",
            Self::TooMany(_) => "too_many",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl<F, T> TokenValidator for F
where
    F: Fn(Presented<'_>) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Result<Identity, AuthError>> + Send,
{
    fn validate(&self, presented: Presented<'_>) -> impl Future<Output = Result<Identity, AuthError>> + Send {
        self(presented)
    }
}

/// Asks a tower service, for example one that introspects tokens at somebody else's authorization
/// server ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)), with tower's timeout or load
/// shedding around it.
///
/// The service fails with an [`AuthError`] for a token that does not count. Any other error means that
/// it could not tell.
#[derive(Clone, Debug)]
pub struct ServiceValidator<S>(S);

impl<S> ServiceValidator<S> {
    /// Asks `service` of each token.
    pub const fn new(service: S) -> Self {
        Self(service)
    }
}

/// What a [`ServiceValidator`] asks its service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The token.
    pub token: SecretString,
    /// The base URL of this server as the client sees it, without a slash at the end.
    pub base: String,
}

impl TokenRequest {
    /// A token that came to the server at `base`.
    pub fn new(token: impl Into<SecretString>, base: impl Into<String>) -> Self {
        Self { token: token.into(), base: base.into() }
    }
}

impl<S> TokenValidator for ServiceValidator<S>
where
    S: Service<TokenRequest, Response = Identity> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        let request = TokenRequest::new(presented.token, presented.base);
        self.0.clone().oneshot(request).await.map_err(|error| match error.into().downcast::<AuthError>() {
            Ok(refusal) => *refusal,
            Err(error) => AuthError::Unavailable(error),
        })
    }
}

/// One token that never changes, compared in constant time.
#[derive(Clone, Debug)]
pub struct StaticToken {
    token: SecretString,
    identity: Identity,
}

impl StaticToken {
    /// Whoever bears `token` is `identity`.
    pub fn new(token: impl Into<SecretString>, identity: Identity) -> Self {
        Self { token: token.into(), identity }
    }
}

impl TokenValidator for StaticToken {
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        if super::Digest::of(self.token.expose_secret()).is_of(presented.token) {
            Ok(self.identity.clone())
        } else {
            Err(AuthError::Unknown)
        }
    }
}
