//! Rules for arguments beyond the schema: ceilings, and constraints between arguments.

use super::argument_error::{ArgumentError, cut, hint, listed};
use serde_json::Value;
use std::collections::BTreeSet;

/// A path of members, such as `sort.field`.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) text: String,
    names: Vec<String>,
}

impl Path {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), names: text.split('.').map(str::to_owned).collect() }
    }

    /// Calls `each` with the position and value of everything that the path leads to, through arrays.
    fn visit<'a>(&self, root: &'a Value, each: &mut dyn FnMut(&str, &'a Value)) {
        visit(root, &self.names, "", each);
    }

    /// Returns the texts that the path leads to.
    pub(super) fn texts<'a>(&self, root: &'a Value) -> Vec<&'a str> {
        let mut texts = Vec::new();
        gather(root, &self.names, &mut texts);
        texts
    }
}

fn gather<'a>(value: &'a Value, path: &[String], texts: &mut Vec<&'a str>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| gather(item, path, texts)),
        (Value::Object(map), [name, rest @ ..]) => {
            if let Some(value) = map.get(name) {
                gather(value, rest, texts);
            }
        }
        (Value::String(text), []) => texts.push(text),
        _ => {}
    }
}

fn visit<'a>(value: &'a Value, path: &[String], place: &str, each: &mut dyn FnMut(&str, &'a Value)) {
    match (value, path) {
        (Value::Array(items), _) => {
            for (at, item) in items.iter().enumerate() {
                visit(item, path, &format!("{place}[{at}]"), each);
            }
        }
        (Value::Object(map), [name, rest @ ..]) => {
            let dot = if place.is_empty() { "" } else { "." };
            if let Some(value) = map.get(name) {
                visit(value, rest, &format!("{place}{dot}{name}"), each);
            }
        }
        (_, []) => each(place, value),
        _ => {}
    }
}

/// The ceiling of an argument, and its value if it is absent.
#[derive(Clone, Debug)]
pub(super) struct Clamp {
    pub(super) path: Path,
    pub(super) ceiling: u64,
    /// The value for a language model, which has to read the answer.
    pub(super) default: u64,
    /// The value for a program.
    pub(super) whole: u64,
    /// The minimum in the schema.
    pub(super) minimum: Option<f64>,
}

/// The kind of caller, which decides how many rows an answer has if the call does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A language model, which gets the default.
    Model,
    /// A program, which gets all rows.
    #[cfg_attr(not(feature = "rest"), expect(dead_code, reason = "programs call the REST endpoints"))]
    Program,
}

impl Clamp {
    /// Returns a description with the numbers in place of `{default}` and `{ceiling}`.
    pub(super) fn worded(&self, text: &str, asker: Asker) -> String {
        text.replace("{default}", &self.absent(asker).to_string()).replace("{ceiling}", &self.ceiling.to_string())
    }

    pub(super) const fn absent(&self, asker: Asker) -> u64 {
        match asker {
            Asker::Model => self.default,
            Asker::Program => self.whole,
        }
    }

    pub(super) fn apply(&self, root: &mut Value, asker: Asker) {
        let Some((last, parents)) = self.path.names.split_last() else { return };
        let parent = parents.iter().try_fold(root, |value, name| value.get_mut(name));
        let Some(map) = parent.and_then(Value::as_object_mut) else { return };
        let absent = self.absent(asker);
        match map.get_mut(last) {
            // A `null`, where it is allowed, would mean "no limit".
            None | Some(Value::Null) => drop(map.insert(last.clone(), absent.into())),
            Some(Value::Number(number)) => {
                let float = number.as_f64().unwrap_or_default();
                if float <= 0.0 && self.minimum.is_none_or(|least| float < least) {
                    // 0 and -1 would mean it too.
                    *number = absent.into();
                } else if number.as_u64().map_or(float > self.ceiling as f64, |whole| whole > self.ceiling) {
                    *number = self.ceiling.into();
                }
            }
            Some(_) => {}
        }
    }
}

/// A rule between arguments.
#[derive(Clone, Debug)]
pub(super) enum Constraint {
    /// Each value at the first path must be one of those at the other paths.
    Within(Path, Vec<Path>),
    /// Exactly one of these arguments must be there.
    OneOf(Vec<String>),
    /// At least one of these arguments must be there.
    AnyOf(Vec<String>),
    /// The first must not be greater than the second, compared as texts without time zones.
    Order(Path, Path),
}

