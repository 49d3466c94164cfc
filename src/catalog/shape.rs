//! What a schema says of types, members, items and defaults: as much of it as mending needs, without
//! its references.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Chains of references and nested definitions longer than this are no schema of a tool.
const LONGEST_CHAIN: usize = 64;

/// What a schema unfolds to, each reference and combinator counted as often as it is met. A few that
/// refer to each other twice would take for ever, here and whenever a call is checked.
const MOST_SHAPES: usize = 20_000;

/// A set of JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NOTHING: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    /// A number that is not whole.
    pub(super) const FRACTION: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const NUMBER: Self = Self(4 | 8);
    pub(super) const ANY: Self = Self(127);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether both have one in common.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The one that a value is of.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => match number.as_f64() {
                Some(float) if float.fract() == 0.0 => Self::INTEGER,
                _ => Self::FRACTION,
            },
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// Those that a JSON value may be of that begins with this byte.
    pub(super) const fn at(first: u8) -> Self {
        match first {
            b'{' => Self::OBJECT,
            b'[' => Self::ARRAY,
            b'"' => Self::STRING,
            b't' | b'f' => Self::BOOLEAN,
            b'n' => Self::NULL,
            _ => Self::NUMBER,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::NOTHING,
        }
    }
}

/// One schema, with what its references and combinators add. Everything here must hold of a value that
/// fits; the schema may want more than that.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) types: Types,
    /// By name, the place of its shape.
    pub(super) members: BTreeMap<String, usize>,
    /// The place of the shape of members that are not named.
    pub(super) others: Option<usize>,
    /// Whether there are no members but those that are named.
    pub(super) closed: bool,
    pub(super) required: Vec<String>,
    pub(super) items: Option<usize>,
    pub(super) default: Option<Value>,
    /// The strings that are allowed, where all of them are listed.
    pub(super) choices: Option<Vec<String>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    /// Whether `""` may fit, if a string does.
    pub(super) empty_text: bool,
    /// Whether `[]` may fit, if an array does.
    pub(super) empty_array: bool,
    /// Whether `{}` may fit, if an object does: as far as the number of members goes.
    pub(super) empty_object: bool,
    /// Whether a string must be a date without a time.
    pub(super) date: bool,
    /// What the schema says of it in words.
    pub(super) about: Option<String>,
}

impl Shape {
    const fn anything() -> Self {
        Self {
            types: Types::ANY,
            members: BTreeMap::new(),
            others: None,
            closed: false,
            required: Vec::new(),
            items: None,
            default: None,
            choices: None,
            minimum: None,
            maximum: None,
            empty_text: true,
            empty_array: true,
            empty_object: true,
            date: false,
            about: None,
        }
    }

    pub(super) fn requires(&self, member: &str) -> bool {
        self.required.iter().any(|name| name == member)
    }

    /// What holds where both do.
    fn narrowed_by(&mut self, other: Self) {
        self.types = self.types.and(other.types);
        self.empty_text &= other.empty_text;
        self.empty_array &= other.empty_array;
        self.empty_object &= other.empty_object;
        self.date |= other.date;
        for (name, at) in other.members {
            self.members.entry(name).or_insert(at);
        }
        self.others = self.others.or(other.others);
        // Each would have to know what the other one names.
        self.closed = false;
        self.required.extend(other.required);
        self.items = self.items.or(other.items);
        self.default = self.default.take().or(other.default);
        self.choices = self.choices.take().or(other.choices);
        self.minimum = self.minimum.or(other.minimum);
        self.maximum = self.maximum.or(other.maximum);
        self.about = self.about.take().or(other.about);
    }
}

/// All the shapes of one schema; the first one is the whole.
#[derive(Clone, Debug)]
pub(super) struct Shapes(Vec<Shape>);

impl Shapes {
    /// Those of `root`, whose references all lead into `root`.
    ///
    /// # Errors
    /// A sentence about a reference that leads nowhere, or in a circle.
    pub(super) fn read(root: &Value) -> Result<Self, String> {
        let mut reader = Reader { root, shapes: Vec::new(), known: HashMap::new(), room: MOST_SHAPES };
        reader.place(root, 0)?;
        Ok(Self(reader.shapes))
    }

    /// The same for a tool that completes its arguments itself.
    #[cfg(feature = "check")]
    pub(super) fn without_defaults(mut self) -> Self {
        self.0.iter_mut().for_each(|shape| shape.default = None);
        self
    }

    pub(super) fn get(&self, at: usize) -> Option<&Shape> {
        self.0.get(at)
    }

    /// The values of all enums.
    pub(super) fn choices(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|shape| shape.choices.as_ref()).flatten().map(|choice| &**choice)
    }

    /// The shape at a path of members, as `sort.field`; arrays are passed through.
    pub(super) fn find(&self, path: &str) -> Option<&Shape> {
        let mut shape = self.get(0)?;
        for name in path.split('.') {
            shape = self.get(*self.through_arrays(shape)?.members.get(name)?)?;
        }
        Some(shape)
    }

    /// Changes what is said in words of the shape at a path.
    pub(super) fn reword(&mut self, path: &str, change: impl FnOnce(&str) -> String) {
        let mut at = 0;
        for name in path.split('.') {
            let inside = self.get(at).and_then(|shape| self.through_arrays(shape)?.members.get(name).copied());
            let Some(inside) = inside else { return };
            at = inside;
        }
        if let Some(Shape { about: Some(about), .. }) = self.0.get_mut(at) {
            *about = change(about);
        }
    }

    /// Whether there are only objects on the way along a path.
    pub(super) fn is_plain(&self, path: &str) -> bool {
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('.') {
            if self.find(parent).is_none_or(|shape| shape.types.meets(Types::ARRAY)) {
                return false;
            }
            above = parent;
        }
        true
    }

    /// The items of arrays of arrays, or the shape itself.
    pub(super) fn through_arrays<'a>(&'a self, mut shape: &'a Shape) -> Option<&'a Shape> {
        for _ in 0..LONGEST_CHAIN {
            match shape.items {
                Some(items) if shape.types.meets(Types::ARRAY) => shape = self.get(items)?,
                _ => return Some(shape),
            }
        }
        None
    }
}

struct Reader<'a> {
    root: &'a Value,
    shapes: Vec<Shape>,
    /// By the address of the schema. All of them live in `root`.
    known: HashMap<*const Value, usize>,
    /// How many more it may unfold to.
    room: usize,
}

impl<'a> Reader<'a> {
    /// The place of the shape of `schema`.
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

    /// What holds if one of several does.
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
        // Where only one can be meant, it holds for all objects or arrays.
        if let [items] = *arrays {
            all.items = items;
        }
        if let (Some(object), true) = (objects.pop(), objects.is_empty()) {
            (all.members, all.others, all.required) = (object.members, object.others, object.required);
        }
        Ok(all)
    }

    /// What the keywords say that stand here.
    fn own(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<Shape, String> {
        let mut shape = Shape { types: types(schema), default: schema.get("default").cloned(), ..Shape::anything() };
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let at = self.place(member, depth + 1)?;
            shape.members.insert(name.clone(), at);
        }
        // What patterns allow is not for the others.
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
