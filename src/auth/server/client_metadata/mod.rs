//! [`ClientMetadata`]: clients that are described by a document of their own.

mod address;
mod document;
mod error;
mod fetch;
mod lifetime;
mod url;

use crate::auth::buckets::Buckets;
use crate::auth::clock::Clock;
use crate::auth::store::Client;
use fetch::Fetcher;
use ipnet::IpNet;
use lifetime::lifetime;
use moka::Expiry;
use moka::future::Cache;
use rustls::RootCertStore;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;

pub use error::MetadataError;
pub(crate) use url::is_metadata_url;

/// So many documents are remembered; with at most 16 KiB each, 8 MiB.
const MAX_CACHED: u64 = 512;

/// So many are fetched at once; others wait, within their time.
const MAX_AT_ONCE: usize = 16;

/// So many are fetched from one host in a minute.
// Evaluated when this is compiled.
const PER_HOST: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Fetches client ID metadata documents: the `client_id` is the https URL of a JSON document that
/// says what registration would say
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-00)).
///
/// Anybody can make this server fetch a URL, so it does so with care:
///
/// - Only public addresses are connected to, whatever a name resolves to, and only over TLS with a
///   certificate that the machine trusts (or one from `SSL_CERT_FILE`). Proxies are not used.
/// - The document must come within 5 s, with status 200, as JSON, in at most 16 KiB. Redirects are
///   not followed.
/// - It is remembered as long as its headers allow, for 5 minutes if they say nothing and for a day
///   at most. Failures are not remembered, as the draft demands; instead no host is asked more than
///   60 times a minute. Who asks for the same document at once shares one request. No more than 16
///   are fetched at once.
///
/// Clones share what is remembered. Settings come before the first use: each starts anew.
#[derive(Clone)]
pub struct ClientMetadata {
    settings: Settings,
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Settings {
    allowed: Vec<IpNet>,
    roots: RootCertStore,
    timeout: Duration,
}

struct Shared {
    /// Made at the first use: root certificates take memory that most servers never need.
    fetcher: OnceLock<Result<Fetcher, MetadataError>>,
    remembered: Cache<String, Remembered>,
    hosts: Buckets<String>,
    at_once: Semaphore,
}

#[derive(Clone)]
struct Remembered {
    client: Arc<Client>,
    lifetime: Duration,
}

/// Each document has its own lifetime.
struct ByHeaders;

impl Expiry<String, Remembered> for ByHeaders {
    fn expire_after_create(&self, _: &String, value: &Remembered, _: Instant) -> Option<Duration> {
        Some(value.lifetime)
    }

    fn expire_after_update(&self, _: &String, value: &Remembered, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(value.lifetime)
    }
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientMetadata {
    /// With the rules above.
    pub fn new() -> Self {
        Self::with(Settings { allowed: Vec::new(), roots: RootCertStore::empty(), timeout: Duration::from_secs(5) })
    }

    fn with(settings: Settings) -> Self {
        let remembered = Cache::builder().max_capacity(MAX_CACHED).expire_after(ByHeaders).build();
        let hosts = Buckets::per_minute(PER_HOST);
        let at_once = Semaphore::new(MAX_AT_ONCE);
        Self { settings, shared: Arc::new(Shared { fetcher: OnceLock::new(), remembered, hosts, at_once }) }
    }

    /// Networks that may be fetched from although they are not public: for administrators of closed
    /// networks, and for tests. Whoever can reach this server can then make it send GET requests
    /// to any https server there.
    #[must_use]
    pub fn allow<I: IntoIterator<Item = IpNet>>(mut self, networks: I) -> Self {
        self.settings.allowed.extend(networks);
        Self::with(self.settings)
    }

    /// One more root certificate to trust, in DER, beside those of the machine: for administrators
    /// of closed networks, and for tests.
    ///
    /// # Errors
    /// [`MetadataError::Certificates`] if it is not a certificate.
    pub fn trust(mut self, root: &[u8]) -> Result<Self, MetadataError> {
        self.settings.roots.add(root.to_vec().into()).map_err(|_| MetadataError::Certificates)?;
        Ok(Self::with(self.settings))
    }

    /// How long a document may take from the name look-up to its last byte; 5 s by default.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.timeout = time;
        Self::with(self.settings)
    }

    /// The client whose `client_id` is this URL.
    ///
    /// # Errors
    /// If the URL may not be fetched, nothing comes from there, or what comes is no valid document.
    pub async fn fetch(&self, client_id: &str) -> Result<Client, MetadataError> {
        let url = url::parse(client_id)?;
        let fresh = self.shared.remembered.try_get_with_by_ref(client_id, self.get(client_id, &url));
        let found = fresh.await.map_err(|error| (*error).clone())?;
        Ok((*found.client).clone())
    }

    /// What [`fetch`](Self::fetch) makes of a document that it got from the URL `client_id`: to check
    /// one before it is published.
    ///
    /// # Errors
    /// If either breaks a rule.
    pub fn read(client_id: &str, document: &[u8]) -> Result<Client, MetadataError> {
        url::parse(client_id)?;
        if document.len() > fetch::MAX_DOCUMENT {
            return Err(MetadataError::TooLarge(fetch::MAX_DOCUMENT));
        }
        document::read(client_id, document, Clock::default().now())
    }

    async fn get(&self, client_id: &str, url: &::url::Url) -> Result<Remembered, MetadataError> {
        let host = url.host_str().unwrap_or_default();
        self.shared.hosts.check(host.to_owned()).map_err(MetadataError::Busy)?;
        let fetcher =
            self.shared.fetcher.get_or_init(|| Fetcher::new(&self.settings)).as_ref().map_err(Clone::clone)?;
        let limited = async {
            // The semaphore is never closed.
            let _turn = self.shared.at_once.acquire().await;
            fetcher.fetch(url).await
        };
        let timeout = self.settings.timeout;
        let (asked, answer) =
            tokio::time::timeout(timeout, limited).await.map_err(|_| MetadataError::Slow(timeout))??;
        let client = Self::read(client_id, answer.body())?;
        Ok(Remembered { client: Arc::new(client), lifetime: lifetime(&asked, &answer, SystemTime::now()) })
    }
}

impl fmt::Debug for ClientMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMetadata")
            .field("allowed", &self.settings.allowed)
            .field("timeout", &self.settings.timeout)
            .finish_non_exhaustive()
    }
}