impl Constraint {
    /// Checks arguments against the rule.
    ///
    /// # Errors
    /// [`ArgumentError`] if they break it.
    pub(super) fn check(&self, root: &Value) -> Result<(), ArgumentError> {
        match self {
            Self::Within(path, sources) => within(root, path, sources),
            Self::OneOf(names) => one_of(root, names),
            Self::AnyOf(names) => any_of(root, names),
            Self::Order(first, second) => order(root, first, second),
        }
    }
}

fn within(root: &Value, path: &Path, sources: &[Path]) -> Result<(), ArgumentError> {
    let texts = path.texts(root);
    if texts.is_empty() {
        return Ok(());
    }
    let chosen = sources.iter().flat_map(|source| source.texts(root)).collect::<BTreeSet<_>>();
    if texts.iter().all(|text| chosen.contains(text)) {
        return Ok(());
    }
    let mut broken = None;
    path.visit(root, &mut |place, value| {
        let Some(text) = value.as_str() else { return };
        if broken.is_none() && !chosen.contains(text) {
            let names = listed(sources.iter().map(|source| &*source.text));
            let near = hint(text, chosen.iter().copied());
            broken = Some(ArgumentError::at(
                place,
                format!(
                    "\"{}\" is not among the values of {names} in this call{near}; allowed here: {}",
                    cut(text),
                    if chosen.is_empty() { "none".to_owned() } else { listed(chosen.iter().copied()) }
                ),
            ));
        }
    });
    broken.map_or(Ok(()), Err)
}

fn one_of(root: &Value, names: &[String]) -> Result<(), ArgumentError> {
    let given = names.iter().filter(|name| root.get(name).is_some()).map(String::as_str).collect::<Vec<_>>();
    let all = || listed(names.iter().map(String::as_str));
    match *given {
        [_] => Ok(()),
        [] => Err(ArgumentError::new(format!("exactly one of these is needed, and none is given: {}", all()))),
        _ => {
            Err(ArgumentError::new(format!("only one of {} may be given, and this call has {}", all(), listed(given))))
        }
    }
}

fn any_of(root: &Value, names: &[String]) -> Result<(), ArgumentError> {
    if names.iter().any(|name| root.get(name).is_some()) {
        return Ok(());
    }
    let all = listed(names.iter().map(String::as_str));
    Err(ArgumentError::new(format!("at least one of these is needed, and none is given: {all}")))
}

fn order(root: &Value, first: &Path, second: &Path) -> Result<(), ArgumentError> {
    let (Some(low), Some(high)) = (first.texts(root).pop(), second.texts(root).pop()) else { return Ok(()) };
    let ((from, its), (to, zone)) = (local(low), local(high));
    // 1C compares moments of different zones, as it knows which zone is its own.
    if its != zone {
        return Ok(());
    }
    // Compared up to the shorter length: the end 2026-03-31 is the whole day, 2026-03-31T12:00 included.
    if from.bytes().zip(to.bytes()).find(|(from, to)| from != to).is_none_or(|(from, to)| from < to) {
        return Ok(());
    }
    Err(ArgumentError::at(
        &first.text,
        format!("\"{}\" comes after {}, which is \"{}\"; swap or correct them", cut(low), second.text, cut(high)),
    ))
}

/// Splits a moment into the time without its zone, and the zone. Any other text has no zone.
fn local(text: &str) -> (&str, Option<&str>) {
    let whole = (text, None);
    let Some((day, time)) = text.split_once(['T', 't']) else { return whole };
    let Some(at) = time.find(['Z', 'z', '+', '-']) else { return whole };
    let Some((time, zone)) = time.split_at_checked(at) else { return whole };
    let mask = |text: &str| text.replace(|sign: char| sign.is_ascii_digit(), "0");
    if mask(day) != "0000-00-00" || !mask(time).starts_with("00:00") {
        return whole;
    }
    let zone = if matches!(zone, "Z" | "z" | "-00:00") { "+00:00" } else { zone };
    (text.get(..day.len() + 1 + at).unwrap_or(text), Some(zone))
}

/// Writes the values of absent arguments into a schema as defaults, and both numbers into descriptions.
pub(super) fn show_ceilings(schema: &mut Value, clamps: &[Clamp], asker: Asker) {
    for clamp in clamps {
        let step = |value: &'_ str| value.replace('~', "~0").replace('/', "~1");
        let pointer = clamp.path.names.iter().map(|name| format!("/properties/{}", step(name))).collect::<String>();
        let Some(Value::Object(field)) = schema.pointer_mut(&pointer) else { continue };
        let default = clamp.absent(asker);
        field.insert("default".to_owned(), default.into());
        if let Some(Value::String(text)) = field.get_mut("description") {
            *text = clamp.worded(text, asker);
        }
    }
}
