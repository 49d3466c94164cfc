//! Errors about arguments, in words from which a language model can correct its call.

use super::argument_error::{ArgumentError, cut, cut_words, hint, listed};
use super::guarded::Guarded;
use super::shape::Shape;
use super::shapes::Shapes;
use super::types::Types;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;
use std::fmt::Write;

/// Returns the most helpful error: an unknown name often explains what else is missing. Values that `secrets` guard
/// are not listed.
pub(super) fn explain(validator: &Validator, shapes: &Shapes, root: &Value, secrets: &[&Guarded]) -> ArgumentError {
    if let Some(unfit) = shapes.get(0).and_then(|shape| stranger(shapes, shape, root)) {
        return unfit;
    }
    // The first error only: there may be one for each item of a long array.
    match validator.validate(root) {
        Err(error) => one(&error, shapes, root, secrets),
        Ok(()) => ArgumentError::new("these do not fit the tool's schema"),
    }
}

/// Finds the first object with unknown arguments.
fn stranger(shapes: &Shapes, shape: &Shape, value: &Value) -> Option<ArgumentError> {
    match value {
        Value::Object(map) => {
            let strange = map.keys().filter(|name| shape.closed && !shape.members.contains_key(*name));
            let strange = strange.take(6).cloned().collect::<Vec<_>>();
            if let Some(first) = strange.first() {
                let near = elsewhere(shapes, shape, first).or_else(|| near(shape, first)).unwrap_or_default();
                return Some(ArgumentError::at(&cut(first), unknown(&strange, Some(shape), &near)));
            }
            map.iter().find_map(|(name, value)| {
                let member = shapes.get(shape.members.get(name).copied().or(shape.others)?)?;
                stranger(shapes, member, value).map(|unfit| unfit.within(name))
            })
        }
        Value::Array(items) => {
            let shape = shapes.get(shape.items?)?;
            let each = items.iter().enumerate();
            each.filter_map(|(at, item)| Some(stranger(shapes, shape, item)?.inside(at))).next()
        }
        _ => None,
    }
}

/// Suggests the object that a name belongs into, if it was put beside that object.
fn elsewhere(shapes: &Shapes, shape: &Shape, name: &str) -> Option<String> {
    let mut inside = shape.members.iter().filter_map(|(member, at)| Some((member, shapes.get(*at)?)));
    let (member, _) = inside.find(|(_, inner)| inner.members.contains_key(name))?;
    Some(format!(" (did you mean {}.{}?)", cut(member), cut(name)))
}

fn near(shape: &Shape, name: &str) -> Option<String> {
    Some(hint(name, shape.members.keys().map(String::as_str))).filter(|hint| !hint.is_empty())
}

fn one(error: &ValidationError<'_>, shapes: &Shapes, root: &Value, secrets: &[&Guarded]) -> ArgumentError {
    let Place { mut field, shape, about, optional } = Place::of(error, shapes, root);
    let value = error.instance();
    let message = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let first = unexpected.first().map_or("", String::as_str);
            member(&mut field, first);
            unknown(unexpected, shape, &shape.and_then(|shape| near(shape, first)).unwrap_or_default())
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            member(&mut field, name);
            let missing = shape.and_then(|shape| shapes.get(*shape.members.get(name)?));
            let wanted = missing.and_then(|shape| typed(shape, &open(&field, secrets)));
            let wanted = wanted.map(|wanted| format!("; it must be {wanted}")).unwrap_or_default();
            format!("required and missing{wanted}{}", words(missing.and_then(|shape| shape.about.as_deref())))
        }
        Kind::Enum { options } => {
            let open = open(&field, secrets);
            let texts =
                options.as_array().into_iter().flatten().map(plain).filter(|text| open(text)).collect::<Vec<_>>();
            let near = value.as_str().map(|text| hint(text, texts.iter().map(String::as_str))).unwrap_or_default();
            format!("{} is not allowed{near}; allowed: {}", shown(value), listed(texts.iter().map(String::as_str)))
        }
        kind => {
            let shape = shape.filter(|_| matches!(kind, Kind::Type { .. }));
            let wanted =
                shape.and_then(|shape| typed(shape, &open(&field, secrets))).unwrap_or_else(|| wanted(kind, secrets));
            let without = if optional && is_empty(value) { ", or be left out" } else { "" };
            format!("{} does not fit; it must be {wanted}{without}{}", shown(value), words(about))
        }
    };
    ArgumentError::at(&field, message)
}

/// Returns the catalog's description of an argument, which often tells where its values come from.
fn words(about: Option<&str>) -> String {
    about.map(|about| format!(" (\"{}\")", cut_words(about))).unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// Returns a predicate: whether a value of the argument at `field` may be listed.
fn open<'a>(field: &str, secrets: &'a [&Guarded]) -> impl Fn(&str) -> bool + use<'a> {
    // A guard's path has no array indexes.
    let mut path = String::new();
    for part in field.split('[') {
        path.push_str(part.split_once(']').map_or(part, |(_, rest)| rest));
    }
    move |value| !secrets.iter().any(|guard| guard.path.text == path && guard.holds(value))
}

fn told<'a>(choices: &'a [String], open: &impl Fn(&str) -> bool) -> impl Iterator<Item = &'a str> {
    choices.iter().map(String::as_str).filter(move |choice| open(choice))
}

/// Appends a member to the path of an object.
fn member(field: &mut String, name: &str) {
    let _ = write!(field, "{}{}", if field.is_empty() { "" } else { "." }, cut(name));
}

/// The place of an error, and what is allowed there.
struct Place<'a> {
    field: String,
    shape: Option<&'a Shape>,
    /// The description of the argument, or of the nearest one around it that has one.
    about: Option<&'a str>,
    /// Whether it is an optional member.
    optional: bool,
}

