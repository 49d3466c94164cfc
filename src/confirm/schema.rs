//! Input schemas without the argument that only the user may give.

use super::arguments::is_confirmation;
use crate::rpc::json::{Tree, quote_into};
use percent_encoding::percent_decode_str;

type Members = Vec<(String, Tree)>;

/// What 1C wants to get once the user agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The argument, as 1C writes it.
    pub(super) name: String,
    /// JSON text; `None` where the schema does not let it be told.
    pub(super) value: Option<Vec<u8>>,
}

/// Chains of references and combinators longer than this are not followed.
const LONGEST_CHAIN: usize = 16;

/// What an enum may call a yes.
const YES: [&str; 14] = [
    "true",
    "yes",
    "y",
    "ok",
    "confirm",
    "confirmed",
    "accept",
    "accepted",
    "allow",
    "allowed",
    "approved",
    "1",
    "да",
    "истина",
];

/// What a tool with this input schema wants, if it wants consent.
pub(super) fn wanted(schema: &Tree) -> Option<Wanted> {
    let (name, schema) = argument(schema, schema, 0)?;
    Some(Wanted { name: name.to_owned(), value: value(schema) })
}

/// The argument among those of a call.
fn argument<'a>(schema: &'a Tree, root: &'a Tree, depth: usize) -> Option<(&'a str, &'a Tree)> {
    let Tree::Object(members) = schema else { return None };
    if depth > LONGEST_CHAIN {
        return None;
    }
    members.iter().find_map(|(keyword, value)| match (keyword.as_str(), value) {
        ("properties", Tree::Object(properties)) => {
            let (name, schema) = properties.iter().find(|(name, _)| is_confirmation(name))?;
            Some((name.as_str(), schema))
        }
        ("allOf" | "anyOf" | "oneOf", Tree::Array(schemas)) => {
            schemas.iter().find_map(|schema| argument(schema, root, depth + 1))
        }
        ("then" | "else" | "if", schema) => argument(schema, root, depth + 1),
        ("$ref", Tree::Text(target)) => argument(target_of(target, root)?, root, depth + 1),
        _ => None,
    })
}

fn target_of<'a>(target: &str, root: &'a Tree) -> Option<&'a Tree> {
    let pointer = target.strip_prefix('#')?;
    pointer.split('/').skip(1).try_fold(root, |tree, part| {
        let name = percent_decode_str(part).decode_utf8_lossy().replace("~1", "/").replace("~0", "~");
        match tree {
            Tree::Object(members) => members.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            Tree::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    })
}

fn value(schema: &Tree) -> Option<Vec<u8>> {
    let yes = || Some(b"true".to_vec());
    let Tree::Object(members) = schema else { return yes() };
    let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    if let Some(only) = get("const") {
        return Some(text(only));
    }
    if let Some(Tree::Array(choices)) = get("enum") {
        let says_yes = choices.iter().find(|choice| is_yes(choice));
        let only = choices.first().filter(|_| choices.len() == 1);
        return says_yes.or(only).map(text);
    }
    let types: Vec<&str> = match get("type") {
        Some(Tree::Text(name)) => vec![name],
        Some(Tree::Array(names)) => names
            .iter()
            .filter_map(|name| if let Tree::Text(name) = name { Some(name.as_str()) } else { None })
            .collect(),
        _ => return yes(),
    };
    let of_type = |name: &str| types.iter().any(|known| known.eq_ignore_ascii_case(name));
    if of_type("boolean") {
        yes()
    } else if of_type("string") {
        Some(b"\"true\"".to_vec())
    } else if of_type("integer") || of_type("number") {
        Some(b"1".to_vec())
    } else {
        None
    }
}

fn is_yes(choice: &Tree) -> bool {
    match choice {
        Tree::Raw(raw) => raw == b"true" || raw == b"1",
        Tree::Text(text) => YES.contains(&&*text.trim().to_lowercase()),
        _ => false,
    }
}

fn text(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::new();
    match tree {
        Tree::Text(text) => quote_into(&mut out, text),
        tree => tree.write(&mut out),
    }
    out
}

/// Takes the argument out of a schema, wherever it is spoken of.
pub(super) fn hide(schema: &mut Tree) {
    match schema {
        Tree::Object(members) => {
            members.retain(|(key, _)| !is_confirmation(key));
            members.iter_mut().for_each(|(keyword, value)| hide_in(keyword, value));
            // No empty list of what is required: older drafts refuse it.
            members.retain(|(keyword, value)| keyword != "required" || *value != Tree::Array(Vec::new()));
        }
        Tree::Array(items) => items.iter_mut().for_each(hide),
        Tree::Text(_) | Tree::Raw(_) => {}
    }
}

fn hide_in(keyword: &str, value: &mut Tree) {
    let forget =
        |names: &mut Vec<Tree>| names.retain(|name| !matches!(name, Tree::Text(name) if is_confirmation(name)));
    match (keyword, &mut *value) {
        ("required" | "propertyOrdering", Tree::Array(names)) => return forget(names),
        ("dependentRequired" | "dependencies", Tree::Object(rules)) => {
            let rules: &mut Members = rules;
            for (_, names) in rules {
                if let Tree::Array(names) = names {
                    forget(names);
                }
            }
        }
        _ => {}
    }
    hide(value);
}
