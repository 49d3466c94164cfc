//! One pass over JSON text: checks it, finds the spans that matter, copies nothing.
//!
//! The grammar is RFC 8259, strictly; nesting is bounded by [`MAX_DEPTH`]. The text between the
//! spans that a caller asks for is checked and never looked at again, so numbers keep their exact
//! digits and unknown members their exact bytes.

mod scanner;
mod surrogates;
mod token;
mod tree;

pub use scanner::{Member, Scanner};
pub(crate) use surrogates::without_lone_surrogates;
#[cfg(feature = "catalog")]
pub(crate) use token::plain_text;
pub(crate) use tree::Tree;

use bytes::Bytes;
use std::borrow::Cow;

/// The deepest nesting of arrays and objects that is accepted. serde_json, jsonschema and most
/// clients stop at the same depth.
pub const MAX_DEPTH: u32 = 128;

/// A range of bytes of a message. Messages are bounded far below 4 GiB, so 32 bits do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes there, which stay those of `bytes`; none where it ends behind them.
    pub(crate) fn slice(self, bytes: &Bytes) -> Bytes {
        if self.end() <= bytes.len() { bytes.slice(self.start()..self.end()) } else { Bytes::new() }
    }

    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The first byte.
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// One past the last byte.
    pub const fn end(self) -> usize {
        self.end as usize
    }

    /// No bytes at all: how an absent value is written.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes it names, if it is not empty and within `bytes`.
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

/// Why a text is not the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not UTF-8.
    #[error("not valid UTF-8")]
    Utf8,
    /// Not JSON; the offset of the first byte that does not fit.
    #[error("not valid JSON at byte {0}")]
    Syntax(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// A member that is read stands there twice, so two readers could see different values.
    #[error("duplicate key \"{0}\"")]
    Duplicate(&'static str),
    /// Another type than expected; what was expected.
    #[error("{0}")]
    Expected(&'static str),
    /// Longer than spans can name.
    #[error("longer than 4 GiB")]
    Size,
}

/// The text of the string at `span`, unescaped; `None` where no string stands or a surrogate is alone.
pub fn text(bytes: &[u8], span: Span) -> Option<Cow<'_, str>> {
    unquote(span.of(bytes)?)
}

/// The text of a JSON string; `None` where `raw` is none.
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

/// Notes that a member was met and refuses a second one of the same name.
pub(crate) fn once(slot: &mut Span, span: Span, name: &'static str) -> Result<(), JsonError> {
    if slot.is_empty() {
        *slot = span;
        Ok(())
    } else {
        Err(JsonError::Duplicate(name))
    }
}
