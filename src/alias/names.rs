//! [`Names`]: the aliases of a tool's arguments, and where in the schema they apply.

use crate::rpc::json::Tree;
use crate::rpc::name::{ATTEMPTS, Kept, looks_made, property_alias};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most schemas that may apply to a value at one place; the others are ignored.
const MOST_PLACES: usize = 20_000;

/// A schema within a tool's input schema, reduced to its names.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Names with aliases that may be members here.
    pub(super) foreign: HashSet<String>,
    /// The schema of each named member.
    pub(super) members: HashMap<String, usize>,
    /// The schemas of members without one of their own.
    pub(super) others: Vec<usize>,
    pub(super) items: Vec<usize>,
    /// The schemas that the value itself may have to fit as well.
    pub(super) also: Vec<usize>,
}

/// The names of a tool's arguments.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) places: Vec<Place>,
    /// 1C's names, by alias.
    pub(super) originals: HashMap<String, String>,
    /// Aliases, by 1C's name.
    pub(super) aliases: HashMap<String, String>,
    /// 1C's names that look like aliases but are not.
    pub(super) plain: HashSet<String>,
    /// A hash of the schema.
    pub(super) source: u64,
}

impl Names {
    /// Chooses an alias for every name among `all` that is not kept. It depends on that name alone, unless the alias
    /// is taken.
    pub(super) fn choose(&mut self, all: &BTreeSet<String>, kept: Kept) {
        let (own, mut open): (BTreeSet<&str>, BTreeSet<&str>) =
            all.iter().map(String::as_str).partition(|name| kept.property(name));
        self.plain = own.iter().filter(|name| looks_made(name)).map(|name| (*name).to_owned()).collect();
        for attempt in 0..ATTEMPTS {
            let mut wanted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for name in &open {
                wanted.entry(property_alias(name, attempt)).or_default().push(name);
            }
            for (alias, names) in wanted {
                if let [name] = *names
                    && !own.contains(&*alias)
                    && !self.originals.contains_key(&alias)
                {
                    open.remove(name);
                    self.aliases.insert(name.to_owned(), alias.clone());
                    self.originals.insert(alias, name.to_owned());
                }
            }
        }
    }

    pub(super) fn alias(&self, name: &str) -> Option<&str> {
        self.aliases.get(name).map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.aliases.is_empty() && self.plain.is_empty()
    }

    /// Returns the approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        let names = self.aliases.iter().map(|(name, alias)| 4 * (name.len() + alias.len()));
        let of_place = |place: &Place| {
            let members = place.members.keys().map(|name| name.len() + 32).sum::<usize>();
            128 + members + place.foreign.len() * 48 + 8 * (place.others.len() + place.items.len() + place.also.len())
        };
        names.sum::<usize>() + self.places.iter().map(of_place).sum::<usize>()
    }

    /// Returns all schemas that a value at one of `places` may have to fit.
    pub(super) fn closure(&self, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut all: Vec<usize> = Vec::new();
        let mut open: Vec<usize> = places.into_iter().collect();
        let mut seen = HashSet::new();
        while let Some(at) = open.pop() {
            if seen.len() < MOST_PLACES && seen.insert(at) {
                all.push(at);
                open.extend(self.places.get(at).into_iter().flat_map(|place| &place.also));
            }
        }
        all
    }

    fn each<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a Place> {
        places.iter().filter_map(|at| self.places.get(*at))
    }

    pub(super) fn is_foreign(&self, places: &[usize], name: &str) -> bool {
        self.each(places).any(|place| place.foreign.contains(name))
    }

    pub(super) fn member(&self, places: &[usize], name: &str) -> Vec<usize> {
        self.closure(self.each(places).flat_map(|place| {
            match place.members.get(name) {
                Some(at) => std::slice::from_ref(at),
                None => &place.others,
            }
            .iter()
            .copied()
        }))
    }

    pub(super) fn items(&self, places: &[usize]) -> Vec<usize> {
        self.closure(self.each(places).flat_map(|place| place.items.iter().copied()))
    }

    /// Renames members of a value that a schema gives as an example.
    pub(super) fn show(&self, value: &mut Tree, places: &[usize]) {
        match value {
            Tree::Object(members) => {
                for (name, value) in members {
                    self.show(value, &self.member(places, name));
                    if let Some(alias) = self.alias(name).filter(|_| self.is_foreign(places, name)) {
                        alias.clone_into(name);
                    }
                }
            }
            Tree::Array(items) => {
                let places = self.items(places);
                items.iter_mut().for_each(|item| self.show(item, &places));
            }
            _ => {}
        }
    }
}
