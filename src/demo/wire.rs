//! JSON, Base64 and numbers as 1C writes them.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

const BOM: &str = "\u{feff}";
/// The length of a line of `Base64Строка()`.
const BASE64_LINE: usize = 76;

/// Returns a byte order mark, then JSON indented over lines that end in CRLF.
pub(super) fn json(value: &Value) -> Bytes {
    let mut compact = Vec::from(BOM);
    let mut writer = Serializer::with_formatter(&mut compact, PrettyFormatter::with_indent(b"\t"));
    // Fails only for keys that are no strings and for writers that fail: neither exists here.
    let _ = value.serialize(&mut writer);
    // Line feeds in strings are escaped, so each of these stands between two tokens.
    let lines = compact.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    Bytes::from(lines.join(b"\r\n".as_slice()))
}

/// Returns Base64, broken into lines by CRLF.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, letter) in BASE64_STANDARD.encode(bytes).chars().enumerate() {
        if at > 0 && at % BASE64_LINE == 0 {
            text.push_str("\r\n");
        }
        text.push(letter);
    }
    text
}

/// Returns a sum of money in roubles, from kopecks: `2490,00`.
pub(super) fn money(kopecks: i64) -> String {
    // A period may have more returns than sales.
    let sign = if kopecks < 0 { "-" } else { "" };
    let kopecks = kopecks.unsigned_abs();
    format!("{sign}{},{:02}", kopecks / 100, kopecks % 100)
}
