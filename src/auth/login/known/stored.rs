//! [`Stored`]: right logins in the token store.

use super::bounds::KNOWN;
use super::record::Record;
use crate::auth::login::salt::{AccountHash, account as account_name};
use crate::auth::store::{BoxStore, StoreError, TokenStore};
use crate::auth::trouble::Troubles;
use crate::auth::{Clock, Digest};
use crate::identity::Credentials;
use crate::net::Network;
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long the store's answer about an account is cached, even if it knows nothing.
const READ: Duration = Duration::from_secs(60);
const CAPACITY: u64 = 10_000;
/// How long to wait for the store, and for a turn to compare.
const TIME_LIMIT: Duration = Duration::from_secs(3);

pub(in crate::auth::login) struct Stored {
    store: BoxStore,
    clock: Clock,
    read: Cache<AccountHash, Option<Record>>,
    /// Allows one password to be hashed at a time, so that guessers take one core at most.
    turn: Arc<Semaphore>,
    troubles: Troubles,
}

impl Stored {
    pub(in crate::auth::login) fn new<S: TokenStore>(store: S, clock: Clock) -> Self {
        let read = Cache::builder().max_capacity(CAPACITY).time_to_live(READ).build();
        let (turn, troubles) = (Arc::new(Semaphore::new(1)), Troubles::new());
        Self { store: BoxStore::new(store), clock, read, turn, troubles }
    }

    /// Returns what the store knows of an account.
    pub(super) async fn record(&self, account: AccountHash, login: &Credentials) -> Option<Record> {
        if let Some(record) = self.read.get(&account) {
            return record;
        }
        let (account_id, now) = (id(login), self.clock.now());
        let found = timeout(TIME_LIMIT, self.store.login(&account_id, now)).await;
        let found = self.told(found.unwrap_or_else(|late| Err(StoreError::new(late))))?;
        let record = found.as_deref().and_then(Record::read);
        self.read.insert(account, record.clone());
        record
    }

    /// Whether the record is of this login.
    pub(super) async fn is_of(&self, record: Record, login: &Credentials) -> bool {
        let login = login.clone();
        self.hashed(move || record.is_of(&login).then_some(())).await.is_some()
    }

    /// Stores that the login was right at this place; returns whether that succeeded.
    pub(super) async fn put(&self, account: AccountHash, login: &Credentials, place: Network) -> bool {
        self.read.invalidate(&account);
        let before = self.record(account, login).await;
        let owned = login.clone();
        let Some(record) = self.hashed(move || Record::new(&owned, before.as_ref())).await else { return false };
        let record = record.at(place);
        let until = self.clock.now().saturating_add(KNOWN.as_secs().cast_signed());
        let done = self.told(self.store.put_login(&id(login), record.write(), until).await).is_some();
        self.read.insert(account, Some(record));
        done
    }

    pub(super) async fn forget(&self, account: AccountHash, login: &Credentials) {
        self.told(self.store.put_login(&id(login), Vec::new(), self.clock.now()).await);
        self.read.insert(account, None);
    }

    /// Runs slow work on a thread for blocking work.
    async fn hashed<T: Send + 'static>(&self, work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
        // The semaphore is never closed. If the caller stops waiting, the work keeps the turn.
        let turn = timeout(TIME_LIMIT, Arc::clone(&self.turn).acquire_owned()).await.ok()?.ok()?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.ok()?
    }

    /// Logs the error of a store. Known logins are only a help, so the error is not passed on.
    fn told<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        let what = "whether a login was right before is not known";
        result.inspect_err(|error| self.troubles.tell(None, what, error)).ok()
    }
}

fn id(login: &Credentials) -> Digest {
    Digest::of(&format!("login {}", account_name(login.user())))
}
