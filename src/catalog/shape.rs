//! [`Shape`]: what a schema says of types, members, items and defaults, as far as mending needs it, with references
//! resolved.

use super::types::Types;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest chain of references and nested definitions in a tool's schema.
pub(super) const LONGEST_CHAIN: usize = 64;

/// A schema together with its references and combinators. All of a shape is true of every value that fits; the
/// schema may require more.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) types: Types,
    /// The index of each named member's shape.
    pub(super) members: BTreeMap<String, usize>,
    /// The index of the shape of other members.
    pub(super) others: Option<usize>,
    /// Whether only named members are allowed.
    pub(super) closed: bool,
    pub(super) required: Vec<String>,
    pub(super) items: Option<usize>,
    pub(super) default: Option<Value>,
    /// The allowed strings, if the schema lists all of them.
    pub(super) choices: Option<Vec<String>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    /// Whether `""` may fit, if a string does.
    pub(super) empty_text: bool,
    /// Whether `[]` may fit, if an array does.
    pub(super) empty_array: bool,
    /// Whether `{}` may fit, if an object does, judged by the number of members only.
    pub(super) empty_object: bool,
    /// Whether a string must be a date without a time.
    pub(super) date: bool,
    /// The schema's description.
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

    /// Changes the shape to what is true if both shapes are.
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
        // For that, each shape would have to know the members that the other one names.
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
