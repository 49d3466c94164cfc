//! Names and patterns of names, with the scopes that they need.

use super::fold::folded_name;
use super::own::OwnNames;
use crate::identity::Scopes;
use std::borrow::Cow;
use std::collections::HashMap;
use wildmatch::WildMatch;

/// The rules for names. The first rule that matches counts, whether it is a name or a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    written: Table,
    /// The rules by folded name, for names that 1C may take for those of the rules.
    folded: Table,
    /// The rules as they were given, in order.
    rules: Vec<(Box<str>, Scopes)>,
}

#[derive(Clone, Debug, Default)]
struct Table {
    /// Rules for exact names: the position among all rules, and the scopes.
    exact: HashMap<Box<str>, (usize, Scopes)>,
    patterns: Vec<(usize, WildMatch, Scopes)>,
}

impl Names {
    /// Adds a rule for names that match `pattern`. A pattern is also an exact name, as a URI may contain a `?`.
    pub(super) fn add(&mut self, pattern: &str, scopes: &Scopes) {
        if pattern.contains(['*', '?']) {
            self.add_pattern(pattern, scopes);
        }
        let at = self.rules.len();
        if !self.written.exact.contains_key(pattern) {
            self.written.exact.insert(pattern.into(), (at, scopes.clone()));
            let alike = self.folded.exact.entry(folded_name(pattern).into()).or_insert_with(|| (at, scopes.clone()));
            // 1C may take a similar name for any of these, so all their scopes are needed.
            alike.1 = alike.1.union(scopes);
        }
        self.rules.push((pattern.into(), scopes.clone()));
    }

    /// Adds a rule for URIs. A rule for a URI template also counts for the URIs that the template expands to.
    pub(super) fn add_uri(&mut self, pattern: &str, scopes: &Scopes) {
        if let Some(expanded) = expanded(pattern) {
            self.add_pattern(&expanded, scopes);
        }
        self.add(pattern, scopes);
    }

    fn add_pattern(&mut self, pattern: &str, scopes: &Scopes) {
        let at = self.rules.len();
        self.written.patterns.push((at, WildMatch::new(pattern), scopes.clone()));
        self.folded.patterns.push((at, WildMatch::new(&folded_name(pattern)), scopes.clone()));
    }

    /// Returns the scopes that `name` needs: `others` if no rule matches. A name that differs from a rule's only in
    /// case or in the form of its characters needs the scopes of both, as 1C may take it for either.
    ///
    /// A name that carries a rule needs the scopes of that rule and of a rule for its exact name; patterns do not apply
    /// to it.
    pub(super) fn needed<'a>(&'a self, name: &str, others: &'a Scopes, own: Option<&'a OwnNames>) -> Cow<'a, Scopes> {
        if let Some(scopes) = own.and_then(|own| own.get(name)) {
            return both(scopes, self.written.exact(name));
        }
        let written = match self.written.find(name) {
            Some(Found::Name(scopes)) => return Cow::Borrowed(scopes),
            Some(Found::Pattern(scopes)) => scopes,
            None => others,
        };
        let folded = folded_name(name);
        match own.and_then(|own| own.alike(&folded)) {
            Some(alike) => Cow::Owned(both(written, Some(&both(alike, self.folded.exact(&folded)))).into_owned()),
            None => both(written, self.folded.find(&folded).map(Found::scopes)),
        }
    }

    /// Returns whether `have` could allow any name other than those that carry rules. Names without a rule
    /// need `others`.
    pub(super) fn opens(&self, have: &Scopes, others: &Scopes, own: Option<&OwnNames>) -> bool {
        let rules = self.rules.iter().filter(|(name, _)| !own.is_some_and(|own| own.has(name)));
        have.contains_all(others) || rules.into_iter().any(|(_, scopes)| have.contains_all(scopes))
    }
}

/// Returns `scopes`, together with `more` if it adds any.
fn both<'a>(scopes: &'a Scopes, more: Option<&Scopes>) -> Cow<'a, Scopes> {
    match more.filter(|more| !scopes.contains_all(more)) {
        Some(more) => Cow::Owned(scopes.union(more)),
        None => Cow::Borrowed(scopes),
    }
}

/// The kind of the rule that matched.
enum Found<'a> {
    Name(&'a Scopes),
    Pattern(&'a Scopes),
}

impl<'a> Found<'a> {
    const fn scopes(self) -> &'a Scopes {
        match self {
            Self::Name(scopes) | Self::Pattern(scopes) => scopes,
        }
    }
}

impl Table {
    /// Returns the scopes of the rule for this exact name.
    fn exact(&self, name: &str) -> Option<&Scopes> {
        self.exact.get(name).map(|(_, scopes)| scopes)
    }

    /// Returns the first rule that matches.
    fn find(&self, name: &str) -> Option<Found<'_>> {
        let exact = self.exact.get(name);
        let before = |at: usize| exact.is_none_or(|(exact, _)| at < *exact);
        let mut earlier = self.patterns.iter().take_while(|(at, ..)| before(*at));
        match earlier.find(|(_, pattern, _)| pattern.matches(name)) {
            Some((_, _, scopes)) => Some(Found::Pattern(scopes)),
            None => exact.map(|(_, scopes)| Found::Name(scopes)),
        }
    }
}

/// Returns a URI template with `*` in place of its expressions; `None` if it has none.
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
