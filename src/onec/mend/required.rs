//! Checks `required` in schemas against their properties.
//!
//! A schema applies to one value together with those in its `allOf`, `anyOf` and the like, so the properties of
//! all of them count. They are known only at the end.

use super::edits::Edits;
use crate::rpc::json::{JsonError, Scanner, Span, text};
use std::borrow::Cow;
use std::collections::HashSet;

/// An array of names of properties.
#[derive(Debug)]
struct Required {
    group: usize,
    span: Span,
    /// Whether it stays as it is: under `not` or `if`, a shorter list is not a looser condition.
    fixed: bool,
}

/// The properties and required names of a schema. Schemas of one value form a group.
#[derive(Debug, Default)]
pub(super) struct Names {
    groups: usize,
    /// The places of a group's properties. Most schemas require none, so the properties are read only at the end.
    properties: Vec<(usize, Span)>,
    /// Groups with references to other schemas, whose properties are not known.
    open: Vec<usize>,
    required: Vec<Required>,
}

impl Names {
    /// Starts a group: the schemas of one value.
    pub(super) fn group(&mut self) -> usize {
        self.groups += 1;
        self.groups
    }

    /// Notes that properties of a group stand at `span`.
    pub(super) fn properties(&mut self, group: usize, span: Span) {
        self.properties.push((group, span));
    }

    pub(super) fn open(&mut self, group: usize) {
        self.open.push(group);
    }

    pub(super) fn require(&mut self, group: usize, span: Span, fixed: bool) {
        self.required.push(Required { group, span, fixed });
    }

    pub(super) fn mark(&self) -> usize {
        self.required.len()
    }

    /// Removes the required names noted after a mark.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.required.truncate(mark);
    }

    /// Removes from each list what is no name, no property, or a repetition, and returns the places of lists
    /// that become empty. Then clears all notes.
    pub(super) fn settle(&mut self, bytes: &[u8], edits: &mut Edits) -> Vec<usize> {
        let mut empty = Vec::new();
        if !self.required.is_empty() {
            self.open.sort_unstable();
            self.properties.sort_unstable_by_key(|(group, _)| *group);
        }
        for Required { group, span, fixed } in &self.required {
            let any = *fixed || self.open.binary_search(group).is_ok();
            let first = self.properties.partition_point(|(of, _)| of < group);
            let of_group = self.properties.iter().skip(first).take_while(|(of, _)| of == group);
            let mut properties = Vec::new();
            of_group.filter(|_| !any).for_each(|(_, span)| keys(span.of(bytes).unwrap_or_default(), &mut properties));
            properties.sort_unstable();
            let is_one = |name: &str| properties.binary_search_by(|property| (**property).cmp(name)).is_ok();
            if let Some(names) = span.of(bytes).and_then(|raw| unique_names(raw, |name| any || is_one(name))) {
                if names == "[]" {
                    empty.push(span.start());
                }
                edits.replace(*span, names);
            }
        }
        self.properties.clear();
        self.open.clear();
        self.required.clear();
        empty
    }
}

fn keys<'a>(object: &'a [u8], keys: &mut Vec<Cow<'a, str>>) {
    keys.reserve(8);
    // It was read before, so this cannot fail.
    let _ = Scanner::new(object).and_then(|mut scanner| {
        scanner.object::<JsonError>(|scanner, member| {
            keys.push(member.key);
            scanner.skip().map(drop)
        })
    });
}

/// Returns the wanted strings of an array, each once; `None` if there is nothing to mend.
pub(super) fn unique_names(raw: &[u8], wanted: impl Fn(&str) -> bool) -> Option<String> {
    let (mut names, mut seen) = (String::from("["), Seen::default());
    let mut whole = true;
    let read = Scanner::new(raw).ok()?.array::<JsonError>(|scanner| {
        let span = scanner.skip()?;
        if text(raw, span).filter(|name| wanted(name)).is_some_and(|name| seen.insert(name)) {
            names.push_str(if names.len() > 1 { "," } else { "" });
            names.push_str(&String::from_utf8_lossy(span.of(raw).unwrap_or_default()));
        } else {
            whole = false;
        }
        Ok(())
    });
    names.push(']');
    read.ok().filter(|_| !whole).map(|_| names)
}

/// The names met so far, mostly few.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    const FEW: usize = 16;

    /// Returns whether a name is new.
    pub(super) fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.reserve(8);
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}
