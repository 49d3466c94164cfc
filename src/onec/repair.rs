//! Bodies that are nearly JSON: one or two invalid bytes must not cost a whole list.

use super::body::declared;
use crate::rpc::json::{JsonError, without_lone_surrogates};
use bytes::Bytes;
use http::HeaderMap;
use std::fmt::Write as _;

/// The most invalid bytes in a text that is ASCII otherwise, each by itself. More of them, or two side by side,
/// mean a text in another encoding, of which nothing would be left.
const FEW: usize = 4;

/// Returns a repaired body after the error `fault`; `None` if there is no further repair.
pub(super) fn of(headers: &HeaderMap, body: &[u8], fault: JsonError) -> Option<Bytes> {
    match fault {
        // UTF-8 was tried first, since the declared encoding may be wrong.
        JsonError::Utf8 => match declared(headers) {
            Some(encoding) => Some(encoding.decode_without_bom_handling(body).0.into_owned().into()),
            None => utf8(body).map(Bytes::from),
        },
        // A lone surrogate in a key is a syntax error.
        JsonError::Syntax(_) => {
            let json = without_lone_surrogates(&without_controls(body));
            (json != body).then(|| json.into())
        }
        _ => None,
    }
}

/// Returns the text with U+FFFD for invalid UTF-8, if most of it is valid.
fn utf8(body: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(body.len() + 16);
    let (mut good, mut bad, mut beside) = (0, 0, false);
    let mut rest = body;
    loop {
        // A lone surrogate in three bytes is replaced by one character.
        let (valid, end) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, None),
            Err(error) => {
                let (valid, after) = rest.split_at_checked(error.valid_up_to())?;
                let length = match after {
                    [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => 3,
                    _ => error.error_len().unwrap_or(after.len()),
                };
                (std::str::from_utf8(valid).ok()?, after.get(length..))
            }
        };
        text.push_str(valid);
        // Count the first bytes of non-ASCII characters.
        good += valid.bytes().filter(|byte| *byte >= 0xC0).count();
        let Some(after) = end else { break };
        beside |= bad > 0 && valid.is_empty();
        text.push('\u{fffd}');
        bad += 1;
        rest = after;
    }
    (bad <= good || bad <= FEW && !beside).then_some(text)
}

/// Escapes control characters within strings, and removes them between tokens, except for white space.
fn without_controls(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() + 16);
    let (mut within, mut escaped) = (false, false);
    for byte in json {
        match byte {
            0..=0x1f if within => {
                // Behind a backslash, that backslash becomes a literal one, so that it does not escape this escape.
                if std::mem::take(&mut escaped) {
                    out.push(b'\\');
                }
                let mut escape = String::new();
                let _ = match byte {
                    b'\n' => write!(escape, "\\n"),
                    b'\r' => write!(escape, "\\r"),
                    b'\t' => write!(escape, "\\t"),
                    other => write!(escape, "\\u{other:04x}"),
                };
                out.extend_from_slice(escape.as_bytes());
                continue;
            }
            0..=0x1f if !matches!(byte, b'\t' | b'\n' | b'\r') => continue,
            b'"' if !escaped => within = !within,
            _ => {}
        }
        escaped = within && *byte == b'\\' && !escaped;
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls() {
        for (before, after) in [
            ("{\"a\":\"x\u{1}\n\t\r\"}\0", r#"{"a":"x\u0001\n\t\r"}"#),
            ("[\"\\\"\n\\\\\",\n\"\u{1f}\"]", "[\"\\\"\\n\\\\\",\n\"\\u001f\"]"),
            ("\"a\\\nb\"", r#""a\\\nb""#),
        ] {
            assert_eq!(String::from_utf8(without_controls(before.as_bytes())).unwrap(), after);
        }
    }

    #[test]
    fn bytes_that_are_no_utf8() {
        assert_eq!(utf8(b"A\xed\xa0\x80\xd0\x91\xff").as_deref(), Some("A\u{fffd}\u{411}\u{fffd}"));
        assert_eq!(utf8(b"\xd0").as_deref(), Some("\u{fffd}"));
        assert_eq!(utf8(b"\xce\xf1\xf2\xe0\xf2\xea\xe8"), None, "windows-1251");
    }
}
