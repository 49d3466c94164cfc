//! Maps the arguments of a call back to the names that 1C gave.

use super::names::Names;
use crate::rpc::json::{JsonError, Member, Scanner, Span, quote_into, unquote};
use crate::rpc::name::looks_made;
use std::borrow::Cow;
use std::collections::HashMap;

/// The most work for one call: the number of schemas that values may have to fit, summed over all values.
const MOST_STEPS: usize = 5_000_000;

/// An argument that was given under both its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TwiceError {
    pub(super) alias: String,
    pub(super) name: String,
}

/// Arguments that were mapped back.
#[derive(Debug, Default)]
pub(super) struct Back {
    /// The arguments under 1C's names; `None` if they need no change.
    pub(super) json: Option<Vec<u8>>,
    /// How many names were mapped.
    pub(super) mapped: usize,
    /// Whether some key looks like an alias but is not a known one.
    pub(super) strange: bool,
}

impl Names {
    /// Maps the arguments of a call to 1C's names.
    ///
    /// # Errors
    /// [`TwiceError`] if an argument is given under both its names.
    pub(super) fn back(&self, arguments: &[u8]) -> Result<Back, TwiceError> {
        let mut walk =
            Walk { names: self, json: arguments, edits: Vec::new(), back: Back::default(), room: MOST_STEPS };
        match walk.whole(&self.closure([0])) {
            Ok(()) => {}
            Err(BackError::Twice(twice)) => return Err(twice),
            // The layers below report arguments that cannot be read.
            Err(BackError::Nonsense) => return Ok(Back::default()),
        }
        let Walk { edits, mut back, .. } = walk;
        if !edits.is_empty() {
            back.json = Some(edited(arguments, &edits));
        }
        Ok(back)
    }
}

enum BackError {
    Twice(TwiceError),
    /// Not JSON that can be read.
    Nonsense,
}

impl From<JsonError> for BackError {
    fn from(_: JsonError) -> Self {
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
    fn whole(&mut self, places: &[usize]) -> Result<(), BackError> {
        let mut scanner = Scanner::new(self.json)?;
        self.value(&mut scanner, places)?;
        Ok(scanner.end()?)
    }

    fn value(&mut self, scanner: &mut Scanner<'a>, places: &[usize]) -> Result<(), BackError> {
        self.room = self.room.checked_sub(1 + places.len()).ok_or(JsonError::Size)?;
        match scanner.peek() {
            b'{' => {
                // Properties met in this object, and how they were written.
                let mut met: HashMap<&'a str, Cow<'a, str>> = HashMap::new();
                scanner.object::<BackError>(|scanner, Member { key, start }| {
                    let name = self.key(&key, start, places, &mut met)?;
                    let places =
                        if places.is_empty() { Vec::new() } else { self.names.member(places, name.unwrap_or(&key)) };
                    self.value(scanner, &places)
                })?;
            }
            b'[' => {
                let places = self.names.items(places);
                scanner.array::<BackError>(|scanner| self.value(scanner, &places))?;
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

    /// Returns 1C's name of a key that is an alias.
    fn key(
        &mut self,
        key: &Cow<'a, str>,
        start: usize,
        places: &[usize],
        met: &mut HashMap<&'a str, Cow<'a, str>>,
    ) -> Result<Option<&'a str>, BackError> {
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
            return Err(BackError::Twice(TwiceError { alias: alias.clone(), name: name.clone() }));
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

    /// Maps names in text: language models sometimes send an object or array as JSON text.
    fn text(&mut self, span: Span, places: &[usize]) -> Result<(), BackError> {
        let Some(text) = span.of(self.json).and_then(unquote) else { return Ok(()) };
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(());
        }
        let (edits, back) = (Vec::new(), Back::default());
        let mut walk = Walk { names: self.names, json: text.as_bytes(), edits, back, room: self.room };
        let read = walk.whole(places);
        self.room = walk.room;
        match read {
            // Text that is not JSON.
            Err(BackError::Nonsense) => return Ok(()),
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

/// Returns the position after the closing quote of the string that begins at `start`.
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
