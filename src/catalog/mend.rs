//! What language models often get wrong in arguments, put right where the schema leaves no doubt.
//!
//! Only a value of a type that the schema refuses is changed, so what fits stays as it is.

use super::arguments::{DEEPEST, parse, too_deep};
use super::shape::{Shape, Shapes, Types};
use super::unfit::Unfit;
use crate::rpc::json::{Fault, Scanner};
use serde_json::{Map, Value};

/// Mends `value` and fills in defaults, as the shape at `at` says.
///
/// # Errors
/// [`Unfit`] for JSON text within a string that must not be read, and for nesting without end.
pub(super) fn mend(shapes: &Shapes, at: usize, value: &mut Value, depth: usize) -> Result<(), Unfit> {
    let Some(shape) = shapes.get(at) else { return Ok(()) };
    if !shape.types.meets(Types::of(value)) {
        if let Value::String(text) = value
            && let Some(read) = from_text(text, shape.types, depth)?
        {
            *value = read;
        }
        if shape.types.meets(Types::ARRAY) && !shape.types.meets(Types::of(value)) && !is_blank(value) {
            *value = Value::Array(vec![value.take()]);
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
        _ => Ok(()),
    }
}

fn members(shapes: &Shapes, shape: &Shape, map: &mut Map<String, Value>, depth: usize) -> Result<(), Unfit> {
    for (name, at) in &shape.members {
        let Some(member) = shapes.get(*at) else { continue };
        if map.get(name).is_some_and(|value| is_absent(value, member)) && !shape.requires(name) {
            map.remove(name);
        }
        if let Some(default) = &member.default
            && !map.contains_key(name)
        {
            map.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in map {
        if let Some(at) = shape.members.get(name).copied().or(shape.others) {
            mend(shapes, at, value, depth).map_err(|unfit| unfit.within(name))?;
        }
    }
    Ok(())
}

/// Whether a value only says that there is none.
fn is_absent(value: &Value, shape: &Shape) -> bool {
    match value {
        Value::Null => !shape.types.meets(Types::NULL),
        Value::String(text) if shape.types.meets(Types::STRING) => text.is_empty() && !shape.empty_text,
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

/// What a text says, where something else than a text is wanted.
fn from_text(text: &str, wanted: Types, depth: usize) -> Result<Option<Value>, Unfit> {
    let text = text.trim();
    let literal = match text.as_bytes() {
        [b'-' | b'0'..=b'9', ..] if wanted.meets(Types::NUMBER) => true,
        [b'{', ..] => wanted.meets(Types::OBJECT) || wanted.meets(Types::ARRAY),
        [b'[', ..] => wanted.meets(Types::ARRAY),
        _ => false,
    };
    if literal {
        // What is no JSON stays a text, and the schema says what it should have been.
        if !is_json(text.as_bytes()) {
            return Ok(None);
        }
        return Ok(Some(parse(text.as_bytes(), depth)?).filter(|value| suits(value, wanted)));
    }
    Ok(match text {
        _ if !wanted.meets(Types::BOOLEAN) => None,
        _ if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        _ if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        _ => None,
    })
}

fn is_json(text: &[u8]) -> bool {
    let Ok(mut scanner) = Scanner::new(text) else { return false };
    match scanner.skip() {
        Ok(_) => scanner.end().is_ok(),
        Err(fault) => fault == Fault::Depth,
    }
}

/// Whether a value is wanted as it is, or as the only item of an array.
fn suits(value: &Value, wanted: Types) -> bool {
    wanted.meets(Types::of(value)) || value.is_object() && wanted.meets(Types::ARRAY)
}
