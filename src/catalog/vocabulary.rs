//! The keywords of JSON Schema, and what each holds.

use super::argument_error::{cut, hint, nearest};
use serde_json::{Map, Value};

/// Keywords that change what references mean; the schema of a tool needs none of them.
const NOWHERE: [&str; 7] =
    ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"];
/// Keywords whose values are schemas by name.
const BY_NAME: [&str; 5] = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];
/// Keywords whose values are schemas, or arrays of schemas.
const SCHEMAS: [&str; 15] = [
    "items",
    "prefixItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contentSchema",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];
/// The keywords among [`SCHEMAS`] that apply to the same value as the schema around them.
const OF_THE_SAME: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
/// Keywords whose values are data.
const DATA: [&str; 6] = ["enum", "const", "default", "examples", "required", "dependentRequired"];
/// Keywords beside which members may be named elsewhere than in `properties`.
const NAMES_ELSEWHERE: [&str; 3] = ["$ref", "patternProperties", "allOf"];
/// All other keywords.
const OTHERS: [&str; 27] = [
    "$schema",
    "$ref",
    "$comment",
    "title",
    "description",
    "deprecated",
    "readOnly",
    "writeOnly",
    "type",
    "format",
    "contentEncoding",
    "contentMediaType",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
];
/// The formats that are checked.
const FORMATS: [&str; 17] = [
    "date",
    "date-time",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];
/// The most notes about one schema.
const MOST_NOTES: usize = 20;

/// Finds references out of the schema, useless keywords, and required members that are not in `properties`.
pub(super) fn check(schema: &Value, wrong: &mut Vec<String>) {
    walk(schema, "", &[], &mut |schema, place, outer| {
        for (key, value) in schema {
            match value {
                Value::String(target) if key == "$ref" && !target.starts_with("#/") => wrong.push(format!(
                    "refers to {}; a reference must lead to a place in the same schema, as #/$defs/x",
                    cut(target)
                )),
                _ if NOWHERE.contains(&&**key) => {
                    wrong.push(format!("has the keyword {key}, which has no use in a tool's schema"));
                }
                _ => {}
            }
        }
        wrong.extend(missing(schema, outer).map(|(name, near)| {
            format!("requires {} at {}, and properties has no such name{near}", cut(name), shown(place))
        }));
    });
}

/// Returns required members that are not among the properties, each with a suggestion.
fn missing<'a>(
    schema: &'a Map<String, Value>,
    outer: &'a [&'a Map<String, Value>],
) -> impl Iterator<Item = (&'a str, String)> {
    // A schema with neither members nor a type applies to an object that other schemas describe.
    let of_others = outer.is_empty() && !schema.contains_key("properties") && !schema.contains_key("type");
    let refers = |one: &Map<String, Value>| NAMES_ELSEWHERE.iter().any(|key| one.contains_key(*key));
    let elsewhere = of_others || outer.iter().copied().chain([schema]).any(refers);
    let known = move || {
        let each = outer.iter().copied().chain([schema]);
        each.filter_map(|one| one.get("properties")?.as_object()).flat_map(|members| members.keys().map(String::as_str))
    };
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required = required.filter(move |name| !elsewhere && known().all(|known| known != *name));
    required.map(move |name| (name, hint(name, known())))
}

/// Returns notes on unknown keywords and formats: nothing is checked by them, though a reader may think so.
pub(super) fn notes(field: &str, schema: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    walk(schema, "", &[], &mut |schema, place, _| {
        for (key, value) in schema {
            let place = shown(place);
            if !keywords().any(|known| known == key) && !NOWHERE.contains(&&**key) && !key.starts_with("x-") {
                let near = nearest(key, keywords()).map_or_else(String::new, |near| format!("; the nearest is {near}"));
                notes.push(format!(
                    "{field}: at {place}, {} is no keyword of JSON Schema and does nothing{near}",
                    cut(key)
                ));
            }
            if let (Some(format), true) = (value.as_str(), key == "format")
                && !FORMATS.contains(&format)
            {
                let near = nearest(format, FORMATS).map_or_else(String::new, |near| format!("; the nearest is {near}"));
                notes.push(format!(
                    "{field}: at {place}, the format {} is not known and checks nothing{near}",
                    cut(format)
                ));
            }
        }
    });
    notes.truncate(MOST_NOTES);
    notes
}

fn keywords() -> impl Iterator<Item = &'static str> {
    BY_NAME.into_iter().chain(SCHEMAS).chain(DATA).chain(OTHERS)
}

fn shown(place: &str) -> String {
    if place.is_empty() { "the top".to_owned() } else { cut(place) }
}

type Visit<'v> = dyn FnMut(&Map<String, Value>, &str, &[&Map<String, Value>]) + 'v;

/// Calls `visit` with every schema in `schema`, its place (a JSON pointer), and the schemas around it that apply to
/// the same value. Catalogs are not nested deeply.
fn walk(schema: &Value, place: &str, outer: &[&Map<String, Value>], visit: &mut Visit<'_>) {
    let Value::Object(schema) = schema else { return };
    visit(schema, place, outer);
    let same = outer.iter().copied().chain([schema]).collect::<Vec<_>>();
    for (key, value) in schema {
        let place = format!("{place}/{key}");
        match value {
            Value::Object(schemas) if BY_NAME.contains(&&**key) => {
                // Schemas in `dependentSchemas` apply to the whole object.
                let outer = if key == "dependentSchemas" { &*same } else { &[] };
                schemas.iter().for_each(|(name, schema)| walk(schema, &format!("{place}/{name}"), outer, visit));
            }
            _ if !SCHEMAS.contains(&&**key) => {}
            _ => {
                let outer = if OF_THE_SAME.contains(&&**key) { &*same } else { &[] };
                match value {
                    Value::Array(schemas) => {
                        let each = schemas.iter().enumerate();
                        each.for_each(|(at, schema)| walk(schema, &format!("{place}/{at}"), outer, visit));
                    }
                    schema => walk(schema, &place, outer, visit),
                }
            }
        }
    }
}
