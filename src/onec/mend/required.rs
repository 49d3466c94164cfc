//! `required` of schemas, against the properties that there are.
//!
//! A schema shares its value with those in its `allOf`, `anyOf` and the like, so all of them together say
//! which properties there are. That is known at the end only.

use super::edits::Edits;
use super::judge::quoted;
use crate::rpc::json::Span;

/// Schemas of one value.
#[derive(Debug, Default)]
struct Group {
    properties: Vec<String>,
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

    pub(super) fn property(&mut self, group: usize, name: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            group.properties.push(name.to_owned());
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
    pub(super) fn settle(mut self, bytes: &[u8], edits: &mut Edits) {
        for group in &mut self.groups {
            group.properties.sort_unstable();
        }
        for Required { group, span, fixed } in &self.required {
            let Some(group) = self.groups.get(*group) else { continue };
            let raw = span.of(bytes).unwrap_or_default();
            let items: Vec<serde_json::Value> = serde_json::from_slice(raw).unwrap_or_default();
            let mut names: Vec<&str> = Vec::new();
            for name in items.iter().filter_map(serde_json::Value::as_str) {
                let known = *fixed || group.open || group.properties.binary_search_by(|one| (**one).cmp(name)).is_ok();
                if known && !names.contains(&name) {
                    names.push(name);
                }
            }
            if names.len() < items.len() {
                let names: Vec<_> = names.into_iter().map(quoted).collect();
                edits.replace(*span, format!("[{}]", names.join(",")));
            }
        }
    }
}

/// The items of an array of strings, each once; `None` where nothing is to mend.
pub(super) fn unique_names(raw: &[u8]) -> Option<String> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(raw).ok()?;
    let mut names: Vec<&str> = Vec::new();
    for name in items.iter().filter_map(serde_json::Value::as_str) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (names.len() < items.len()).then(|| format!("[{}]", names.into_iter().map(quoted).collect::<Vec<_>>().join(",")))
}
