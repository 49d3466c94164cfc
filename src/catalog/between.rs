//! Reads the rules for arguments in a tool of a catalog file: ceilings, guards and constraints.

use super::argument_error::{cut, hint, listed};
use super::constraints::{Clamp, Constraint, Path};
use super::error::CatalogError;
use super::fields::{Fields, scope, texts};
use super::guarded::Guarded;
use super::limits::Limits;
use super::mend::mend;
use super::shape::Shape;
use super::shapes::Shapes;
use super::types::Types;
use serde_json::{Map, Value};

/// The rules for arguments.
#[derive(Default)]
pub(super) struct Between {
    pub(super) clamps: Vec<Clamp>,
    /// The arguments whose ceiling is a named limit of rows or candidates.
    pub(super) by_name: Vec<String>,
    pub(super) guards: Vec<Guarded>,
    pub(super) constraints: Vec<Constraint>,
}

/// Reads the rules.
///
/// # Errors
/// [`CatalogError`] with all fields that are wrong.
pub(super) fn between(fields: Fields<'_>, shapes: &Shapes, limits: Limits) -> Result<Between, CatalogError> {
    let (clamps, guards, constraints) =
        (clamps(fields, shapes, limits), guards(fields, shapes), constraints(fields, shapes));
    let wrong = [clamps.as_ref().err(), guards.as_ref().err(), constraints.as_ref().err()];
    CatalogError::all(wrong.into_iter().flatten().cloned())?;
    let by_name = fields.object("clamp")?.filter(|(_, value)| value.is_string()).map(|(path, _)| path.clone());
    Ok(Between { clamps: clamps?, by_name: by_name.collect(), guards: guards?, constraints: constraints? })
}

/// Returns the shape of an argument that a rule names.
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

/// Returns all values, or all errors.
fn gathered<T>(each: impl Iterator<Item = Result<T, CatalogError>>) -> Result<Vec<T>, CatalogError> {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for one in each {
        match one {
            Ok(one) => good.push(one),
            Err(error) => wrong.push(error),
        }
    }
    CatalogError::all(wrong).map(|()| good)
}

fn clamps(fields: Fields<'_>, shapes: &Shapes, limits: Limits) -> Result<Vec<Clamp>, CatalogError> {
    gathered(
        fields.object("clamp")?.map(|(path, value)| {
            clamp(shapes, path, value, limits).map_err(|error| error.within(path).within("clamp"))
        }),
    )
}

fn clamp(shapes: &Shapes, path: &str, value: &Value, limits: Limits) -> Result<Clamp, CatalogError> {
    let shape = argument(shapes, path)?;
    let integer = shape.types.without(Types::NULL) == Types::INTEGER;
    if !integer || !shapes.is_plain(path) {
        return Err(CatalogError::new("must be an argument of the type integer, not within an array"));
    }
    let (ceiling, rows) = match value {
        Value::String(name) if name == "max_rows" => (Some(limits.max_rows), limits.default_rows),
        Value::String(name) if name == "resolve_limit" => (Some(limits.resolve_limit), u64::MAX),
        other => (other.as_u64(), u64::MAX),
    };
    let Some(ceiling) = ceiling.filter(|ceiling| *ceiling > 0) else {
        return Err(CatalogError::new("must be a whole number greater than 0, max_rows or resolve_limit"));
    };
    let ceiling = shape.maximum.map_or(ceiling, |most| ceiling.min(most as u64));
    if shape.minimum.is_some_and(|least| (ceiling as f64) < least) {
        return Err(CatalogError::new(format!("the ceiling {ceiling} is less than the minimum in input_schema")));
    }
    let least = shape.minimum.map_or(1, |least| least.max(1.0) as u64);
    let own = shape.default.as_ref().and_then(Value::as_u64);
    let kept = |number: u64| number.max(least).min(ceiling);
    let (default, whole) = (kept(own.unwrap_or(rows)), kept(own.unwrap_or(ceiling)));
    Ok(Clamp { path: Path::new(path), ceiling, default, whole, minimum: shape.minimum })
}

fn guards(fields: Fields<'_>, shapes: &Shapes) -> Result<Vec<Guarded>, CatalogError> {
    let each = fields.array("guarded")?.iter().enumerate();
    let mut defaults = Value::Object(Map::new());
    // Defaults that cannot be mended were reported before.
    let _ = mend(shapes, 0, &mut defaults, 0);
    gathered(
        each.map(|(at, value)| {
            guard(value, shapes, &defaults).map_err(|error| error.within(&format!("guarded[{at}]")))
        }),
    )
}

/// Reads a guard. `defaults` are the arguments of a call without any.
fn guard(value: &Value, shapes: &Shapes, defaults: &Value) -> Result<Guarded, CatalogError> {
    let fields = Fields::read(value, &["field", "values", "names", "scope"])?;
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
    let names = fields.get("names").map(texts).transpose().map_err(|error| error.within("names"))?;
    let scope = scope(fields.needed_text("scope")?).map_err(|error| error.within("scope"))?;
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    Ok(Guarded { path, values: owned(values), names: owned(names.unwrap_or_default()), scope })
}

fn constraints(fields: Fields<'_>, shapes: &Shapes) -> Result<Vec<Constraint>, CatalogError> {
    let within = fields
        .object("within")?
        .map(|(path, sources)| within(path, sources, shapes).map_err(|error| error.within(path).within("within")));
    let one_of = each(fields, "one_of", |names| some_of(names, shapes).map(Constraint::OneOf))?;
    let any_of = each(fields, "any_of", |names| some_of(names, shapes).map(Constraint::AnyOf))?;
    let order = each(fields, "order", |pair| order(pair, shapes))?;
    gathered(within.chain(one_of).chain(any_of).chain(order))
}

/// Reads the constraints of an array.
fn each<'a>(
    fields: Fields<'a>,
    key: &'static str,
    read: impl Fn(&'a Value) -> Result<Constraint, CatalogError>,
) -> Result<impl Iterator<Item = Result<Constraint, CatalogError>>, CatalogError> {
    let constraints = fields.array(key)?.iter().enumerate();
    Ok(constraints.map(move |(at, rule)| read(rule).map_err(|error| error.within(&format!("{key}[{at}]")))))
}

fn within(path: &str, sources: &Value, shapes: &Shapes) -> Result<Constraint, CatalogError> {
    argument(shapes, path)?;
    let sources = texts(sources)?;
    sources.iter().try_for_each(|source| argument(shapes, source).map(drop))?;
    Ok(Constraint::Within(Path::new(path), sources.into_iter().map(Path::new).collect()))
}

/// Reads the arguments of `one_of` or `any_of`.
fn some_of(names: &Value, shapes: &Shapes) -> Result<Vec<String>, CatalogError> {
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
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn order(pair: &Value, shapes: &Shapes) -> Result<Constraint, CatalogError> {
    let [first, second] = *texts(pair)? else {
        return Err(CatalogError::new("must be two arguments, of which the first must not come after the second"));
    };
    for path in [first, second] {
        if argument(shapes, path)?.types != Types::STRING || !shapes.is_plain(path) {
            return Err(CatalogError::new(format!("{} must be of the type string, not within an array", cut(path))));
        }
    }
    Ok(Constraint::Order(Path::new(first), Path::new(second)))
}
