//! Building blocks of the tests.

use super::super::{Grant, StoreError, Token, TokenKind, TokenStore};
use crate::auth::{Digest, Timestamp};
use crate::identity::Scopes;
use std::fmt;
use uuid::Uuid;

/// A promise that a store does not keep.
#[derive(Debug)]
#[non_exhaustive]
pub struct ContractError {
    /// The promise, in words.
    pub rule: &'static str,
    /// What the store did instead.
    pub detail: String,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

impl std::error::Error for ContractError {}

/// The time in these tests, far from the real one.
pub(super) const NOW: Timestamp = 1_000_000;
pub(super) const LATER: Timestamp = NOW + 3600;

pub(super) fn unique(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4())
}

pub(super) fn new_grant(subject: &str) -> Grant {
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

pub(super) fn new_token(grant: &Grant, kind: TokenKind) -> Token {
    let scopes = Scopes::parse("mcp");
    let digest = Digest::of(&unique("token-"));
    Token { digest, grant: grant.id.clone(), kind, scopes, sealed: Some(vec![0, 1, 255]), expires: LATER }
}

pub(super) fn new_code(grant: &Grant) -> Token {
    new_token(grant, TokenKind::Code { redirect_uri: None, challenge: "challenge".to_owned() })
}

pub(super) fn new_pair(grant: &Grant) -> [Token; 2] {
    [new_token(grant, TokenKind::Access), new_token(grant, TokenKind::Refresh)]
}

/// Returns `Ok` if the rule holds, or else the rule with what the store did.
pub(super) fn hold(rule: &'static str, holds: bool, seen: &impl fmt::Debug) -> Result<(), ContractError> {
    if holds { Ok(()) } else { Err(ContractError { rule, detail: format!("{seen:?}") }) }
}

pub(super) fn same<T: PartialEq + fmt::Debug>(rule: &'static str, seen: &T, wanted: &T) -> Result<(), ContractError> {
    if seen == wanted { Ok(()) } else { Err(ContractError { rule, detail: format!("{seen:?} instead of {wanted:?}") }) }
}

pub(super) fn answered<T>(result: Result<T, StoreError>) -> Result<T, ContractError> {
    result.map_err(|error| ContractError { rule: "a store that is up answers", detail: format!("{error:?}") })
}

pub(super) async fn none_is_found<S: TokenStore>(
    rule: &'static str,
    store: &S,
    tokens: &[Token],
) -> Result<(), ContractError> {
    for token in tokens {
        same(rule, &answered(store.find(&token.digest).await)?, &None)?;
    }
    Ok(())
}
