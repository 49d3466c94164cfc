//! An answer of 1C as the result of a tool.

use crate::rpc::json::{JsonError, plain_text, quote_into};
use crate::rpc::{Payload, Response};

/// The result: 1C's JSON as text, after it, if there is one, a note for the language model, and, where wanted,
/// the JSON as `structuredContent`.
///
/// # Errors
/// [`JsonError::Size`].
pub(super) fn result(answer: &Payload, note: Option<&str>, structured: bool) -> Result<Payload, JsonError> {
    let json = answer.json();
    // Each quote takes one byte more; most of a report is numbers and ids.
    let room = 160 + note.map_or(0, str::len);
    let mut out = Vec::with_capacity(room + json.len() * if structured { 5 } else { 3 } / 2);
    out.extend_from_slice(b"{\"content\":[{\"type\":\"text\",\"text\":\"");
    quote_compact(&mut out, json);
    out.extend_from_slice(b"\"}");
    if let Some(note) = note {
        out.extend_from_slice(b",{\"type\":\"text\",\"text\":");
        quote_into(&mut out, note);
        out.push(b'}');
    }
    out.push(b']');
    if structured {
        out.extend_from_slice(b",\"structuredContent\":");
        out.extend_from_slice(json);
    }
    out.push(b'}');
    // The text has no line breaks of its own: in a JSON string they are escaped.
    Payload::written(out, structured && answer.has_line_breaks())
}

/// Appends checked JSON as the inside of a JSON string, without the white space between its tokens.
/// Digits and strings stay byte for byte.
fn quote_compact(out: &mut Vec<u8>, json: &[u8]) {
    let mut rest = json;
    while let Some((byte, tail)) = rest.split_first() {
        rest = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => tail,
            b'"' => quote_string(out, tail),
            _ => {
                out.push(*byte);
                tail
            }
        };
    }
}

/// The same of a string from behind its first quote. Gives what follows its last one.
fn quote_string<'a>(out: &mut Vec<u8>, mut rest: &'a [u8]) -> &'a [u8] {
    out.extend_from_slice(b"\\\"");
    loop {
        // Within strings no control character can stand.
        let (plain, tail) = rest.split_at_checked(plain_text(rest)).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        rest = match tail {
            // What is escaped is an ASCII character that is no end of the string.
            [b'\\', next, tail @ ..] => {
                out.extend_from_slice(b"\\\\");
                if matches!(next, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*next);
                tail
            }
            [b'"', tail @ ..] => {
                out.extend_from_slice(b"\\\"");
                return tail;
            }
            _ => return b"",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_would_be_read() {
        for answer in [
            "{}",
            "{ \"rows\" :\r\n[ 1.10, \"a \\\"b\\\\ \\n \\u0041\\/ я\", -0 ],\t\"\\\\\" : \" { } \" }",
            "{\"isError\":true,\"_meta\":{\"messages\":[]},\"resultType\":\"input_required\"}",
        ] {
            let answer = Payload::parse(answer).unwrap();
            for (structured, note) in [(true, None), (false, None), (true, Some("a \"b\"\n")), (false, Some(""))] {
                let made = result(&answer, note, structured).unwrap();
                let read = Payload::parse(made.json().clone()).unwrap();
                assert_eq!(format!("{made:?}"), format!("{read:?}"));
                let value: serde_json::Value = serde_json::from_slice(made.json()).unwrap();
                let text: serde_json::Value =
                    serde_json::from_str(value["content"][0]["text"].as_str().unwrap()).unwrap();
                assert_eq!(text, serde_json::from_slice::<serde_json::Value>(answer.json()).unwrap());
                assert_eq!(value["content"][1]["text"].as_str(), note);
            }
        }
    }
}
