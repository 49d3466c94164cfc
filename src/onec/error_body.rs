//! Finds the text for people in the body of an error.
//!
//! The body comes in many forms: plain text, a page of 1C or of a web server, JSON of the application server
//! with nested exceptions, JSON and XML of OData. Each has a sentence for people, often among stack traces and
//! kilobytes of Base64.

use super::body::{compression, declared, unmarked};
use super::noise::{is_stack, without_noise};
use crate::rpc::label;
use bytes::Bytes;
use encoding_rs::WINDOWS_1251;
use http::HeaderMap;
use serde_json::Value;
use std::borrow::Cow;

/// How many bytes are searched: a page of any length has its text in the first kilobytes.
const LOOK: usize = 64 * 1024;
/// How many bytes of JSON are read, since the text may come after long data.
const LOOK_JSON: usize = 1024 * 1024;
/// The longest word in bytes; anything longer is data.
const LONGEST_WORD: usize = 200;

/// Returns the text in the body of an error, on one line; empty if there is none.
pub(super) fn words(headers: &HeaderMap, body: &[u8]) -> String {
    if let Some(name) = compression(headers, body) {
        return format!("(a body compressed with {name})");
    }
    let text = text(headers, body);
    let told = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => of_json(&text),
        Some(b'<') => of_markup(&text),
        _ => None,
    };
    tidy(without_stack(told.as_deref().unwrap_or(&text)))
}

/// Returns the text of JSON, if it stands where errors have it.
pub(super) fn told_in_json(body: &[u8]) -> Option<String> {
    let text = text(&HeaderMap::new(), body);
    let told = match serde_json::from_str(&text) {
        Ok(value) => told(&value),
        Err(_) => last_string(&text, "\"descr\""),
    };
    told.map(|told| tidy(without_stack(&told))).filter(|told| !told.is_empty())
}

/// Decodes the body as UTF-8, as the header says, or as windows-1251.
fn text(headers: &HeaderMap, body: &[u8]) -> String {
    let body = body.get(..LOOK_JSON).unwrap_or(body);
    let body = unmarked(Bytes::copy_from_slice(body));
    let (text, cut) = match std::str::from_utf8(&body) {
        Ok(text) => (Cow::Borrowed(text), false),
        // The last character was cut.
        Err(error) if error.error_len().is_none() && declared(headers).is_none() => {
            (String::from_utf8_lossy(&body), true)
        }
        Err(_) => (declared(headers).unwrap_or(WINDOWS_1251).decode_without_bom_handling(&body).0, false),
    };
    let text = if cut { text.trim_end_matches('\u{fffd}') } else { &*text };
    text.trim_start_matches('\u{feff}').to_owned()
}

