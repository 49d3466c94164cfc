//! One pass over JSON text: checks it, finds the spans that matter, copies nothing.
//!
//! The grammar is RFC 8259, strictly; nesting is limited by [`MAX_DEPTH`]. The text between the spans that are
//! asked for is checked once and not parsed, so numbers keep their exact digits and unknown members their exact
//! bytes.

mod scanner;
mod surrogates;
mod token;
mod tree;
mod value;

pub use scanner::{Member, Scanner};
pub(crate) use surrogates::without_lone_surrogates;
#[cfg(feature = "catalog")]
pub(crate) use token::plain_text;
pub(crate) use tree::Tree;
pub(super) use value::value;

use bytes::Bytes;
use std::borrow::Cow;

/// The deepest nesting of arrays and objects that is accepted. serde_json, jsonschema and most clients have the
/// same limit.
pub const MAX_DEPTH: u32 = 128;

/// A range of bytes of a message. Messages are far shorter than 4 GiB, so 32 bits are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Returns the bytes of the span as a part of `bytes`; empty if the span ends behind them.
    pub(crate) fn slice(self, bytes: &Bytes) -> Bytes {
        if self.end() <= bytes.len() { bytes.slice(self.start()..self.end()) } else { Bytes::new() }
    }

    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// Returns the offset of the first byte.
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// Returns the offset behind the last byte.
    pub const fn end(self) -> usize {
        self.end as usize
    }

    /// Returns whether the span holds no bytes, which stands for an absent value.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Returns the bytes of the span, if it is not empty and within `bytes`.
    pub fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        if self.is_empty() {
            return None;
        }
        bytes.get(self.start()..self.end())
    }

    pub(crate) fn shifted_back(self, by: usize) -> Self {
        if self.is_empty() { self } else { Self::new(self.start() - by, self.end() - by) }
    }
}

/// An error in JSON text, or JSON other than expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not UTF-8.
    #[error("not valid UTF-8")]
    Utf8,
    /// The text is not JSON; holds the offset of the first wrong byte.
    #[error("not valid JSON at byte {0}")]
    Syntax(usize),
    /// The nesting is deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// A known member stands there twice, so two readers could see different values.
    #[error("duplicate key \"{0}\"")]
    Duplicate(&'static str),
    /// The value has another type; holds the expected one.
    #[error("{0}")]
    Expected(&'static str),
    /// The text is longer than spans can address.
    #[error("longer than 4 GiB")]
    Size,
}

/// Returns the unescaped text of the string at `span`; `None` if there is no string or it has a lone surrogate.
pub fn text(bytes: &[u8], span: Span) -> Option<Cow<'_, str>> {
    unquote(span.of(bytes)?)
}

/// Returns the unescaped text of a JSON string; `None` if `raw` is not one.
pub fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(raw).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

/// Appends `text` as a JSON string.
pub fn quote_into(out: &mut Vec<u8>, text: &str) {
    // Writing a str to a Vec cannot fail: no I/O, no custom Serialize.
    let _ = serde_json::to_writer(out, text);
}

/// Notes where a member stands, and returns an error for a second one with the same name.
pub(crate) fn once(slot: &mut Span, span: Span, name: &'static str) -> Result<(), JsonError> {
    if slot.is_empty() {
        *slot = span;
        Ok(())
    } else {
        Err(JsonError::Duplicate(name))
    }
}

/// Replaces every CR and LF by a space, in place.
pub(crate) fn blank_line_breaks(json: &mut [u8]) {
    // Without a branch, so that the compiler handles many bytes a step.
    for byte in json {
        *byte = if matches!(*byte, b'\r' | b'\n') { b' ' } else { *byte };
    }
}
