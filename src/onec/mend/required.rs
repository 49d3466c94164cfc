//! `required` of schemas, against the properties that there are.
//!
//! A schema shares its value with those in its `allOf`, `anyOf` and the like, so all of them together say
//! which properties there are. That is known at the end only.

use super::edits::Edits;
use super::judge::quoted;
use crate::rpc::json::{Fault, Scanner, Span, text};
use std::borrow::Cow;
use std::collections::HashSet;

/// Schemas of one value.
#[derive(Debug, Default)]
struct Group {
    /// Where their properties stand. Most schemas require none, so the names are read at the end.
    properties: Vec<Span>,
    /// It refers to others, whose properties are not known.
    open: bool,
}

/// A list of names of properties.
#[derive(Debug)]
struct Required {
    group: usize,
    span: Span,
    /// Under `not` or `if` one less is not less to ask for.
    fixed: bool,
}

/// What a schema says of properties.
#[derive(Debug, Default)]
pub(super) struct Names {
    groups: Vec<Group>,
    required: Vec<Required>,
}

impl Names {
    /// A value of its own.
    pub(super) fn group(&mut self) -> usize {
        self.groups.push(Group::default());
        self.groups.len() - 1
    }

    /// Properties stand at `span`.
    pub(super) fn properties(&mut self, group: usize, span: Span) {
        if let Some(group) = self.groups.get_mut(group) {
            group.properties.push(span);
        }
    }

    pub(super) fn open(&mut self, group: usize) {
        if let Some(group) = self.groups.get_mut(group) {
            group.open = true;
        }
    }

    pub(super) fn require(&mut self, group: usize, span: Span, fixed: bool) {
        self.required.push(Required { group, span, fixed });
    }

    pub(super) fn mark(&self) -> usize {
        self.required.len()
    }

    /// Forgets what was required after a mark.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.required.truncate(mark);
    }

    /// Takes out of each list what is no name, no property, or there already.
    pub(super) fn settle(self, bytes: &[u8], edits: &mut Edits) {
        for Required { group, span, fixed } in &self.required {
            let Some(group) = self.groups.get(*group) else { continue };
            let mut properties: Vec<_> =
                group.properties.iter().filter_map(|span| keys(span.of(bytes)?)).flatten().collect();
            properties.sort_unstable();
            let is_one = |name: &str| properties.binary_search_by(|property| (**property).cmp(name)).is_ok();
            let known = |name: &str| *fixed || group.open || is_one(name);
            if let Some(names) = span.of(bytes).and_then(|raw| unique_names(raw, known)) {
                edits.replace(*span, names);
            }
        }
    }
}

fn keys(object: &[u8]) -> Option<Vec<Cow<'_, str>>> {
    let mut keys = Vec::new();
    let read = Scanner::new(object).ok()?.object::<Fault>(|scanner, member| {
        keys.push(member.key);
        scanner.skip().map(drop)
    });
    read.ok().map(|_| keys)
}

/// The strings of an array that are wanted, each once; `None` where nothing is to mend.
pub(super) fn unique_names(raw: &[u8], wanted: impl Fn(&str) -> bool) -> Option<String> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    let mut all = 0;
    let read = Scanner::new(raw).ok()?.array::<Fault>(|scanner| {
        all += 1;
        let name = text(raw, scanner.skip()?).filter(|name| wanted(name) && seen.insert(name.clone()));
        names.extend(name);
        Ok(())
    });
    read.ok()?;
    let list = || names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
    (names.len() < all).then(|| format!("[{}]", list()))
}
