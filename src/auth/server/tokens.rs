//! [`Tokens`]: validates access tokens of the authorization server.

use super::revocations::Revocations;
use crate::audit::Event;
use crate::auth::store::{Found, StoreError, TokenKind, TokenStore, seal};
use crate::auth::{AuthError, Clock, Digest, Presented, Timestamp, TokenValidator};
use crate::identity::Identity;
use moka::Expiry;
use moka::future::Cache;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The scope that asks for a refresh token. It concerns only the client and the authorization server.
const OFFLINE_ACCESS: &str = "offline_access";

/// The [`TokenValidator`] of this crate's authorization server: finds access tokens in its store.
///
/// Tokens that were found are remembered for 900 ms, so that a token in constant use is looked up about once a second,
/// and one that another replica revoked stays valid for less than a second more. What this process revokes, through its
/// authorization server or because 1C refused a login, ends at once: every token is then looked up anew. Errors are not
/// remembered. Simultaneous lookups of one token are one.
///
/// Cloning is cheap; clones share what they remember.
pub struct Tokens<S> {
    inner: Arc<Inner<S>>,
}

#[derive(Clone)]
struct Inner<S> {
    store: S,
    clock: Clock,
    cache: Option<Cache<Digest, Arc<Known>>>,
    /// Whether a token must carry a login of 1C.
    own: bool,
    revocations: Revocations,
}

/// An access token that is in the store. Its expiry and its resource are checked again at each use.
struct Known {
    identity: Identity,
    expires: Timestamp,
    resource: String,
    /// When the store was asked: the data is as old as that.
    asked: Instant,
    /// The count of revocations at that time.
    revocations: u64,
}

/// The error of a lookup, shared by all that wait for it.
#[derive(Clone)]
enum LookupError {
    Unknown,
    Unavailable(Arc<StoreError>),
}

impl From<LookupError> for AuthError {
    fn from(missing: LookupError) -> Self {
        match missing {
            LookupError::Unknown => Self::Unknown,
            LookupError::Unavailable(cause) => Self::Unavailable(cause.into()),
        }
    }
}

impl<S: TokenStore> Tokens<S> {
    /// Creates a validator of the tokens in a store.
    pub fn new(store: S) -> Self {
        let (clock, revocations) = (Clock::default(), Revocations::default());
        Self { inner: Arc::new(Inner { store, clock, cache: None, own: false, revocations }) }
            .cache(10_000, Duration::from_millis(900))
    }

    fn set(mut self, set: impl FnOnce(&mut Inner<S>)) -> Self {
        set(Arc::make_mut(&mut self.inner));
        self
    }

    /// Sets the clock by which tokens expire.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.set(|inner| inner.clock = clock)
    }

    /// Sets how many tokens are remembered, and for how long; 10 000 and 900 ms by default. A token that another
    /// replica revoked stays valid for at most that time.
    #[must_use]
    pub fn cache(self, entries: u64, ttl: Duration) -> Self {
        let cache = Cache::builder().max_capacity(entries).expire_after(SinceAsked(ttl)).build();
        self.set(|inner| inner.cache = Some(cache))
    }

    /// Makes the validator ask the store for every request.
    #[must_use]
    pub fn without_cache(self) -> Self {
        self.set(|inner| inner.cache = None)
    }

    /// Sets whether only tokens that carry a login of 1C are valid; any by default.
    #[must_use]
    pub fn own_logins(self, only: bool) -> Self {
        self.set(|inner| inner.own = only)
    }

    /// Sets the count of the revocations that other parts of this process make.
    pub(super) fn revocations(self, revocations: Revocations) -> Self {
        self.set(|inner| inner.revocations = revocations)
    }
}

impl<S: TokenStore> Inner<S> {
    async fn known(&self, digest: Digest, token: &str) -> Result<Arc<Known>, LookupError> {
        let Some(cache) = &self.cache else { return self.look_up(digest, token).await };
        let revocations = self.revocations.so_far();
        let mut found = cache.get(&digest).await;
        loop {
            match found {
                Some(known) if known.revocations >= revocations => return Ok(known),
                // Looked up before the last revocation, or under way at that time: the loop meets each at most once.
                Some(_) => cache.invalidate(&digest).await,
                None => {}
            }
            let looked_up = cache.try_get_with(digest, self.look_up(digest, token)).await;
            found = Some(looked_up.map_err(|missing| (*missing).clone())?);
        }
    }

