//! [`scopes`]: parses the scopes in a rule.

use crate::identity::Scopes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Parses the scopes of a rule. Text that is not a scope token is percent-encoded to one that no caller holds, so
/// that a misspelled rule forbids rather than allows.
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
