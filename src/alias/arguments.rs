//! [`Names`]: which properties of a tool's arguments clients know under other names, and where.

use super::name::{ATTEMPTS, Kept, looks_made, property_alias};
use crate::rpc::json::{Fault, Member, Scanner, Span, Tree, quote_into, unquote};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a schema unfolds to at one place; beyond it a place is taken to have no other names.
const MOST_PLACES: usize = 20_000;

/// How much is looked at for one call: schemas that a value may have to fit, for all values.
const MOST_STEPS: usize = 5_000_000;

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

/// A property that was given under both of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) alias: String,
    pub(super) name: String,
}

/// What was made of arguments.
#[derive(Debug, Default)]
pub(super) struct Back {
    /// Under 1C's names; `None` where they are so already.
    pub(super) json: Option<Vec<u8>>,
    /// How many names were mapped.
    pub(super) mapped: usize,
    /// Whether some key looks like an alias and is none that is known.
    pub(super) strange: bool,
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

    fn is_foreign(&self, places: &[usize], name: &str) -> bool {
        self.each(places).any(|place| place.foreign.contains(name))
    }

    fn member(&self, places: &[usize], name: &str) -> Vec<usize> {
        self.closure(self.each(places).flat_map(|place| {
            match place.members.get(name) {
                Some(at) => std::slice::from_ref(at),
                None => &place.others,
            }
            .iter()
            .copied()
        }))
    }

    fn items(&self, places: &[usize]) -> Vec<usize> {
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

    /// Arguments of a call under 1C's names.
    ///
    /// # Errors
    /// [`Twice`].
    pub(super) fn back(&self, arguments: &[u8]) -> Result<Back, Twice> {
        let mut walk =
            Walk { names: self, json: arguments, edits: Vec::new(), back: Back::default(), room: MOST_STEPS };
        match walk.whole(&self.closure([0])) {
            Ok(()) => {}
            Err(Stop::Twice(twice)) => return Err(twice),
            // For others to refuse.
            Err(Stop::Nonsense) => return Ok(Back::default()),
        }
        let Walk { edits, mut back, .. } = walk;
        if !edits.is_empty() {
            back.json = Some(edited(arguments, &edits));
        }
        Ok(back)
    }
}

enum Stop {
    Twice(Twice),
    /// Not JSON that can be read.
    Nonsense,
}

impl From<Fault> for Stop {
    fn from(_: Fault) -> Self {
        Self::Nonsense
    }
}

/// One pass over arguments.
struct Walk<'a> {
    names: &'a Names,
    json: &'a [u8],
    edits: Vec<(Span, Vec<u8>)>,
    back: Back,
    room: usize,
}

impl<'a> Walk<'a> {
    fn whole(&mut self, places: &[usize]) -> Result<(), Stop> {
        let mut scanner = Scanner::new(self.json)?;
        self.value(&mut scanner, places)?;
        Ok(scanner.end()?)
    }

    fn value(&mut self, scanner: &mut Scanner<'a>, places: &[usize]) -> Result<(), Stop> {
        self.room = self.room.checked_sub(1 + places.len()).ok_or(Fault::Size)?;
        match scanner.peek() {
            b'{' => {
                // Properties met in this object, and how they were written.
                let mut met: HashMap<&'a str, Cow<'a, str>> = HashMap::new();
                scanner.object::<Stop>(|scanner, Member { key, start }| {
                    let name = self.key(&key, start, places, &mut met)?;
                    let places =
                        if places.is_empty() { Vec::new() } else { self.names.member(places, name.unwrap_or(&key)) };
                    self.value(scanner, &places)
                })?;
            }
            b'[' => {
                let places = self.names.items(places);
                scanner.array::<Stop>(|scanner| self.value(scanner, &places))?;
            }
            b'"' if !places.is_empty() => {
                let span = scanner.skip()?;
                self.text(span, places)?;
            }
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    }

    /// 1C's name of a key that is another one.
    fn key(
        &mut self,
        key: &Cow<'a, str>,
        start: usize,
        places: &[usize],
        met: &mut HashMap<&'a str, Cow<'a, str>>,
    ) -> Result<Option<&'a str>, Stop> {
        let names = self.names;
        let known = names.originals.get_key_value(&**key).filter(|(_, name)| names.is_foreign(places, name));
        let written = known.or_else(|| {
            let (name, alias) = names.aliases.get_key_value(&**key)?;
            names.is_foreign(places, name).then_some((alias, name))
        });
        let Some((alias, name)) = written else {
            self.back.strange |= looks_made(key) && !names.plain.contains(&**key);
            return Ok(None);
        };
        if let Some(other) = met.insert(name, key.clone())
            && (known.is_some() || other != *name)
        {
            return Err(Stop::Twice(Twice { alias: alias.clone(), name: name.clone() }));
        }
        if known.is_none() {
            return Ok(None);
        }
        let mut own = Vec::with_capacity(name.len() + 2);
        quote_into(&mut own, name);
        self.edits.push((Span::new(start, string_end(self.json, start)), own));
        self.back.mapped += 1;
        Ok(Some(name))
    }

    /// Where an object or array belongs, language models sometimes write one as JSON text.
    fn text(&mut self, span: Span, places: &[usize]) -> Result<(), Stop> {
        let Some(text) = span.of(self.json).and_then(unquote) else { return Ok(()) };
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(());
        }
        let (edits, back) = (Vec::new(), Back::default());
        let mut walk = Walk { names: self.names, json: text.as_bytes(), edits, back, room: self.room };
        let read = walk.whole(places);
        self.room = walk.room;
        match read {
            // Some other text.
            Err(Stop::Nonsense) => return Ok(()),
            read => read?,
        }
        let Walk { edits, back, .. } = walk;
        self.back.strange |= back.strange;
        if edits.is_empty() {
            return Ok(());
        }
        self.back.mapped += back.mapped;
        let mut own = Vec::with_capacity(text.len() + 16);
        quote_into(&mut own, &String::from_utf8_lossy(&edited(text.as_bytes(), &edits)));
        self.edits.push((span, own));
        Ok(())
    }
}

/// Behind the last quote of the string that begins at `start`.
fn string_end(json: &[u8], start: usize) -> usize {
    let mut escaped = false;
    let inner = json.get(start + 1..).unwrap_or_default();
    let end = inner.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    start + 2 + end.unwrap_or(inner.len())
}

fn edited(json: &[u8], edits: &[(Span, Vec<u8>)]) -> Vec<u8> {
    let added = edits.iter().map(|(_, text)| text.len()).sum::<usize>();
    let mut out = Vec::with_capacity(json.len() + added);
    let mut done = 0;
    for (span, text) in edits {
        out.extend_from_slice(json.get(done..span.start()).unwrap_or_default());
        out.extend_from_slice(text);
        done = span.end();
    }
    out.extend_from_slice(json.get(done..).unwrap_or_default());
    out
}