    async fn look_up(&self, digest: Digest, token: &str) -> Result<Arc<Known>, LookupError> {
        let (asked, revocations) = (Instant::now(), self.revocations.so_far());
        let found = self.store.find(&digest).await.map_err(|cause| LookupError::Unavailable(Arc::new(cause)))?;
        let Some(Found { token: stored, grant, .. }) = found else { return Err(LookupError::Unknown) };
        if stored.kind != TokenKind::Access {
            return Err(LookupError::Unknown);
        }
        let mut identity =
            Identity::new(grant.subject.as_str(), stored.scopes.without(OFFLINE_ACCESS)).with_client(grant.client);
        if let Some(sealed) = stored.sealed {
            // Without its login the call would run under the service account, which may do more.
            let Some(credentials) = seal::open(&sealed, token) else {
                tracing::warn!("a stored login cannot be decrypted");
                return Err(LookupError::Unknown);
            };
            // Not a clone of `self`: the cache in it keeps the identity, which must not keep the cache.
            let (store, revocations, subject) = (self.store.clone(), self.revocations.clone(), grant.subject);
            identity = identity
                .with_credentials(credentials)
                .on_login_refused(move || revoke_login(store.clone(), revocations.clone(), subject.clone()));
        }
        Ok(Arc::new(Known { identity, expires: stored.expires, resource: grant.resource, asked, revocations }))
    }
}

/// Revokes all grants of a user whose login 1C has refused.
async fn revoke_login<S: TokenStore>(store: S, revocations: Revocations, subject: String) {
    let revoked = store.revoke_subject(&subject).await;
    // Counted even if the store fails: later look-ups then show the state of the store.
    revocations.made_one();
    match revoked {
        Ok(()) => {
            let (sub, reason) = (Some(&*subject), Some("login_refused"));
            Event { name: "oauth.token.revoked", sub, reason, ..Event::default() }.emit();
        }
        Err(error) => tracing::warn!(%error, "tokens of a refused login are not revoked yet"),
    }
}

impl<S: TokenStore> TokenValidator for Tokens<S> {
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        let Presented { token, base, site } = presented;
        let known = self.inner.known(Digest::of(token), token).await?;
        if self.inner.own && known.identity.credentials().is_none() {
            return Err(AuthError::Unknown);
        }
        if known.expires <= self.inner.clock.now() {
            return Err(AuthError::Expired);
        }
        if !site.owns(base, &known.resource) {
            return Err(AuthError::Audience);
        }
        Ok(known.identity.clone())
    }
}

/// Expires entries this long after the store was asked, not after it answered.
struct SinceAsked(Duration);

impl Expiry<Digest, Arc<Known>> for SinceAsked {
    fn expire_after_create(&self, _: &Digest, known: &Arc<Known>, now: Instant) -> Option<Duration> {
        Some(self.0.saturating_sub(now.saturating_duration_since(known.asked)))
    }

    /// An expired entry may still be there when the next one is inserted.
    fn expire_after_update(
        &self,
        digest: &Digest,
        known: &Arc<Known>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(digest, known, now)
    }
}

impl<S> Clone for Tokens<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S> fmt::Debug for Tokens<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("cached", &self.inner.cache.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Site;
    use crate::auth::store::{Grant, MemoryStore, Token};
    use crate::identity::{Credentials, Scopes};

    async fn put(store: &MemoryStore, text: &str, subject: &str, credentials: bool) {
        let (client, resource) = ("client".to_owned(), "https://h/mcp".to_owned());
        let (id, scopes) = (format!("grant of {text}"), Scopes::default());
        let sealed = credentials.then(|| seal::seal(&Credentials::new("user", "password"), text).unwrap());
        let digest = Digest::of(text);
        let (kind, expires) = (TokenKind::Access, Timestamp::MAX);
        let token = Token { digest, grant: id.clone(), kind, scopes: scopes.clone(), sealed, expires };
        let grant =
            Grant { id, client, subject: subject.to_owned(), scopes, resource, created: 0, confidential: false };
        store.put_grant(grant, vec![token]).await.unwrap();
    }

    #[tokio::test]
    async fn a_refused_login_revokes_what_the_user_was_granted() {
        let (store, site) = (MemoryStore::new(), Site::new());
        for (text, subject, credentials) in
            [("a", "anna", true), ("b", "anna", true), ("c", "boris", true), ("k", "key", false)]
        {
            put(&store, text, subject, credentials).await;
        }
        let tokens = Tokens::new(store.clone()).cache(10, Duration::from_secs(3600));
        let presented = |token| Presented::new(token, "https://h", &site);
        let identity = tokens.validate(presented("a")).await.unwrap();
        // The token is in the cache too.
        tokens.validate(presented("b")).await.unwrap();
        // Calls with a key run under the service account, so a refused login is not the user's.
        tokens.validate(presented("k")).await.unwrap().login_refused().await;
        identity.login_refused().await;
        for (text, counts) in [("a", false), ("b", false), ("c", true), ("k", true)] {
            assert_eq!(tokens.validate(presented(text)).await.is_ok(), counts, "{text}");
        }
    }

    #[test]
    fn nothing_is_kept_alive_by_what_it_remembers() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (store, site) = (MemoryStore::new(), Site::new());
        let tokens = Tokens::new(store.clone());
        runtime.block_on(async {
            put(&store, "a", "anna", true).await;
            tokens.validate(Presented::new("a", "https://h", &site)).await.unwrap();
        });
        let inner = Arc::downgrade(&tokens.inner);
        drop(tokens);
        assert!(inner.upgrade().is_none());
    }
}
