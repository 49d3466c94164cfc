//! Lists of 1C, mended.
//!
//! 1C writes its lists anew each time, and mostly they are equal. If a list of tools differs from an earlier
//! one, few items differ: unchanged items are neither read nor mended again.

use super::answer_error::AnswerError;
use super::decode::{Answer, decode};
use super::mend::{Listed, Output};
use super::outputs::Outputs;
use crate::rpc::json::{JsonError, Member, Scanner, Span};
use crate::rpc::{ErrorObject, Item, List, MAX_ITEMS, Memo, Method, Payload, Request, Size};
use bytes::Bytes;
use http::HeaderMap;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// How many earlier lists are compared: callers may see different ones, and each list has pages.
const LOOKED_AT: usize = 4;

/// The mended lists, remembered by the bytes of the answer.
#[derive(Debug, Default)]
pub(super) struct Lists(Arc<Memo>);

impl Lists {
    /// Returns the list in `body`, the answer to `request`. Output schemas in a list that is read go to `outputs`.
    ///
    /// # Errors
    /// The error of 1C, or the error in the answer.
    pub(super) fn listing(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        request: &Request,
        outputs: &Outputs,
    ) -> Result<Payload, Result<ErrorObject, AnswerError>> {
        let Self(memo) = self;
        let key = (request.method.clone(), request.version.era());
        let listing = memo.get_or(body, &key, || {
            let listing = match Listing::like(&memo.recent(&key, LOOKED_AT), headers, body, request, memo) {
                Some(listing) => listing,
                None => Listing::of(decode(headers, body.clone(), request).map_err(Err)?.map_err(Ok)?, request, memo),
            };
            if request.method == Method::ToolsList {
                listing.teach(outputs);
            }
            Ok(Arc::new(listing))
        });
        listing.map(|listing| listing.payload.clone())
    }
}

/// A mended list for clients.
#[derive(Debug)]
struct Listing {
    payload: Payload,
    list: Option<Arc<List>>,
    outputs: Vec<Output>,
    /// The places of the items in the answer of 1C, found when they are first needed.
    places: OnceLock<Option<Vec<Span>>>,
}

impl Size for Arc<Listing> {
    fn size(&self) -> usize {
        let items = self.list.as_ref().map_or(0, |list| list.items().len());
        self.payload.length() + items * (size_of::<Item>() + size_of::<Span>())
    }
}

impl Listing {
    /// Returns the list in an answer to `request` that was read in full.
    fn of(answer: Answer, request: &Request, memo: &Arc<Memo>) -> Self {
        let Answer { mut payload, listed, .. } = answer;
        // An answer that cannot be read as a list goes on as it is.
        let list = payload.read_list(&request.method, memo).ok();
        if let Some(list) = &list {
            payload.show(Arc::clone(list));
        }
        let outputs = listed.map(|listed| listed.outputs).unwrap_or_default();
        Self { payload, list, outputs, places: OnceLock::new() }
    }

    /// Returns the list in `body` if most of it equals an earlier list; `None` if it must be read in full.
    fn like(
        recent: &[(Bytes, Arc<Self>)],
        headers: &HeaderMap,
        body: &Bytes,
        request: &Request,
        memo: &Arc<Memo>,
    ) -> Option<Self> {
        // In other lists, items may depend on those before them.
        if request.method != Method::ToolsList {
            return None;
        }
        let common = recent.iter().map(|(before, listing)| (Common::of(before, body), before, listing));
        let (mut common, before, listing) = common.max_by_key(|(common, ..)| common.length)?;
        if common.length < body.len() / 2 {
            return None;
        }
        let (items, places) = listing.items(before)?;
        common.places = places;
        let scanned = scan(body, &common)?;
        let answer = decode(headers, scanned.without_known(body)?, request).ok()?.ok()?;
        let first = items.get(scanned.first.clone()).unwrap_or_default();
        let last = items.get(scanned.last.clone()).unwrap_or_default();
        let outputs = listing.outputs_of(first.iter().chain(last));
        let mut new = Self::of(answer, request, memo);
        let list = new.list.take().filter(|list| !list.is_partial())?;
        // Of two tools with one name the first stays, so the whole list must be read in order.
        let names: HashSet<&str> = list.items().iter().map(Item::name).collect();
        if !names.is_empty() && first.iter().chain(last).any(|item| names.contains(item.name())) {
            return None;
        }
        let all = first.iter().cloned().chain(list.items().iter().map(Item::detached)).chain(last.iter().cloned());
        let list = list.with(all.collect());
        if list.items().len() > MAX_ITEMS {
            return None;
        }
        let places = (scanned.places.len() == list.items().len()).then_some(scanned.places);
        new.payload.show(Arc::clone(&list));
        new.outputs.extend(outputs);
        Some(Self { list: Some(list), places: places.into(), ..new })
    }

    /// Returns the items and their places in `body`, the answer that they were read from.
    fn items(&self, body: &[u8]) -> Option<(&[Item], &[Span])> {
        let list = self.list.as_ref().filter(|list| !list.is_partial())?;
        let places = self.places.get_or_init(|| {
            let scanned = scan(body, &Common::default())?;
            (scanned.places.len() == list.items().len()).then_some(scanned.places)
        });
        Some((list.items(), places.as_deref()?))
    }

