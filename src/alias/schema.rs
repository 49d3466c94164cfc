//! A tool's input schema under the names that clients see.

use super::arguments::{Names, Place};
use super::name::{Kept, looks_made};
use crate::rpc::json::{Fault, Member, Scanner, Tree};
use crate::rpc::label;
use percent_encoding::percent_decode_str;
use std::collections::{BTreeSet, HashMap};

type Members = Vec<(String, Tree)>;

/// What the value of a keyword is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A schema of the same value, or several of them.
    Same,
    /// A schema of items, or several of them.
    Items,
    /// A schema of members that are not named.
    Others,
    /// Schemas of members by their names.
    Members,
    /// The same by patterns.
    Patterns,
    /// Schemas of the same value by the names of members.
    SameByMember,
    /// Schemas by names of their own.
    Definitions,
    /// A schema of something else.
    Apart,
}

/// The keywords of all drafts whose values hold schemas.
const fn kind(keyword: &str) -> Option<Kind> {
    Some(match keyword.as_bytes() {
        b"allOf" | b"anyOf" | b"oneOf" | b"not" | b"if" | b"then" | b"else" => Kind::Same,
        b"items" | b"prefixItems" | b"additionalItems" | b"unevaluatedItems" | b"contains" => Kind::Items,
        b"additionalProperties" | b"unevaluatedProperties" => Kind::Others,
        b"properties" => Kind::Members,
        b"patternProperties" => Kind::Patterns,
        b"dependentSchemas" | b"dependencies" => Kind::SameByMember,
        b"$defs" | b"definitions" => Kind::Definitions,
        b"propertyNames" | b"contentSchema" => Kind::Apart,
        _ => return None,
    })
}

const fn has_names(kind: Kind) -> bool {
    matches!(kind, Kind::Members | Kind::SameByMember | Kind::Definitions | Kind::Patterns)
}

/// Whether a schema may need other names: nearly none has such a key or such a text.
pub(super) fn is_plain(schema: &[u8], kept: Kept) -> Result<bool, Fault> {
    fn plain(scanner: &mut Scanner<'_>, kept: Kept) -> Result<bool, Fault> {
        let mut all = true;
        match scanner.peek() {
            b'{' => drop(scanner.object::<Fault>(|scanner, Member { key, .. }| {
                all &= kept.property(&key) && !looks_made(&key);
                all &= plain(scanner, kept)?;
                Ok(())
            })?),
            b'[' => drop(scanner.array::<Fault>(|scanner| {
                all &= plain(scanner, kept)?;
                Ok(())
            })?),
            _ => drop(scanner.skip()?),
        }
        Ok(all)
    }
    // Names that are required only stand in arrays, which may hold any text. One that is no property is
    // none of an argument that clients know, so keys say it all.
    plain(&mut Scanner::new(schema)?, kept)
}

/// Names of a schema's arguments, and the schema with them; `None` where nothing needs another name.
pub(super) fn read(schema: &Tree, kept: Kept) -> Option<Names> {
    let mut reader = Reader { kept, ..Reader::default() };
    reader.place(schema, String::new());
    reader.refer();
    let mut names = Names { places: reader.places, ..Names::default() };
    names.choose(&reader.all, kept);
    for place in &mut names.places {
        place.foreign.retain(|name| names.aliases.contains_key(name));
    }
    (!names.is_empty()).then_some(names)
}

#[derive(Default)]
struct Reader<'a> {
    kept: Kept,
    places: Vec<Place>,
    /// Every name of a member or definition.
    all: BTreeSet<String>,
    /// By pointer or anchor, as references have them.
    known: HashMap<String, usize>,
    references: Vec<(usize, &'a str)>,
}

impl<'a> Reader<'a> {
    fn place(&mut self, schema: &'a Tree, pointer: String) -> usize {
        let at = self.places.len();
        self.places.push(Place::default());
        if let Tree::Object(members) = schema {
            let mut place = Place::default();
            for (keyword, value) in members {
                self.keyword(at, &mut place, keyword, value, &pointer);
            }
            if let Some(slot) = self.places.get_mut(at) {
                *slot = place;
            }
        }
        self.known.insert(pointer, at);
        at
    }

