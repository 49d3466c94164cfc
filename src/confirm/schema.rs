//! The consent that an input schema requires.

use super::search::{Search, property, requirement};
use crate::rpc::json::{Tree, quote_into};

/// The argument that 1C wants once the user has agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The argument's name, as 1C writes it.
    pub(super) name: String,
    /// The value as JSON text; `None` if the schema does not tell which one means consent.
    pub(super) value: Option<Vec<u8>>,
}

/// The value where any will do.
const TRUE: &[u8] = b"true";

/// The values of an enum that mean yes.
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

/// Returns the consent that a tool with this input schema requires, if any.
pub(super) fn wanted(schema: &Tree) -> Option<Wanted> {
    if let Some((name, schema)) = Search::new(schema).find(property) {
        return Some(Wanted { name: name.to_owned(), value: value(schema) });
    }
    // No schema says what the value may be.
    let name = Search::new(schema).find(requirement)?;
    Some(Wanted { name: name.to_owned(), value: Some(TRUE.to_vec()) })
}

fn value(schema: &Tree) -> Option<Vec<u8>> {
    let yes = || Some(TRUE.to_vec());
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
