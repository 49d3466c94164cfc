//! Checks that the defaults of a schema fit it, as a caller could not mend them.

use super::error::CatalogError;
use super::mend::mend;
use super::shapes::Shapes;
use super::types::Types;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// A step from the arguments towards a value.
#[derive(Clone)]
enum Step {
    Member(String),
    Item,
}

/// Checks all defaults.
///
/// # Errors
/// [`CatalogError`] with the argument whose default does not fit.
pub(super) fn check(shapes: &Shapes, validator: &Validator) -> Result<(), CatalogError> {
    let mut seen = vec![0];
    walk(shapes, validator, 0, &mut Vec::new(), &mut seen)
}

fn walk(
    shapes: &Shapes,
    validator: &Validator,
    at: usize,
    path: &mut Vec<Step>,
    seen: &mut Vec<usize>,
) -> Result<(), CatalogError> {
    let Some(shape) = shapes.get(at) else { return Ok(()) };
    let members = shape.members.iter().map(|(name, at)| (Step::Member(name.clone()), *at));
    let items = shape.items.filter(|_| shape.types.meets(Types::ARRAY)).map(|at| (Step::Item, at));
    for (step, at) in members.chain(items) {
        path.push(step);
        if let Some(default) = shapes.get(at).and_then(|shape| shape.default.as_ref()) {
            one(shapes, validator, at, path, default)?;
        }
        if !seen.contains(&at) {
            seen.push(at);
            walk(shapes, validator, at, path, seen)?;
        }
        path.pop();
    }
    Ok(())
}

fn one(shapes: &Shapes, validator: &Validator, at: usize, path: &[Step], default: &Value) -> Result<(), CatalogError> {
    let (mut place, mut pointer) = (String::new(), String::new());
    for step in path {
        match step {
            Step::Member(name) => {
                place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item => {
                place.push_str("[0]");
                pointer.push_str("/0");
            }
        }
    }
    let refuse = |why: &str| Err(CatalogError::at(place.clone(), format!("the default does not fit: {why}")));
    let mut filled = default.clone();
    if let Err(unfit) = mend(shapes, at, &mut filled, path.len()) {
        return refuse(&unfit.message);
    }
    let root = path.iter().rev().fold(default.clone(), |value, step| match step {
        Step::Member(name) => Value::Object(Map::from_iter([(name.clone(), value)])),
        Step::Item => Value::Array(vec![value]),
    });
    // Errors elsewhere do not count: these arguments have nothing but the default.
    let below =
        |place: &str| place.strip_prefix(&*pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match validator.iter_errors(&root).find(|error| below(error.instance_path().as_str())) {
        Some(error) => refuse(&super::argument_error::cut(&error.to_string())),
        None => Ok(()),
    }
}
