//! [`Identity`].

use super::claims::{Claim, Claims};
use super::credentials::Credentials;
use super::digest::{Digest, Parts};
use super::scopes::Scopes;
use futures_core::future::BoxFuture;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
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
    partition: Option<Arc<str>>,
    claims: Option<Claims>,
    headers: OnceLock<(HeaderValue, HeaderValue)>,
    digests: OnceLock<Digests>,
}

/// Hashes of a caller.
#[derive(Clone, Copy)]
pub(super) struct Digests {
    /// With whatever scopes.
    #[cfg(feature = "alias")]
    pub(super) user: Digest,
    /// With these scopes.
    pub(super) scoped: Digest,
}

type Refused = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Identity {
    /// Creates the identity of a caller known as `subject` who may do what `scopes` allow.
    pub fn new(subject: impl Into<String>, scopes: Scopes) -> Self {
        Self(Arc::new(Inner {
            subject: subject.into(),
            client: None,
            scopes,
            credentials: None,
            refused: None,
            shared: false,
            partition: None,
            claims: None,
            headers: OnceLock::new(),
            digests: OnceLock::new(),
        }))
    }

    /// Sets the OAuth client that calls for the user.
    #[must_use]
    pub fn with_client(mut self, id: impl Into<String>) -> Self {
        self.changed().client = Some(id.into());
        self
    }

    /// Sets the part of the data that the caller belongs to, such as a tenant or an infobase.
    ///
    /// Callers of different partitions are different callers even if all else is equal: they share no remembered
    /// answer whatever a leaf's [`Sharing`](crate::Sharing) says, no knowledge of tools, and no limits.
    #[must_use]
    pub fn with_partition(mut self, name: impl Into<Arc<str>>) -> Self {
        self.changed().partition = Some(name.into());
        self
    }

    /// Adds a claim, a value of a type of your own; it replaces another one of that type. A leaf or layer reads it by
    /// [`claim`](Self::claim).
    ///
    /// Callers with different claims share no remembered answer, unless a leaf's [`Sharing`](crate::Sharing) says that
    /// it treats them alike.
    #[must_use]
    pub fn with_claim(mut self, claim: impl Claim) -> Self {
        let inner = self.changed();
        inner.claims = Some(Claims::with(inner.claims.take(), claim));
        self
    }

    /// Sets the login that calls to 1C run under, instead of the service account.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.changed().credentials = Some(credentials);
        self
    }

    /// Sets what to do when 1C refuses the credentials, such as forgetting what was granted on them. The bridge calls
    /// it when a call ends so.
    #[must_use]
    pub fn on_login_refused<F>(mut self, forget: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.changed().refused = Some(Arc::new(move || Box::pin(forget())));
        self
    }

    /// Declares that many users share this identity, as where a token does not belong to one person. Limits for each
    /// caller then count by address.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.changed().shared = true;
        self
    }

    /// Returns the parts to change, without what was computed from them.
    fn changed(&mut self) -> &mut Inner {
        let inner = Arc::make_mut(&mut self.0);
        (inner.headers, inner.digests) = (OnceLock::new(), OnceLock::new());
        inner
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

    /// Returns the part of the data that the caller belongs to, if it was set.
    pub fn partition(&self) -> Option<&str> {
        self.0.partition.as_deref()
    }

    /// Returns the claim of type `T`, if there is one.
    pub fn claim<T: Claim>(&self) -> Option<&T> {
        self.0.claims.as_ref()?.get()
    }

    pub(super) fn claims(&self) -> Option<&Claims> {
        self.0.claims.as_ref()
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

    /// Returns hashes of all that sets the caller apart, but for the claims.
    pub(super) fn digests(&self) -> &Digests {
        self.0.digests.get_or_init(|| {
            let Inner { subject, client, scopes, credentials, partition, .. } = &*self.0;
            let mut parts = Parts::default();
            parts.part(subject.as_bytes());
            parts.maybe(client.as_deref().map(str::as_bytes));
            parts.maybe(partition.as_deref().map(str::as_bytes));
            parts.maybe(credentials.as_ref().map(|own| own.user().as_bytes()));
            parts.maybe(credentials.as_ref().map(|own| own.authorization().as_bytes()));
            let user = parts.end();
            let mut parts = Parts::default();
            parts.part(&user);
            parts.number(scopes.len());
            scopes.iter().for_each(|scope| parts.part(scope.as_bytes()));
            Digests {
                #[cfg(feature = "alias")]
                user,
                scoped: parts.end(),
            }
        })
    }

    pub(crate) async fn login_refused(&self) {
        if let Some(forget) = &self.0.refused {
            forget().await;
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { subject, client, scopes, credentials, partition, claims, .. } = &*self.0;
        f.debug_struct("Identity")
            .field("subject", subject)
            .field("client", client)
            .field("scopes", scopes)
            .field("credentials", credentials)
            .field("partition", partition)
            .field("claims", claims)
            .finish_non_exhaustive()
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
