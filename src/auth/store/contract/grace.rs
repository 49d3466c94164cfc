//! Tests that a refresh token may come again for a while, and a code may not.

use super::super::{Exchange, Token, TokenKind, TokenStore};
use super::kit::{
    ContractError, LATER, NOW, answered, hold, new_code, new_grant, new_pair, new_token, none_is_found, same,
};
use tokio::task::JoinSet;

const AGAIN: &str = "a refresh token may come again within its grace";
const OVER: &str = "a refresh token that comes after its grace revokes its grant";
const GRACE: i64 = 30;

async fn all_are_found<S: TokenStore>(store: &S, tokens: &[Token]) -> Result<(), ContractError> {
    for token in tokens {
        let found = answered(store.find(&token.digest).await)?;
        let good = found.as_ref().is_some_and(|found| !found.used);
        hold("what came of a refresh token stays good when it comes again", good, &found)?;
    }
    Ok(())
}

/// Checks that a refresh token gets another pair each time within its grace, whatever became of the earlier pairs, and
/// that all of them are valid. A code does not.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_refresh_token_may_come_again<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let grant = new_grant("ирина");
    let (code, [access, refresh]) = (new_code(&grant), new_pair(&grant));
    answered(first.put_grant(grant.clone(), vec![code, access.clone(), refresh.clone()]).await)?;
    let [one, two, three, of_one, of_two] = &std::array::from_fn(|_| new_pair(&grant));
    let exchanged = async |store: &S, used: &Token, pair: &[Token; 2], now| {
        answered(store.exchange(&used.digest, pair.to_vec(), now, GRACE).await)
    };
    same(AGAIN, &exchanged(first, &refresh, one, NOW).await?, &Exchange::Done)?;
    let found = answered(second.find(&refresh.digest).await)?;
    let kept = found.as_ref().is_some_and(|found| {
        found.used && found.grace_ends == Some(NOW + GRACE) && found.token.sealed == refresh.sealed
    });
    hold("a refresh token keeps what it carries until its grace is over", kept, &found)?;
    same(AGAIN, &exchanged(second, &refresh, two, NOW).await?, &Exchange::Repeated)?;
    all_are_found(first, &[&[access][..], one, two].concat()).await?;
    same("a pair of a token that came again is good", &exchanged(first, &one[1], of_one, NOW).await?, &Exchange::Done)?;
    same("and so is the other", &exchanged(second, &two[1], of_two, NOW).await?, &Exchange::Done)?;
    let last = NOW + GRACE - 1;
    same(AGAIN, &exchanged(second, &refresh, three, last).await?, &Exchange::Repeated)?;
    all_are_found(second, &[&three[..], of_one, of_two].concat()).await?;
    let clash = [new_token(&grant, TokenKind::Access), three[1].clone()];
    let refused = first.exchange(&refresh.digest, clash.to_vec(), last, GRACE).await;
    hold("a successor that exists is refused", refused.is_err(), &refused)?;
    none_is_found("an exchange that failed leaves nothing", second, &clash[..1]).await?;

    let grant = new_grant("ирина");
    let code = new_code(&grant);
    answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
    same("a code can be exchanged", &exchanged(first, &code, &new_pair(&grant), NOW).await?, &Exchange::Done)?;
    let found = answered(second.find(&code.digest).await)?;
    let bare = found.as_ref().is_some_and(|found| found.grace_ends.is_none() && found.token.sealed.is_none());
    hold("a code that was used has no grace and carries nothing", bare, &found)?;
    let again = exchanged(second, &code, &new_pair(&grant), NOW).await?;
    same("a code that comes again revokes its grant", &again, &Exchange::Replayed)
}

/// Checks that the grace counts from the first exchange and that later ones do not extend it; after it, the token is a
/// replay. The grace does not keep alive what has expired or is revoked. A sweep forgets what was kept for it.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn a_grace_ends<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    for (grace, moments, swept) in
        [(0, &[][..], false), (GRACE, &[NOW + 1, NOW + GRACE - 1], false), (GRACE, &[], true)]
    {
        let grant = new_grant("кирилл");
        let [access, refresh] = new_pair(&grant);
        answered(first.put_grant(grant.clone(), vec![access.clone(), refresh.clone()]).await)?;
        let mut all = vec![access, refresh.clone()];
        for (turn, now) in [&[NOW], moments].concat().into_iter().enumerate() {
            let (pair, store) = (new_pair(&grant), if turn % 2 == 0 { first } else { second });
            all.extend(pair.clone());
            let exchange = answered(store.exchange(&refresh.digest, pair.into(), now, grace).await)?;
            same(AGAIN, &exchange, if turn == 0 { &Exchange::Done } else { &Exchange::Repeated })?;
        }
        if swept {
            answered(second.sweep(NOW + grace, LATER).await)?;
            let found = answered(first.find(&refresh.digest).await)?;
            let bare = found.as_ref().is_some_and(|found| found.grace_ends.is_none() && found.token.sealed.is_none());
            hold("a sweep forgets what a refresh token carried when its grace is over", bare, &found)?;
        }
        let late = answered(second.exchange(&refresh.digest, new_pair(&grant).into(), NOW + grace, grace).await)?;
        same(OVER, &late, &Exchange::Replayed)?;
        none_is_found(OVER, first, &all).await?;
    }
    let grant = new_grant("кирилл");
    let [access, refresh] = new_pair(&grant);
    let (one, two) = (new_pair(&grant), new_pair(&grant));
    answered(first.put_grant(grant.clone(), vec![access.clone(), refresh.clone()]).await)?;
    answered(first.exchange(&refresh.digest, one.to_vec(), LATER - 1, GRACE).await)?;
    let late = answered(second.exchange(&refresh.digest, two.to_vec(), LATER, GRACE).await)?;
    same("a refresh token that has expired does not come again", &late, &Exchange::Gone)?;
    none_is_found("an exchange that failed leaves nothing", second, &two).await?;
    all_are_found(second, &one).await?;
    answered(second.revoke_grant(&grant.id).await)?;
    let gone = answered(first.exchange(&refresh.digest, two.to_vec(), LATER - 1, GRACE).await)?;
    same("a refresh token that was revoked does not come again", &gone, &Exchange::Gone)
}

/// Checks that of a hundred simultaneous refreshes with one token exactly one is the first, and all succeed.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn all_refreshes_at_once_win<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let grant = new_grant("лариса");
    let refresh = new_token(&grant, TokenKind::Refresh);
    answered(first.put_grant(grant.clone(), vec![refresh.clone()]).await)?;
    let (mut tasks, mut all) = (JoinSet::new(), Vec::new());
    for turn in 0..100 {
        let (store, pair) = (if turn % 2 == 0 { first.clone() } else { second.clone() }, new_pair(&grant));
        all.extend(pair.clone());
        tasks.spawn(async move { store.exchange(&refresh.digest, pair.into(), NOW, GRACE).await });
    }
    let ended = answered(tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>())?;
    let count = |kind| ended.iter().filter(|end| **end == kind).count();
    same("of a hundred refreshes at once one is the first", &count(Exchange::Done), &1)?;
    same("of a hundred refreshes at once all win", &count(Exchange::Repeated), &99)?;
    all_are_found(first, &all).await?;
    all_are_found(second, &all).await
}
