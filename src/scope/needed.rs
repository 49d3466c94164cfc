//! [`scopes`]: the scopes that a rule is written with.

use crate::identity::Scopes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The scopes of a rule. What is no scope token is held by nobody: written as one, so that a
/// misspelled rule closes instead of opening.
pub(super) fn scopes(text: &str) -> Scopes {
    let tokens = text.split_ascii_whitespace();
    if tokens.clone().all(Scopes::is_token) {
        return tokens.collect();
    }
    let encoded: Vec<String> = tokens
        .map(|token| match Scopes::is_token(token) {
            true => token.to_owned(),
            false => utf8_percent_encode(token, NON_ALPHANUMERIC).to_string(),
        })
        .collect();
    encoded.iter().map(String::as_str).collect()
}
