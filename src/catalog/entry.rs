//! Reads one tool of a catalog file.

use super::between::{Between, between};
use super::constraints::{Asker, show_ceilings};
use super::error::CatalogError;
use super::fields::{Fields, scope};
use super::full::Counters;
use super::handler::Handler;
use super::limits::Limits;
use super::schema;
use super::shapes::Shapes;
use super::tool::{Answered, Definition, Member, Tool};
use super::types::Types;
use super::vocabulary;
use jsonschema::Validator;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub(super) const KEYS: [&str; 20] = [
    "name",
    "title",
    "description",
    "scope",
    "path",
    "slow",
    "cache_seconds",
    "max_chars",
    "clamp",
    "guarded",
    "within",
    "one_of",
    "any_of",
    "order",
    "rest",
    "annotations",
    "input_schema",
    "output_schema",
    "_meta",
    "drop",
];
/// The keys of a tool that the program itself answers.
pub(super) const OWN_KEYS: [&str; 16] = [
    "name",
    "title",
    "description",
    "scope",
    "max_chars",
    "clamp",
    "guarded",
    "within",
    "one_of",
    "any_of",
    "order",
    "rest",
    "annotations",
    "input_schema",
    "output_schema",
    "_meta",
];
const LONGEST_NAME: usize = 256;
const LONGEST_CACHE: u64 = 24 * 60 * 60;
/// A shorter answer could not hold a row of most reports.
const LEAST_CHARS: u64 = 200;

/// Checks the name of a tool.
///
/// # Errors
/// [`CatalogError`] with the field.
pub(super) fn check_name(name: &str) -> Result<(), CatalogError> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = format!("must be 1 to {LONGEST_NAME} characters, none of them a control character");
        return Err(CatalogError::at("name", message));
    }
    Ok(())
}

/// Returns the error, if there is one.
pub(super) fn wrong<T>(read: &Result<T, CatalogError>) -> Option<CatalogError> {
    read.as_ref().err().cloned()
}

/// Reads and checks a tool, which 1C answers unless there is a `handler`. The notes tell what may be a mistake in it.
///
/// # Errors
/// [`CatalogError`] with all fields that are wrong.
pub(super) fn read(
    fields: Fields<'_>,
    limits: Limits,
    handler: Option<Handler>,
) -> Result<(Tool, Vec<String>), CatalogError> {
    let text = |key| fields.needed_text(key).map(str::to_owned);
    let (name, description, title) = (text("name"), text("description"), fields.text("title"));
    let scope = text("scope").and_then(|text| scope(&text).map_err(|error| error.within("scope")));
    let answered = handler.map_or_else(|| path(fields).map(Answered::OneC), |handler| Ok(Answered::Program(handler)));
    let (rest, slow) = (rest(fields), fields.flag("slow"));
    let (cache, max_chars) = (cache(fields), max_chars(fields));
    let (annotations, meta) = (annotations(fields), meta(fields));
    let (input, output) = (input(fields), output(fields));
    // Rules name arguments of the input schema; if that is wrong, they cannot be checked.
    let constraints =
        input.as_ref().map_or_else(|_| Ok(Between::default()), |input| between(fields, &input.shapes, limits));
    CatalogError::all(
        [wrong(&name), wrong(&title), wrong(&description), wrong(&scope), wrong(&answered), wrong(&rest), wrong(&slow)]
            .into_iter()
            .chain([wrong(&cache), wrong(&max_chars), wrong(&annotations), wrong(&meta)])
            .chain([wrong(&input), wrong(&output), wrong(&constraints)])
            .flatten(),
    )?;
    let (mut input, output, constraints) = (input?, output?, constraints?);
    let Between { clamps, by_name, guards, constraints } = constraints;
    for clamp in &clamps {
        input.shapes.reword(&clamp.path.text, |text| clamp.worded(text, Asker::Model));
    }
    let shown = |asker| {
        let mut schema = input.schema.clone();
        show_ceilings(&mut schema, &clamps, asker);
        schema
    };
    let counters = Counters::of(&clamps, |clamp| by_name.contains(&clamp.path.text), &input.shapes, limits);
    let mut notes = vocabulary::notes("input_schema", &input.schema);
    notes.extend(output.schema.iter().flat_map(|output| vocabulary::notes("output_schema", output)));
    let definition = Definition {
        name: name?.into(),
        title: title?.map(str::to_owned),
        description: description?,
        scope: scope?,
        answered: answered?,
        rest: rest?,
        slow: slow?.unwrap_or_default(),
        cache: cache?,
        max_chars: max_chars?,
        annotations: annotations?,
        meta: meta?,
        output_schema: output.schema,
        results: output.members,
        input_schema: shown(Asker::Model),
        #[cfg(feature = "rest")]
        whole_schema: shown(Asker::Program),
        validator: input.validator,
        shapes: input.shapes,
        counters,
        guards,
        constraints,
        clamps,
    };
    Ok((Tool(Arc::new(definition)), notes))
}

