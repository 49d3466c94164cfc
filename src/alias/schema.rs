//! Reads the names in a tool's input schema.

use super::keywords::{Subschema, has_names, is_reference, kind};
use super::names::{Names, Place};
use crate::rpc::json::{JsonError, Member, Scanner, Tree};
use crate::rpc::name::{Kept, looks_made};
use percent_encoding::percent_decode_str;
use std::collections::{BTreeSet, HashMap};

/// Returns whether a schema certainly needs no aliases; that is true of nearly all.
pub(super) fn is_plain(schema: &[u8], kept: Kept) -> Result<bool, JsonError> {
    fn plain(scanner: &mut Scanner<'_>, kept: Kept) -> Result<bool, JsonError> {
        let mut all = true;
        match scanner.peek() {
            b'{' => drop(scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                all &= kept.property(&key) && !looks_made(&key);
                all &= plain(scanner, kept)?;
                Ok(())
            })?),
            b'[' => drop(scanner.array::<JsonError>(|scanner| {
                all &= plain(scanner, kept)?;
                Ok(())
            })?),
            _ => drop(scanner.skip()?),
        }
        Ok(all)
    }
    // Only keys are looked at. `required` and the like hold names in arrays, which may hold any text; a name
    // that stands only there belongs to no property that clients know.
    plain(&mut Scanner::new(schema)?, kept)
}

/// Reads the names of a schema's arguments; `None` if none needs an alias.
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
    /// All names of members and definitions.
    all: BTreeSet<String>,
    /// Schemas by the pointer or anchor that references use.
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

    fn named(&mut self, place: &mut Place, kind: Subschema, name: &'a str, value: &'a Tree, pointer: String) {
        if let (Subschema::SameByMember, Tree::Array(names)) = (kind, value) {
            self.note(place, name);
            return self.noted(place, names);
        }
        let to = self.place(value, pointer);
        match kind {
            Subschema::Members => {
                self.note(place, name);
                place.members.insert(name.to_owned(), to);
            }
            Subschema::SameByMember => {
                self.note(place, name);
                place.also.push(to);
            }
            Subschema::Definitions => {
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

fn held(place: &mut Place, kind: Subschema, to: usize) {
    match kind {
        Subschema::Same => place.also.push(to),
        Subschema::Items => place.items.push(to),
        Subschema::Others | Subschema::Patterns => place.others.push(to),
        Subschema::Members | Subschema::SameByMember | Subschema::Definitions | Subschema::Apart => {}
    }
}

/// Escapes a name for a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901#section-3)).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
