//! The caller of a request, as all modules know it: identity, scopes and 1C credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_core::future::BoxFuture;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The characters that are not encoded in `X-MCP-Sub`: those that URIs call unreserved, and the separators of names.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// The caller of a request, as an authentication layer identified it. It travels in the extensions of the HTTP request
/// and then of the [`rpc::Request`](crate::rpc::Request). Cloning is cheap.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    subject: String,
    client: Option<String>,
    scopes: Scopes,
    credentials: Option<Credentials>,
    refused: Option<Refused>,
    shared: bool,
    headers: OnceLock<(HeaderValue, HeaderValue)>,
}

type Refused = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Identity {
    /// Creates the identity of a caller known as `subject` who may do what `scopes` allow.
    pub fn new(subject: impl Into<String>, scopes: Scopes) -> Self {
        let (client, credentials, refused, shared, headers) = (None, None, None, false, OnceLock::new());
        Self(Arc::new(Inner { subject: subject.into(), client, scopes, credentials, refused, shared, headers }))
    }

    /// Sets the OAuth client that calls for the user.
    #[must_use]
    pub fn with_client(mut self, id: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).client = Some(id.into());
        self
    }

    /// Sets the login that calls to 1C run under, instead of the service account.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        Arc::make_mut(&mut self.0).credentials = Some(credentials);
        self
    }

    /// Sets what to do when 1C refuses the credentials, such as forgetting what was granted on them. The bridge calls
    /// it when a call ends so.
    #[must_use]
    pub fn on_login_refused<F>(mut self, forget: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Arc::make_mut(&mut self.0).refused = Some(Arc::new(move || Box::pin(forget())));
        self
    }

    /// Declares that many users share this identity, as where a token does not belong to one person. Limits for each
    /// caller then count by address.
    #[must_use]
    pub fn shared(mut self) -> Self {
        Arc::make_mut(&mut self.0).shared = true;
        self
    }

    /// Returns the subject: 1C's name for the owner of an access key, or `onec:<login>` for a login of 1C.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Returns the OAuth client, if there is one.
    pub fn client(&self) -> Option<&str> {
        self.0.client.as_deref()
    }

    /// Returns the scopes of the caller.
    pub fn scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    /// Returns the login that calls to 1C run under, or `None` for the service account.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.0.credentials.as_ref()
    }

    /// Whether many users share this identity.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Returns the values of `X-MCP-Sub` (percent-encoded UTF-8) and `X-MCP-Scopes` (separated by commas).
    pub(crate) fn headers(&self) -> &(HeaderValue, HeaderValue) {
        self.0.headers.get_or_init(|| {
            let subject = utf8_percent_encode(&self.0.subject, PLAIN).to_string();
            let scopes = self.0.scopes.iter().collect::<Vec<_>>().join(",");
            // Percent-encoded text and scope tokens are ASCII, so neither can fail.
            let header = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("?"));
            (header(&subject), header(&scopes))
        })
    }

    pub(crate) async fn login_refused(&self) {
        if let Some(forget) = &self.0.refused {
            forget().await;
        }
    }
}

/// The scopes that a request needs and its caller lacks, in the extensions of a 403. The bearer layer turns them into a
/// challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededScopes(pub Scopes);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { subject, client, scopes, credentials, .. } = &*self.0;
        f.debug_struct("Identity")
            .field("subject", subject)
            .field("client", client)
            .field("scopes", scopes)
            .field("credentials", credentials)
            .finish_non_exhaustive()
    }
}

/// A set of OAuth scopes ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)), in alphabetical
/// order. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scopes(Arc<BTreeSet<String>>);

impl Scopes {
    /// Parses scopes separated by spaces; anything that is not a scope token is left out.
    pub fn parse(text: &str) -> Self {
        text.split(' ').collect()
    }

    /// Whether the set has no scopes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of scopes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set contains this scope.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Whether the set contains all scopes of another set.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Returns the scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(Arc::new(self.0.intersection(&other.0).cloned().collect()))
    }

    /// Returns the scopes that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(Arc::new(self.0.union(&other.0).cloned().collect()))
    }

    /// Returns the set without this scope.
    #[must_use]
    pub fn without(&self, scope: &str) -> Self {
        self.iter().filter(|other| *other != scope).collect()
    }

    /// Returns an iterator over the scopes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `text` is a scope token: visible ASCII without `"` and `\`.
    pub fn is_token(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        Self(Arc::new(scopes.into_iter().filter(|scope| Self::is_token(scope)).map(str::to_owned).collect()))
    }
}

/// Formats the scopes separated by single spaces.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A user name and password of 1C. `Debug` shows the user but not the password. Cloning is cheap.
#[derive(Clone)]
pub struct Credentials {
    user: Arc<str>,
    password: SecretString,
    authorization: HeaderValue,
}

impl Credentials {
    /// Creates the credentials of a user of 1C; the password may be empty. Both are sent in UTF-8
    /// ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)), as 1C expects for Cyrillic names.
    ///
    /// A user with a colon in the name cannot log in over HTTP: the colon ends the name.
    pub fn new(user: &str, password: impl Into<SecretString>) -> Self {
        let password = password.into();
        let login = SecretString::from(format!("{user}:{}", password.expose_secret()));
        let encoded = SecretString::from(format!("Basic {}", STANDARD.encode(login.expose_secret())));
        // Base64 is always a legal header value, so this cannot fail.
        let mut authorization =
            HeaderValue::from_str(encoded.expose_secret()).unwrap_or(HeaderValue::from_static("Basic"));
        authorization.set_sensitive(true);
        Self { user: user.into(), password, authorization }
    }

    /// Returns the name of the user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password.
    pub const fn password(&self) -> &SecretString {
        &self.password
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    pub const fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_carry_any_subject() {
        let identity = Identity::new("onec:Иван Иванов", Scopes::parse("mcp  mcp:resolve"));
        let (subject, scopes) = identity.headers();
        assert_eq!(subject, "onec:%D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2");
        assert_eq!(scopes, "mcp,mcp:resolve");
    }

    #[test]
    fn debug_shows_no_password() {
        let identity = Identity::new("a", Scopes::default()).with_credentials(Credentials::new("a", "s3cret"));
        let shown = format!("{identity:?}");
        assert!(shown.contains("\"a\"") && !shown.contains("s3cret") && !shown.contains("YTpz"), "{shown}");
    }
}
