//! [`ArgumentError`].

use crate::rpc::json::JsonError;
use std::fmt::Write;

/// Why arguments do not fit a tool: which field, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ArgumentError {
    /// A path as `filters.customer_ids[0]`; empty for the arguments as a whole.
    pub field: String,
    /// What is wrong where, and what is allowed; written for a language model.
    pub message: String,
}

/// The longest path that is told.
const LONGEST_FIELD: usize = 300;
/// How much is told of a value or a name that somebody else chose.
const LONGEST_VALUE: usize = 80;
/// How much is told of a description or a pattern.
const LONGEST_WORDS: usize = 300;

impl ArgumentError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { field: String::new(), message: message.into() }
    }

    pub(super) fn at(field: &str, message: impl Into<String>) -> Self {
        Self { field: shown_path(field), message: message.into() }
    }

    /// With the field named in the message. Until then the message only goes on from there.
    pub(super) fn told(mut self) -> Self {
        self.message = match &*self.field {
            "" => format!("Arguments: {}.", self.message),
            field => format!("Argument {field}: {}.", self.message),
        };
        self
    }

    /// The same trouble, seen from the object whose member `key` is.
    pub(super) fn within(mut self, key: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = shown_path(&format!("{}{dot}{}", cut(key), self.field));
        self
    }

    /// The same trouble, seen from the array whose item `at` is.
    pub(super) fn inside(mut self, at: usize) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = shown_path(&format!("[{at}]{dot}{}", self.field));
        self
    }
}

impl From<JsonError> for ArgumentError {
    fn from(fault: JsonError) -> Self {
        Self::new(format!("this is no JSON that can be read: {fault}"))
    }
}

fn shown_path(path: &str) -> String {
    cut_at(path, LONGEST_FIELD)
}

/// A text of somebody else, in part.
pub(super) fn cut(text: &str) -> String {
    cut_at(text, LONGEST_VALUE)
}

/// What a catalog says, in part: more of it, since its author wrote it for whoever reads this.
pub(super) fn cut_words(text: &str) -> String {
    cut_at(text, LONGEST_WORDS)
}

fn cut_at(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        if at == most {
            out.push('…');
            break;
        }
        if char.is_control() {
            let _ = write!(out, "{}", char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// Names in a row, as many as one reads: `a, b, c`.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names = names.into_iter().collect::<Vec<_>>();
    let mut out = String::new();
    for (at, name) in names.iter().enumerate() {
        if out.len() > 600 {
            let _ = write!(out, ", … ({} in all)", names.len());
            break;
        }
        out.push_str(if at > 0 { ", " } else { "" });
        out.push_str(&cut(name));
    }
    out
}

/// Names beyond these are not compared: a call may bring as many as it likes.
const MOST_KNOWN: usize = 1000;

/// The one of `known` that `name` was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time in proportion to both lengths.
    if name.len() > 200 {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_lowercase());
    known
        .into_iter()
        .take(MOST_KNOWN)
        .filter(|other| other.len() <= 200)
        .map(|other| (distance(other), other))
        .min_by_key(|(far, _)| *far)
        .filter(|(far, other)| *far <= 1 + name.len().min(other.len()) / 3)
        .map(|(_, other)| other)
}

/// ` (did you mean …?)`, if anything is near.
pub(super) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(" (did you mean {}?)", cut(near))).unwrap_or_default()
}
