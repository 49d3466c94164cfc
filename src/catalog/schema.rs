//! Checks the JSON Schemas of tools when a catalog is read, and compiles them.

use super::argument_error::cut;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::{Map, Value};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The most memory of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 1024 * 1024;
/// Keywords at the top for which model APIs reject a tool.
const NOT_AT_THE_TOP: [&str; 7] = ["oneOf", "anyOf", "allOf", "not", "enum", "if", "$ref"];
/// Keywords beside which members may be allowed elsewhere than in `properties`.
const SAYS_MORE: [&str; 9] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "dependentSchemas",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
];
/// Returns the options of validators: patterns in linear time, formats asserted, nothing fetched.
fn options<'a>() -> ValidationOptions<'a> {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.offline().should_validate_formats(true).with_pattern_options(patterns())
}

/// Returns the options of patterns, which are matched in linear time.
fn patterns() -> PatternOptions<jsonschema::Regex> {
    PatternOptions::regex().size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE)
}

/// Checks that model APIs accept an input schema; returns a sentence for each error. [`compile`] finds the
/// others.
pub(super) fn check_input(schema: &Value) -> Vec<String> {
    let at_the_top = NOT_AT_THE_TOP.into_iter().filter(|key| schema.get(key).is_some()).map(|key| {
        format!(
            "has {key} at the top, which the APIs of language models refuse; list the arguments in properties, and \
             put \"exactly one of these\" into one_of of the tool"
        )
    });
    let mut wrong = check_object(schema);
    wrong.extend(at_the_top);
    wrong
}

/// Checks that an output schema is one of objects and valid; returns a sentence for each error.
pub(super) fn check_output(schema: &Value) -> Vec<String> {
    let mut faults = check_object(schema);
    if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
        faults.push(wrong(&error));
    }
    faults
}

fn check_object(schema: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        wrong.push("must be a JSON Schema with \"type\": \"object\" at the top".to_owned());
    }
    if let Some(dialect) = schema.get("$schema")
        && dialect.as_str().map(|uri| uri.trim_end_matches('#')) != Some(DIALECT)
    {
        wrong.push(format!("must be in the dialect {DIALECT}; leave $schema out"));
    }
    super::vocabulary::check(schema, &mut wrong);
    wrong
}

/// Compiles an input schema that was checked.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    options().build(schema).map_err(|error| wrong(&error))
}

/// Compiles a foreign schema of any draft, with formats asserted or not.
///
/// # Errors
/// A sentence about what is wrong with it.
#[cfg(feature = "check")]
pub(super) fn compile_foreign(schema: &Value, formats: bool) -> Result<Validator, String> {
    let options = jsonschema::options().offline().with_pattern_options(patterns());
    options.should_validate_formats(formats).build(schema).map_err(|error| wrong(&error))
}

fn wrong(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().as_str();
    let place = if place.is_empty() { error.schema_path().as_str() } else { place };
    let place = if place.is_empty() { "the top" } else { place };
    // For a bad pattern the library says only that it is not a regex.
    let why = match (error.kind(), error.instance().as_str()) {
        (ValidationErrorKind::Format { format }, Some(pattern)) if format == "regex" => bad_pattern(pattern),
        _ => None,
    };
    let why = why.unwrap_or_else(|| error.to_string());
    format!("is no JSON Schema of 2020-12 that can be used: at {}, {}", cut(place), cut_long(&why))
}

/// Returns what is wrong with a pattern, and where.
fn bad_pattern(pattern: &str) -> Option<String> {
    let (why, at) = match regex_syntax::parse(pattern).err()? {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        _ => return None,
    };
    let at = pattern.get(..at).map_or(0, |before| before.chars().count()) + 1;
    Some(format!("\"{}\" is not a \"regex\": {why} (character {at})", cut(pattern)))
}

fn cut_long(text: &str) -> String {
    let mut out = text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(300).collect::<String>();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// Returns the schema closed to unknown arguments wherever it does not mention them, in nested objects too: 1C would
/// ignore an unknown filter and answer as if there were none.
pub(super) fn closed(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(top) = &mut schema {
        top.entry("additionalProperties").or_insert(Value::Bool(false));
        top.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    }
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    if schema.contains_key("properties") && !SAYS_MORE.iter().any(|key| schema.contains_key(*key)) {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if let Some(Value::Object(members)) = schema.get_mut("properties") {
        members.values_mut().for_each(close);
    }
    if let Some(items) = schema.get_mut("items") {
        close(items);
    }
}

/// Returns whether the keywords for strings allow `""`.
pub(super) fn takes_empty_text(schema: &Map<String, Value>) -> bool {
    let empty = Value::String(String::new());
    let listed = |values: &Value| values.as_array().is_none_or(|values| values.contains(&empty));
    if schema.get("minLength").and_then(Value::as_u64).is_some_and(|least| least > 0)
        || schema.get("const").is_some_and(|value| *value != empty)
        || !schema.get("enum").is_none_or(listed)
    {
        return false;
    }
    match (schema.get("format").and_then(Value::as_str), schema.get("pattern")) {
        (Some("date" | "date-time" | "time" | "uuid"), _) => false,
        (None, None) => true,
        _ => {
            let kept = ["format", "pattern"].into_iter().filter_map(|key| Some((key, schema.get(key)?.clone())));
            let some = kept.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>();
            // A pattern that cannot be compiled is reported with the whole schema.
            options().build(&Value::Object(some)).is_ok_and(|validator| validator.is_valid(&empty))
        }
    }
}
