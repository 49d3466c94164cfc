//! What a schema says of types, members, items and defaults: as much of it as mending needs, without
//! its references.

use super::types::Types;
use serde_json::Value;
use std::collections::BTreeMap;

/// Chains of references and nested definitions longer than this are no schema of a tool.
pub(super) const LONGEST_CHAIN: usize = 64;

/// One schema, with what its references and combinators add. Everything here must hold of a value that
/// fits; the schema may want more than that.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) types: Types,
    /// By name, the place of its shape.
    pub(super) members: BTreeMap<String, usize>,
    /// The place of the shape of members that are not named.
    pub(super) others: Option<usize>,
    /// Whether there are no members but those that are named.
    pub(super) closed: bool,
    pub(super) required: Vec<String>,
    pub(super) items: Option<usize>,
    pub(super) default: Option<Value>,
    /// The strings that are allowed, where all of them are listed.
    pub(super) choices: Option<Vec<String>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    /// Whether `""` may fit, if a string does.
    pub(super) empty_text: bool,
    /// Whether `[]` may fit, if an array does.
    pub(super) empty_array: bool,
    /// Whether `{}` may fit, if an object does: as far as the number of members goes.
    pub(super) empty_object: bool,
    /// Whether a string must be a date without a time.
    pub(super) date: bool,
    /// What the schema says of it in words.
    pub(super) about: Option<String>,
}

impl Shape {
    pub(super) const fn anything() -> Self {
        Self {
            types: Types::ANY,
            members: BTreeMap::new(),
            others: None,
            closed: false,
            required: Vec::new(),
            items: None,
            default: None,
            choices: None,
            minimum: None,
            maximum: None,
            empty_text: true,
            empty_array: true,
            empty_object: true,
            date: false,
            about: None,
        }
    }

    pub(super) fn requires(&self, member: &str) -> bool {
        self.required.iter().any(|name| name == member)
    }

    /// What holds where both do.
    pub(super) fn narrowed_by(&mut self, other: Self) {
        self.types = self.types.and(other.types);
        self.empty_text &= other.empty_text;
        self.empty_array &= other.empty_array;
        self.empty_object &= other.empty_object;
        self.date |= other.date;
        for (name, at) in other.members {
            self.members.entry(name).or_insert(at);
        }
        self.others = self.others.or(other.others);
        // Each would have to know what the other one names.
        self.closed = false;
        self.required.extend(other.required);
        self.items = self.items.or(other.items);
        self.default = self.default.take().or(other.default);
        self.choices = self.choices.take().or(other.choices);
        self.minimum = self.minimum.or(other.minimum);
        self.maximum = self.maximum.or(other.maximum);
        self.about = self.about.take().or(other.about);
    }
}
