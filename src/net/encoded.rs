//! Recognises bodies that are compressed, or encoded otherwise.

use http::header::{CONTENT_ENCODING, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};

/// The message of the 415 for a body that is encoded.
pub(crate) const ENCODED: &str =
    "The body must not be compressed: no Content-Encoding is taken here, and no Transfer-Encoding but chunked";
/// The `Accept-Encoding` header of that 415.
pub(crate) const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Whether the headers say that the body is compressed, or encoded otherwise.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    names_others(headers, &CONTENT_ENCODING, "identity") || names_others(headers, &TRANSFER_ENCODING, "chunked")
}

/// Whether a header names codings other than `known`, which leaves the bytes of the body as they are.
fn names_others(headers: &HeaderMap, name: &HeaderName, known: &str) -> bool {
    // The usual case.
    if !headers.contains_key(name) {
        return false;
    }
    let is_none = |coding: &str| coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case(known);
    let mut lines = headers.get_all(name).into_iter();
    !lines.all(|line| line.to_str().is_ok_and(|line| line.split(',').all(is_none)))
}
