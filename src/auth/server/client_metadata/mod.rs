//! [`ClientMetadata`]: clients that are described by a document at their `client_id`.

mod address;
mod authentication;
mod document;
mod error;
mod fetch;
mod lifetime;
mod settings;
mod url;

use super::assertion::Assertion;
use super::keys::KeySet;
use crate::auth::buckets::{Buckets, at_least_one};
use crate::auth::clock::Clock;
use crate::auth::store::Client;
use authentication::Keys;
use bytes::Bytes;
use fetch::Fetcher;
use lifetime::lifetime;
use moka::Expiry;
use moka::future::Cache;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;

pub(crate) use authentication::{Authentication, METHODS};
pub(crate) use document::Described;
pub use error::MetadataError;
pub use settings::ClientMetadataSettings;
pub(crate) use url::is_metadata_url;

/// The number of documents that are remembered; with at most 16 KiB each, 8 MiB.
const MAX_CACHED: u64 = 512;

/// The number of documents that are fetched at once; others wait, within their time.
const MAX_AT_ONCE: usize = 16;

/// The number of documents that are fetched from one host in a minute.
const PER_HOST: NonZeroU32 = at_least_one(60);

/// How often in a minute a key set is fetched anew because a signature names a key that it lacks.
const ANEW: NonZeroU32 = NonZeroU32::MIN;

/// The shortest time for which a key set is remembered: it is needed for each refresh.
const KEYS_LEAST: Duration = Duration::from_secs(60);

/// Fetches client ID metadata documents, which replace registration: the `client_id` is the https URL of a JSON
/// document that describes the client
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-00)).
///
/// Any stranger can make this server fetch a URL, so these rules apply:
///
/// - Only public addresses are connected to, whatever a name resolves to, and only over TLS with a certificate that the
///   machine trusts (or one from `SSL_CERT_FILE`). Proxies are not used.
/// - The document must arrive within 5 s, with status 200, as JSON, in at most 16 KiB. Redirects are not followed.
/// - It is remembered as long as its headers allow, for 5 minutes if they name no time and for a day at most. Errors
///   are not remembered, as the draft demands; instead no host is asked more than 60 times a minute. Simultaneous
///   requests for one document share one fetch. No more than 16 documents are fetched at once.
///
/// The keys of a client that authenticates by `private_key_jwt` ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523))
/// are in its document, or at its `jwks_uri`. Key sets are fetched by these rules too, but may have 64 KiB and are
/// remembered for a minute at least. If a signature names a key that the set lacks, the set is fetched anew, at most
/// once a minute.
///
/// Clones share what is remembered.
#[derive(Clone)]
pub struct ClientMetadata {
    settings: ClientMetadataSettings,
    shared: Arc<Shared>,
}

struct Shared {
    /// Created at first use: root certificates take memory that most servers never need.
    fetcher: OnceLock<Result<Fetcher, MetadataError>>,
    remembered: Cache<String, Remembered<Described>>,
    keys: Cache<String, Remembered<KeySet>>,
    anew: Buckets<String>,
    hosts: Buckets<String>,
    at_once: Semaphore,
}

/// The error of an assertion that was not accepted.
#[derive(Debug)]
pub(crate) enum AssertionError {
    /// The assertion is wrong; with the reason.
    False(&'static str),
    /// The keys cannot be fetched now.
    Unknown(MetadataError),
}

struct Remembered<T> {
    what: Arc<T>,
    lifetime: Duration,
}

impl<T> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        Self { what: Arc::clone(&self.what), lifetime: self.lifetime }
    }
}

/// Gives each document the lifetime of its headers.
struct ByHeaders;

