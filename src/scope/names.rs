//! Names and patterns of names, and the scopes that they need.

use super::fold::folded_name;
use super::own::ToolRules;
use crate::identity::Scopes;
use std::borrow::Cow;
use std::collections::HashMap;
use wildmatch::WildMatch;

/// Scopes by name. The first rule that fits counts, whether it is a name or a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    written: Table,
    /// The same rules, for names that 1C may take for those of the rules.
    folded: Table,
    /// Each rule as it was given, in order.
    rules: Vec<(Box<str>, Scopes)>,
}

#[derive(Clone, Debug, Default)]
struct Table {
    /// The place of a rule among all, and what it needs.
    exact: HashMap<Box<str>, (usize, Scopes)>,
    patterns: Vec<(usize, WildMatch, Scopes)>,
}

impl Names {
    /// Names that fit `pattern` need these scopes. Its own text is a name too: a URI may hold a `?`.
    pub(super) fn add(&mut self, pattern: &str, scopes: &Scopes) {
        if pattern.contains(['*', '?']) {
            self.add_pattern(pattern, scopes);
        }
        let at = self.rules.len();
        if !self.written.exact.contains_key(pattern) {
            self.written.exact.insert(pattern.into(), (at, scopes.clone()));
            let alike = self.folded.exact.entry(folded_name(pattern).into()).or_insert_with(|| (at, scopes.clone()));
            // Who knows which of several 1C takes a name for that is that of none of them?
            alike.1 = alike.1.union(scopes);
        }
        self.rules.push((pattern.into(), scopes.clone()));
    }

    /// The same of URIs: what stands for a template stands for the URIs that come of it.
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

    /// What `name` needs, and `others` where no rule speaks of it. A name that is that of a rule but for
    /// its case or the form of its characters needs both: who knows which of the two 1C takes it for.
    ///
    /// A tool that carries a rule needs what that says, and what a rule for the very name says; patterns are
    /// not for it.
    pub(super) fn needed<'a>(&'a self, name: &str, others: &'a Scopes, own: Option<&'a ToolRules>) -> Cow<'a, Scopes> {
        if let Some(scopes) = own.and_then(|own| own.tool(name)) {
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

    /// Whether a holder of `have` could open a name that is not that of a tool with a rule of its own: one of
    /// which no rule speaks needs `others`.
    pub(super) fn opens(&self, have: &Scopes, others: &Scopes, own: Option<&ToolRules>) -> bool {
        let rules = self.rules.iter().filter(|(name, _)| !own.is_some_and(|own| own.has(name)));
        have.contains_all(others) || rules.into_iter().any(|(_, scopes)| have.contains_all(scopes))
    }
}

/// These scopes, and those if they are more.
fn both<'a>(scopes: &'a Scopes, more: Option<&Scopes>) -> Cow<'a, Scopes> {
    match more.filter(|more| !scopes.contains_all(more)) {
        Some(more) => Cow::Owned(scopes.union(more)),
        None => Cow::Borrowed(scopes),
    }
}

/// Which kind of rule it was.
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
    /// What the rule for this very name says.
    fn exact(&self, name: &str) -> Option<&Scopes> {
        self.exact.get(name).map(|(_, scopes)| scopes)
    }

    /// The first rule that fits.
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
