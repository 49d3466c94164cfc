//! Names and patterns of names, and the scopes that they need.

use super::guards::folded_name;
use crate::identity::Scopes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use std::collections::HashMap;
use wildmatch::WildMatch;

/// Scopes by name. The first rule for an exact name goes before the first pattern that fits.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    written: Table,
    /// The same rules, for names that 1C may take for those of the rules.
    folded: Table,
}

#[derive(Clone, Debug, Default)]
struct Table {
    exact: HashMap<Box<str>, Scopes>,
    patterns: Vec<(WildMatch, Scopes)>,
}

impl Names {
    /// Names that fit `pattern` need these scopes. Its own text is a name too: a URI may hold a `?`.
    pub(super) fn add(&mut self, pattern: &str, scopes: Scopes) {
        if pattern.contains(['*', '?']) {
            self.add_pattern(pattern, &scopes);
        }
        if !self.written.exact.contains_key(pattern) {
            self.add_exact(pattern, &scopes);
        }
    }

    /// The same of URIs: what stands for a template stands for the URIs that come of it.
    pub(super) fn add_uri(&mut self, pattern: &str, scopes: Scopes) {
        if let Some(expanded) = expanded(pattern) {
            self.add_pattern(&expanded, &scopes);
        }
        self.add(pattern, scopes);
    }

    /// This name needs these scopes, and those of a rule for the same name if there is one.
    pub(super) fn add_exact(&mut self, name: &str, scopes: &Scopes) {
        self.written.widen(name.into(), scopes);
        self.folded.widen(folded_name(name).into(), scopes);
    }

    fn add_pattern(&mut self, pattern: &str, scopes: &Scopes) {
        self.written.patterns.push((WildMatch::new(pattern), scopes.clone()));
        self.folded.patterns.push((WildMatch::new(&folded_name(pattern)), scopes.clone()));
    }

    /// What `name` needs, and `others` where no rule speaks of it. A name that is that of a rule but for
    /// its case needs both: who knows which of the two 1C takes it for.
    pub(super) fn needed<'a>(&'a self, name: &str, others: &'a Scopes) -> Cow<'a, Scopes> {
        if let Some(scopes) = self.written.exact.get(name) {
            return Cow::Borrowed(scopes);
        }
        let written = self.written.pattern(name).unwrap_or(others);
        let folded_name = folded_name(name);
        let alike = self.folded.exact.get(&*folded_name).or_else(|| self.folded.pattern(&folded_name));
        match alike.filter(|alike| !written.contains_all(alike)) {
            Some(alike) => Cow::Owned(written.union(alike)),
            None => Cow::Borrowed(written),
        }
    }
}

impl Table {
    fn widen(&mut self, name: Box<str>, scopes: &Scopes) {
        self.exact.entry(name).and_modify(|known| *known = known.union(scopes)).or_insert_with(|| scopes.clone());
    }

    fn pattern(&self, name: &str) -> Option<&Scopes> {
        self.patterns.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, scopes)| scopes)
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