/// Returns the text with single spaces, without control characters and without data.
fn tidy(text: &str) -> String {
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = label::clean(text.get(..end).unwrap_or_default());
    without_noise(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the text before a stack trace.
fn without_stack(text: &str) -> &str {
    const STACKS: [&str; 4] = ["Stack Trace:", "Трассировка стека:", "Стек вызовов:", "Call stack:"];
    let end = STACKS.into_iter().filter_map(|mark| text.find(mark)).filter(|at| *at > 0).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Names of members that hold the text of an error, the likelier ones first.
const TELLING: [&str; 13] = [
    "message",
    "error",
    "odata.error",
    "exception",
    "descr",
    "error_description",
    "detail",
    "description",
    "описаниеошибки",
    "описание",
    "сообщение",
    "ошибка",
    "title",
];

fn of_json(text: &str) -> Option<String> {
    match serde_json::from_str(text) {
        Ok(value) => told(&value).or_else(|| Some(without_stacks(value)?.to_string())),
        // Broken JSON, JSON cut in the middle of data, or plain text that begins with the place of the error.
        Err(_) => {
            let told = last_string(text, "\"descr\"").or_else(|| last_string(text, "\"message\""));
            let json = text.trim_start().trim_start_matches('{').trim_start().starts_with('"');
            told.or_else(|| json.then(String::new))
        }
    }
}

fn told(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(items) => items.iter().find_map(told),
        Value::Object(members) => {
            // The innermost exception with a text is the cause.
            let inner = member(members, "inner").and_then(told);
            let own = || TELLING.into_iter().find_map(|name| member(members, name).and_then(told));
            // `{"lang":"ru","value":"…"}` of OData.
            let value = || member(members, "value").and_then(told);
            // An exception in 1C's typed JSON; in other JSON the member names a type.
            let typed = || {
                let exception = member(members, "#exception").filter(|exception| exception.is_object());
                exception.or_else(|| member(members, "#value")).and_then(told)
            };
            inner.or_else(own).or_else(value).or_else(typed)
        }
        _ => None,
    }
}

fn member<'a>(members: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.iter().find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value)
}

/// Returns unknown JSON without stack traces.
fn without_stacks(mut value: Value) -> Option<Value> {
    let Value::Object(members) = &mut value else { return None };
    members.retain(|key, value| {
        let key = key.to_lowercase();
        let long = value.as_str().is_some_and(|text| text.len() > LONGEST_WORD && !text.contains(' '));
        !(long || is_stack(&key) || key.contains("trace"))
    });
    Some(value)
}

/// Returns the last string with a text under `key`.
fn last_string(text: &str, key: &str) -> Option<String> {
    text.match_indices(key).collect::<Vec<_>>().into_iter().rev().find_map(|(at, _)| {
        let value = text.get(at + key.len()..)?.trim_start().strip_prefix(':')?;
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
        values.next()?.ok().filter(|text| !text.trim().is_empty())
    })
}

fn of_markup(page: &str) -> Option<String> {
    let words = |text: &str| Some(plain(text)).filter(|text| !text.trim().is_empty());
    // Of nested exceptions the last one is the cause. An error of OData has its own text first.
    let told = element(page, "descr").last().and_then(words);
    let told = told.or_else(|| element(page, "message").find_map(words));
    let told = told.or_else(|| element(page, "faultstring").find_map(words));
    // The title says only which service failed.
    told.or_else(|| words(&without_title(page))).or_else(|| words(page))
}

/// Returns the non-empty texts of the elements with this local name in an XML document.
fn element<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.split('<').filter_map(move |part| {
        let (tag, text) = part.split_once('>')?;
        let found = tag.split(|c: char| c.is_whitespace() || c == '/').next()?.rsplit(':').next()?;
        (found == name && !tag.ends_with('/') && !text.trim().is_empty()).then_some(text)
    })
}

fn without_title(page: &str) -> Cow<'_, str> {
    let at =
        |mark: &str| page.as_bytes().windows(mark.len()).position(|part| part.eq_ignore_ascii_case(mark.as_bytes()));
    match (at("<title"), at("</title")) {
        (Some(start), Some(end)) if start < end => {
            format!("{} {}", page.get(..start).unwrap_or_default(), page.get(end..).unwrap_or_default()).into()
        }
        _ => page.into(),
    }
}

/// Returns the text between the tags of a page, without styles, scripts and comments.
fn plain(page: &str) -> String {
    let mut out = String::with_capacity(page.len() / 2);
    let mut rest = page.get(..LOOK).unwrap_or(page);
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        out.push(' ');
        rest = after(tag);
    }
    out.push_str(rest);
    without_entities(&out)
}

/// Returns the page after a tag, given the text inside the tag; skips the element if it holds no text.
fn after(tag: &str) -> &str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let silent = ["style", "script"]
        .into_iter()
        .find(|name| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
    let tag = match silent {
        Some(name) => {
            let end = tag
                .as_bytes()
                .windows(name.len() + 2)
                .position(|end| end.strip_prefix(b"</").is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes())));
            end.and_then(|end| tag.get(end..)).unwrap_or_default()
        }
        None => tag,
    };
    tag.split_once('>').map_or("", |(_, after)| after)
}

fn without_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        let known = entity.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        let (character, after) = known.unwrap_or(('&', entity));
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "nbsp" => return Some(' '),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "laquo" => return Some('«'),
        "raquo" => return Some('»'),
        "mdash" => return Some('—'),
        "ndash" => return Some('–'),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(number.ok()?)
}
