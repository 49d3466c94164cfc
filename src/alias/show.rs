//! A tool's input schema under the names that clients see.

use super::keywords::{Subschema, has_names, is_reference, kind};
use super::names::Names;
use crate::rpc::json::Tree;
use crate::rpc::label;
use percent_encoding::percent_decode_str;

type Members = Vec<(String, Tree)>;

/// The schema as clients see it.
pub(super) fn show(schema: &mut Tree, names: &Names) {
    // Places were numbered in the order in which schemas are met.
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

    /// What is said of names is said of 1C's: those that clients see are allowed beside it.
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

    /// A pointer into what was renamed; `None` where it leads the same way as before.
    fn reference(&self, target: &str) -> Option<String> {
        let pointer = target.strip_prefix("#/")?;
        let mut shown = "#".to_owned();
        let mut changed = false;
        // Whether the next part is a name that may have become another one.
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
            // Behind a keyword with schemas by name or by number stands one of those.
            schema = !kind.is_some_and(has_names);
        }
        changed.then_some(shown)
    }
}

/// Puts 1C's name of a property where people and models read it: into its title, or if that says something
/// else, into the description.
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
            // Some APIs refuse other members beside a reference.
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
