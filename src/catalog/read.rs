//! Reads a catalog file: the tools that it inherits, and its own, in their order.

use super::argument_error::{cut, hint};
use super::entry;
use super::error::CatalogError;
use super::fields::Fields;
use super::handler::Handler;
use super::limits::Limits;
use super::tool::Tool;
use serde_json::Value;
use std::collections::HashMap;

const TRADE: &str = include_str!("trade.json");
const MOST_TOOLS: usize = 1000;
/// The size of a tool as compact JSON.
const LARGEST_TOOL: usize = 256 * 1024;
const DEEPEST: usize = 64;

/// The tools of a file, and notes on what may be a mistake in it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tools: Vec<Tool>,
    pub(super) notes: Vec<String>,
}

/// Returns the built-in tools.
///
/// # Errors
/// [`CatalogError`] if the limits cannot be used.
pub(super) fn trade(limits: Limits) -> Result<Vec<Tool>, CatalogError> {
    let origin = "the built-in catalog trade";
    let read = serde_json::from_str(TRADE).map_err(|error| CatalogError::new(error.to_string()));
    let found = read.and_then(|value| file(&value, limits)).map_err(|error| error.of_file(origin))?;
    Ok(found.tools)
}

/// Reads a catalog file.
///
/// # Errors
/// [`CatalogError`] with all errors of the file.
pub(super) fn file(value: &Value, limits: Limits) -> Result<Found, CatalogError> {
    check(limits)?;
    let fields = Fields::read(value, &["extends", "tools"])?;
    let tools = match fields.text("extends")? {
        None => Vec::new(),
        Some("trade") => trade(limits)?,
        Some(other) => {
            let message = format!("{} is not known here; only trade can be extended", cut(other));
            return Err(CatalogError::at("extends", message));
        }
    };
    let entries = if fields.get("extends").is_some() { fields.array("tools")? } else { needed(fields)? };
    if entries.len() > MOST_TOOLS {
        return Err(CatalogError::at(
            "tools",
            format!("must be at most {MOST_TOOLS}, and there are {}", entries.len()),
        ));
    }
    let mut found = Found { tools, notes: Vec::new() };
    let mut seen = HashMap::new();
    let wrong = entries.iter().enumerate().filter_map(|(at, value)| {
        // Errors name a tool by its index until its name is known.
        let name = match named(value) {
            Ok(name) => name,
            Err(error) => return Some(error.within(&format!("tools[{at}]"))),
        };
        if let Some(first) = seen.insert(name.to_owned(), at) {
            let message = format!("is the name of tools[{first}] already; names must differ");
            return Some(CatalogError::at("name", message).of_tool(name));
        }
        one(value, name, &mut found, limits).err().map(|error| error.of_tool(name))
    });
    let wrong = wrong.collect::<Vec<_>>();
    CatalogError::all(wrong.into_iter().chain(same_rest(&found.tools)))?;
    Ok(found)
}

/// Reads a tool that the program itself answers.
///
/// # Errors
/// [`CatalogError`] with all that is wrong in it.
pub(super) fn own(value: &Value, limits: Limits, handler: Handler) -> Result<Tool, CatalogError> {
    let read = check(limits).and_then(|()| {
        let name = named(value)?;
        one_own(value, limits, handler).map_err(|error| error.of_tool(name))
    });
    read.map_err(|error| error.of_file("a tool of this program"))
}

fn one_own(value: &Value, limits: Limits, handler: Handler) -> Result<Tool, CatalogError> {
    let (fields, strange) = Fields::with_strange(value, &entry::OWN_KEYS)?;
    check_size(value)?;
    let read = entry::read(fields, limits, Some(handler));
    CatalogError::all(strange.into_iter().chain(entry::wrong(&read)))?;
    read.map(|(tool, _)| tool)
}

/// Checks that no limit is 0.
fn check(limits: Limits) -> Result<(), CatalogError> {
    let Limits { resolve_limit, max_rows, default_rows } = limits;
    let limits_of_0 = [("max_rows", max_rows), ("resolve_limit", resolve_limit), ("default_rows", default_rows)]
        .into_iter()
        .filter(|(_, limit)| *limit == 0)
        .map(|(name, _)| CatalogError::new(format!("the limit {name} must be greater than 0")));
    CatalogError::all(limits_of_0)
}

fn check_size(value: &Value) -> Result<(), CatalogError> {
    if serde_json::to_vec(value).map_or(usize::MAX, |text| text.len()) > LARGEST_TOOL {
        return Err(CatalogError::new(format!("must be at most {} KiB", LARGEST_TOOL / 1024)));
    }
    Ok(())
}

fn needed<'a>(fields: Fields<'a>) -> Result<&'a [Value], CatalogError> {
    fields.needed("tools")?;
    fields.array("tools")
}

fn named(value: &Value) -> Result<&str, CatalogError> {
    if deeper_than(value, DEEPEST) {
        return Err(CatalogError::new(format!("must not be nested deeper than {DEEPEST} levels")));
    }
    if !value.is_object() {
        return Err(CatalogError::new("must be an object that describes one tool"));
    }
    let text = value.get("name").ok_or_else(|| CatalogError::at("name", "is missing"))?;
    let text = text.as_str().ok_or_else(|| CatalogError::at("name", "must be a text"))?;
    entry::check_name(text)?;
    Ok(text)
}

/// Adds, replaces or removes one tool.
fn one(value: &Value, name: &str, found: &mut Found, limits: Limits) -> Result<(), CatalogError> {
    let tools = &mut found.tools;
    let (fields, strange) = Fields::with_strange(value, &entry::KEYS)?;
    check_size(value)?;
    let inherited = tools.iter().position(|tool| tool.name() == name);
    if fields.flag("drop")? != Some(true) {
        let read = entry::read(fields, limits, None);
        CatalogError::all(strange.into_iter().chain(entry::wrong(&read)))?;
        let (tool, notes) = read?;
        found.notes.extend(notes.into_iter().map(|note| format!("tool \"{}\": {note}", cut(name))));
        match inherited.and_then(|at| tools.get_mut(at)) {
            Some(slot) => *slot = tool,
            None => tools.push(tool),
        }
        return Ok(());
    }
    CatalogError::all(strange)?;
    if fields.len() > 2 {
        return Err(CatalogError::at("drop", "must stand beside nothing but name"));
    }
    match inherited {
        Some(at) => drop(tools.remove(at)),
        None => {
            let near = hint(name, tools.iter().map(Tool::name));
            return Err(CatalogError::at("drop", format!("there is no inherited tool of this name{near}")));
        }
    }
    Ok(())
}

/// Returns an error for each tool whose endpoint another tool has.
fn same_rest(tools: &[Tool]) -> Vec<CatalogError> {
    let mut seen = HashMap::new();
    let mut wrong = Vec::new();
    for tool in tools {
        let Some(path) = tool.rest() else { continue };
        if let Some(first) = seen.insert(path, tool.name()) {
            let message = format!("{path} is the endpoint of {} already", cut(first));
            wrong.push(CatalogError::at("rest", message).of_tool(tool.name()));
        }
    }
    wrong
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(map) => map.values().any(|item| deeper_than(item, levels - 1)),
        _ => false,
    }
}
