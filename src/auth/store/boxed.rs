//! [`BoxStore`]: a token store of any type.

use super::{Client, Exchange, Found, Grant, StoreError, Token, TokenStore};
use crate::auth::{Digest, Timestamp};
use futures_core::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A [`TokenStore`] of any type, for programs that choose one when they start. Cloning is cheap.
///
/// ```
/// use onec_mcp::auth::store::{BoxStore, MemoryStore, SqliteStore};
///
/// # async fn choose(path: Option<&str>) -> Result<BoxStore, Box<dyn std::error::Error>> {
/// Ok(match path {
///     Some(path) => BoxStore::new(SqliteStore::open(path).await?),
///     None => BoxStore::new(MemoryStore::new()),
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct BoxStore(Arc<dyn Store>);

impl BoxStore {
    /// Boxes a store.
    pub fn new(store: impl TokenStore) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for BoxStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxStore")
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A [`TokenStore`] with boxed futures.
trait Store: Send + Sync {
    fn put_client<'a>(&'a self, client: Client) -> Answer<'a, ()>;
    fn client<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Client>>;
    fn put_grant<'a>(&'a self, grant: Grant, tokens: Vec<Token>) -> Answer<'a, ()>;
    fn find<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Found>>;
    fn exchange<'a>(
        &'a self,
        used: &'a Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Answer<'a, Exchange>;
    fn first_use<'a>(&'a self, id: &'a Digest, until: Timestamp, now: Timestamp) -> Answer<'a, bool>;
    fn put_login<'a>(&'a self, account: &'a Digest, known: Vec<u8>, until: Timestamp) -> Answer<'a, ()>;
    fn login<'a>(&'a self, account: &'a Digest, now: Timestamp) -> Answer<'a, Option<Vec<u8>>>;
    fn revoke_grant<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
    fn revoke_subject<'a>(&'a self, subject: &'a str) -> Answer<'a, ()>;
    fn revoke_token<'a>(&'a self, digest: &'a Digest) -> Answer<'a, ()>;
    fn sweep<'a>(&'a self, now: Timestamp, idle: Timestamp) -> Answer<'a, u64>;
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl<S: TokenStore> Store for S {
    fn put_client<'a>(&'a self, client: Client) -> Answer<'a, ()> {
        Box::pin(TokenStore::put_client(self, client))
    }

    fn client<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Client>> {
        Box::pin(TokenStore::client(self, id))
    }

    fn put_grant<'a>(&'a self, grant: Grant, tokens: Vec<Token>) -> Answer<'a, ()> {
        Box::pin(TokenStore::put_grant(self, grant, tokens))
    }

    fn find<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Option<Found>> {
        Box::pin(TokenStore::find(self, digest))
    }

    fn exchange<'a>(
        &'a self,
        used: &'a Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Answer<'a, Exchange> {
        Box::pin(TokenStore::exchange(self, used, successors, now, grace))
    }

    fn first_use<'a>(&'a self, id: &'a Digest, until: Timestamp, now: Timestamp) -> Answer<'a, bool> {
        Box::pin(TokenStore::first_use(self, id, until, now))
    }

    fn put_login<'a>(&'a self, account: &'a Digest, known: Vec<u8>, until: Timestamp) -> Answer<'a, ()> {
        Box::pin(TokenStore::put_login(self, account, known, until))
    }

    fn login<'a>(&'a self, account: &'a Digest, now: Timestamp) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(TokenStore::login(self, account, now))
    }

    fn revoke_grant<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(TokenStore::revoke_grant(self, id))
    }

    fn revoke_subject<'a>(&'a self, subject: &'a str) -> Answer<'a, ()> {
        Box::pin(TokenStore::revoke_subject(self, subject))
    }

    fn revoke_token<'a>(&'a self, digest: &'a Digest) -> Answer<'a, ()> {
        Box::pin(TokenStore::revoke_token(self, digest))
    }

    fn sweep<'a>(&'a self, now: Timestamp, idle: Timestamp) -> Answer<'a, u64> {
        Box::pin(TokenStore::sweep(self, now, idle))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(TokenStore::close(self))
    }
}

impl TokenStore for BoxStore {
    async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        self.0.put_client(client).await
    }

    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        self.0.client(id).await
    }

    async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
        self.0.put_grant(grant, tokens).await
    }

    async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
        self.0.find(digest).await
    }

    async fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Result<Exchange, StoreError> {
        self.0.exchange(used, successors, now, grace).await
    }

    async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        self.0.first_use(id, until, now).await
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        self.0.put_login(account, known, until).await
    }

    async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.login(account, now).await
    }

    async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
        self.0.revoke_grant(id).await
    }

    async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
        self.0.revoke_subject(subject).await
    }

    async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
        self.0.revoke_token(digest).await
    }

    async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        self.0.sweep(now, idle).await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
