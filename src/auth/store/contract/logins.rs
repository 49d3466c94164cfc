//! Tests of what a store knows of the logins of an account.

use super::super::TokenStore;
use super::kit::{ContractError, LATER, NOW, answered, same, unique};
use crate::auth::Digest;

/// Checks that what is known of the logins of an account is found as it was last put, until it expires.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn known_logins_are_kept<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    const RULE: &str = "what is known of an account is found as it was put last";
    // Later than everything that earlier tests have left.
    let now = LATER + 20_000;
    answered(first.sweep(now, LATER).await)?;
    let [one, other] = ["account-", "account-"].map(|prefix| Digest::of(&unique(prefix)));
    same("nothing is known of an account before", &answered(first.login(&one, now).await)?, &None)?;
    for (put, found, known) in
        [(first, second, vec![0, 1, 255]), (second, first, vec![7; 113]), (first, second, Vec::new())]
    {
        answered(put.put_login(&one, known.clone(), now + 10).await)?;
        same(RULE, &answered(found.login(&one, now + 9).await)?, &Some(known))?;
    }
    same("what is over is not found", &answered(second.login(&one, now + 10).await)?, &None)?;
    same("another account is another", &answered(second.login(&other, NOW).await)?, &None)?;
    answered(first.put_login(&other, vec![1], now + 20).await)?;
    same("a sweep counts what is over", &answered(second.sweep(now + 10, LATER).await)?, &1)?;
    same("a sweep leaves what is known", &answered(first.login(&other, now).await)?, &Some(vec![1]))?;
    answered(first.put_login(&other, Vec::new(), NOW).await)?;
    same("what is over when it is put is forgotten", &answered(second.login(&other, now).await)?, &None)?;
    same("a sweep counts what is over", &answered(second.sweep(now + 10, LATER).await)?, &1)
}
