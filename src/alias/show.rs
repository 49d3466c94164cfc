//! Shows a tool's input schema under the names that clients see.

use super::keywords::{Subschema, has_names, is_reference, kind};
use super::names::Names;
use crate::rpc::json::Tree;
use crate::rpc::label;
use percent_encoding::percent_decode_str;

type Members = Vec<(String, Tree)>;

/// Changes the schema into the one that clients see.
pub(super) fn show(schema: &mut Tree, names: &Names) {
    // Numbers places in the same order as the reader did.
    Writer { names, next: 0 }.schema(schema);
}

struct Writer<'a> {
    names: &'a Names,
    next: usize,
}

impl Writer<'_> {
    fn schema(&mut self, schema: &mut Tree) {
        let at = self.next;
        self.next += 1;
        let Tree::Object(members) = schema else { return };
        let places = self.names.closure([at]);
        for (keyword, value) in members.iter_mut() {
            self.keyword(keyword, value, &places);
        }
        self.property_names(members, at);
    }

    fn keyword(&mut self, keyword: &str, value: &mut Tree, places: &[usize]) {
        match (kind(keyword), value) {
            (Some(kind), Tree::Object(schemas)) if has_names(kind) => {
                for (name, value) in schemas {
                    match &mut *value {
                        Tree::Array(names) if kind == Subschema::SameByMember => self.rename_all(names),
                        value => self.schema(value),
                    }
                    if kind != Subschema::Patterns {
                        if kind == Subschema::Members && self.names.alias(name).is_some() {
                            keep(name, value);
                        }
                        self.rename(name);
                    }
                }
            }
            (Some(_), Tree::Array(schemas)) => schemas.iter_mut().for_each(|schema| self.schema(schema)),
            (Some(_), schema) => self.schema(schema),
            (None, Tree::Array(names)) if matches!(keyword, "required" | "propertyOrdering") => self.rename_all(names),
            (None, Tree::Object(rules)) if keyword == "dependentRequired" => {
                for (name, names) in rules {
                    self.rename(name);
                    if let Tree::Array(names) = names {
                        self.rename_all(names);
                    }
                }
            }
            (None, Tree::Text(target)) if is_reference(keyword) => {
                if let Some(shown) = self.reference(target) {
                    *target = shown;
                }
            }
            (None, value) if matches!(keyword, "default" | "const" | "example") => self.names.show(value, places),
            (None, Tree::Array(values)) if matches!(keyword, "enum" | "examples") => {
                values.iter_mut().for_each(|value| self.names.show(value, places));
            }
            _ => {}
        }
    }

    /// Allows aliases wherever `propertyNames` allows 1C's names.
    fn property_names(&self, members: &mut Members, at: usize) {
        let Some(place) = self.names.places.get(at) else { return };
        let mut shown: Vec<_> = place.foreign.iter().filter_map(|name| self.names.alias(name)).collect();
        shown.sort_unstable();
        if shown.is_empty() {
            return;
        }
        for (_, rule) in members.iter_mut().filter(|(keyword, _)| keyword == "propertyNames") {
            let shown = shown.iter().map(|name| Tree::Text((*name).to_owned())).collect();
            let shown = Tree::Object(vec![("enum".to_owned(), Tree::Array(shown))]);
            let own = std::mem::replace(rule, Tree::Array(Vec::new()));
            *rule = Tree::Object(vec![("anyOf".to_owned(), Tree::Array(vec![own, shown]))]);
        }
    }

    fn rename(&self, name: &mut String) {
        if let Some(alias) = self.names.alias(name) {
            alias.clone_into(name);
        }
    }

    fn rename_all(&self, names: &mut [Tree]) {
        for name in names {
            if let Tree::Text(name) = name {
                self.rename(name);
            }
        }
    }

    /// Returns a pointer under the new names; `None` if it does not change.
    fn reference(&self, target: &str) -> Option<String> {
        let pointer = target.strip_prefix("#/")?;
        let mut shown = "#".to_owned();
        let mut changed = false;
        // Whether the next part is a name that may have an alias.
        let mut named = false;
        let mut schema = true;
        for part in pointer.split('/') {
            let name = percent_decode_str(part).decode_utf8_lossy().replace("~1", "/").replace("~0", "~");
            let alias = self.names.alias(&name).filter(|_| named);
            changed |= alias.is_some();
            shown.push('/');
            shown.push_str(alias.unwrap_or(part));
            let kind = kind(&name).filter(|_| schema);
            named = kind.is_some_and(|kind| has_names(kind) && kind != Subschema::Patterns);
            // After a keyword that holds schemas by name or number, the next part selects one of them.
            schema = !kind.is_some_and(has_names);
        }
        changed.then_some(shown)
    }
}

/// Keeps 1C's name of a property where people and models read it: in its title, or in its description if it has
/// another title.
fn keep(name: &str, schema: &mut Tree) {
    if let Tree::Raw(raw) = schema
        && raw == b"true"
    {
        *schema = Tree::Object(Vec::new());
    }
    let Tree::Object(members) = schema else { return };
    let said = |members: &Members, key: &str| {
        members.iter().find_map(|(keyword, value)| match value {
            Tree::Text(text) if keyword == key && !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        })
    };
    match (said(members, "title"), said(members, "description")) {
        (Some(title), _) if title.contains(name) => {}
        (None, _) => {
            // Some APIs reject a `$ref` with other members beside it.
            let (references, mut others): (Members, Members) =
                std::mem::take(members).into_iter().partition(|(keyword, _)| keyword == "$ref");
            if !references.is_empty() {
                let taken = others.iter().any(|(keyword, _)| keyword == "anyOf");
                let keyword = if taken { "allOf" } else { "anyOf" };
                others.push((keyword.to_owned(), Tree::Array(vec![Tree::Object(references)])));
            }
            *members = others;
            say(members, "title", name.to_owned());
        }
        (Some(_), Some(description)) if description.contains(name) => {}
        (Some(_), Some(description)) => say(members, "description", format!("{name}: {description}")),
        (Some(_), None) => say(members, "description", name.to_owned()),
    }
}

fn say(members: &mut Members, key: &str, text: String) {
    members.retain(|(keyword, _)| keyword != key);
    members.insert(0, (key.to_owned(), Tree::Text(label::clean(&text).into_owned())));
}
