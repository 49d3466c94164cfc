//! Judges values without members: whether they fit, and how to mend those that nearly do.

use super::shape::Shape;
use crate::rpc::json::{quote_into, unquote};
use crate::rpc::label;
use std::borrow::Cow;

/// The verdict on a value without members.
pub(super) enum Verdict {
    Fits,
    Instead(String),
    Unfit,
}

impl Verdict {
    fn of(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::Unfit }
    }

    fn instead(text: Option<String>) -> Self {
        text.map_or(Self::Unfit, Self::Instead)
    }
}

/// Returns whether a value fits, or its replacement.
pub(super) fn judge(shape: &Shape, raw: &[u8]) -> Verdict {
    let first = raw.first().copied().unwrap_or_default();
    if shape.fits_at_once(first) {
        return Verdict::Fits;
    }
    match shape {
        Shape::Name if first == b'"' => Verdict::of(unquote(raw).is_some_and(|text| !text.trim().is_empty())),
        Shape::Plain if first == b'"' => {
            Verdict::of(unquote(raw).is_some_and(|text| !text.trim().is_empty() && !label::has_unseen(&text)))
        }
        Shape::Label if first == b'"' => cleaned(raw),
        Shape::Text | Shape::Name | Shape::Plain | Shape::Label => Verdict::instead(scalar_text(raw)),
        Shape::Exactly(word) | Shape::OneOf([word]) => one_of(&[word], raw),
        Shape::OneOf(words) => one_of(words, raw),
        Shape::Bool => Verdict::instead(unquote(raw).and_then(|text| truth(&text)).map(|truth| truth.to_string())),
        Shape::Number => number(raw, |_| true),
        Shape::Positive => number(raw, |number| number > 0.0),
        Shape::Natural => number(raw, |number| number >= 0.0 && number.fract() == 0.0),
        Shape::Share => number(raw, |number| (0.0..=1.0).contains(&number)),
        _ => Verdict::Unfit,
    }
}

/// Returns a number or a boolean as a string.
pub(super) fn scalar_text(raw: &[u8]) -> Option<String> {
    let scalar = matches!(raw.first(), Some(b'-' | b'0'..=b'9' | b't' | b'f'));
    scalar.then(|| format!("\"{}\"", String::from_utf8_lossy(raw)))
}

fn cleaned(raw: &[u8]) -> Verdict {
    // Escapes are judged as the characters that they stand for.
    if !raw.contains(&b'\\') && !label::suspicious(raw) {
        return Verdict::Fits;
    }
    match unquote(raw) {
        Some(text) => match label::clean(&text) {
            Cow::Borrowed(_) => Verdict::Fits,
            Cow::Owned(text) => Verdict::Instead(quoted(&text)),
        },
        None => Verdict::Unfit,
    }
}

fn one_of(words: &[&str], raw: &[u8]) -> Verdict {
    let Some(text) = unquote(raw) else { return Verdict::Unfit };
    match words.iter().find(|word| word.eq_ignore_ascii_case(text.trim())) {
        Some(word) if **word == *text => Verdict::Fits,
        Some(word) => Verdict::Instead(quoted(word)),
        None => Verdict::Unfit,
    }
}

fn truth(text: &str) -> Option<bool> {
    match &*text.trim().to_lowercase() {
        "true" | "истина" | "да" => Some(true),
        "false" | "ложь" | "нет" => Some(false),
        _ => None,
    }
}

/// Judges a number, in quotes or not.
fn number(raw: &[u8], fits: impl Fn(f64) -> bool) -> Verdict {
    let quoted = unquote(raw);
    let text = quoted.as_deref().unwrap_or_default().trim();
    let text = if quoted.is_some() { text.as_bytes() } else { raw };
    let read = serde_json::from_slice::<f64>(text).ok();
    match read.filter(|number| fits(*number)) {
        Some(_) if quoted.is_none() => Verdict::Fits,
        Some(_) => Verdict::instead(String::from_utf8(text.to_vec()).ok()),
        None => Verdict::Unfit,
    }
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