    fn outputs_of<'a>(&self, items: impl Iterator<Item = &'a Item>) -> Vec<Output> {
        if self.outputs.is_empty() {
            return Vec::new();
        }
        let names: HashSet<&str> = items.map(Item::name).collect();
        self.outputs.iter().filter(|output| names.contains(&*output.name)).cloned().collect()
    }

    /// Passes the output schemas of the tools on to `outputs`.
    fn teach(&self, outputs: &Outputs) {
        if self.outputs.is_empty() && !outputs.any() {
            return;
        }
        let items = self.list.as_ref().map(|list| list.items()).unwrap_or_default();
        let names = items.iter().map(|item| item.name().to_owned()).collect();
        outputs.learn(Listed { names, outputs: self.outputs.clone() });
    }
}

/// The bytes that an answer has in common with an earlier one.
#[derive(Default)]
struct Common<'a> {
    /// The number of equal bytes.
    length: usize,
    /// The number of equal bytes at the start.
    start: usize,
    /// The offset in the earlier answer of the equal bytes at the end.
    end: usize,
    /// The lengths of the earlier and the new answer.
    lengths: (usize, usize),
    /// The places of the items in the earlier answer.
    places: &'a [Span],
}

impl Common<'_> {
    fn of(before: &[u8], body: &[u8]) -> Self {
        let start = common(before.chunks(CHUNK).zip(body.chunks(CHUNK)), |one, other| {
            one.iter().zip(other).take_while(|(one, other)| one == other).count()
        });
        let (rest, other) = (before.get(start..).unwrap_or_default(), body.get(start..).unwrap_or_default());
        let tail = common(rest.rchunks(CHUNK).zip(other.rchunks(CHUNK)), |one, other| {
            one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
        });
        let lengths = (before.len(), body.len());
        Self { length: start + tail, start, end: before.len() - tail, lengths, places: &[] }
    }

    /// Returns the known items that begin at `pos` of the new answer, where an item begins, and whether they
    /// are those behind the last new one. From the same position a reader reads the same in both answers.
    fn run(&self, pos: usize) -> Option<(Range<usize>, bool)> {
        let at = |pos: usize| self.places.binary_search_by_key(&pos, |place| place.start()).ok();
        if pos < self.start
            && let Some(first) = at(pos)
        {
            let run = first..self.places.partition_point(|place| place.end() <= self.start);
            if !run.is_empty() {
                return Some((run, false));
            }
        }
        let (before, now) = self.lengths;
        let old = (pos + before).checked_sub(now).filter(|old| *old >= self.end)?;
        Some((at(old)?..self.places.len(), true))
    }
}

/// How many bytes are compared at once.
const CHUNK: usize = 1024;

/// Returns how many bytes are equal, in the order of the chunks; `within` counts them in the first two that differ.
fn common<'a>(chunks: impl Iterator<Item = (&'a [u8], &'a [u8])>, within: impl Fn(&[u8], &[u8]) -> usize) -> usize {
    let mut length = 0;
    for (one, other) in chunks {
        if one != other {
            return length + within(one, other);
        }
        length += one.len();
    }
    length
}

/// The places of items in an answer.
#[derive(Default)]
struct Scanned {
    array: Span,
    /// The places of all items.
    places: Vec<Span>,
    /// The known items before the new ones, and those behind them.
    first: Range<usize>,
    last: Range<usize>,
    /// From the start of the first new item to the end of the last one.
    new: Span,
}

impl Scanned {
    /// Returns the answer without the known items.
    fn without_known(&self, body: &[u8]) -> Option<Bytes> {
        let head = body.get(..self.array.start())?;
        let tail = body.get(self.array.end()..)?;
        let rest = [head, b"[", self.new.of(body).unwrap_or_default(), b"]", tail].concat();
        // A body that is not valid text is mended as a whole.
        Scanner::new(&rest).is_ok().then(|| rest.into())
    }

    /// Passes the item at the cursor, and the known items after it.
    fn item(&mut self, scanner: &mut Scanner<'_>, common: &Common<'_>) -> Result<(), JsonError> {
        scanner.peek();
        let Some((run, behind)) = common.run(scanner.pos()) else {
            let place = scanner.skip()?;
            self.new = if self.new.is_empty() { place } else { Span::new(self.new.start(), place.end()) };
            self.places.push(place);
            return Ok(());
        };
        let (before, now) = common.lengths;
        let moved = |pos: usize| if behind { (pos + now).saturating_sub(before) } else { pos };
        let known = common.places.get(run.clone()).unwrap_or_default().iter();
        self.places.extend(known.map(|place| Span::new(moved(place.start()), moved(place.end()))));
        *if behind { &mut self.last } else { &mut self.first } = run;
        scanner.jump(self.places.last().map_or(0, |place| place.end()));
        Ok(())
    }
}

/// Finds the tools in an answer, and passes the known ones. `None` if there is no such list, or two.
fn scan(body: &[u8], common: &Common<'_>) -> Option<Scanned> {
    let mut found: Option<Scanned> = None;
    let mut scanner = Scanner::over_known(body).ok()?;
    let read = scanner.object::<JsonError>(|scanner, Member { key, .. }| {
        if key != "result" || scanner.peek() != b'{' {
            return scanner.skip().map(drop);
        }
        scanner.object::<JsonError>(|scanner, Member { key, .. }| {
            if key != "tools" || scanner.peek() != b'[' {
                return scanner.skip().map(drop);
            }
            let mut scanned = Scanned::default();
            scanned.array = scanner.array::<JsonError>(|scanner| scanned.item(scanner, common))?;
            match found.replace(scanned) {
                None => Ok(()),
                Some(_) => Err(JsonError::Duplicate("tools")),
            }
        })?;
        Ok(())
    });
    read.ok().and(found)
}
