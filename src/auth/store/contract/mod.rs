//! Tests of what every [`TokenStore`] must do, for stores of your own.
//!
//! Each test takes two handles of one store: clones, or better what two processes would have, with connections of their
//! own. Run them on a store that nothing else uses, since they sweep it.
//!
//! ```
//! use onec_mcp::auth::store::{MemoryStore, contract};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), contract::ContractError> {
//! let store = MemoryStore::new();
//! contract::all(&store, &store.clone()).await
//! # }
//! ```

mod clients;
mod exchanges;
mod grace;
mod kit;
mod logins;
mod memory;
mod once;
mod revocations;

pub use clients::unused_clients_go_first;
pub use exchanges::{a_replay_revokes, an_exchange_is_whole, one_exchange_wins, what_has_expired_is_gone};
pub use grace::{a_grace_ends, a_refresh_token_may_come_again, all_refreshes_at_once_win};
pub use kit::ContractError;
pub use logins::known_logins_are_kept;
pub use memory::{any_text_survives, clients_are_kept, tokens_are_found};
pub use once::what_comes_once_comes_once;
pub use revocations::{a_revocation_beats_an_exchange, a_revocation_ends_all, a_sweep_forgets};

use super::TokenStore;

/// Runs all tests of this module, one after the other.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn all<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
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
