//! [`Names`]: which properties of a tool's arguments clients know under other names, and where.

use crate::rpc::json::Tree;
use crate::rpc::name::{ATTEMPTS, Kept, looks_made, property_alias};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a schema unfolds to at one place; beyond it a place is taken to have no other names.
const MOST_PLACES: usize = 20_000;

/// One schema among those of a tool, as far as names go.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Names that clients know otherwise, which may be members here.
    pub(super) foreign: HashSet<String>,
    /// By name, the schema of a member.
    pub(super) members: HashMap<String, usize>,
    /// Those of members that are not named.
    pub(super) others: Vec<usize>,
    pub(super) items: Vec<usize>,
    /// Those that the same value may have to fit.
    pub(super) also: Vec<usize>,
}

/// The names of one tool's arguments.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) places: Vec<Place>,
    /// 1C's names by the aliases.
    pub(super) originals: HashMap<String, String>,
    /// The reverse.
    pub(super) aliases: HashMap<String, String>,
    /// Names of 1C that look like aliases and are none.
    pub(super) plain: HashSet<String>,
    /// A hash of the schema.
    pub(super) source: u64,
}

impl Names {
    /// Aliases for all names among `all` that are not kept: each made of the name alone, unless that is
    /// another one's name too.
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

    /// How many bytes it takes, more or less.
    pub(super) fn size(&self) -> usize {
        let names = self.aliases.iter().map(|(name, alias)| 4 * (name.len() + alias.len()));
        let of_place = |place: &Place| {
            let members = place.members.keys().map(|name| name.len() + 32).sum::<usize>();
            128 + members + place.foreign.len() * 48 + 8 * (place.others.len() + place.items.len() + place.also.len())
        };
        names.sum::<usize>() + self.places.iter().map(of_place).sum::<usize>()
    }

    /// All the schemas that a value at one of `places` may have to fit.
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

    /// A value that a schema gives as an example, under the names that clients know.
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
