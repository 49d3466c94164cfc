//! Encodes header values that are not plain ASCII
//! ([value encoding](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#value-encoding)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// Decodes a header value; `None` for bytes that such a header may not hold, and for a sentinel around text
/// that is not Base64 of UTF-8.
pub fn decode(value: &[u8]) -> Option<Cow<'_, str>> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    let text = std::str::from_utf8(value).ok().filter(|_| value.iter().all(plain))?;
    match text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
        None => Some(text.into()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned),
    }
}

/// Encodes `text` as a header value.
pub fn encode(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let padded = text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']);
    let ambiguous = text.starts_with(PREFIX) && text.ends_with(SUFFIX);
    if plain && !padded && !ambiguous {
        text.into()
    } else {
        format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(text)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        for (text, value) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(encode(text), value);
            assert_eq!(decode(value.as_bytes()).as_deref(), Some(text));
        }
        assert_eq!(decode("склад".as_bytes()), None);
        assert_eq!(decode(b"=?base64?***?="), None);
        assert_eq!(decode(b"=?base64?/w==?="), None);
    }
}
