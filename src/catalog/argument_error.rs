//! [`ArgumentError`].

use crate::rpc::json::JsonError;
use std::fmt::Write;

/// An error that says which argument does not fit a tool, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ArgumentError {
    /// The path of the argument, as `filters.customer_ids[0]`; empty for the arguments as a whole.
    pub field: String,
    /// The text of the error, with what is allowed; written for a language model.
    pub message: String,
}

/// The most characters of a path in an error.
const LONGEST_FIELD: usize = 300;
/// The most characters of a foreign value or name in an error.
const LONGEST_VALUE: usize = 80;
/// The most characters of a description or a pattern in an error.
const LONGEST_WORDS: usize = 300;

impl ArgumentError {
    /// Creates the error of a function of the program that does not take an argument: `field` is its path, and `why` a
    /// part of a sentence, as in "Argument currency: is not traded on this day."
    pub fn refused(field: &str, why: impl Into<String>) -> Self {
        Self::at(field, why).told()
    }

    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { field: String::new(), message: message.into() }
    }

    pub(super) fn at(field: &str, message: impl Into<String>) -> Self {
        Self { field: shown_path(field), message: message.into() }
    }

    /// Completes the message: names the field, with which the sentence begins.
    pub(super) fn told(mut self) -> Self {
        self.message = match &*self.field {
            "" => format!("Arguments: {}.", self.message),
            field => format!("Argument {field}: {}.", self.message),
        };
        self
    }

    /// Prepends the member `key` of the surrounding object to the path.
    pub(super) fn within(mut self, key: &str) -> Self {
        let dot = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = shown_path(&format!("{}{dot}{}", cut(key), self.field));
        self
    }

    /// Prepends the index `at` in the surrounding array to the path.
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

/// Cuts a foreign text.
pub(super) fn cut(text: &str) -> String {
    cut_at(text, LONGEST_VALUE)
}

/// Cuts a text of a catalog, later than foreign ones: its author wrote it for the reader of the error.
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

/// Lists names, not too many: `a, b, c`.
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

/// The most names to compare with, as a call may bring any number.
const MOST_KNOWN: usize = 1000;

/// Returns the name in `known` that `name` is probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The time to compare grows with both lengths.
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

/// Returns ` (did you mean …?)`, if a similar name is known.
pub(super) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(" (did you mean {}?)", cut(near))).unwrap_or_default()
}