impl<'a> Place<'a> {
    fn of(error: &ValidationError<'_>, shapes: &'a Shapes, root: &Value) -> Self {
        let mut place = Self { field: String::new(), shape: shapes.get(0), about: None, optional: false };
        let mut value = Some(root);
        for step in error.instance_path().as_str().split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            if let Some(Value::Array(items)) = value {
                let _ = write!(place.field, "[{name}]");
                value = name.parse::<usize>().ok().and_then(|at| items.get(at));
                place.shape = place.shape.and_then(|shape| shapes.get(shape.items?));
                place.optional = false;
            } else {
                member(&mut place.field, &name);
                value = value.and_then(|value| value.get(&name));
                place.optional = place.shape.is_some_and(|shape| !shape.requires(&name));
                place.shape =
                    place.shape.and_then(|shape| shapes.get(shape.members.get(&name).copied().or(shape.others)?));
            }
            place.about = place.shape.and_then(|shape| shape.about.as_deref()).or(place.about);
        }
        place
    }
}

fn unknown(names: &[String], shape: Option<&Shape>, near: &str) -> String {
    let known = listed(shape.into_iter().flat_map(|shape| shape.members.keys().map(String::as_str)));
    let known = if known.is_empty() { "none is known here".to_owned() } else { format!("known here: {known}") };
    match names {
        [_, others @ ..] if !others.is_empty() => {
            let others = listed(others.iter().take(5).map(String::as_str));
            format!("there is no such argument{near}, and no {others} either; {known}")
        }
        _ => format!("there is no such argument{near}; {known}"),
    }
}

/// Describes the values of a shape in a few words.
fn typed(shape: &Shape, open: &impl Fn(&str) -> bool) -> Option<String> {
    if let Some(choices) = &shape.choices {
        return Some(format!("one of: {}", listed(told(choices, open))));
    }
    let name = match shape.types {
        Types::OBJECT => return Some(an_object(shape)),
        Types::ARRAY => "array",
        Types::STRING => "string",
        Types::INTEGER => "integer",
        Types::NUMBER => "number",
        Types::BOOLEAN => "boolean",
        _ => return None,
    };
    Some(a_type(name))
}

fn an_object(shape: &Shape) -> String {
    let optional = listed(shape.members.keys().map(String::as_str).filter(|name| !shape.requires(name)));
    let required = listed(shape.required.iter().map(String::as_str));
    match (&*required, &*optional) {
        ("", "") => "an object".to_owned(),
        ("", optional) => format!("an object with any of {optional}"),
        (required, "") => format!("an object with {required}"),
        (required, optional) => format!("an object with {required}, and maybe {optional}"),
    }
}

/// Describes what a keyword requires. If it is one of several schemas, it may be about a member of the argument, so
/// no value that any guard holds is listed.
fn wanted(kind: &Kind, secrets: &[&Guarded]) -> String {
    match kind {
        Kind::Type { kind } => match kind {
            TypeKind::Single(one) => a_type(&one.to_string()),
            TypeKind::Multiple(all) => {
                let names = all.iter().map(|one| a_type(&one.to_string())).collect::<Vec<_>>();
                names.join(" or ")
            }
        },
        Kind::Format { format } => a_format(format),
        Kind::Enum { options } => {
            let open = |text: &String| !secrets.iter().any(|guard| guard.holds(text));
            let texts = options.as_array().into_iter().flatten().map(plain).filter(open).collect::<Vec<_>>();
            format!("one of: {}", listed(texts.iter().map(String::as_str)))
        }
        Kind::Constant { expected_value } => shown(expected_value),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("a text of at least {limit} characters"),
        Kind::MaxLength { limit } => format!("a text of at most {limit} characters"),
        Kind::MinItems { limit: 1 } => "an array of at least 1 item".to_owned(),
        Kind::MinItems { limit } => format!("an array of at least {limit} items"),
        Kind::MaxItems { limit } => format!("an array of at most {limit} items"),
        Kind::MinProperties { limit } => format!("an object of at least {limit} members"),
        Kind::MaxProperties { limit } => format!("an object of at most {limit} members"),
        Kind::UniqueItems => "an array without repeated items".to_owned(),
        Kind::Pattern { pattern } => format!("a text of the pattern {}", cut_words(pattern)),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let mut each = Vec::new();
            for want in context.iter().filter_map(|errors| Some(wanted(errors.first()?.kind(), secrets))) {
                if !each.contains(&want) {
                    each.push(want);
                }
            }
            each.join(", or ")
        }
        Kind::Required { property } => format!("an object with {}", plain(property)),
        kind => format!("as the tool's schema says ({})", kind.keyword()),
    }
}

fn a_type(name: &str) -> String {
    let words = match name {
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "an array",
        "object" => "an object",
        other => other,
    };
    words.to_owned()
}

fn a_format(format: &str) -> String {
    match format {
        "date" => "a date of the calendar as 2026-03-31".to_owned(),
        "date-time" => "a date with time as 2026-03-31T23:59:59Z".to_owned(),
        "uuid" => "a UUID as 6f9619ff-8b86-d011-b42d-00c04fc964ff".to_owned(),
        other => format!("in the format {}", cut(other)),
    }
}

/// Returns a value as it is shown in a list.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| cut(&value.to_string()), cut)
}

/// Returns a foreign value, cut.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", cut(text)),
        Value::Array(items) => match items.len() {
            0 => "an empty array".to_owned(),
            1 => "an array of 1 item".to_owned(),
            many => format!("an array of {many} items"),
        },
        Value::Object(_) => "an object".to_owned(),
        scalar => cut(&scalar.to_string()),
    }
}
