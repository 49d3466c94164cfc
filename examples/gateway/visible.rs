//! Escapes text from outside for a terminal or a file: nothing in it controls the terminal, ends a line, or
//! changes the direction of writing, so that the text reads as it is written.

use serde_json::ser::{CompactFormatter, Formatter};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};

/// Returns the text with its control characters, line endings and Bidi_Control
/// ([UAX 9](https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters)) written as `\n` or
/// `\u{202e}`, except for those that are `kept`.
pub(crate) fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_meant = |c: char| is_unseen(c) && !kept(c);
    if !may_be_unseen(text.as_bytes()) || !text.contains(is_meant) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_meant(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out.into()
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// Returns whether UTF-8 text may hold one of these characters, judged by single bytes.
fn may_be_unseen(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xd8 | 0xe2))
}

/// Formats message and fields of an event for the log, escaped. The formatter of tracing escapes only the
/// message, and of that only characters that control terminals.
#[derive(Debug, Default)]
pub(crate) struct EscapedFields(DefaultFields);

impl<'a> FormatFields<'a> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        self.0.format_fields(Writer::new(&mut EscapedText(writer)), fields)
    }
}

struct EscapedText<'a>(Writer<'a>);

impl fmt::Write for EscapedText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(&escaped(text, |c| c == '\t'))
    }
}

/// A JSON formatter that escapes these characters too: JSON itself allows most of them.
#[derive(Debug)]
pub(crate) struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !may_be_unseen(fragment.as_bytes()) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        for part in fragment.split_inclusive(is_unseen) {
            let (text, last) = match part.char_indices().next_back() {
                Some((at, last)) if is_unseen(last) => (part.get(..at).unwrap_or_default(), Some(last)),
                _ => (part, None),
            };
            CompactFormatter.write_string_fragment(writer, text)?;
            if let Some(last) = last {
                // All of them are in the Basic Multilingual Plane.
                write!(writer, "\\u{:04x}", u32::from(last))?;
            }
        }
        Ok(())
    }
}
