//! The address of an infobase, and the account for it.

use super::infobase_error::InfobaseError;
#[cfg(feature = "tls")]
use super::tls::Trust;
use crate::identity::Credentials;
use http::header::{AUTHORIZATION, HeaderMap};
use http::{HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The HTTP service of an infobase, `{url}/hs/{root}/`, and the account for calls.
///
/// `Debug` shows no password and no token. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Infobase {
    base: Arc<Url>,
    root: Arc<str>,
    pub(super) headers: HeaderMap,
    pub(super) quick: Duration,
    pub(super) slow: Duration,
    pub(super) keep_alive: Duration,
    #[cfg(feature = "tls")]
    pub(super) trust: Trust,
}

impl Infobase {
    /// Creates an infobase published at `url`, for example `http://server/base`.
    ///
    /// Slashes at the end are ignored. The name may be Cyrillic or percent-encoded; its case matters to 1C.
    ///
    /// # Errors
    /// [`InfobaseError`] if `url` is no http(s) URL of an infobase.
    pub fn new(url: &str) -> Result<Self, InfobaseError> {
        let url = Url::parse(url.trim().trim_end_matches('/'))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InfobaseError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InfobaseError::Login);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InfobaseError::Query);
        }
        Ok(Self {
            base: Arc::new(url),
            root: "mcp".into(),
            headers: HeaderMap::new(),
            quick: Duration::from_secs(30),
            slow: Duration::from_secs(120),
            keep_alive: Duration::from_secs(4),
            #[cfg(feature = "tls")]
            trust: Trust::default(),
        })
    }

    /// Sets the user of 1C for calls, and the password, which may be empty. Both go in UTF-8 (RFC 7617), as 1C
    /// expects of Cyrillic names.
    #[must_use]
    pub fn basic(self, user: &str, password: impl Into<SecretString>) -> Self {
        self.authorization(Some(Credentials::new(user, password).authorization().clone()))
    }

    /// Sets a bearer token for calls, for infobases behind OpenID Connect or another check of tokens.
    ///
    /// # Errors
    /// [`InfobaseError::Token`] if the token cannot be a header value.
    pub fn bearer(self, token: impl Into<SecretString>) -> Result<Self, InfobaseError> {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.into().expose_secret()));
        Ok(self.authorization(Some(value.map_err(|_| InfobaseError::Token)?)))
    }

    fn authorization(mut self, value: Option<HeaderValue>) -> Self {
        if let Some(mut value) = value {
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
        self
    }

    /// Sets the root URL of the HTTP service, as in the configurator of 1C; the default is `mcp`.
    #[must_use]
    pub fn service_root(mut self, root: &str) -> Self {
        self.root = root.trim_matches('/').into();
        self
    }

    /// Adds a header with a fixed value to each call, for web servers that tell tenants apart by one.
    #[must_use]
    pub fn tenant(mut self, header: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(header, value);
        self
    }

    /// Sets the time limits of calls: a quick one (the default is 30 s) and a `tools/call` (120 s).
    #[must_use]
    pub const fn timeouts(mut self, quick: Duration, slow: Duration) -> Self {
        self.quick = quick;
        self.slow = slow;
        self
    }

    /// Sets how long an idle connection is kept for the next call; the default is 4 s, since Apache closes it
    /// after 5 s. Zero gives each call a connection of its own.
    #[must_use]
    pub const fn keep_alive(mut self, idle: Duration) -> Self {
        self.keep_alive = idle;
        self
    }

    /// Adds trusted certificates to the authorities of this machine: one or more in PEM format.
    ///
    /// Each is an authority, or the certificate of the web server itself. The latter is accepted even if it is
    /// self-signed, is no authority and names another host, but not outside its validity period.
    ///
    /// # Errors
    /// [`InfobaseError::Authority`] if `pem` holds no certificate.
    #[cfg(feature = "tls")]
    pub fn trust(mut self, pem: impl AsRef<[u8]>) -> Result<Self, InfobaseError> {
        self.trust.add(pem.as_ref())?;
        Ok(self)
    }

    /// Accepts any certificate of the web server, for tests only: anyone on the network path can then read and
    /// change all data, passwords included.
    #[cfg(feature = "tls")]
    #[must_use]
    pub const fn trust_anybody(mut self) -> Self {
        self.trust.anything();
        self
    }

    /// Returns whether calls have an account.
    pub(super) fn has_account(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    pub(super) fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Returns `{url}/hs/{root}/{path}`, percent-encoded.
    pub(super) fn uri(&self, path: &str) -> Result<Uri, InfobaseError> {
        let mut url = Url::clone(&self.base);
        {
            let mut segments = url.path_segments_mut().map_err(|()| InfobaseError::Scheme)?;
            segments.pop_if_empty().push("hs");
            segments.extend(self.root.split('/').filter(|part| !part.is_empty()));
            segments.extend(path.split('/'));
        }
        Uri::try_from(url.as_str()).map_err(|_| InfobaseError::Scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn rpc(url: &str) -> String {
        Infobase::new(url).unwrap().uri("rpc").unwrap().to_string()
    }

    #[test]
    fn service_addresses() {
        assert_eq!(rpc("http://localhost/base"), "http://localhost/base/hs/mcp/rpc");
        assert_eq!(rpc("http://localhost/base/"), "http://localhost/base/hs/mcp/rpc");
        assert_eq!(rpc("http://localhost:8080"), "http://localhost:8080/hs/mcp/rpc");
        assert_eq!(rpc("https://1c.example/a/b///"), "https://1c.example/a/b/hs/mcp/rpc");
        let encoded = "http://h/%D1%82%D0%BE%D1%80%D0%B3/hs/mcp/rpc";
        assert_eq!(rpc("http://h/торг"), encoded);
        assert_eq!(rpc("http://h/%D1%82%D0%BE%D1%80%D0%B3"), encoded);
        let root = Infobase::new("http://h/b").unwrap().service_root("/mcp/v2/");
        assert_eq!(root.uri("health").unwrap().to_string(), "http://h/b/hs/mcp/v2/health");
    }

    #[test]
    fn what_is_no_infobase() {
        for url in ["", "localhost/base", "ftp://h/b", "http://u:p@h/b", "http://h/b?x", "http://h/b#x", "http://"] {
            assert!(Infobase::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let infobase = Infobase::new("http://h/b").unwrap().basic("Админ", "s3cret");
        let shown = format!("{infobase:?}");
        let encoded = STANDARD.encode("Админ:s3cret");
        assert_eq!(infobase.headers.get(AUTHORIZATION).unwrap(), &format!("Basic {encoded}"));
        assert!(!shown.contains("s3cret") && !shown.contains(&encoded), "{shown}");
    }
}
