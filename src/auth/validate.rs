//! [`TokenValidator`]: decides whether a token is valid.

use crate::identity::Identity;
use crate::rpc::BoxError;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::future::Future;
use tower::ServiceExt as _;
use tower_service::Service;

/// Decides who the bearer of a token is.
///
/// Implemented by [`StaticToken`], by `auth::server::Tokens` (the tokens of this crate's authorization server), by any
/// async closure or function that takes a [`Presented`] token, and by [`ServiceValidator`] over any tower service.
/// [`BoxValidator`](super::BoxValidator) holds a validator of any type.
///
/// A closure is cloned for each request, so what it captures should be cheap to clone, such as an [`Arc`](std::sync::Arc).
///
/// # Example
///
/// A validator of tokens of another authorization server, which must be for this resource. Here the token is the
/// audience itself; a real one checks a signature and reads the claim `aud`.
///
/// ```
/// use onec_mcp::auth::{AuthError, BearerAuthLayer, Presented, Site};
/// use onec_mcp::{Identity, Scopes};
/// use std::sync::Arc;
///
/// let scopes = Arc::new(Scopes::parse("mcp"));
/// let validator = async move |presented: Presented<'_>| {
///     let audience = presented.token;
///     if !presented.is_for(audience) {
///         return Err(AuthError::Audience);
///     }
///     Ok(Identity::new("somebody", (*scopes).clone()))
/// };
/// let layer = BearerAuthLayer::new(validator).site(Site::new().resources(["/1c/mcp"]));
/// # let _ = layer;
/// ```
pub trait TokenValidator: Clone + Send + Sync + 'static {
    /// Returns the identity of the bearer of this token.
    ///
    /// # Errors
    /// Returns an [`AuthError`] that says why the token is not valid, or that it cannot be checked.
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
    /// The site whose resources the token may be for ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub site: &'a super::Site,
}

impl<'a> Presented<'a> {
    /// Creates a token that came to the server at `base`, the root URL of `site`.
    pub const fn new(token: &'a str, base: &'a str, site: &'a super::Site) -> Self {
        Self { token, base, site }
    }

    /// Whether a token with this audience, the URL of a resource, is for this site; see
    /// [`Site::owns`](super::Site::owns).
    pub fn is_for(&self, audience: &str) -> bool {
        self.site.owns(self.base, audience)
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("base", &self.base).finish_non_exhaustive()
    }
}

/// The error of a token or a login that is not valid, or cannot be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The token was never issued, or was revoked.
    #[error("the token is not known")]
    Unknown,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token was issued for another resource.
    #[error("the token is for another resource")]
    Audience,
    /// The login is right, but may not use this service.
    #[error("the login lacks the role to use this service")]
    Forbidden,
    /// Too many wrong logins; with the seconds until the next try.
    #[error("too many attempts")]
    TooMany(u64),
    /// The token cannot be checked now. It may be valid, so clients must not discard it.
    #[error("tokens cannot be checked now")]
    Unavailable(#[source] BoxError),
}

impl AuthError {
    /// Returns the reason for the audit trail.
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

/// An async closure or function that validates tokens. Its future may borrow the token.
pub trait ValidatorFn<'a> {
    /// The future of the answer.
    type Future: Future<Output = Result<Identity, AuthError>> + Send;

    /// Calls it.
    fn call(self, presented: Presented<'a>) -> Self::Future;
}

// By `FnOnce`, which every async closure implements: the future of a call by reference cannot be required to be `Send`.
impl<'a, F, T> ValidatorFn<'a> for F
where
    F: FnOnce(Presented<'a>) -> T,
    T: Future<Output = Result<Identity, AuthError>> + Send,
{
    type Future = T;

    fn call(self, presented: Presented<'a>) -> T {
        self(presented)
    }
}

impl<F> TokenValidator for F
where
    F: for<'a> ValidatorFn<'a> + Clone + Send + Sync + 'static,
{
    fn validate(&self, presented: Presented<'_>) -> impl Future<Output = Result<Identity, AuthError>> + Send {
        self.clone().call(presented)
    }
}

/// A validator that asks a tower service, for example one that introspects tokens at another authorization server
/// ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)), with tower's timeout or load shedding around it.
///
/// The service fails with an [`AuthError`] for a token that is not valid. Any other error means that the token could
/// not be checked.
#[derive(Clone, Debug)]
pub struct ServiceValidator<S>(S);

impl<S> ServiceValidator<S> {
    /// Creates a validator that calls `service` for each token.
    pub const fn new(service: S) -> Self {
        Self(service)
    }
}

/// The request of a [`ServiceValidator`] to its service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The token.
    pub token: SecretString,
    /// The base URL of this server as the client sees it, without a slash at the end.
    pub base: String,
    /// The site whose resources the token may be for ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub site: super::Site,
}

impl TokenRequest {
    /// Creates the request for a token that came to the server at `base`, the root URL of `site`.
    pub fn new(token: impl Into<SecretString>, base: impl Into<String>, site: super::Site) -> Self {
        Self { token: token.into(), base: base.into(), site }
    }

    /// Whether a token with this audience is for this site; see [`Presented::is_for`].
    pub fn is_for(&self, audience: &str) -> bool {
        self.site.owns(&self.base, audience)
    }
}

impl<S> TokenValidator for ServiceValidator<S>
where
    S: Service<TokenRequest, Response = Identity> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        let request = TokenRequest::new(presented.token, presented.base, presented.site.clone());
        self.0.clone().oneshot(request).await.map_err(|error| match error.into().downcast::<AuthError>() {
            Ok(refusal) => *refusal,
            Err(error) => AuthError::Unavailable(error),
        })
    }
}

/// A validator of one token that never changes, compared in constant time.
#[derive(Clone, Debug)]
pub struct StaticToken {
    token: SecretString,
    identity: Identity,
}

impl StaticToken {
    /// Creates a validator that identifies the bearer of `token` as `identity`.
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
