//! The text of a catalog file, in YAML or JSON: its content, its syntax errors, and texts that a `#` may have cut.

use granit_parser::{Event, Parser, ScalarStyle};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};
use std::fmt;

/// Reads JSON.
///
/// # Errors
/// The error and its place, with the line.
pub(super) fn json(text: &str) -> Result<Value, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Unique.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let why = error.to_string();
        let why = why.strip_suffix(&place).unwrap_or(&why);
        // This parser counts columns in bytes.
        let line = error.line().checked_sub(1).and_then(|above| text.lines().nth(above)).unwrap_or_default();
        let starts = line.char_indices().take_while(|(start, _)| start + 1 < error.column()).count();
        format!("not understood as JSON: {}", pointed(text, why, error.line(), starts + 1))
    })
}

/// Reads YAML. The parser limits the depth, the number of nodes and the size of expanded aliases.
///
/// # Errors
/// The error and its place, with the line.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { with_snippet: false, reject_unsupported_tags: true };
    let value = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| Unique.deserialize(yaml));
    value.map_err(|error| format!("not understood as YAML: {}", explained(text, &error)))
}

fn explained(text: &str, error: &Error) -> String {
    let why = match error.without_snippet() {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {key} is there twice"),
        error => UserMessageFormatter.format_message(error).into_owned(),
    };
    let Some(at) = error.location() else { return why };
    let number = |number: u64| usize::try_from(number).unwrap_or_default();
    let (line, column) = (number(at.line()), number(at.column()));
    // The parser reports the place where the text before the tab begins.
    if why.contains("a tab")
        && let Some((line, column)) = indented_by_tab(text, line)
    {
        return pointed(text, "a tabulator; lines are indented with blanks", line, column);
    }
    let told = pointed(text, &why, line, column);
    match error.without_snippet() {
        // The text is not YAML, mostly since the parser takes a part of it for something else.
        Error::ExternalMessage { .. } => {
            format!("{told}\n  a text with \": \" or \" #\" in it, or with a sign at its start, needs quotes")
        }
        _ => told,
    }
}

/// Returns the first line from `from` on that begins with a tab, maybe behind blanks, and its column.
fn indented_by_tab(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut lines = text.lines().enumerate().skip(from.saturating_sub(1));
    lines.find_map(|(above, line)| {
        let column = line.len() - line.trim_start_matches(' ').len();
        line.get(column..)?.starts_with('\t').then_some((above + 1, column + 1))
    })
}

/// Returns the error, its place, and the line with a caret under the place. Lines and columns are counted from 1.
fn pointed(text: &str, why: &str, line: usize, column: usize) -> String {
    const WIDTH: usize = 100;
    let Some(shown) = line.checked_sub(1).and_then(|above| text.lines().nth(above)) else {
        return format!("{why} (line {line})");
    };
    // Of a long line, the part around the place. A tab would shift the caret.
    let before = column.saturating_sub(1).min(shown.chars().count());
    let skipped = before.saturating_sub(WIDTH / 2);
    let part = shown.chars().skip(skipped).take(WIDTH);
    let part = part.map(|char| if char.is_control() { ' ' } else { char }).collect::<String>();
    let margin = format!("  {line} | ");
    let caret = " ".repeat(margin.chars().count() + before - skipped);
    format!("{why} (line {line}, column {column})\n{margin}{}\n{caret}^", part.trim_end())
}

/// Returns unquoted texts with a comment behind them that may belong to the text. They are `shown` if none of
/// them can be a secret.
pub(super) fn cut_texts(text: &str, shown: bool) -> Vec<String> {
    const MOST: usize = 20;
    let lines = text.lines().collect::<Vec<_>>();
    let mut found = Vec::new();
    let mut before = (0, 0);
    for event in Parser::new_from_str(text) {
        // Errors of the file were reported before.
        let Ok((event, span)) = event else { break };
        let (key, end) = (before, (span.end.line(), span.end.col()));
        before = end;
        let Event::Scalar(value, ScalarStyle::Plain, ..) = event else { continue };
        // An empty value has no place, so use that of its key.
        let (line, column) = if span.is_empty() { key } else { end };
        let Some(rest) = line.checked_sub(1).and_then(|above| lines.get(above)) else { continue };
        let rest = rest.chars().skip(column).collect::<String>();
        let rest = if span.is_empty() { rest.trim_start().trim_start_matches(':') } else { &rest };
        let Some(comment) = rest.trim_start().strip_prefix('#') else { continue };
        // Behind a word or a number it is a comment; behind a sentence, or without a blank after the #, it may
        // be a part of the text.
        let is_tight = !comment.starts_with([' ', '\t', '#', '-', '=']) && !comment.is_empty();
        if is_tight || value.trim().contains(char::is_whitespace) {
            let kept =
                value.chars().take(60).map(|char| if char.is_control() { ' ' } else { char }).collect::<String>();
            let kept = if span.is_empty() || !shown { String::new() } else { format!(" after \"{kept}\"") };
            found.push(format!(
                "line {line}: what follows the #{kept} is a comment; if it belongs to the text, put the text in quotes, \
                 and if not, put it on a line of its own"
            ));
        }
    }
    found.truncate(MOST);
    found
}

/// Any value without repeated keys: people reading the file would see one value, and the other would count.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number that JSON has"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key} is there twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
