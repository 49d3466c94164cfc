//! [`ClientMetadata`]: clients that are described by a document of their own.

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

/// So many documents are remembered; with at most 16 KiB each, 8 MiB.
const MAX_CACHED: u64 = 512;

/// So many are fetched at once; others wait, within their time.
const MAX_AT_ONCE: usize = 16;

/// So many are fetched from one host in a minute.
const PER_HOST: NonZeroU32 = at_least_one(60);

/// So often in a minute a set of keys is fetched anew because a signature names a key that it lacks.
const ANEW: NonZeroU32 = NonZeroU32::MIN;

/// A set of keys is remembered for so long at least: it is needed for each refresh.
const KEYS_LEAST: Duration = Duration::from_secs(60);

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
/// The keys of a client that authenticates by `private_key_jwt`
/// ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)) are in its document, or at its `jwks_uri`, which is
/// fetched with the same care, may have 64 KiB, and is remembered for a minute at least. A signature that
/// names a key which is not among them has them fetched anew, once a minute.
///
/// Clones share what is remembered.
#[derive(Clone)]
pub struct ClientMetadata {
    settings: ClientMetadataSettings,
    shared: Arc<Shared>,
}

struct Shared {
    /// Made at the first use: root certificates take memory that most servers never need.
    fetcher: OnceLock<Result<Fetcher, MetadataError>>,
    remembered: Cache<String, Remembered<Described>>,
    keys: Cache<String, Remembered<KeySet>>,
    anew: Buckets<String>,
    hosts: Buckets<String>,
    at_once: Semaphore,
}

/// Why an assertion proves nothing.
#[derive(Debug)]
pub(crate) enum AssertionError {
    /// It does not; why.
    False(&'static str),
    /// The keys cannot be had now.
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

/// Each document has its own lifetime.
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
    /// With the rules above.
    pub fn new() -> Self {
        Self::with(ClientMetadataSettings::new())
    }

    /// With the rules above, but for what `settings` say.
    pub fn with(settings: ClientMetadataSettings) -> Self {
        let remembered = Cache::builder().max_capacity(MAX_CACHED).expire_after(ByHeaders).build();
        let keys = Cache::builder().max_capacity(MAX_CACHED).expire_after(ByHeaders).build();
        let (hosts, anew) = (Buckets::per_minute(PER_HOST), Buckets::per_minute(ANEW));
        let (fetcher, at_once) = (OnceLock::new(), Semaphore::new(MAX_AT_ONCE));
        Self { settings, shared: Arc::new(Shared { fetcher, remembered, keys, anew, hosts, at_once }) }
    }

    /// The client whose `client_id` is this URL.
    ///
    /// # Errors
    /// If the URL may not be fetched, nothing comes from there, or what comes is no valid document.
    pub async fn fetch(&self, client_id: &str) -> Result<Client, MetadataError> {
        Ok(self.describe(client_id).await?.client.clone())
    }

    /// The same with how it authenticates.
    pub(crate) async fn describe(&self, client_id: &str) -> Result<Arc<Described>, MetadataError> {
        let url = url::parse(client_id)?;
        let fresh = self.shared.remembered.try_get_with_by_ref(client_id, self.document(client_id, &url));
        Ok(fresh.await.map_err(|error| (*error).clone())?.what)
    }

    /// Whether an assertion is signed by the client that may authenticate so.
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

    /// The keys at this URL; anew if there is none of this id.
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

    /// What is at a URL, and how long it counts.
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
