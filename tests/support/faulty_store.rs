//! A store in memory that breaks one of its promises.
#![allow(dead_code, reason = "each test takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use onec_mcp::auth::store::{Client, Exchange, Found, Grant, MemoryStore, StoreError, Token, TokenKind, TokenStore};
use onec_mcp::auth::{Digest, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    KeepsRevokedTokens,
    KeepsRevokedUsers,
    ForgivesReplays,
    /// Looks whether a code was used, and uses it later.
    LooksBeforeItUses,
    ForgetsClients,
    NeverSweeps,
    ExchangesExpired,
    KnowsNoGrace,
    NeverEndsGrace,
    ForgetsUses,
    KeepsLogins,
    ForgetsUsedClients,
}

#[derive(Clone)]
pub(crate) struct Faulty {
    store: MemoryStore,
    fault: Fault,
    /// How often something was looked for.
    pub(crate) finds: Arc<AtomicUsize>,
    /// Whether it does not answer.
    pub(crate) down: Arc<AtomicBool>,
    /// The next look-up answers when it hears of this, with what it saw before.
    pub(crate) hold: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { store: MemoryStore::new(), fault, finds: Arc::default(), down: Arc::default(), hold: Arc::default() }
    }

    fn answers(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) { Err(StoreError::new("it is down")) } else { Ok(()) }
    }
}

impl TokenStore for Faulty {
    async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        self.answers()?;
        if self.fault == Fault::ForgetsClients { Ok(()) } else { self.store.put_client(client).await }
    }

    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        self.store.client(id).await
    }

    async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
        self.store.put_grant(grant, tokens).await
    }

    async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        // As a database does, which answers later.
        tokio::task::yield_now().await;
        self.answers()?;
        let found = self.store.find(digest).await;
        let hold = self.hold.lock().unwrap().take();
        if let Some(heard) = hold {
            heard.await.unwrap();
        }
        found
    }

    async fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let found = self.store.find(used).await?;
        let was_used = found.as_ref().is_some_and(|found| found.is_replay(now));
        match (self.fault, found) {
            (Fault::ForgivesReplays, _) if was_used => Ok(Exchange::Gone),
            (Fault::LooksBeforeItUses, Some(found))
                if !was_used && found.token.kind != TokenKind::Access && found.token.expires > now =>
            {
                // Long enough for others to look, too.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.store.exchange(used, successors, now, grace).await?;
                Ok(Exchange::Done)
            }
            (Fault::ExchangesExpired, _) => self.store.exchange(used, successors, 0, grace).await,
            (Fault::KnowsNoGrace, _) => self.store.exchange(used, successors, now, 0).await,
            // As if no time had passed since the first exchange.
            (Fault::NeverEndsGrace, Some(Found { grace_ends: Some(ends), .. })) => {
                self.store.exchange(used, successors, now.min(ends - 1), grace).await
            }
            _ => self.store.exchange(used, successors, now, grace).await,
        }
    }

    async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let first = self.store.first_use(id, until, now).await?;
        Ok(first || self.fault == Fault::ForgetsUses)
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        let until = if self.fault == Fault::KeepsLogins { Timestamp::MAX } else { until };
        self.store.put_login(account, known, until).await
    }

    async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        self.answers()?;
        self.store.login(account, now).await
    }

    async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
        self.store.revoke_grant(id).await
    }

    async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
        if self.fault == Fault::KeepsRevokedUsers { Ok(()) } else { self.store.revoke_subject(subject).await }
    }

    async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
        if self.fault == Fault::KeepsRevokedTokens { Ok(()) } else { self.store.revoke_token(digest).await }
    }

    async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        match self.fault {
            Fault::NeverSweeps => Ok(0),
            Fault::ForgetsUsedClients => self.store.sweep(now, idle.min(24 * 3600)).await,
            _ => self.store.sweep(now, idle).await,
        }
    }
}
