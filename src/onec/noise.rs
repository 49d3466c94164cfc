//! Noise around the text of an error: stack traces, and kilobytes of Base64.

use crate::rpc::json::Tree;
use bytes::Bytes;
use std::borrow::Cow;

/// A word of this length, or lines of nothing but such words, are data.
const LONGEST_WORD: usize = 200;
/// Lines of Base64 are 64, 72 or 76 characters long.
const LINE: usize = 48;
/// The last line of Base64 is shorter; a word that may be one is longer than this or ends in `=`.
const REST: usize = 16;

/// Returns the text without the lines of stack traces, and with `…` for each piece of Base64.
pub(super) fn without_noise(text: &str) -> Cow<'_, str> {
    // Equal lines are dropped, but lines of Base64 may be equal, so Base64 goes first.
    match without_base64(text) {
        Cow::Borrowed(text) => without_frames(text),
        Cow::Owned(text) => Cow::Owned(without_frames(&text).into_owned()),
    }
}

/// Cleans all strings of a JSON value, and removes members that hold stack traces.
pub(super) fn without_noise_in(json: &[u8]) -> Bytes {
    // Unreadable JSON cannot get here; nothing of it is shown.
    let Ok(mut value) = Tree::parse(json) else { return Bytes::from_static(b"null") };
    if !clean(&mut value) {
        return Bytes::copy_from_slice(json);
    }
    let mut out = Vec::with_capacity(json.len());
    value.write(&mut out);
    out.into()
}

/// Cleans a value and returns whether it changed.
fn clean(value: &mut Tree) -> bool {
    match value {
        Tree::Text(text) => match without_noise(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(clean) => {
                *text = clean;
                true
            }
        },
        Tree::Array(items) => items.iter_mut().fold(false, |changed, item| clean(item) | changed),
        Tree::Object(members) => {
            let before = members.len();
            members.retain(|(key, _)| !is_stack(key));
            let fewer = members.len() < before;
            members.iter_mut().fold(fewer, |changed, (_, value)| clean(value) | changed)
        }
        Tree::Raw(_) => false,
    }
}

/// Returns whether a member with this name holds a stack trace.
pub(super) fn is_stack(key: &str) -> bool {
    let key = key.to_lowercase();
    ["stack", "стек"].iter().any(|part| key.contains(part))
        || matches!(&*key, "trace" | "traceback" | "backtrace" | "трассировка")
}

/// The kind of a line, which decides about the lines after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Words,
    /// Text behind the place in the code of 1C that it comes from.
    Placed,
    Frame,
}

fn without_frames(text: &str) -> Cow<'_, str> {
    let mut kept = Vec::new();
    let (mut before, mut changed) = (Line::Words, false);
    for line in text.split('\n') {
        let words = line.trim();
        let kind = kind(line, before);
        let again = !words.is_empty() && kept.last().is_some_and(|last: &&str| last.trim() == words);
        if kind == Line::Frame || again {
            changed = true;
        } else {
            kept.push(line);
        }
        // The stack trace of a place continues behind its frames.
        before = if kind == Line::Frame && before == Line::Placed { Line::Placed } else { kind };
    }
    // A stack trace alone is better than nothing.
    match (changed, kept.iter().all(|line| line.trim().is_empty())) {
        (false, _) => text.into(),
        (true, true) => text.trim().lines().next().unwrap_or_default().to_owned().into(),
        (true, false) => kept.join("\n").trim_end().to_owned().into(),
    }
}

fn kind(line: &str, before: Line) -> Line {
    let words = line.trim();
    if let Some(after) = placed(words) {
        // 1C puts a space before text, and none before code.
        let code = after.is_empty() || !after.starts_with(' ') || after.ends_with(';') || before != Line::Words;
        return if code { Line::Frame } else { Line::Placed };
    }
    let indented = line.starts_with([' ', '\t']);
    let code = indented && before != Line::Words && words.ends_with(';');
    if code || is_foreign(words) { Line::Frame } else { Line::Words }
}

/// Returns the text after the place of an error: `{ОбщийМодуль.Склад.Модуль(12)}:`, also with a column.
fn placed(line: &str) -> Option<&str> {
    let (place, after) = line.strip_prefix('{')?.split_once("}:")?;
    let (module, numbers) = place.strip_suffix(')')?.rsplit_once('(')?;
    let is_module = !module.is_empty() && !module.contains(['{', '"', '\n']);
    (is_module && !numbers.is_empty() && numbers.chars().all(|c| c.is_ascii_digit() || c == ',' || c == ' '))
        .then_some(after)
}

/// Returns whether a line is of a stack trace of Java, .NET or Python, or of a module of the system.
fn is_foreign(line: &str) -> bool {
    let call = |rest: &str| {
        let name = rest.split('(').next().unwrap_or_default().trim();
        rest.contains('(') && name.contains('.') && !name.contains(char::is_whitespace)
    };
    let called = ["at ", "в "].iter().any(|word| line.strip_prefix(word).is_some_and(call));
    let more = line
        .strip_prefix("... ")
        .is_some_and(|rest| rest.ends_with(" more") || rest.ends_with(" common frames omitted"));
    let python = line.starts_with("File \"") && line.contains("\", line ");
    let module = line.split_whitespace().any(|word| {
        let (module, offset) = word.split_once('+').unwrap_or((word, ""));
        let module = module.to_ascii_lowercase();
        let is_module = [".dll", ".so", ".exe"].iter().any(|end| module.ends_with(end));
        is_module && (offset.starts_with("0x") || line.starts_with("0x"))
    });
    called || more || python || module
}

fn is_base64(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}

fn without_base64(text: &str) -> Cow<'_, str> {
    let mut words = text.split_inclusive(char::is_whitespace).peekable();
    let mut out = String::new();
    let mut changed = false;
    while let Some(first) = words.next() {
        let word = first.trim_end();
        if word.len() < LINE || !is_base64(word) {
            out.push_str(first);
            continue;
        }
        // Lines of Base64, with the breaks between them, and the shorter last line.
        let (mut run, mut length, mut ended) = (first.to_owned(), word.len(), false);
        while let Some(next) = words.next_if(|next| {
            let word = next.trim_end();
            let last = word.ends_with('=') || word.len() > REST && word.len() % 4 == 0;
            !ended && is_base64(word) && (word.len() >= LINE || last || word.is_empty())
        }) {
            let word = next.trim_end();
            length += word.len();
            ended = !word.is_empty() && word.len() < LINE;
            run.push_str(next);
        }
        if length > LONGEST_WORD {
            out.push('…');
            if run.ends_with(char::is_whitespace) {
                out.push(' ');
            }
            changed = true;
        } else {
            out.push_str(&run);
        }
    }
    if changed { out.into() } else { text.into() }
}
