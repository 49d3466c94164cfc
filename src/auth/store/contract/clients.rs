//! Tests of which clients a store forgets.

use super::super::{Client, Grant, Token, TokenKind, TokenStore, UNUSED};
use super::kit::{ContractError, LATER, answered, new_grant, new_token, same, unique};
use crate::auth::Timestamp;

/// Checks that a client which was never used is forgotten a day after it registered, and a used client when it has been
/// idle for the requested time.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn unused_clients_go_first<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    const DAY: Timestamp = 24 * 3600;
    const IDLE: Timestamp = 90 * DAY;
    // Later than everything that earlier tests have left.
    let now = LATER + 200 * DAY;
    answered(first.sweep(now, IDLE).await)?;
    let client = |registered| Client { id: unique("client-"), name: None, redirect_uris: Vec::new(), registered };
    let (unused, new) = (client(now - UNUSED - 1), client(now - UNUSED + 1));
    let (used, idle) = (client(now - 100 * DAY), client(now - 150 * DAY));
    let [used_twice, again] = [client(now - 150 * DAY), client(now - 150 * DAY)];
    for client in [&unused, &new, &used, &idle, &used_twice, &again] {
        answered(first.put_client(client.clone()).await)?;
    }
    for (client, days) in [(&used, 89), (&idle, 91), (&used_twice, 120), (&used_twice, 30), (&again, 89)] {
        let grant = Grant { client: client.id.clone(), created: now - days * DAY, ..new_grant("лев") };
        let token = Token { expires: now - 1, ..new_token(&grant, TokenKind::Refresh) };
        answered(second.put_grant(grant, vec![token]).await)?;
    }
    // A client may change what it says of itself.
    answered(first.put_client(Client { name: Some("Editor".to_owned()), ..again.clone() }).await)?;
    let gone = answered(second.sweep(now, IDLE).await)?;
    same("a sweep counts five tokens, five grants and two clients", &gone, &12)?;
    for (client, kept, rule) in [
        (&unused, false, "a client that nobody ever used is forgotten after a day"),
        (&new, true, "a client that nobody used is kept for a day"),
        (&used, true, "a client that was used is kept"),
        (&used_twice, true, "a client that was used again is kept"),
        (&again, true, "a client that was used is kept when it says something else of itself"),
        (&idle, false, "a client that nobody uses any more is forgotten"),
    ] {
        same(rule, &answered(first.client(&client.id).await)?.is_some(), &kept)?;
    }
    Ok(())
}
