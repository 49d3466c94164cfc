//! [`TokenStore`]: the storage of the authorization server.
//!
//! A *grant* is one login of one user through one client. Codes, access tokens and refresh tokens belong to a grant and
//! end with it. Only the SHA-256 of each is stored; 1C credentials are stored encrypted under the token that carries
//! them ([`seal`]), so that they cannot be read from the store alone.
//!
//! | Store | Feature | For |
//! |---|---|---|
//! | `MemoryStore` | `oauth` | one process; a restart logs all users out |
//! | `SqliteStore` | `sqlite` | one process; survives restarts |
//! | `PostgresStore` | `postgres` | any number of replicas |
//!
//! The fields of [`Client`], [`Grant`], [`Token`] and [`TokenKind`] are public and exhaustive: a store keeps all of
//! them, and a field that a later version adds breaks the build of a store that does not keep it.

mod boxed;
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

pub use boxed::BoxStore;
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

/// Stores clients, grants, codes and tokens.
///
/// Three stores ship with the crate; the [example](#example) is a fourth one. [`BoxStore`] holds a store of any type.
///
/// # Rules
///
/// The feature `store-contract` has tests of these rules and of those of each method (`contract::all`), which every
/// implementation must pass.
///
/// - *Every method is atomic*, also between processes that share a store: of any number of
///   [`exchange`](Self::exchange)s of one code or refresh token exactly one is `Done`. What fails changes nothing.
/// - *What a method has confirmed counts at once* for every handle and process, and survives a crash (except in
///   memory).
/// - *The current time* is passed in as `now`; a store asks no clock. What ends at a time has ended at that very second:
///   a token that expires at `now` is expired. Times may be any [`Timestamp`], negative ones and `MAX` too.
/// - *Values come back unchanged*. Ids are compared byte by byte: another case, or a space at the end, is another id.
///   Names and redirect URIs of clients may hold any character, U+0000 too, and subjects, `client_id`s and URIs of grants any
///   other. An empty text, list or set of bytes is not the same as none.
/// - *Nothing found is no error*: looking for, revoking or exchanging what does not exist succeeds, also with an id that
///   holds U+0000, which no id has.
///
/// # Grace
///
/// A client may refresh twice at once, and a client that never got the answer asks again. A *refresh token* that was
/// exchanged may therefore come again until its grace is over: each time it gets one more pair of its grant
/// (`Repeated`), and the earlier pairs stay valid. The store notes the end of the grace at the first exchange, for all
/// processes that share it; later exchanges do not extend it. It keeps the sealed credentials until then: the bearer of
/// the token could get them by an exchange as well. Codes have no grace. The number of pairs is not limited here: each
/// costs a request, as a plain refresh does, and one revocation ends them all.
///
#[doc = include_str!("example.md")]
pub trait TokenStore: Clone + Send + Sync + 'static {
    /// Stores a registered client. It replaces one with its id, which stays as used as it was. A store with a size limit
    /// may forget clients that have no grant to make room: those that were never used first, then the ones used the
    /// longest ago, and never one that registered within the last [`JUST_REGISTERED`] seconds, since a user may be
    /// logging in through it. If there is none to forget, it fails.
    fn put_client(&self, client: Client) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns a registered client as it was put last.
    fn client(&self, id: &str) -> impl Future<Output = Result<Option<Client>, StoreError>> + Send;

    /// Stores a new grant with its first tokens (or its code), and notes that its client is used since the grant was
    /// [created](Grant::created), to the day. The client need not be a registered one. It fails, and stores nothing, if a
    /// token is of another grant or exists, or if the grant exists. A grant that was swept may be put again.
    fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns a code or token with its grant, even if it has expired or was used, until it is swept. `None` once the
    /// token or its grant is revoked.
    fn find(&self, digest: &Digest) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;

    /// Uses up a code or refresh token and stores its successors, both or neither.
    ///
    /// - A refresh token may come again for `grace` seconds from the first exchange on (0 for not at all), whether or
    ///   not its successors were used themselves.
    /// - Any other use of a used code or token revokes its grant with all tokens in the same step, even after it has
    ///   expired, and leaves other grants alone.
    /// - An access token, and one that is unknown, revoked or expired, is `Gone`, within a grace too: nothing changes.
    /// - It fails, and uses nothing up, if a successor is of another grant or exists.
    /// - The credentials that the used one carried are forgotten when it cannot come again: at once, or by the next
    ///   [`sweep`](Self::sweep) after the grace.
    /// - A revocation at the same time either comes first, so that this is `Gone`, or revokes the successors too.
    fn exchange(
        &self,
        used: &Digest,
        successors: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> impl Future<Output = Result<Exchange, StoreError>> + Send;

    /// Whether `id` is used for the first time. Until `until`, every further use returns `false`, in all processes; then
    /// it may be used once more.
    fn first_use(
        &self,
        id: &Digest,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Stores until `until` what is known of the logins of an account: some 100 bytes (or none) that hold no password,
    /// only a slow salted hash of one. It replaces what was known, also if it has expired already; the next
    /// [`sweep`](Self::sweep) counts it.
    fn put_login(
        &self,
        account: &Digest,
        known: Vec<u8>,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns what is known of the logins of an account, until it expires. A store with a size limit forgets what
    /// expires the soonest.
    fn login(
        &self,
        account: &Digest,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Revokes a grant with all its tokens, and no other.
    fn revoke_grant(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Revokes all grants of a user, and of no other.
    fn revoke_subject(&self, subject: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Revokes a single token and leaves its grant alone.
    fn revoke_token(&self, digest: &Digest) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets what has ended at `now`, and returns the number of rows that are gone:
    ///
    /// - codes and tokens that have expired, used ones too;
    /// - grants that have no tokens left;
    /// - ids and known logins that have expired;
    /// - clients that have no grant left: more than `idle` seconds after they were last used, or, if they were never
    ///   used, more than [`UNUSED`] seconds after they registered (or `idle`, if that is less).
    ///
    /// It also forgets the credentials of refresh tokens whose grace is over, and the end of the grace; these tokens stay
    /// and are not counted.
    fn sweep(&self, now: Timestamp, idle: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends the use of the store by this process; no other method is called afterwards. By default there is nothing to
    /// do.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// The seconds after which a client that was never used is forgotten: a day.
pub const UNUSED: Timestamp = 24 * 3600;

/// The seconds for which a newly registered client is not forgotten to make room for others: 10 minutes.
pub const JUST_REGISTERED: Timestamp = 600;

/// The seconds between two notes that a client is used.
const NOTED: Timestamp = 24 * 3600;

/// The error of a store that has no room for a client and none to forget.
const NO_ROOM: &str = "there is no room for more clients";

/// A client that registered itself ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// The name that the client gave itself, unchanged: to be escaped wherever it is shown.
    pub name: Option<String>,
    /// The redirect URIs of the client. If there are none, only loopback addresses are allowed.
    pub redirect_uris: Vec<String>,
    /// When the client registered.
    pub registered: Timestamp,
}

/// One login of one user through one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The id of the grant, which cannot be guessed.
    pub id: String,
    /// The `client_id`.
    pub client: String,
    /// The user who logged in.
    pub subject: String,
    /// The scopes that were granted.
    pub scopes: Scopes,
    /// The resource that the tokens are for ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
    pub resource: String,
    /// When the user logged in.
    pub created: Timestamp,
    /// Whether the client is confidential
    /// ([RFC 6749, section 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)): it gets tokens only by an
    /// assertion signed with its own key.
    pub confidential: bool,
}

/// A code or token, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The digest of the code or token that the client holds.
    pub digest: Digest,
    /// The id of the [`Grant`] that the token belongs to.
    pub grant: String,
    /// The kind of the token.
    pub kind: TokenKind,
    /// The scopes of the token: those of the grant, or fewer after a refresh that asked for fewer.
    pub scopes: Scopes,
    /// 1C credentials, encrypted under the token itself; see [`seal`].
    pub sealed: Option<Vec<u8>>,
    /// The time from which the token is no longer valid.
    pub expires: Timestamp,
}

/// The kind of a [`Token`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An authorization code with what it is bound to.
    Code {
        /// The redirect URI exactly as in the authorization request, if it named one.
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
    /// The code or token that was found.
    pub token: Token,
    /// The grant that the token belongs to.
    pub grant: Grant,
    /// Whether the token was exchanged already.
    pub used: bool,
    /// Until when the token may come again although it was exchanged; see [`TokenStore`].
    pub grace_ends: Option<Timestamp>,
}

impl Found {
    /// Whether the token was exchanged before, and too long ago to come again.
    pub fn is_replay(&self, now: Timestamp) -> bool {
        self.used && self.grace_ends.is_none_or(|ends| ends <= now)
    }
}

/// The outcome of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// The exchange succeeded: the successors are valid from now on, and the old token is used.
    Done,
    /// The token was used before and came again within its grace: these successors are valid too.
    Repeated,
    /// The token was used before, and its whole grant is revoked now.
    Replayed,
    /// There is no such token: it never existed, has expired, or was revoked or swept.
    Gone,
}

/// The error of a store that does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the token store does not answer")]
pub struct StoreError(#[source] BoxError);

impl StoreError {
    /// Creates an error with this cause.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(cause.into())
    }
}

/// The error of a store whose caller gives it tokens of another grant.
const FOREIGN: &str = "a token of another grant";

fn belong(tokens: &[Token], grant: &str) -> bool {
    tokens.iter().all(|token| token.grant == grant)
}
