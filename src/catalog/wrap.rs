//! An answer of 1C as the result of a tool.

use crate::rpc::json::Fault;
use crate::rpc::{Payload, Response};

/// The result: 1C's JSON as text, and, where wanted, as `structuredContent`.
///
/// # Errors
/// None in practice: what is written here is an object.
pub(super) fn result(answer: &Payload, structured: bool) -> Result<Payload, Fault> {
    let json = answer.json();
    // Each quote takes one byte more; most of a report is numbers and ids.
    let mut out = Vec::with_capacity(128 + json.len() * if structured { 5 } else { 3 } / 2);
    out.extend_from_slice(b"{\"content\":[{\"type\":\"text\",\"text\":\"");
    quote_compact(&mut out, json);
    out.extend_from_slice(b"\"}]");
    if structured {
        out.extend_from_slice(b",\"structuredContent\":");
        out.extend_from_slice(json);
    }
    out.push(b'}');
    Payload::parse(out)
}

/// Appends checked JSON as the inside of a JSON string, without the white space between its tokens.
/// Digits and strings stay byte for byte.
fn quote_compact(out: &mut Vec<u8>, json: &[u8]) {
    let mut rest = json;
    let mut inside = false;
    loop {
        // Up to the next byte that means something here. Within strings no control character can stand.
        let special = |byte: &u8| match byte {
            b'"' | b'\\' => true,
            b' ' | b'\t' | b'\r' | b'\n' => !inside,
            _ => false,
        };
        let Some(at) = rest.iter().position(special) else {
            out.extend_from_slice(rest);
            return;
        };
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match tail {
            [b'"', tail @ ..] => {
                inside = !inside;
                out.extend_from_slice(b"\\\"");
                tail
            }
            // What is escaped is an ASCII character that is no end of the string.
            [b'\\', next, tail @ ..] => {
                out.extend_from_slice(b"\\\\");
                if matches!(next, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*next);
                tail
            }
            [_, tail @ ..] => tail,
            [] => return,
        };
    }
}

/// A failure that the language model can do something about.
pub(super) fn failed(text: &str) -> Response {
    Payload::tool_error(text).into()
}

/// What is said where 1C sent more rows than it may.
pub(super) fn too_many(rows: u64, ceiling: u64) -> Response {
    failed(&format!(
        "limit_exceeded: 1C returned {rows} rows, and at most {ceiling} are allowed. Narrow the request: a shorter \
         period, more filters, fewer dimensions or a smaller limit."
    ))
}
