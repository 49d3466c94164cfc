//! Names and patterns of names, and the scopes that they need.

use crate::identity::Scopes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::HashMap;
use wildmatch::WildMatch;

/// Scopes by name. The first rule for an exact name goes before the first pattern that fits.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    exact: HashMap<Box<str>, Scopes>,
    patterns: Vec<(WildMatch, Scopes)>,
}

impl Names {
    /// Names that fit `pattern` need these scopes. Its own text is a name too: a URI may hold a `?`.
    pub(super) fn add(&mut self, pattern: &str, scopes: Scopes) {
        if pattern.contains(['*', '?']) {
            self.patterns.push((WildMatch::new(pattern), scopes.clone()));
        }
        self.exact.entry(pattern.into()).or_insert(scopes);
    }

    /// The same of URIs: what stands for a template stands for the URIs that come of it.
    pub(super) fn add_uri(&mut self, pattern: &str, scopes: Scopes) {
        if let Some(expanded) = expanded(pattern) {
            self.patterns.push((WildMatch::new(&expanded), scopes.clone()));
        }
        self.add(pattern, scopes);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Scopes> {
        let fits = || self.patterns.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, scopes)| scopes);
        self.exact.get(name).or_else(fits)
    }
}

/// A URI template with `*` in place of its expressions; `None` where there is none.
fn expanded(template: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, expression)) = rest.split_once('{') {
        let (_, after) = expression.split_once('}')?;
        out.push_str(before);
        out.push('*');
        rest = after;
    }
    (rest.len() < template.len()).then(|| out + rest)
}

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
