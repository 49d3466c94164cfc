//! Parses and writes arguments.

use super::argument_error::{ArgumentError, cut};
use super::number::{exact_or_huge, is_huge};
use crate::rpc::json::{self, Member, Scanner};
use serde_json::{Map, Number, Value};

/// The deepest nesting of arguments. JSON text within strings counts from the depth of the string, so mended
/// arguments are no deeper either.
pub(super) const DEEPEST: usize = 64;

/// The most values in arguments, nested ones included: checking takes memory for each.
const MOST_VALUES: usize = 100_000;

/// Parses arguments. A duplicate key is an error, and so is a number that would change. A number that is too large
/// is still accepted, as a ceiling may lower it; [`check_held`] reports those that are left.
///
/// # Errors
/// [`ArgumentError`] if the arguments cannot be parsed so.
pub(super) fn parse(text: &[u8], depth: usize) -> Result<Value, ArgumentError> {
    read(text, depth, exact_or_huge)
}

/// Checks that no number is left that is too large to be kept.
///
/// # Errors
/// [`ArgumentError`] if there is one.
pub(super) fn check_held(value: &Value) -> Result<(), ArgumentError> {
    match value {
        Value::Number(number) if is_huge(number) => {
            Err(ArgumentError::new("this number is too large or has too many digits to be kept exactly"))
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(at, item)| check_held(item).map_err(|unfit| unfit.inside(at)))
        }
        Value::Object(map) => {
            map.iter().try_for_each(|(key, value)| check_held(value).map_err(|unfit| unfit.within(key)))
        }
        _ => Ok(()),
    }
}

/// Parses arguments for checks only: a number that cannot be kept becomes the nearest one that can.
///
/// # Errors
/// [`ArgumentError`] if the arguments cannot be parsed.
#[cfg(feature = "check")]
pub(super) fn parse_nearly(text: &[u8]) -> Result<Value, ArgumentError> {
    read(text, 0, |number| super::number::exact(number).or_else(|| Number::from_f64(number.parse().ok()?)))
}

fn read(text: &[u8], depth: usize, number: fn(&str) -> Option<Number>) -> Result<Value, ArgumentError> {
    let mut scanner = Scanner::new(text)?;
    let mut reader = Reader { text, room: MOST_VALUES, number };
    let value = reader.value(&mut scanner, depth)?;
    scanner.end()?;
    Ok(value)
}

struct Reader<'a> {
    text: &'a [u8],
    /// How many more values are allowed.
    room: usize,
    number: fn(&str) -> Option<Number>,
}

impl Reader<'_> {
    fn value(&mut self, scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, ArgumentError> {
        let Some(left) = self.room.checked_sub(1) else {
            return Err(ArgumentError::new(format!("these are more than {MOST_VALUES} values")));
        };
        self.room = left;
        match scanner.peek() {
            b'{' | b'[' if depth >= DEEPEST => Err(too_deep()),
            b'{' => {
                let mut map = Map::new();
                scanner.object::<ArgumentError>(|scanner, Member { key, .. }| {
                    let value = self.value(scanner, depth + 1).map_err(|unfit| unfit.within(&key))?;
                    if map.contains_key(&*key) {
                        return Err(ArgumentError::new(format!("the key \"{}\" stands there twice", cut(&key))));
                    }
                    map.insert(key.into_owned(), value);
                    Ok(())
                })?;
                Ok(Value::Object(map))
            }
            b'[' => {
                let mut items = Vec::new();
                scanner.array::<ArgumentError>(|scanner| {
                    items.push(self.value(scanner, depth + 1).map_err(|unfit| unfit.inside(items.len()))?);
                    Ok(())
                })?;
                Ok(Value::Array(items))
            }
            _ => {
                let span = scanner.skip()?;
                self.scalar(span.of(self.text).unwrap_or_default())
            }
        }
    }

    /// Reads a scalar from a valid token.
    fn scalar(&self, token: &[u8]) -> Result<Value, ArgumentError> {
        match token {
            b"true" => Ok(Value::Bool(true)),
            b"false" => Ok(Value::Bool(false)),
            b"null" => Ok(Value::Null),
            [b'"', ..] => json::unquote(token)
                .map(|text| Value::String(text.into_owned()))
                .ok_or_else(|| ArgumentError::new("this text holds half of a surrogate pair")),
            number => std::str::from_utf8(number).ok().and_then(self.number).map(Value::Number).ok_or_else(|| {
                let shown = cut(&String::from_utf8_lossy(number));
                ArgumentError::new(format!("the number {shown} is too large or has too many digits to be kept exactly"))
            }),
        }
    }
}

pub(super) fn too_deep() -> ArgumentError {
    ArgumentError::new(format!("this is nested deeper than {DEEPEST} levels"))
}

/// Appends `value` as compact JSON with sorted keys: equal values give equal bytes.
pub(super) fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut members = map.iter().collect::<Vec<_>>();
            // Usually sorted already, unless another crate enables serde_json's `preserve_order`.
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json::quote_into(out, key);
                out.push(b':');
                write(out, value);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Value::String(text) => json::quote_into(out, text),
        // Writing to a `Vec` cannot fail.
        scalar => {
            let _ = serde_json::to_writer(out, scalar);
        }
    }
}
