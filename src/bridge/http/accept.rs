//! The media types that a client accepts (RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// Which of the two media types of answers a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) events: bool,
}

impl Accepts {
    /// Reads the `Accept` headers; a missing header and ranges with wildcards accept both types.
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

/// Returns whether a parameter is `q=0`: not acceptable.
fn is_zero(parameter: &str) -> bool {
    parameter.strip_prefix("q=").is_some_and(|q| q.parse().is_ok_and(|q: f32| q == 0.0))
}

/// Returns whether the `Content-Type` says that the body is JSON.
pub(in crate::bridge) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}
