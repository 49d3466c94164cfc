//! Mends texts that are no strings.

use super::judge::quoted;
use super::mender::Mender;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Scanner, Span};

/// Mends a text: a value of another type becomes its JSON as a string.
pub(super) fn spelled(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let first = scanner.peek();
    let span = scanner.skip()?;
    if !matches!(first, b'"' | b'n') {
        let text = mender.text_of(span);
        mender.edits.replace(span, text);
    }
    Ok(first != b'n')
}

impl Mender<'_> {
    /// Returns the value at `span` as a JSON string: its text, or its JSON.
    pub(super) fn text_of(&self, span: Span) -> String {
        let raw = span.of(self.bytes).unwrap_or_default();
        match raw.first() {
            Some(b'"') => String::from_utf8_lossy(raw).into_owned(),
            _ => quoted(&String::from_utf8_lossy(raw)),
        }
    }
}
