//! Wraps an answer of 1C into the result of a tool.

use crate::rpc::json::{JsonError, plain_text, quote_into};
use crate::rpc::{Payload, Response};

/// Returns the result: 1C's JSON as text, then a note for the language model, if there is one, and, if `structured`,
/// the JSON as `structuredContent`.
///
/// # Errors
/// [`JsonError::Size`] if the result is too long.
pub(super) fn result(answer: &Payload, note: Option<&str>, structured: bool) -> Result<Payload, JsonError> {
    let json = answer.json();
    // Each quote takes one more byte; most of a report is numbers and ids.
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
    // Line breaks of the JSON are not in the text: within a JSON string they are escaped.
    Payload::written(out, structured && answer.has_line_breaks())
}

/// Appends valid JSON as the content of a JSON string, without the white space between tokens.
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

/// Appends a string of that JSON from after its opening quote. Returns what follows its closing quote.
fn quote_string<'a>(out: &mut Vec<u8>, mut rest: &'a [u8]) -> &'a [u8] {
    out.extend_from_slice(b"\\\"");
    loop {
        // Strings contain no control characters.
        let (plain, tail) = rest.split_at_checked(plain_text(rest)).unwrap_or((rest, b""));
        out.extend_from_slice(plain);
        rest = match tail {
            // An escaped character is ASCII and does not end the string.
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

/// Returns a tool error that the language model can react to.
pub(super) fn failed(text: &str) -> Response {
    Payload::tool_error(text).into()
}

/// Returns the tool error about more rows than may be sent; `who` sent them.
pub(super) fn too_many(who: &str, rows: u64, ceiling: u64) -> Response {
    failed(&format!(
        "limit_exceeded: {who} returned {rows} rows, and at most {ceiling} are allowed. Narrow the request: a shorter \
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
