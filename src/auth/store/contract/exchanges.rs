//! Tests that a code or refresh token can be exchanged only once.

use super::super::{Exchange, Found, Token, TokenKind, TokenStore};
use super::kit::{
    ContractError, LATER, NOW, answered, hold, new_code, new_grant, new_pair, new_token, none_is_found, same,
};
use tokio::task::JoinSet;

/// Checks that successors are valid from the exchange on, and that either both steps happen or neither.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn an_exchange_is_whole<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let grant = new_grant("boris");
    let (code, successors) = (new_code(&grant), new_pair(&grant));
    answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;

    let clash = new_pair(&grant);
    let known = Token { digest: code.digest, ..new_code(&grant) };
    let refused = first.exchange(&code.digest, [&clash[..], &[known]].concat(), NOW, 0).await;
    hold("a successor that exists is refused", refused.is_err(), &refused)?;
    let foreign = new_pair(&new_grant("boris"));
    let refused = first.exchange(&code.digest, foreign.to_vec(), NOW, 0).await;
    hold("a successor of another grant is refused", refused.is_err(), &refused)?;
    none_is_found("an exchange that failed leaves nothing", second, &[clash, foreign.clone()].concat()).await?;
    let found = answered(second.find(&code.digest).await)?;
    let unused = found.as_ref().is_some_and(|found| !found.used);
    hold("an exchange that failed uses nothing up", unused, &found)?;

    let exchange = answered(second.exchange(&code.digest, successors.to_vec(), NOW, 0).await)?;
    same("a code can be exchanged", &exchange, &Exchange::Done)?;
    for token in successors {
        let wanted = Some(Found { token: token.clone(), grant: grant.clone(), used: false, grace_ends: None });
        same("successors are found", &answered(first.find(&token.digest).await)?, &wanted)?;
    }
    let found = answered(first.find(&code.digest).await)?;
    let used = found.as_ref().is_some_and(|found| found.used);
    hold("what was exchanged is found as used", used, &found)
}

/// Checks that expired codes, access tokens and unknown tokens cannot be exchanged, and that trying to does no harm.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn what_has_expired_is_gone<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    const RULE: &str = "what has expired, is unknown or an access token cannot be exchanged";
    let grant = new_grant("vera");
    let (code, access) = (new_code(&grant), new_token(&grant, TokenKind::Access));
    answered(first.put_grant(grant.clone(), vec![code.clone(), access.clone()]).await)?;
    for (digest, now) in [(code.digest, LATER), (access.digest, NOW), (new_code(&grant).digest, NOW)] {
        let successors = new_pair(&grant);
        same(RULE, &answered(first.exchange(&digest, successors.to_vec(), now, 0).await)?, &Exchange::Gone)?;
        none_is_found("an exchange that failed leaves nothing", second, &successors).await?;
    }
    let exchange = answered(second.exchange(&code.digest, new_pair(&grant).into(), LATER - 1, 0).await)?;
    same("what expires in a second can be exchanged", &exchange, &Exchange::Done)
}

/// Checks that of a hundred simultaneous exchanges of one code exactly one wins. The losers show that the code leaked:
/// the grant is revoked, and with it what the winner got.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn one_exchange_wins<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let grant = new_grant("galina");
    let code = new_code(&grant);
    answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
    let mut tasks = JoinSet::new();
    let mut all = vec![code.clone()];
    for turn in 0..100 {
        let store = if turn % 2 == 0 { first.clone() } else { second.clone() };
        let successors = new_pair(&grant);
        all.extend(successors.clone());
        tasks.spawn(async move { store.exchange(&code.digest, successors.into(), NOW, 0).await });
    }
    let ended = tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>();
    let ended = answered(ended)?;
    let count = |kind| ended.iter().filter(|end| **end == kind).count();
    same("of a hundred exchanges of one code exactly one wins", &count(Exchange::Done), &1)?;
    hold("a loser revokes the grant", count(Exchange::Replayed) >= 1, &ended)?;
    none_is_found("a grant that was revoked leaves nothing", first, &all).await?;
    none_is_found("a grant that was revoked leaves nothing", second, &all).await
}

/// Checks that using a code or refresh token a second time, at any time, revokes its whole grant and nothing else.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_replay_revokes<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    for (again, now) in [(0, NOW), (1, NOW + 2), (0, LATER + 1)] {
        let (grant, other) = (new_grant("dmitri"), new_grant("dmitri"));
        let (code, bystander) = (new_code(&grant), new_token(&other, TokenKind::Access));
        answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
        answered(first.put_grant(other, vec![bystander.clone()]).await)?;
        let (one, two) = (new_pair(&grant), new_pair(&grant));
        let refresh = one[1].digest;
        answered(first.exchange(&code.digest, one.to_vec(), NOW, 0).await)?;
        answered(second.exchange(&refresh, two.to_vec(), NOW + 1, 0).await)?;
        let digest = if again == 0 { code.digest } else { refresh };
        let replay = answered(second.exchange(&digest, new_pair(&grant).into(), now, 0).await)?;
        same("a second use is told", &replay, &Exchange::Replayed)?;
        none_is_found("a replay revokes the family", first, &[&[code][..], &one, &two].concat()).await?;
        let found = answered(first.find(&bystander.digest).await)?;
        hold("a replay leaves other grants alone", found.is_some(), &found)?;
    }
    Ok(())
}
