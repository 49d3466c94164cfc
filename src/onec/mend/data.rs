//! Mends data in Base64.

use super::mender::Mender;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Scanner, unquote};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Mends data in Base64: removes the line breaks of 1C. Anything else that is not Base64 is an error.
pub(super) fn base64(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let span = scanner.skip()?;
    let raw = span.of(mender.bytes).unwrap_or_default();
    if raw == b"null" {
        return Ok(false);
    }
    if let Cow::Owned(line) = one_line(raw)? {
        mender.edits.replace(span, format!("\"{line}\""));
    }
    Ok(true)
}

/// Returns the Base64 in a JSON string, without line breaks.
pub(super) fn one_line(raw: &[u8]) -> Result<Cow<'_, str>, AnswerError> {
    let text = unquote(raw).ok_or(AnswerError::Base64)?;
    let line: Cow<'_, str> = if text.contains(|c: char| c.is_ascii_whitespace()) {
        text.split_ascii_whitespace().collect::<String>().into()
    } else {
        text
    };
    BASE64.decode(&*line).map_err(|_| AnswerError::Base64)?;
    Ok(line)
}