/// An input schema, with what was derived from it.
struct Input {
    schema: Value,
    shapes: Shapes,
    validator: Validator,
}

fn input(fields: Fields<'_>) -> Result<Input, CatalogError> {
    let input = fields.needed("input_schema")?;
    let refuse = |wrong: String| CatalogError::at("input_schema", wrong);
    CatalogError::all(schema::check_input(input).into_iter().map(refuse))?;
    let schema = schema::closed(input);
    let shapes = Shapes::read(&schema).map_err(refuse)?;
    let validator = schema::compile(&schema).map_err(refuse)?;
    super::defaults::check(&shapes, &validator).map_err(|error| error.within("input_schema"))?;
    Ok(Input { schema, shapes, validator })
}

fn is_plain_segment(segment: &str, fits: impl Fn(char) -> bool) -> bool {
    let plain = |char: char| fits(char) || matches!(char, '-' | '_' | '.' | '~');
    !segment.is_empty() && segment.chars().all(plain) && !segment.chars().all(|char| char == '.')
}

fn path(fields: Fields<'_>) -> Result<Arc<str>, CatalogError> {
    let path = fields.needed_text("path")?;
    if path.split('/').all(|segment| is_plain_segment(segment, char::is_alphanumeric)) {
        return Ok(path.into());
    }
    Err(CatalogError::at(
        "path",
        "must be a path below the service root, as reports/sales: letters, digits, - _ . ~ between single slashes, \
         without a slash at either end",
    ))
}

fn rest(fields: Fields<'_>) -> Result<Option<String>, CatalogError> {
    let Some(path) = fields.text("rest")? else { return Ok(None) };
    let segments = path.strip_prefix('/');
    if segments.is_some_and(|all| all.split('/').all(|one| is_plain_segment(one, |char| char.is_ascii_alphanumeric())))
    {
        return Ok(Some(path.to_owned()));
    }
    Err(CatalogError::at(
        "rest",
        "must be a path of this server, as /reports/sales: a slash, then Latin letters, digits, - _ . ~ between \
         single slashes",
    ))
}

fn cache(fields: Fields<'_>) -> Result<Option<Duration>, CatalogError> {
    let Some(value) = fields.get("cache_seconds") else { return Ok(None) };
    match value.as_u64() {
        Some(0) => Ok(None),
        Some(seconds) if seconds <= LONGEST_CACHE => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(CatalogError::at(
            "cache_seconds",
            format!("must be a whole number of seconds from 0 to {LONGEST_CACHE} (a day)"),
        )),
    }
}

fn annotations(fields: Fields<'_>) -> Result<Option<Value>, CatalogError> {
    const HINTS: [&str; 4] = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let Some(value) = fields.get("annotations") else { return Ok(None) };
    let known = ["title"].into_iter().chain(HINTS).collect::<Vec<_>>();
    let checked = Fields::read(value, &known).and_then(|hints| {
        hints.text("title")?;
        HINTS.into_iter().try_for_each(|hint| hints.flag(hint).map(drop))
    });
    checked.map_err(|error| error.within("annotations"))?;
    Ok(Some(value.clone()))
}

/// Reads `_meta`, which is passed to clients as it is.
pub(super) fn meta(fields: Fields<'_>) -> Result<Option<Value>, CatalogError> {
    match fields.get("_meta") {
        None => Ok(None),
        Some(meta @ Value::Object(_)) => Ok(Some(meta.clone())),
        Some(_) => Err(CatalogError::at("_meta", "must be an object")),
    }
}

fn max_chars(fields: Fields<'_>) -> Result<Option<usize>, CatalogError> {
    let Some(value) = fields.get("max_chars") else { return Ok(None) };
    let chars = value.as_u64().filter(|chars| *chars >= LEAST_CHARS).and_then(|chars| usize::try_from(chars).ok());
    let message = || format!("must be a whole number of characters, {LEAST_CHARS} at least");
    chars.map(Some).ok_or_else(|| CatalogError::at("max_chars", message()))
}

/// An output schema, with its members.
#[derive(Default)]
struct Output {
    schema: Option<Value>,
    members: Vec<Member>,
}

fn output(fields: Fields<'_>) -> Result<Output, CatalogError> {
    let Some(value) = fields.get("output_schema") else { return Ok(Output::default()) };
    let refuse = |wrong: String| CatalogError::at("output_schema", wrong);
    CatalogError::all(schema::check_output(value).into_iter().map(refuse))?;
    let shapes = Shapes::read(value).map_err(refuse)?;
    let top = shapes.get(0);
    let member = |(name, at): (&String, &usize)| {
        let types = shapes.get(*at).map_or(Types::ANY, |shape| shape.types);
        Member { name: name.clone(), types, required: top.is_some_and(|top| top.requires(name)) }
    };
    let members = top.into_iter().flat_map(|top| &top.members).map(member).collect();
    Ok(Output { schema: Some(value.clone()), members })
}
