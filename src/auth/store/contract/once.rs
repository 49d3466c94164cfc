//! Tests that an id counts as new only once.

use super::super::TokenStore;
use super::kit::{ContractError, LATER, NOW, answered, same, unique};
use crate::auth::Digest;
use tokio::task::JoinSet;

/// Checks that of a hundred simultaneous uses of one id exactly one is the first, and that no other use is until the id
/// expires.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn what_comes_once_comes_once<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    const RULE: &str = "what comes once is refused the second time";
    let id = Digest::of(&unique("assertion-"));
    for (store, now, wanted) in [
        (first, NOW, true),
        (first, NOW, false),
        (second, LATER - 1, false),
        (second, LATER, true),
        (first, LATER, false),
    ] {
        let until = if now < LATER { LATER } else { LATER + 60 };
        same(RULE, &answered(store.first_use(&id, until, now).await)?, &wanted)?;
    }
    let other = Digest::of(&unique("assertion-"));
    same("what never came is the first", &answered(second.first_use(&other, LATER, NOW).await)?, &true)?;

    let id = Digest::of(&unique("assertion-"));
    let mut tasks = JoinSet::new();
    for turn in 0..100 {
        let store = if turn % 2 == 0 { first.clone() } else { second.clone() };
        tasks.spawn(async move { store.first_use(&id, LATER, NOW).await });
    }
    let ended = answered(tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>())?;
    let firsts = ended.into_iter().filter(|first| *first).count();
    same("of a hundred at once one is the first", &firsts, &1)?;

    answered(first.sweep(LATER, LATER).await)?;
    same("a sweep counts what may come again", &answered(second.sweep(LATER + 60, LATER).await)?, &1)
}
