//! Detects the media type of data by its first bytes.

use super::data::BASE64;
use super::mender::Mender;
use super::shape::Shape;
use crate::onec::answer_error::AnswerError;
use crate::rpc::json::{Scanner, unquote};
use base64::Engine as _;

/// The offset of the first bytes of a format, the bytes, and the media type.
const BEGINNINGS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG", "image/png"),
    (0, b"\xFF\xD8\xFF", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (0, b"<svg", "image/svg+xml"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xFF\xFB", "audio/mpeg"),
    (0, b"\xFF\xF3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftypM4A", "audio/mp4"),
    (0, b"%PDF", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
];

/// Returns the media type of data in Base64, if its first bytes tell it.
pub(super) fn sniffed(text: &str) -> Option<&'static str> {
    // 24 characters are 16 bytes of data, wherever 1C breaks the line.
    let start: String = text.chars().filter(|c| !c.is_ascii_whitespace()).take(24).collect();
    let whole = start.len() / 4 * 4;
    let data = BASE64.decode(start.get(..whole)?).ok()?;
    let found = BEGINNINGS.iter().find(|(at, bytes, _)| data.get(*at..).is_some_and(|data| data.starts_with(bytes)));
    found.map(|(.., kind)| *kind)
}

/// Mends the `mimeType` of an image or of audio: uses the name that clients know, and removes what is no media type.
pub(super) fn mime_type(mender: &mut Mender<'_>, scanner: &mut Scanner<'_>) -> Result<bool, AnswerError> {
    let mut look = scanner.clone();
    let span = look.skip()?;
    let text = span.of(mender.bytes).and_then(unquote);
    match text.as_deref() {
        Some("image/jpg") => {
            *scanner = look;
            mender.edits.replace(span, "\"image/jpeg\"");
            Ok(true)
        }
        Some(text) if text.contains('/') => mender.value(&Shape::Text, scanner),
        _ => {
            *scanner = look;
            Ok(false)
        }
    }
}
