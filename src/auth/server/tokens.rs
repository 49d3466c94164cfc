//! [`Tokens`]: whether a token is one that the authorization server gave out.

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

/// The scope that asks for a refresh token. It is between client and authorization server.
const OFFLINE_ACCESS: &str = "offline_access";

/// The [`TokenValidator`] of the own authorization server: finds access tokens in its store.
///
/// What was found is remembered for 900 ms, so that a token that is used much is looked up about
/// once a second, and one that was revoked by another replica counts for less than a second more. What
/// the own authorization server revokes, or a refused login here, counts no more at once: all is looked
/// up anew then. Refusals are not remembered. Lookups of one token at the same time are one.
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

/// An access token that is in the store. Whether it has expired, and for which resource it is good,
/// is looked at again on each use.
struct Known {
    identity: Identity,
    expires: Timestamp,
    resource: String,
    /// When it was asked for: what is known is as old as that.
    asked: Instant,
    /// How many revocations there were by then.
    revocations: u64,
}

/// Why a lookup found nothing. Shared by all who wait for it.
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
    /// The tokens in a store.
    pub fn new(store: S) -> Self {
        let (clock, revocations) = (Clock::default(), Revocations::default());
        Self { inner: Arc::new(Inner { store, clock, cache: None, own: false, revocations }) }
            .cache(10_000, Duration::from_millis(900))
    }

    fn set(mut self, set: impl FnOnce(&mut Inner<S>)) -> Self {
        set(Arc::make_mut(&mut self.inner));
        self
    }

    /// Tells by this clock what has expired.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.set(|inner| inner.clock = clock)
    }

    /// Remembers up to so many tokens for so long (10 000, 900 ms). A revoked token counts no longer
    /// than that.
    #[must_use]
    pub fn cache(self, entries: u64, ttl: Duration) -> Self {
        let cache = Cache::builder().max_capacity(entries).expire_after(SinceAsked(ttl)).build();
        self.set(|inner| inner.cache = Some(cache))
    }

    /// Asks the store each time.
    #[must_use]
    pub fn without_cache(self) -> Self {
        self.set(|inner| inner.cache = None)
    }

    /// Whether only tokens count that carry a login of 1C; any by default.
    #[must_use]
    pub fn own_logins(self, only: bool) -> Self {
        self.set(|inner| inner.own = only)
    }

    /// Knows of what is revoked elsewhere in this process.
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
                // Looked up before the last revocation, or under way then: at most one of each.
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
            // Not all of this, since the cache of these tokens keeps the identity.
            let (store, revocations, subject) = (self.store.clone(), self.revocations.clone(), grant.subject);
            identity = identity
                .with_credentials(credentials)
                .on_login_refused(move || revoke_login(store.clone(), revocations.clone(), subject.clone()));
        }
        Ok(Arc::new(Known { identity, expires: stored.expires, resource: grant.resource, asked, revocations }))
    }
}

/// Revokes what was granted to a user whose login 1C has refused.
async fn revoke_login<S: TokenStore>(store: S, revocations: Revocations, subject: String) {
    let revoked = store.revoke_subject(&subject).await;
    // Also where the store fails: what it says of these tokens from now on counts.
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

/// Entries expire so long after the store was asked, not after it answered.
struct SinceAsked(Duration);

impl Expiry<Digest, Arc<Known>> for SinceAsked {
    fn expire_after_create(&self, _: &Digest, known: &Arc<Known>, now: Instant) -> Option<Duration> {
        Some(self.0.saturating_sub(now.saturating_duration_since(known.asked)))
    }

    /// One that has expired may still be there when the next comes.
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
        // Remembered, too.
        tokens.validate(presented("b")).await.unwrap();
        // A key's calls run under the service account: whose login was refused is not the user's.
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
