//! Removes the argument that only the user may give from input schemas.

use super::arguments::{is_confirmation, may_hold};
use super::search::is_pattern;
use crate::rpc::json::Tree;

/// Returns whether a tool's definition may mention the argument.
pub(super) fn may_speak(tool: &[u8]) -> bool {
    const PATTERNS: &[u8] = b"patternProperties";
    may_hold(tool) || tool.windows(PATTERNS.len()).any(|window| window == PATTERNS)
}

/// Removes the argument from a schema, wherever it is mentioned.
pub(super) fn hide(schema: &mut Tree) {
    match schema {
        Tree::Object(members) => {
            members.retain(|(key, _)| !is_confirmation(key));
            members.retain_mut(|(keyword, value)| {
                let was_empty = is_empty(value);
                hide_in(keyword, value);
                // Drop what became empty: older drafts reject an empty `required`, and an empty `not` fits no value.
                !matches!(keyword.as_str(), "required" | "not") || was_empty || !is_empty(value)
            });
        }
        Tree::Array(items) => items.iter_mut().for_each(hide),
        Tree::Text(_) | Tree::Raw(_) => {}
    }
}

fn is_empty(tree: &Tree) -> bool {
    match tree {
        Tree::Object(members) => members.is_empty(),
        Tree::Array(items) => items.is_empty(),
        Tree::Text(_) | Tree::Raw(_) => false,
    }
}

fn hide_in(keyword: &str, value: &mut Tree) {
    match (keyword, &mut *value) {
        ("required" | "propertyOrdering", Tree::Array(names)) => return forget(names),
        ("dependentRequired" | "dependencies", Tree::Object(rules)) => {
            let lists =
                rules.iter_mut().filter_map(|(_, rule)| if let Tree::Array(names) = rule { Some(names) } else { None });
            lists.for_each(forget);
            return hide_named(rules);
        }
        ("propertyNames", Tree::Object(members)) => {
            let names = members.iter_mut().find(|(keyword, _)| keyword == "enum");
            if let Some((_, Tree::Array(names))) = names {
                forget(names);
            }
        }
        ("patternProperties", Tree::Object(patterns)) => {
            patterns.retain(|(pattern, _)| !is_pattern(pattern));
            return hide_named(patterns);
        }
        ("properties" | "dependentSchemas" | "$defs" | "definitions", Tree::Object(named)) => return hide_named(named),
        _ => {}
    }
    hide(value);
}

/// Removes the argument from schemas by name; the names may be the same as keywords.
fn hide_named(schemas: &mut Vec<(String, Tree)>) {
    schemas.retain(|(name, _)| !is_confirmation(name));
    schemas.iter_mut().for_each(|(_, schema)| hide(schema));
}

fn forget(names: &mut Vec<Tree>) {
    names.retain(|name| !matches!(name, Tree::Text(name) if is_confirmation(name)));
}
