//! One tool of a catalog file.

use super::error::CatalogError;
use super::fields::{Fields, texts};
use super::mend::mend;
use super::rules::{Clamp, Path, Rule, show_ceilings};
use super::schema;
use super::shape::{Shape, Shapes, Types};
use super::tool::{Ceilings, Definition, Guarded, Member, Tool};
use super::tools::Limits;
use super::unfit::{cut, hint, listed};
use crate::identity::Scopes;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

pub(super) const KEYS: [&str; 17] = [
    "name",
    "title",
    "description",
    "scope",
    "path",
    "slow",
    "cache_seconds",
    "clamp",
    "guarded",
    "within",
    "one_of",
    "order",
    "rest",
    "annotations",
    "input_schema",
    "output_schema",
    "drop",
];
const LONGEST_NAME: usize = 256;
const LONGEST_CACHE: u64 = 24 * 60 * 60;

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

/// A tool, all of it checked.
///
/// # Errors
/// [`CatalogError`] with the field.
pub(super) fn read(fields: Fields<'_>, limits: Limits) -> Result<Tool, CatalogError> {
    let input = fields.needed("input_schema")?;
    schema::check_input(input).map_err(|wrong| CatalogError::at("input_schema", wrong))?;
    let mut input_schema = schema::closed(input);
    let shapes = Shapes::read(&input_schema).map_err(|wrong| CatalogError::at("input_schema", wrong))?;
    let validator = schema::compile(&input_schema).map_err(|wrong| CatalogError::at("input_schema", wrong))?;
    let clamps = clamps(fields, &shapes, limits)?;
    show_ceilings(&mut input_schema, &clamps);
    super::defaults::check(&shapes, &validator).map_err(|error| error.within("input_schema"))?;
    let (output_schema, results) = output(fields)?;
    let definition = Definition {
        name: fields.needed_text("name")?.to_owned(),
        title: fields.text("title")?.map(str::to_owned),
        description: fields.needed_text("description")?.to_owned(),
        scope: scope(fields.needed_text("scope")?).map_err(|error| error.within("scope"))?,
        path: path(fields)?,
        rest: rest(fields)?,
        slow: fields.flag("slow")?.unwrap_or_default(),
        cache: cache(fields)?,
        annotations: annotations(fields)?,
        output_schema,
        results,
        guards: guards(fields, &shapes)?,
        rules: rules(fields, &shapes)?,
        most: most(&clamps, limits),
        input_schema,
        validator,
        shapes,
        clamps,
    };
    Ok(Tool(Arc::new(definition)))
}

fn scope(text: &str) -> Result<String, CatalogError> {
    // 1C gets scopes with commas between them.
    if Scopes::is_token(text) && !text.contains(',') {
        return Ok(text.to_owned());
    }
    Err(CatalogError::new("must be one scope: visible ASCII characters without spaces, commas, quotes and backslashes"))
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

fn output(fields: Fields<'_>) -> Result<(Option<Value>, Vec<Member>), CatalogError> {
    let Some(value) = fields.get("output_schema") else { return Ok((None, Vec::new())) };
    let shapes = schema::check_output(value)
        .and_then(|()| Shapes::read(value))
        .map_err(|wrong| CatalogError::at("output_schema", wrong))?;
    let Some(top) = shapes.get(0) else { return Ok((Some(value.clone()), Vec::new())) };
    let member = |(name, at): (&String, &usize)| {
        let types = shapes.get(*at).map_or(Types::ANY, |shape| shape.types);
        Member { name: name.clone(), types, required: top.requires(name) }
    };
    Ok((Some(value.clone()), top.members.iter().map(member).collect()))
}

/// The shape of an argument that a rule speaks of.
fn argument<'a>(shapes: &'a Shapes, path: &str) -> Result<&'a Shape, CatalogError> {
    shapes.find(path).ok_or_else(|| {
        let top = || shapes.get(0).into_iter().flat_map(|shape| shape.members.keys().map(String::as_str));
        CatalogError::new(format!(
            "there is no argument {} in input_schema{}; at the top it has {}",
            cut(path),
            hint(path, top()),
            listed(top())
        ))
    })
}

fn clamps(fields: Fields<'_>, shapes: &Shapes, limits: Limits) -> Result<Vec<Clamp>, CatalogError> {
    let mut clamps = Vec::new();
    for (path, value) in fields.object("clamp")? {
        let clamp = clamp(shapes, path, value, limits).map_err(|error| error.within(path).within("clamp"))?;
        clamps.push(clamp);
    }
    Ok(clamps)
}

fn clamp(shapes: &Shapes, path: &str, value: &Value, limits: Limits) -> Result<Clamp, CatalogError> {
    let shape = argument(shapes, path)?;
    let integer = shape.types.without(Types::NULL) == Types::INTEGER;
    if !integer || !shapes.is_plain(path) {
        return Err(CatalogError::new("must be an argument of the type integer, not within an array"));
    }
    let ceiling = match value {
        Value::String(name) if name == "max_rows" => Some(limits.max_rows),
        Value::String(name) if name == "resolve_limit" => Some(limits.resolve_limit),
        other => other.as_u64(),
    };
    let Some(ceiling) = ceiling.filter(|ceiling| *ceiling > 0) else {
        return Err(CatalogError::new("must be a whole number greater than 0, max_rows or resolve_limit"));
    };
    let ceiling = shape.maximum.map_or(ceiling, |most| ceiling.min(most as u64));
    if shape.minimum.is_some_and(|least| (ceiling as f64) < least) {
        return Err(CatalogError::new(format!("the ceiling {ceiling} is less than the minimum in input_schema")));
    }
    Ok(Clamp { path: Path::new(path), ceiling })
}

