//! Lists of 1C, mended.
//!
//! 1C writes its lists anew each time, and mostly they are the same. Where a list of tools differs from one before it,
//! that is in few of its items: what did not change is neither read nor mended again.

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

/// How many lists before this one are looked at: callers may see different ones, and each has its pages.
const LOOKED_AT: usize = 4;

/// Lists, mended. Most stay what they were from one question to the next.
#[derive(Debug, Default)]
pub(super) struct Lists(Arc<Memo>);

impl Lists {
    /// The list that `body` is in answer to `request`. What it tells of results goes to `outputs`, when it is read.
    ///
    /// # Errors
    /// 1C's error, or what is wrong with the answer.
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

/// A list as clients may get it.
#[derive(Debug)]
struct Listing {
    payload: Payload,
    list: Option<Arc<List>>,
    outputs: Vec<Output>,
    /// Where the items stand in 1C's answer, one for each of the list; looked up when that is asked first.
    places: OnceLock<Option<Vec<Span>>>,
}

impl Size for Arc<Listing> {
    fn size(&self) -> usize {
        let items = self.list.as_ref().map_or(0, |list| list.items().len());
        self.payload.length() + items * (size_of::<Item>() + size_of::<Span>())
    }
}

impl Listing {
    /// The list in an answer to `request` that was read whole.
    fn of(answer: Answer, request: &Request, memo: &Arc<Memo>) -> Self {
        let Answer { mut payload, listed, .. } = answer;
        // What cannot be read as a list is for others to judge.
        let list = payload.read_list(&request.method, memo).ok();
        if let Some(list) = &list {
            payload.show(Arc::clone(list));
        }
        let outputs = listed.map(|listed| listed.outputs).unwrap_or_default();
        Self { payload, list, outputs, places: OnceLock::new() }
    }

    /// The list in `body`, if most of it is that of a list before; `None` where it is to be read whole.
    fn like(
        recent: &[(Bytes, Arc<Self>)],
        headers: &HeaderMap,
        body: &Bytes,
        request: &Request,
        memo: &Arc<Memo>,
    ) -> Option<Self> {
        // Items of other lists may depend on those before them.
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
        // Of two tools of one name the first stays, so each must be looked at in its turn.
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

    /// Its items and their places in `body`, the answer that it was read from.
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

    /// Tells which of its tools say what their results are.
    fn teach(&self, outputs: &Outputs) {
        if self.outputs.is_empty() && !outputs.any() {
            return;
        }
        let items = self.list.as_ref().map(|list| list.items()).unwrap_or_default();
        let names = items.iter().map(|item| item.name().to_owned()).collect();
        outputs.learn(Listed { names, outputs: self.outputs.clone() });
    }
}

/// What an answer has in common with one before it.
#[derive(Default)]
struct Common<'a> {
    /// The bytes together.
    length: usize,
    /// So many bytes at the beginning.
    start: usize,
    /// Where in the one before the rest begins that is the same again.
    end: usize,
    /// The lengths of both.
    lengths: (usize, usize),
    /// Where the items stand in the one before.
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

    /// The known items that begin at `pos` of the new answer, where an item begins, and whether they are those behind
    /// all that is new. A reader that comes here in both answers comes to the same.
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

/// So many bytes are compared a step.
const CHUNK: usize = 1024;

/// How many bytes are the same, in the order of these chunks; `within` counts those of the first two that are not.
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

/// Where things stand in an answer.
#[derive(Default)]
struct Scanned {
    array: Span,
    /// Of all the items.
    places: Vec<Span>,
    /// The known items before those that are new, and behind them.
    first: Range<usize>,
    last: Range<usize>,
    /// From the first new item to the end of the last one.
    new: Span,
}

impl Scanned {
    /// The answer without the items that are known.
    fn without_known(&self, body: &[u8]) -> Option<Bytes> {
        let head = body.get(..self.array.start())?;
        let tail = body.get(self.array.end()..)?;
        let rest = [head, b"[", self.new.of(body).unwrap_or_default(), b"]", tail].concat();
        // What is no text is mended as a whole.
        Scanner::new(&rest).is_ok().then(|| rest.into())
    }

    /// Passes the item at the cursor, and those behind it that are known with it.
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

/// Looks for the tools in an answer, and passes those that are known. `None` where there is no such list, or two.
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
