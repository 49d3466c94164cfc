//! Mends common mistakes of language models and old clients in arguments, where the schema leaves no
//! doubt about what is meant.
//!
//! Only values that the schema rejects are changed; values that fit stay as they are.

use super::argument_error::ArgumentError;
use super::arguments::{DEEPEST, parse, too_deep};
use super::shape::Shape;
use super::shapes::Shapes;
use super::types::Types;
use super::words;
use crate::rpc::json::{JsonError, Scanner};
use serde_json::{Map, Value};

/// Mends `value` and fills in defaults, by the shape at `at`.
///
/// # Errors
/// [`ArgumentError`] for JSON text within a string that cannot be read, and for nesting that is too deep.
pub(super) fn mend(shapes: &Shapes, at: usize, value: &mut Value, depth: usize) -> Result<(), ArgumentError> {
    let Some(shape) = shapes.get(at) else { return Ok(()) };
    if !shape.types.meets(Types::of(value)) {
        if let Some(read) = read(value, shape.types, depth)? {
            *value = read;
        }
        if shape.types.meets(Types::ARRAY) && !shape.types.meets(Types::of(value)) && !is_nothing(value) {
            *value = Value::Array(as_items(shapes, shape, value.take()));
        }
    }
    match value {
        Value::Object(_) | Value::Array(_) if depth >= DEEPEST => Err(too_deep()),
        Value::Object(map) => members(shapes, shape, map, depth + 1),
        Value::Array(items) => {
            let Some(at) = shape.items else { return Ok(()) };
            for (index, item) in items.iter_mut().enumerate() {
                mend(shapes, at, item, depth + 1).map_err(|unfit| unfit.inside(index))?;
            }
            Ok(())
        }
        Value::String(text) => {
            if let Some(meant) = words::meant(text, shape) {
                *text = meant;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn members(shapes: &Shapes, shape: &Shape, map: &mut Map<String, Value>, depth: usize) -> Result<(), ArgumentError> {
    drop_absent(shapes, shape, map);
    for (name, value) in map.iter_mut() {
        if let Some(at) = shape.members.get(name).copied().or(shape.others) {
            mend(shapes, at, value, depth).map_err(|unfit| unfit.within(name))?;
        }
    }
    // Mending may have turned the text "[]" into an array.
    drop_absent(shapes, shape, map);
    for (name, at) in &shape.members {
        if let Some(default) = shapes.get(*at).and_then(|member| member.default.as_ref())
            && !map.contains_key(name)
        {
            let mut filled = default.clone();
            mend(shapes, *at, &mut filled, depth).map_err(|unfit| unfit.within(name))?;
            map.insert(name.clone(), filled);
        }
    }
    Ok(())
}

/// Removes optional members whose value means that they are absent.
fn drop_absent(shapes: &Shapes, shape: &Shape, map: &mut Map<String, Value>) {
    map.retain(|name, value| {
        let member = shape.members.get(name).and_then(|at| shapes.get(*at));
        member.is_none_or(|member| shape.requires(name) || !is_absent(shapes, value, member))
    });
}

/// Returns whether a value means that the argument is absent.
fn is_absent(shapes: &Shapes, value: &Value, shape: &Shape) -> bool {
    match value {
        Value::Null => !shape.types.meets(Types::NULL),
        Value::String(text) if shape.types.meets(Types::STRING) => text.is_empty() && !shape.empty_text,
        Value::String(text) => match text.trim() {
            "" => true,
            "null" => is_absent(shapes, &Value::Null, shape),
            "[]" => is_absent(shapes, &Value::Array(Vec::new()), shape),
            "{}" => is_absent(shapes, &Value::Object(Map::new()), shape),
            _ => false,
        },
        Value::Array(items) => items.is_empty() && !(shape.types.meets(Types::ARRAY) && shape.empty_array),
        Value::Object(map) => !takes_empty_object(shapes, shape) && map.values().all(is_nothing),
        // Programs write 0 or -1 for "no limit".
        Value::Number(number) => {
            let least = shape.minimum.filter(|least| *least > 0.0 && shape.default.is_some());
            least.is_some() && number.as_f64().is_some_and(|float| float <= 0.0)
        }
        Value::Bool(_) => false,
    }
}

/// Returns whether `{}` may fit: everything required has a default.
fn takes_empty_object(shapes: &Shapes, shape: &Shape) -> bool {
    let has_default = |name: &String| {
        let member = shape.members.get(name).and_then(|at| shapes.get(*at));
        member.is_some_and(|member| member.default.is_some())
    };
    shape.types.meets(Types::OBJECT) && shape.empty_object && shape.required.iter().all(has_default)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => is_blank(value),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Returns one value as the items of an array. A text that lists several allowed words gives several items.
fn as_items(shapes: &Shapes, shape: &Shape, value: Value) -> Vec<Value> {
    if let Value::String(text) = &value
        && let Some(item) = shape.items.and_then(|at| shapes.get(at))
        && let Some(choices) = &item.choices
        && let Some(words) = words::listed(text, choices)
    {
        return words.into_iter().map(Value::from).collect();
    }
    vec![value]
}

/// Reads a value as one of the wanted types.
fn read(value: &Value, wanted: Types, depth: usize) -> Result<Option<Value>, ArgumentError> {
    match value {
        Value::String(text) => from_text(text, wanted, depth),
        Value::Number(number) if wanted.meets(Types::BOOLEAN) => Ok(match number.as_f64() {
            Some(1.0) => Some(Value::Bool(true)),
            Some(0.0) => Some(Value::Bool(false)),
            _ => None,
        }),
        _ => Ok(None),
    }
}

/// Reads a text as a value of another type.
fn from_text(text: &str, wanted: Types, depth: usize) -> Result<Option<Value>, ArgumentError> {
    let text = text.trim();
    let literal = match text.as_bytes() {
        [b'-' | b'0'..=b'9', ..] if wanted.meets(Types::NUMBER) => true,
        [b'{', ..] => wanted.meets(Types::OBJECT) || wanted.meets(Types::ARRAY),
        [b'[', ..] => wanted.meets(Types::ARRAY),
        _ => false,
    };
    if literal {
        // Text that is not JSON stays; the error about it names the type.
        if !is_json(text.as_bytes()) {
            return Ok(None);
        }
        return Ok(Some(parse(text.as_bytes(), depth)?).filter(|value| suits(value, wanted)));
    }
    Ok(if wanted.meets(Types::BOOLEAN) { words::truth(text).map(Value::Bool) } else { None })
}

fn is_json(text: &[u8]) -> bool {
    let Ok(mut scanner) = Scanner::new(text) else { return false };
    match scanner.skip() {
        Ok(_) => scanner.end().is_ok(),
        Err(fault) => fault == JsonError::Depth,
    }
}

/// Returns whether a value has a wanted type, or may be the only item of an array.
fn suits(value: &Value, wanted: Types) -> bool {
    wanted.meets(Types::of(value)) || value.is_object() && wanted.meets(Types::ARRAY)
}
