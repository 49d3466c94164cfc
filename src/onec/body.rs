//! Turns the body of an answer into UTF-8 text, in whatever encoding 1C or the web server sent it.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Returns `body` without byte order marks (1C may write two), and in UTF-8 if it is UTF-16. Any other encoding
/// is not checked.
pub(super) fn unmarked(mut body: Bytes) -> Bytes {
    loop {
        body = match *body {
            [0xEF, 0xBB, 0xBF, ..] => body.slice(MARK.len()..),
            [0xFF, 0xFE, ..] => utf16(UTF_16LE, &body.slice(2..)),
            [0xFE, 0xFF, ..] => utf16(UTF_16BE, &body.slice(2..)),
            // Neither JSON nor a page begins with a NUL or has one behind its first character.
            [b'{' | b'[' | b'<' | b'"' | b'\r' | b' ', 0, ..] => return utf16(UTF_16LE, &body),
            [0, b'{' | b'[' | b'<' | b'"' | b'\r' | b' ', ..] => return utf16(UTF_16BE, &body),
            _ => return body,
        }
    }
}

/// Returns whether `body` begins like most do: JSON in UTF-8, uncompressed, without a byte order mark.
pub(super) fn is_unmarked(body: &[u8]) -> bool {
    matches!(body, [b'{', b'"', ..])
}

fn utf16(encoding: &'static Encoding, body: &[u8]) -> Bytes {
    encoding.decode_without_bom_handling(body).0.into_owned().into()
}

/// Returns the encoding that the header declares, if it is known and is not UTF-8.
pub(super) fn declared(headers: &HeaderMap) -> Option<&'static Encoding> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let (_, name) = value.split_once("charset=")?;
    let name = name.split(';').next()?.trim_matches([' ', '"', '\'']);
    Encoding::for_label(name.as_bytes()).filter(|charset| *charset != encoding_rs::UTF_8)
}

/// Returns the compression of `body`, which is an error: no compression was asked for.
pub(super) fn compression(headers: &HeaderMap, body: &[u8]) -> Option<&'static str> {
    const NAMES: [&str; 5] = ["gzip", "deflate", "br", "zstd", "compress"];
    match body {
        [0x1f, 0x8b, ..] => return Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Some("zstd"),
        _ => {}
    }
    let value = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
    let name = NAMES.into_iter().find(|name| value.trim().eq_ignore_ascii_case(name))?;
    // The header alone may be a mistake.
    std::str::from_utf8(body).is_err().then_some(name)
}