/// `top` and `limit` are what callers ask for rows and candidates with; their ceilings are those of the
/// answer.
fn most(clamps: &[Clamp], limits: Limits) -> Ceilings {
    let own = |name| clamps.iter().find(|clamp| clamp.path.text == name).map(|clamp| clamp.ceiling);
    let (top, limit) = (own("top"), own("limit"));
    Ceilings {
        rows: top.or(limit).unwrap_or(limits.max_rows),
        candidates: limit.or(top).unwrap_or(limits.resolve_limit),
    }
}

fn guards(fields: Fields<'_>, shapes: &Shapes) -> Result<Vec<Guarded>, CatalogError> {
    let each = fields.array("guarded")?.iter().enumerate();
    let mut defaults = Value::Object(Map::new());
    // Defaults that cannot be mended were refused before.
    let _ = mend(shapes, 0, &mut defaults, 0);
    each.map(|(at, value)| guard(value, shapes, &defaults).map_err(|error| error.within(&format!("guarded[{at}]"))))
        .collect()
}

/// `defaults` are the arguments of a call that names none.
fn guard(value: &Value, shapes: &Shapes, defaults: &Value) -> Result<Guarded, CatalogError> {
    let fields = Fields::read(value, &["field", "values", "scope"])?;
    let path = fields.needed_text("field")?;
    let shape = argument(shapes, path).map_err(|error| error.within("field"))?;
    let inner = shapes.through_arrays(shape).unwrap_or(shape);
    let Some(choices) = &inner.choices else {
        return Err(CatalogError::at("field", "must be an argument with an enum, from which values can be taken"));
    };
    let values = texts(fields.needed("values")?).map_err(|error| error.within("values"))?;
    if let Some(value) = values.iter().find(|value| !choices.iter().any(|choice| choice == *value)) {
        let choices = || choices.iter().map(String::as_str);
        let near = hint(value, choices());
        let message = format!("{} is not in the enum of {}{near}: {}", cut(value), cut(path), listed(choices()));
        return Err(CatalogError::at("values", message));
    }
    if choices.iter().all(|choice| values.contains(&choice.as_str())) {
        return Err(CatalogError::at("values", "leave nothing of the enum to other callers; give the tool that scope"));
    }
    let path = Path::new(path);
    if let Some(value) = path.texts(defaults).into_iter().find(|text| values.contains(text)) {
        let message = format!("{} is in the default of that argument, so nobody else could leave it out", cut(value));
        return Err(CatalogError::at("values", message));
    }
    let scope = scope(fields.needed_text("scope")?).map_err(|error| error.within("scope"))?;
    Ok(Guarded { path, values: values.into_iter().map(str::to_owned).collect(), scope })
}

fn rules(fields: Fields<'_>, shapes: &Shapes) -> Result<Vec<Rule>, CatalogError> {
    let mut rules = Vec::new();
    for (path, sources) in fields.object("within")? {
        rules.push(within(path, sources, shapes).map_err(|error| error.within(path).within("within"))?);
    }
    for (at, names) in fields.array("one_of")?.iter().enumerate() {
        rules.push(one_of(names, shapes).map_err(|error| error.within(&format!("one_of[{at}]")))?);
    }
    for (at, pair) in fields.array("order")?.iter().enumerate() {
        rules.push(order(pair, shapes).map_err(|error| error.within(&format!("order[{at}]")))?);
    }
    Ok(rules)
}

fn within(path: &str, sources: &Value, shapes: &Shapes) -> Result<Rule, CatalogError> {
    argument(shapes, path)?;
    let sources = texts(sources)?;
    sources.iter().try_for_each(|source| argument(shapes, source).map(drop))?;
    Ok(Rule::Within(Path::new(path), sources.into_iter().map(Path::new).collect()))
}

fn one_of(names: &Value, shapes: &Shapes) -> Result<Rule, CatalogError> {
    let names = texts(names)?;
    for name in &names {
        let shape = argument(shapes, name)?;
        if shape.default.is_some() || name.contains('.') || shapes.get(0).is_some_and(|top| top.requires(name)) {
            return Err(CatalogError::new(format!(
                "{} must be an argument at the top, neither required nor with a default",
                cut(name)
            )));
        }
    }
    if names.len() < 2 {
        return Err(CatalogError::new("must name at least two arguments"));
    }
    Ok(Rule::OneOf(names.into_iter().map(str::to_owned).collect()))
}

fn order(pair: &Value, shapes: &Shapes) -> Result<Rule, CatalogError> {
    let [first, second] = *texts(pair)? else {
        return Err(CatalogError::new("must be two arguments, of which the first must not come after the second"));
    };
    for path in [first, second] {
        if argument(shapes, path)?.types != Types::STRING || !shapes.is_plain(path) {
            return Err(CatalogError::new(format!("{} must be of the type string, not within an array", cut(path))));
        }
    }
    Ok(Rule::Order(Path::new(first), Path::new(second)))
}
