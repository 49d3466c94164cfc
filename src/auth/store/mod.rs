//! [`TokenStore`]: what the authorization server must remember.
//!
//! A *grant* is one login of one user through one client. Codes, access tokens and refresh tokens
//! belong to a grant and die with it. Only the SHA-256 of each is stored; 1C credentials are stored
//! encrypted under the token that carries them ([`seal`]), so that a store alone opens nothing.
//!
//! | Store | Feature | For |
//! |---|---|---|
//! | `MemoryStore` | `oauth` | one process; a restart logs everybody out |
//! | `SqliteStore` | `sqlite` | one process; survives restarts |
//! | `PostgresStore` | `postgres` | any number of replicas |
//!
//! [`Client`], [`Grant`], [`Token`] and [`TokenKind`] may be written and matched field by field: a store keeps all of
//! them, and one that a later version adds breaks the build of a store that does not.

#[cfg(feature = "store-contract")]
pub mod contract;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
pub mod seal;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod statements;

pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use super::clock::Timestamp;
use super::digest::Digest;
use crate::identity::Scopes;
use crate::rpc::BoxError;
use std::future::Future;

/// Remembers clients, grants, codes and tokens.
///
/// Every method is atomic, between processes too where they share a store: of any number of
/// [`exchange`](Self::exchange)s of one code or refresh token exactly one is `Done`. What a method
/// has confirmed survives a crash (except in memory). Times are handed in as `now`.
///
/// # Grace
///
/// A client that calls twice at once refreshes twice at once, and one that never got an answer asks
/// again. So a *refresh token* that was exchanged may come again until its grace is over: each time it
/// gets one more pair of the same grant (`Repeated`), and what was given out before stays good. The
/// store notes the end of the grace at the first exchange, for all processes that share it, and keeps
/// the sealed credentials until then: who has the token could have them by an exchange as well. Codes
/// have no grace. How many pairs there can be is not limited here: each costs a request, as a plain
/// refresh does, and one revocation ends them all.
///
/// The feature `store-contract` has tests that every implementation must pass.
pub trait TokenStore: Clone + Send + Sync + 'static {
    /// Remembers a registered client; one of the same id is replaced. A store that must not grow forgets
    /// others for it that have no grant: those through which nobody ever logged in first, then the ones
    /// used the longest ago, and never one that registered within the last [`JUST_REGISTERED`] seconds,
    /// since somebody may be logging in through it. If there is none to forget, it fails.
    fn put_client(&self, client: Client) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A registered client.
    fn client(&self, id: &str) -> impl Future<Output = Result<Option<Client>, StoreError>> + Send;

    /// Remembers a new grant with its first tokens (or its code), and that its client is used.
    fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A code or token with its grant, also when it has expired or was used, as long as it was not
    /// swept. Nothing once the grant is revoked.
    fn find(&self, digest: &Digest) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;

    /// Uses up a code or refresh token and stores its successors, both or neither. A refresh token
    /// may come again for `grace` seconds from `now` on (0 is not at all); which of its successors were
    /// used themselves does not matter. Anything else that was used before revokes its grant in the
    /// same step, also after it has expired. The credentials that the used one carried are forgotten
    /// when it cannot come again, by the next [`sweep`](Self::sweep) at the latest.
    fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> impl Future<Output = Result<Exchange, StoreError>> + Send;

    /// Whether what is called `id` comes for the first time; until `until` a second is `false`, at
    /// whichever process.
    fn first_use(
        &self,
        id: &Digest,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Remembers until `until` what is known of the logins of an account, instead of what was: some 100
    /// bytes that hold no password, only a slow salted hash of one. What is over at once need not be kept.
    fn put_login(
        &self,
        account: &Digest,
        known: Vec<u8>,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is known of the logins of an account, until its time is over. A store that must not grow
    /// forgets what ends the soonest.
    fn login(
        &self,
        account: &Digest,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Revokes a grant with all its tokens.
    fn revoke_grant(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Revokes all grants of a user.
    fn revoke_subject(&self, subject: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Revokes a single token and leaves its grant alone.
    fn revoke_token(&self, digest: &Digest) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets what has expired before `now`, known logins included, credentials whose grace is over, grants that have no
    /// tokens left, and clients that have no grant: `idle` after they were used last, and [`UNUSED`] seconds
    /// after they registered (or `idle`, if that is less) if nobody ever logged in through them. Says how
    /// many rows went.
    fn sweep(&self, now: Timestamp, idle: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends the use of the store by this process, in good order; nothing is asked of it afterwards. By
    /// default there is nothing to do.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A client through which nobody has logged in is forgotten after a day.
pub const UNUSED: Timestamp = 24 * 3600;

/// A client that registered so recently is not forgotten for others: 10 minutes.
pub const JUST_REGISTERED: Timestamp = 600;

/// That a client is used is noted once in so many seconds.
const NOTED: Timestamp = 24 * 3600;

/// What a store says of clients for which nobody can go.
const NO_ROOM: &str = "there is no room for more clients";

/// A client that registered itself ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// What it calls itself, as it came: to be escaped wherever it is shown.
    pub name: Option<String>,
    /// Where it may have users sent back to. With none, loopback addresses only.
    pub redirect_uris: Vec<String>,
    /// When it registered.
    pub registered: Timestamp,
}

/// One login of one user through one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Unguessable.
    pub id: String,
    /// The `client_id`.
    pub client: String,
    /// Who logged in.
    pub subject: String,
    /// What was granted.
    pub scopes: Scopes,
    /// The resource that the tokens are for ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: String,
    /// When.
    pub created: Timestamp,
    /// Whether its client is confidential
    /// ([RFC 6749, section 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)): it gets tokens
    /// only by an assertion signed with its own key.
    pub confidential: bool,
}

/// A code or token, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Of what the client holds.
    pub digest: Digest,
    /// The [`Grant`] it belongs to.
    pub grant: String,
    /// What it is.
    pub kind: TokenKind,
    /// What it is good for: those of the grant, or fewer after a refresh that asked for fewer.
    pub scopes: Scopes,
    /// 1C credentials, encrypted under the token itself; see [`seal`].
    pub sealed: Option<Vec<u8>>,
    /// From when on it does not count.
    pub expires: Timestamp,
}

/// What a [`Token`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An authorization code, and what it is bound to.
    Code {
        /// The redirect URI of the authorization request, exactly, if it named one.
        redirect_uri: Option<String>,
        /// The PKCE challenge, method S256 ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
        challenge: String,
    },
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// A [`Token`] with its [`Grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was found.
    pub token: Token,
    /// What it belongs to.
    pub grant: Grant,
    /// Whether it was exchanged already.
    pub used: bool,
    /// Until when it may come again although it was exchanged; see [`TokenStore`].
    pub grace_ends: Option<Timestamp>,
}

impl Found {
    /// Whether it was exchanged before, and too long ago to come again.
    pub fn is_replay(&self, now: Timestamp) -> bool {
        self.used && self.grace_ends.is_none_or(|ends| ends <= now)
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The successors count from now on, and the old one is used.
    Done,
    /// It was used before and came again within its grace: these successors count, too.
    Repeated,
    /// It was used before; the whole grant is revoked now.
    Replayed,
    /// There is none of it: never was, expired, revoked or swept.
    Gone,
}

/// A store that cannot answer.
#[derive(Debug, thiserror::Error)]
#[error("the token store does not answer")]
pub struct StoreError(#[source] BoxError);

impl StoreError {
    /// A store failed with this.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

/// What a store says of tokens that do not belong to the grant they are stored for.
const FOREIGN: &str = "a token of another grant";

fn belong(tokens: &[Token], grant: &str) -> bool {
    tokens.iter().all(|token| token.grant == grant)
}
