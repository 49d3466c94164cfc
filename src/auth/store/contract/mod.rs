//! What every [`TokenStore`] must do, as tests for stores of your own.
//!
//! They take two handles of one store: clones, or better what two processes would have, with
//! connections of their own. Run them on a store that nobody else uses, since they sweep it.
//!
//! ```
//! use onec_mcp::auth::store::{MemoryStore, contract};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), contract::Broken> {
//! let store = MemoryStore::new();
//! contract::all(&store, &store.clone()).await
//! # }
//! ```

mod clients;
mod exchanges;
mod grace;
mod logins;
mod memory;
mod once;
mod revocations;

pub use clients::unused_clients_go_first;
pub use exchanges::{a_replay_revokes, an_exchange_is_whole, one_exchange_wins, what_has_expired_is_gone};
pub use grace::{a_grace_ends, a_refresh_token_may_come_again, all_refreshes_at_once_win};
pub use logins::known_logins_are_kept;
pub use memory::{any_text_survives, clients_are_kept, tokens_are_found};
pub use once::what_comes_once_comes_once;
pub use revocations::{a_revocation_beats_an_exchange, a_revocation_ends_all, a_sweep_forgets};

use super::{Grant, Kind, StoreError, Token, TokenStore};
use crate::auth::{Digest, Timestamp};
use crate::identity::Scopes;
use std::fmt;
use uuid::Uuid;

/// A promise that a store does not keep.
#[derive(Debug)]
pub struct Broken {
    /// The promise, in words.
    pub rule: &'static str,
    /// What was seen instead.
    pub detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

impl std::error::Error for Broken {}

/// All of the tests below, one after the other.
///
/// # Errors
/// The first promise that is broken.
pub async fn all<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    clients_are_kept(first, second).await?;
    any_text_survives(first, second).await?;
    tokens_are_found(first, second).await?;
    an_exchange_is_whole(first, second).await?;
    what_has_expired_is_gone(first, second).await?;
    one_exchange_wins(first, second).await?;
    a_replay_revokes(first, second).await?;
    a_revocation_ends_all(first, second).await?;
    a_revocation_beats_an_exchange(first, second).await?;
    a_sweep_forgets(first, second).await?;
    unused_clients_go_first(first, second).await?;
    a_refresh_token_may_come_again(first, second).await?;
    a_grace_ends(first, second).await?;
    all_refreshes_at_once_win(first, second).await?;
    what_comes_once_comes_once(first, second).await?;
    known_logins_are_kept(first, second).await
}

/// The time in these tests, far from the real one.
const NOW: Timestamp = 1_000_000;
const LATER: Timestamp = NOW + 3600;

fn unique(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4())
}

fn new_grant(subject: &str) -> Grant {
    Grant {
        id: unique("grant-"),
        client: unique("client-"),
        subject: subject.to_owned(),
        scopes: Scopes::parse("mcp offline_access"),
        resource: "https://host.example/mcp".to_owned(),
        created: NOW,
        confidential: false,
    }
}

fn new_token(grant: &Grant, kind: Kind) -> Token {
    let scopes = Scopes::parse("mcp");
    let digest = Digest::of(&unique("token-"));
    Token { digest, grant: grant.id.clone(), kind, scopes, sealed: Some(vec![0, 1, 255]), expires: LATER }
}

fn new_code(grant: &Grant) -> Token {
    new_token(grant, Kind::Code { redirect_uri: None, challenge: "challenge".to_owned() })
}

fn new_pair(grant: &Grant) -> [Token; 2] {
    [new_token(grant, Kind::Access), new_token(grant, Kind::Refresh)]
}

/// `Ok`, or the rule with what was seen.
fn hold(rule: &'static str, holds: bool, seen: &impl fmt::Debug) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { rule, detail: format!("{seen:?}") }) }
}

fn same<T: PartialEq + fmt::Debug>(rule: &'static str, seen: &T, wanted: &T) -> Result<(), Broken> {
    if seen == wanted { Ok(()) } else { Err(Broken { rule, detail: format!("{seen:?} instead of {wanted:?}") }) }
}

fn answered<T>(result: Result<T, StoreError>) -> Result<T, Broken> {
    result.map_err(|error| Broken { rule: "a store that is up answers", detail: format!("{error:?}") })
}

async fn none_is_found<S: TokenStore>(rule: &'static str, store: &S, tokens: &[Token]) -> Result<(), Broken> {
    for token in tokens {
        same(rule, &answered(store.find(&token.digest).await)?, &None)?;
    }
    Ok(())
}