    fn keyword(&mut self, at: usize, place: &mut Place, keyword: &'a str, value: &'a Tree, pointer: &str) {
        let below = format!("{pointer}/{keyword}");
        match (kind(keyword), value) {
            (Some(kind), Tree::Object(schemas)) if has_names(kind) => {
                for (name, value) in schemas {
                    self.named(place, kind, name, value, format!("{below}/{}", escaped(name)));
                }
            }
            (Some(kind), Tree::Array(schemas)) => {
                for (index, schema) in schemas.iter().enumerate() {
                    let to = self.place(schema, format!("{below}/{index}"));
                    held(place, kind, to);
                }
            }
            (Some(kind), schema) => {
                let to = self.place(schema, below);
                held(place, kind, to);
            }
            (None, Tree::Array(names)) if matches!(keyword, "required" | "propertyOrdering") => {
                self.noted(place, names)
            }
            (None, Tree::Object(rules)) if keyword == "dependentRequired" => {
                for (name, names) in rules {
                    self.note(place, name);
                    if let Tree::Array(names) = names {
                        self.noted(place, names);
                    }
                }
            }
            (None, Tree::Text(target)) if is_reference(keyword) => self.references.push((at, target)),
            (None, Tree::Text(anchor)) if matches!(keyword, "$anchor" | "$dynamicAnchor") => {
                self.known.insert(format!("#{anchor}"), at);
            }
            _ => {}
        }
    }

    fn named(&mut self, place: &mut Place, kind: Kind, name: &'a str, value: &'a Tree, pointer: String) {
        if let (Kind::SameByMember, Tree::Array(names)) = (kind, value) {
            self.note(place, name);
            return self.noted(place, names);
        }
        let to = self.place(value, pointer);
        match kind {
            Kind::Members => {
                self.note(place, name);
                place.members.insert(name.to_owned(), to);
            }
            Kind::SameByMember => {
                self.note(place, name);
                place.also.push(to);
            }
            Kind::Definitions => {
                self.all.insert(name.to_owned());
            }
            kind => held(place, kind, to),
        }
    }

    fn note(&mut self, place: &mut Place, name: &str) {
        if !self.kept.property(name) {
            place.foreign.insert(name.to_owned());
        }
        self.all.insert(name.to_owned());
    }

    fn noted(&mut self, place: &mut Place, names: &[Tree]) {
        for name in names {
            if let Tree::Text(name) = name {
                self.note(place, name);
            }
        }
    }

    fn refer(&mut self) {
        for (at, target) in std::mem::take(&mut self.references) {
            let pointer = target.strip_prefix('#').map(|pointer| percent_decode_str(pointer).decode_utf8_lossy());
            let to = pointer.and_then(|pointer| self.known.get(&*pointer)).or_else(|| self.known.get(target)).copied();
            if let (Some(to), Some(place)) = (to, self.places.get_mut(at)) {
                place.also.push(to);
            }
        }
    }
}

fn held(place: &mut Place, kind: Kind, to: usize) {
    match kind {
        Kind::Same => place.also.push(to),
        Kind::Items => place.items.push(to),
        Kind::Others | Kind::Patterns => place.others.push(to),
        Kind::Members | Kind::SameByMember | Kind::Definitions | Kind::Apart => {}
    }
}

fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef")
}

/// A name as it stands in a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901#section-3)).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

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
                        Tree::Array(names) if kind == Kind::SameByMember => self.rename_all(names),
                        value => self.schema(value),
                    }
                    if kind != Kind::Patterns {
                        if kind == Kind::Members && self.names.alias(name).is_some() {
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
            named = kind.is_some_and(|kind| has_names(kind) && kind != Kind::Patterns);
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
