//! What a client can take (RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};

/// The two types an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) events: bool,
}

impl Accepts {
    /// Lenient: no header, and ranges with wildcards, mean both.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepts = Self { json: false, events: false };
        if !headers.contains_key(ACCEPT) {
            return Self { json: true, events: true };
        }
        for value in headers.get_all(ACCEPT) {
            let Ok(text) = value.to_str() else { continue };
            for range in text.split(',') {
                let mut parts = range.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                if parts.any(is_zero) {
                    continue;
                }
                let is = |known: &str| name.eq_ignore_ascii_case(known);
                accepts.json |= is("*/*") || is("application/*") || is("application/json");
                accepts.events |= is("*/*") || is("text/*") || is("text/event-stream");
            }
        }
        accepts
    }
}

/// `q=0`: not acceptable.
fn is_zero(parameter: &str) -> bool {
    parameter.strip_prefix("q=").is_some_and(|q| q.parse().is_ok_and(|q: f32| q == 0.0))
}

/// Whether the body is JSON as far as its sender says.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// Whether the body is compressed, or encoded otherwise, as far as its sender says.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    names_others(headers, &CONTENT_ENCODING, "identity") || names_others(headers, &TRANSFER_ENCODING, "chunked")
}

/// Whether a header names codings other than the one that changes nothing for who reads the body.
fn names_others(headers: &HeaderMap, name: &HeaderName, known: &str) -> bool {
    // Hardly anybody says so.
    if !headers.contains_key(name) {
        return false;
    }
    let is_none = |coding: &str| coding.trim().is_empty() || coding.trim().eq_ignore_ascii_case(known);
    let mut lines = headers.get_all(name).into_iter();
    !lines.all(|line| line.to_str().is_ok_and(|line| line.split(',').all(is_none)))
}
