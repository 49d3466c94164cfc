//! Tests that what is revoked or swept is gone.

use super::super::{Client, Exchange, Grant, StoreError, Token, TokenKind, TokenStore};
use super::kit::{
    ContractError, LATER, NOW, answered, hold, new_code, new_grant, new_pair, new_token, none_is_found, same, unique,
};

/// Checks that a revocation takes effect at once, with everything that belongs to it, and that repeating it is no
/// error.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_revocation_ends_all<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let (subject, namesake) = (unique("егор-"), unique("егор-"));
    let (one, two, other) = (new_grant(&subject), new_grant(&subject), new_grant(&namesake));
    let (ones, twos, others) = (new_pair(&one), new_pair(&two), new_pair(&other));
    for (grant, tokens) in [(&one, &ones), (&two, &twos), (&other, &others)] {
        answered(first.put_grant(grant.clone(), tokens.to_vec()).await)?;
    }
    let [access, refresh] = ones;
    for store in [first, second] {
        answered(store.revoke_token(&access.digest).await)?;
        none_is_found("a token that was revoked is gone", second, std::slice::from_ref(&access)).await?;
    }
    let found = answered(second.find(&refresh.digest).await)?;
    hold("revoking a token leaves its grant alone", found.is_some(), &found)?;
    for store in [first, second] {
        answered(store.revoke_grant(&two.id).await)?;
        answered(store.revoke_grant("grant-that-never-was\0").await)?;
        none_is_found("a grant that was revoked leaves nothing", second, &twos).await?;
    }
    let found = answered(second.find(&others[0].digest).await)?;
    hold("revoking a grant leaves others alone", found.is_some(), &found)?;
    for store in [first, second] {
        answered(store.revoke_subject(&subject).await)?;
        answered(store.revoke_subject("nobody\0").await)?;
        none_is_found("revoking a user revokes all grants", second, std::slice::from_ref(&refresh)).await?;
    }
    let found = answered(second.find(&others[0].digest).await)?;
    hold("revoking a user leaves others alone", found.is_some(), &found)?;
    let gone = answered(second.exchange(&twos[1].digest, new_pair(&two).into(), NOW, 0).await)?;
    same("what was revoked cannot be exchanged", &gone, &Exchange::Gone)
}

/// Checks that a grant which is revoked while its tokens are exchanged leaves nothing, in any order.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_revocation_beats_an_exchange<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    for round in 0..40 {
        let grant = new_grant(&unique("жанна-"));
        let (code, successors) = (new_code(&grant), new_pair(&grant));
        answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
        let (store, tokens, digest) = (first.clone(), successors.to_vec(), code.digest);
        let exchange = tokio::spawn(async move { store.exchange(&digest, tokens, NOW, 0).await });
        if round % 4 == 3 {
            tokio::task::yield_now().await;
        }
        answered(match round % 2 {
            0 => second.revoke_grant(&grant.id).await,
            _ => second.revoke_subject(&grant.subject).await,
        })?;
        let ended = exchange.await.unwrap_or_else(|error| Err(StoreError::new(error)));
        let ended = answered(ended)?;
        let plain = matches!(ended, Exchange::Done | Exchange::Gone);
        hold("an exchange during a revocation is done or gone", plain, &ended)?;
        let rule = "a grant that is revoked during an exchange leaves nothing";
        none_is_found(rule, first, &[&[code][..], &successors].concat()).await?;
    }
    Ok(())
}

/// Checks that a sweep forgets what has expired, grants without tokens and idle clients, but nothing else, and that it
/// returns the number of rows.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_sweep_forgets<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let client = |registered| Client { id: unique("client-"), name: None, redirect_uris: Vec::new(), registered };
    // Later than everything that earlier tests have left.
    let now = LATER + 10_000;
    let idle = 1000;
    answered(first.sweep(now, idle).await)?;

    let (busy, unused, new) = (client(now - 2 * idle), client(now - 2 * idle), client(now));
    let (kept, dead) = (new_grant("зоя"), new_grant("зоя"));
    let kept = Grant { client: busy.id.clone(), ..kept };
    let alive = Token { expires: now + 1, ..new_token(&kept, TokenKind::Refresh) };
    let expired = [
        Token { expires: now - 1, ..new_token(&kept, TokenKind::Access) },
        Token { expires: now - 1, ..new_code(&dead) },
    ];
    for client in [&busy, &unused, &new] {
        answered(first.put_client(client.clone()).await)?;
    }
    answered(first.put_grant(kept, vec![alive.clone(), expired[0].clone()]).await)?;
    answered(first.put_grant(dead.clone(), vec![expired[1].clone()]).await)?;

    let gone = answered(second.sweep(now, idle).await)?;
    same("a sweep counts two tokens, a grant and a client", &gone, &4)?;
    none_is_found("a sweep forgets what has expired", first, &expired).await?;
    let found = answered(first.find(&alive.digest).await)?;
    hold("a sweep leaves what counts", found.is_some(), &found)?;
    for (client, kept) in [(&busy, true), (&unused, false), (&new, true)] {
        let found = answered(first.client(&client.id).await)?;
        hold("a sweep forgets idle clients that have no grant, and no others", found.is_some() == kept, &found)?;
    }
    same("a second sweep finds nothing", &answered(first.sweep(now, idle).await)?, &0)?;
    answered(first.put_grant(dead.clone(), vec![new_code(&dead)]).await)
        .map_err(|broken| ContractError { rule: "a sweep forgets grants that have no tokens left", ..broken })
}