impl<T> Expiry<String, Remembered<T>> for ByHeaders {
    fn expire_after_create(&self, _: &String, value: &Remembered<T>, _: Instant) -> Option<Duration> {
        Some(value.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &String,
        value: &Remembered<T>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.lifetime)
    }
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientMetadata {
    /// Creates a fetcher with the default settings.
    pub fn new() -> Self {
        Self::with(ClientMetadataSettings::new())
    }

    /// Creates a fetcher with these settings.
    pub fn with(settings: ClientMetadataSettings) -> Self {
        let remembered = Cache::builder().max_capacity(MAX_CACHED).expire_after(ByHeaders).build();
        let keys = Cache::builder().max_capacity(MAX_CACHED).expire_after(ByHeaders).build();
        let (hosts, anew) = (Buckets::per_minute(PER_HOST), Buckets::per_minute(ANEW));
        let (fetcher, at_once) = (OnceLock::new(), Semaphore::new(MAX_AT_ONCE));
        Self { settings, shared: Arc::new(Shared { fetcher, remembered, keys, anew, hosts, at_once }) }
    }

    /// Returns the client whose `client_id` is this URL.
    ///
    /// # Errors
    /// Returns a [`MetadataError`] if the URL may not be fetched, cannot be reached, or has no valid document.
    pub async fn fetch(&self, client_id: &str) -> Result<Client, MetadataError> {
        Ok(self.describe(client_id).await?.client.clone())
    }

    /// Returns the client whose `client_id` is this URL, and how it may authenticate.
    pub(crate) async fn describe(&self, client_id: &str) -> Result<Arc<Described>, MetadataError> {
        let url = url::parse(client_id)?;
        let fresh = self.shared.remembered.try_get_with_by_ref(client_id, self.document(client_id, &url));
        Ok(fresh.await.map_err(|error| (*error).clone())?.what)
    }

    /// Checks that a client with this authentication has signed an assertion.
    pub(crate) async fn prove(&self, by: &Authentication, assertion: &Assertion) -> Result<(), AssertionError> {
        let Some(keys) = &by.keys else { return Err(AssertionError::False("this client publishes no keys")) };
        let (algorithm, id) = (assertion.algorithm, assertion.key_id.as_deref());
        if !by.allows(algorithm) {
            return Err(AssertionError::False("the client_assertion is not signed by an algorithm that counts"));
        }
        let keys = match keys {
            Keys::Here(keys) => Arc::clone(keys),
            Keys::At(url) => self.keys_with(url, id).await.map_err(|error| match error {
                MetadataError::Document(_) => {
                    AssertionError::False("what this client has at its jwks_uri is no set of public keys")
                }
                error => AssertionError::Unknown(error),
            })?,
        };
        if assertion.is_signed_by(&keys) {
            Ok(())
        } else {
            Err(AssertionError::False("no key of this client has signed the client_assertion"))
        }
    }

    /// Returns the keys at this URL, fetched anew if none has this id.
    async fn keys_with(&self, url: &::url::Url, id: Option<&str>) -> Result<Arc<KeySet>, MetadataError> {
        let (text, known) = (url.as_str(), &self.shared.keys);
        let fetched = known.try_get_with_by_ref(text, self.key_set(url)).await.map_err(|error| (*error).clone())?;
        if fetched.what.has(id) || self.shared.anew.check(&text.to_owned()).is_err() {
            return Ok(fetched.what);
        }
        known.invalidate(text).await;
        let fetched = known.try_get_with_by_ref(text, self.key_set(url)).await;
        Ok(fetched.map_err(|error| (*error).clone())?.what)
    }

    /// Parses a document as [`fetch`](Self::fetch) does if it comes from the URL `client_id`: for checking it before it
    /// is published.
    ///
    /// # Errors
    /// Returns a [`MetadataError`] if the URL or the document breaks a rule.
    pub fn read(client_id: &str, document: &[u8]) -> Result<Client, MetadataError> {
        url::parse(client_id)?;
        if document.len() > fetch::MAX_DOCUMENT {
            return Err(MetadataError::TooLarge(fetch::MAX_DOCUMENT));
        }
        Ok(Self::read_all(client_id, document)?.client)
    }

    fn read_all(client_id: &str, document: &[u8]) -> Result<Described, MetadataError> {
        document::read(client_id, document, Clock::default().now())
    }

    async fn document(&self, client_id: &str, url: &::url::Url) -> Result<Remembered<Described>, MetadataError> {
        let (document, lifetime) = self.get(url, fetch::MAX_DOCUMENT).await?;
        Ok(Remembered { what: Arc::new(Self::read_all(client_id, &document)?), lifetime })
    }

    async fn key_set(&self, url: &::url::Url) -> Result<Remembered<KeySet>, MetadataError> {
        let (document, lifetime) = self.get(url, fetch::MAX_KEYS).await?;
        let keys = std::str::from_utf8(&document).map_err(|_| "is not UTF-8").and_then(KeySet::read);
        let keys = keys.map_err(|why| MetadataError::Document(format!("its jwks_uri {why}")))?;
        Ok(Remembered { what: Arc::new(keys), lifetime: lifetime.max(KEYS_LEAST) })
    }

    /// Returns the content of a URL, and its lifetime.
    async fn get(&self, url: &::url::Url, longest: usize) -> Result<(Bytes, Duration), MetadataError> {
        let host = url.host_str().unwrap_or_default();
        self.shared.hosts.check(&host.to_owned()).map_err(MetadataError::Busy)?;
        let fetcher =
            self.shared.fetcher.get_or_init(|| Fetcher::new(&self.settings)).as_ref().map_err(Clone::clone)?;
        let limited = async {
            // The semaphore is never closed.
            let _turn = self.shared.at_once.acquire().await;
            fetcher.fetch(url, longest).await
        };
        let timeout = self.settings.timeout;
        let (asked, answer) =
            tokio::time::timeout(timeout, limited).await.map_err(|_| MetadataError::Slow(timeout))??;
        let lifetime = lifetime(&asked, &answer, SystemTime::now());
        Ok((answer.into_body(), lifetime))
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
