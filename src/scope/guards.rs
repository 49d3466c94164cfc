//! Guarded values, and whether arguments name one.
//!
//! Arguments are judged as the client wrote them. Layers below mend the mistakes of models (JSON text
//! instead of an array, one value instead of several), and what they make of the arguments must not differ from
//! what was judged. So arguments are not parsed as a layer below would: every run of text between JSON's
//! punctuation counts, on every level of escapes, as it is written and in NFKC.

use super::fold::{folded, folded_name, other_forms, trimmed};
use crate::identity::Scopes;
use crate::rpc::json::{self, JsonError, Member, Scanner};
use std::borrow::Cow;

/// How often text within text is unescaped. Each level doubles the backslashes, so there are no more.
const LEVELS: usize = 16;

/// How many bytes are looked at, on all levels together: as many as a body may have, and all levels of usual
/// arguments.
const MOST_BYTES: usize = 5 * 1024 * 1024;

/// The characters that separate values in JSON text, and in lists that people write.
const SEPARATORS: [char; 13] = ['"', '\'', '\\', '[', ']', '{', '}', ',', ';', '|', '\n', '\r', '\t'];

/// Sort directions that may follow a field's name, folded: 1C's own methods take `Сумма Убыв`.
const DIRECTIONS: [&str; 6] = ["asc", "desc", "ascending", "descending", "возр", "убыв"];

/// Values of one argument that need a scope of their own, such as measures of a report.
///
/// Callers without the scope do not see the values in the tool's input schema, and their calls that name
/// one of them are rejected. A value counts as named wherever it stands in the argument: also in text that holds
/// JSON or a list, in other case, or as a key. Only the first part of `field` limits this: the rest says where the
/// values belong, but they are hidden and looked for in the whole argument.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guard {
    /// The exact name of the tool.
    pub tool: String,
    /// The argument, as `measures`, or a path, as `sort.field`, which passes through arrays.
    pub field: String,
    /// The values that are guarded.
    pub values: Vec<String>,
    /// The scope that a caller must hold to see and name them.
    pub scope: String,
}

impl Guard {
    /// Creates a guard for values of an argument of a tool that need `scope`.
    pub fn new<V: Into<String>>(
        tool: impl Into<String>,
        field: impl Into<String>,
        values: impl IntoIterator<Item = V>,
        scope: impl Into<String>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { tool: tool.into(), field: field.into(), values, scope: scope.into() }
    }
}

/// A guard prepared for use.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    /// The first part of the path, folded: the argument's name.
    argument: String,
    /// The values without separators, folded.
    values: Vec<String>,
    /// The values with a separator in them, folded.
    awkward: Vec<String>,
    scopes: Scopes,
}

impl Guarded {
    pub(super) fn new(field: &str, values: &[String], scopes: Scopes) -> Self {
        let values = values.iter().map(|value| folded_name(value));
        let (awkward, values) =
            values.filter(|value| !value.is_empty()).partition(|value: &String| value.contains(SEPARATORS));
        let argument = field.split('.').next().unwrap_or_default();
        Self { argument: folded_name(argument), values, awkward, scopes }
    }

    pub(super) const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Returns whether a key is the guarded argument, or may be taken for it: 1C ignores case, and
    /// models write `measures[]` or `sort.field`.
    pub(super) fn is_about(&self, key: &str) -> bool {
        self.begins(key) || other_forms(key).is_some_and(|key| self.begins(&key))
    }

    fn begins(&self, key: &str) -> bool {
        let mut key = folded(trimmed(key));
        self.argument.chars().all(|expected| key.next() == Some(expected))
            && (self.argument.is_empty() || key.next().is_none_or(|next| !(next.is_alphanumeric() || next == '_')))
    }

    /// Returns whether `text` is one of the values.
    pub(super) fn is(&self, text: &str) -> bool {
        let is = |text: &str| self.values.iter().chain(&self.awkward).any(|value| folded(text).eq(value.chars()));
        is(trimmed(text)) || other_forms(text).is_some_and(|text| is(trimmed(&text)))
    }

    /// Returns whether these arguments name one of the values.
    pub(super) fn is_named(&self, arguments: &[u8]) -> bool {
        let mut object = Cow::Borrowed(arguments);
        // Text that a layer below may read as an object.
        for _ in 0..LEVELS {
            let Some(text) = json::unquote(object.trim_ascii()) else { break };
            object = Cow::Owned(text.into_owned().into_bytes());
        }
        // If it is not an object, all of it counts.
        self.is_member(&object).unwrap_or_else(|_| self.is_within(&object))
    }

    fn is_member(&self, object: &[u8]) -> Result<bool, JsonError> {
        let mut named = false;
        let mut scanner = Scanner::new(object)?;
        scanner.object::<JsonError>(|scanner, Member { key, .. }| {
            let value = scanner.skip()?;
            named = named || self.is_about(&key) && self.is_within(value.of(object).unwrap_or_default());
            Ok(())
        })?;
        scanner.end()?;
        Ok(named)
    }

    /// Returns whether one of the values stands somewhere in this JSON text.
    fn is_within(&self, json: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(json) else { return true };
        let (mut text, mut room) = (Cow::Borrowed(text), MOST_BYTES);
        for _ in 0..LEVELS {
            // Text that takes too long to look through counts as naming a value.
            let Some(left) = room.checked_sub(text.len()) else { return true };
            room = left;
            if self.is_part(&text) || other_forms(&text).is_some_and(|text| self.is_part(&text)) {
                return true;
            }
            if !text.contains('\\') {
                return false;
            }
            text = Cow::Owned(unescaped(&text));
        }
        true
    }

    fn is_part(&self, text: &str) -> bool {
        if !self.awkward.is_empty() {
            let text: String = folded(text).collect();
            if self.awkward.iter().any(|value| text.contains(value)) {
                return true;
            }
        }
        let is_value = |part: &str| self.values.iter().any(|value| folded(part).eq(value.chars()));
        let mut parts = text.split(SEPARATORS).map(trimmed).filter(|part| !part.is_empty());
        parts.any(|part| is_value(part) || is_value(without_direction(part)))
    }
}

/// Removes a sort direction: `-cost`, `cost desc` and `cost:asc` name `cost`.
fn without_direction(part: &str) -> &str {
    let part = part.trim_start_matches(['-', '+']);
    match part.rsplit_once(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '=')) {
        Some((name, direction)) if DIRECTIONS.iter().any(|known| folded(direction).eq(known.chars())) => trimmed(name),
        _ => trimmed(part),
    }
}

/// Removes one level of JSON's escapes, from all strings in a text at once.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let mut after = escape.chars();
        rest = match after.next() {
            Some('u') => match code_point(escape) {
                Some((point, after)) => {
                    out.push(point);
                    after
                }
                None => escape,
            },
            Some(letter) => {
                out.push(match letter {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    other => other,
                });
                after.as_str()
            }
            None => "",
        };
    }
    out + rest
}

/// Returns the character of `uXXXX` at the start of `escape`, or of a surrogate pair, and the text after it.
fn code_point(escape: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u32::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok();
    let first = unit(escape)?;
    let after = escape.get(5..)?;
    if let Some(point) = char::from_u32(first) {
        return Some((point, after));
    }
    let pair = after.strip_prefix('\\').and_then(|low| {
        let second = unit(low).filter(|second| (0xdc00..0xe000).contains(second) && first < 0xdc00)?;
        let point = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
        Some((point, low.get(5..)?))
    });
    Some(pair.unwrap_or((char::REPLACEMENT_CHARACTER, after)))
}
