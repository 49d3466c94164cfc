//! Unfolds a schema into its shapes.

use super::shape::{LONGEST_CHAIN, Shape};
use super::types::Types;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The most schemas that a schema may unfold to, where each reference and combinator counts as often as it is met.
/// A few schemas that refer to each other twice would take for ever, here and whenever a call is checked.
const MOST_SHAPES: usize = 20_000;

/// Returns the shapes of `root`, whose references all lead into `root`; the first one is that of the whole.
///
/// # Errors
/// A sentence about a reference that leads nowhere, or in a circle.
pub(super) fn unfold(root: &Value) -> Result<Vec<Shape>, String> {
    let mut reader = Reader { root, shapes: Vec::new(), known: HashMap::new(), room: MOST_SHAPES };
    reader.place(root, 0)?;
    Ok(reader.shapes)
}

struct Reader<'a> {
    root: &'a Value,
    shapes: Vec<Shape>,
    /// The index of each shape, by the address of its schema; all schemas live in `root`.
    known: HashMap<*const Value, usize>,
    /// How many more schemas it may unfold to.
    room: usize,
}

impl<'a> Reader<'a> {
    /// Returns the index of the shape of `schema`.
    fn place(&mut self, schema: &'a Value, depth: usize) -> Result<usize, String> {
        if let Some(at) = self.known.get(&std::ptr::from_ref(schema)) {
            return Ok(*at);
        }
        if depth > LONGEST_CHAIN {
            return Err(format!("nests or refers deeper than {LONGEST_CHAIN} levels"));
        }
        let at = self.shapes.len();
        self.known.insert(schema, at);
        self.shapes.push(Shape::anything());
        let shape = self.shape(schema, depth)?;
        if let Some(slot) = self.shapes.get_mut(at) {
            *slot = shape;
        }
        Ok(at)
    }

    fn shape(&mut self, schema: &'a Value, depth: usize) -> Result<Shape, String> {
        if depth > LONGEST_CHAIN {
            return Err(format!("nests or refers deeper than {LONGEST_CHAIN} levels"));
        }
        let Some(room) = self.room.checked_sub(1) else {
            return Err(format!("unfolds to more than {MOST_SHAPES} schemas; let its references lead to fewer places"));
        };
        self.room = room;
        let Value::Object(schema) = schema else { return Ok(Shape::anything()) };
        let mut shape = self.own(schema, depth)?;
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            let target = target.ok_or_else(|| format!("refers to {reference}, which is not there"))?;
            shape.narrowed_by(self.shape(target, depth + 1)?);
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            shape.narrowed_by(self.shape(part, depth + 1)?);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(parts) = schema.get(key).and_then(Value::as_array) {
                shape.narrowed_by(self.either(parts, depth)?);
            }
        }
        Ok(shape)
    }

    /// Returns what is true if one of several schemas fits.
    fn either(&mut self, parts: &'a [Value], depth: usize) -> Result<Shape, String> {
        let mut all = Shape {
            types: Types::NOTHING,
            empty_text: false,
            empty_array: false,
            empty_object: false,
            date: true,
            ..Shape::anything()
        };
        let (mut objects, mut arrays) = (Vec::new(), Vec::new());
        for part in parts {
            let part = self.shape(part, depth + 1)?;
            all.types = all.types.or(part.types);
            if part.types.meets(Types::STRING) {
                all.empty_text |= part.empty_text;
                all.date &= part.date;
            }
            if part.types.meets(Types::ARRAY) {
                all.empty_array |= part.empty_array;
                arrays.push(part.items);
            }
            if part.types.meets(Types::OBJECT) {
                all.empty_object |= part.empty_object && part.required.is_empty();
                objects.push(part);
            }
        }
        all.date &= all.types.meets(Types::STRING);
        // If only one of them allows objects or arrays, what it says is true of all objects or arrays.
        if let [items] = *arrays {
            all.items = items;
        }
        if let (Some(object), true) = (objects.pop(), objects.is_empty()) {
            (all.members, all.others, all.required) = (object.members, object.others, object.required);
        }
        Ok(all)
    }

    /// Reads the schema's own keywords.
    fn own(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<Shape, String> {
        let mut shape = Shape { types: types(schema), default: schema.get("default").cloned(), ..Shape::anything() };
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = self.place(member, depth + 1)?;
            shape.members.insert(name.clone(), at);
        }
        // `additionalProperties` does not apply to members that patterns allow.
        let patterns = schema.contains_key("patternProperties");
        if !patterns && let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
            shape.others = Some(self.place(others, depth + 1)?);
        }
        if !schema.contains_key("prefixItems")
            && let Some(items @ Value::Object(_)) = schema.get("items")
        {
            shape.items = Some(self.place(items, depth + 1)?);
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        shape.required = required.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        shape.closed = !patterns && schema.get("additionalProperties") == Some(&Value::Bool(false));
        shape.choices = choices(schema);
        shape.minimum = schema.get("minimum").and_then(Value::as_f64);
        shape.maximum = schema.get("maximum").and_then(Value::as_f64);
        shape.about = schema.get("description").and_then(Value::as_str).map(str::to_owned);
        shape.empty_text = shape.types.meets(Types::STRING) && super::schema::takes_empty_text(schema);
        let some = |key: &str| schema.get(key).and_then(Value::as_u64).is_some_and(|least| least > 0);
        (shape.empty_array, shape.empty_object) = (!some("minItems"), !some("minProperties"));
        shape.date = schema.get("format").and_then(Value::as_str) == Some("date");
        Ok(shape)
    }
}

fn types(schema: &Map<String, Value>) -> Types {
    let said = match schema.get("type") {
        Some(Value::String(name)) => Types::named(name),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).fold(Types::NOTHING, |types, name| types.or(Types::named(name)))
        }
        _ => Types::ANY,
    };
    let one = schema.get("const").map_or(Types::ANY, Types::of);
    let listed = match schema.get("enum") {
        Some(Value::Array(values)) => values.iter().fold(Types::NOTHING, |types, value| types.or(Types::of(value))),
        _ => Types::ANY,
    };
    said.and(one).and(listed)
}

fn choices(schema: &Map<String, Value>) -> Option<Vec<String>> {
    let Some(Value::Array(values)) = schema.get("enum") else { return None };
    Some(values.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect())
}
