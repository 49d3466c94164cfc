//! The running and waiting calls of one lane: [`Line`].

use super::flow::{Flow, Lane};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use tokio::sync::oneshot;

/// The part of the places in the queue that one flow may have.
const PART_OF_PLACES: usize = 4;

/// The limits of a lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) running: usize,
    pub(super) running_of_one: usize,
    pub(super) waiting: usize,
}

impl Bounds {
    fn running_of(self, flow: Flow) -> usize {
        if flow.is_bounded() { self.running_of_one } else { self.running }
    }

    fn waiting_of(self, flow: Flow) -> usize {
        if flow.is_bounded() { self.waiting / PART_OF_PLACES } else { self.waiting }
    }
}

/// One lane; a waiting call gets a `T` at its turn.
pub(super) struct Line<T> {
    pub(super) bounds: Bounds,
    pub(super) running: usize,
    pub(super) waiting: usize,
    /// The flows with a running or waiting call.
    members: HashMap<u64, Member<T>, BuildHasherDefault<Hashed>>,
    /// The flows with a waiting call that may run, the next one first.
    next: BTreeSet<Rank>,
}

/// The number of running calls, the time since when the flow may run, and the flow.
type Rank = (usize, u64, u64);

/// The calls of one flow.
struct Member<T> {
    running: usize,
    /// The step since when the flow may run, or of its last turn since then.
    since: u64,
    /// The waiting calls, by the step at which they came.
    waiting: BTreeMap<u64, oneshot::Sender<T>>,
}

/// A waiting call whose turn has come.
pub(super) type Called<T> = (oneshot::Sender<T>, Flow);

pub(super) enum Came<T> {
    Running,
    Waiting(oneshot::Receiver<T>),
    Refused,
}

impl<T> Line<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, running: 0, waiting: 0, members: HashMap::default(), next: BTreeSet::new() }
    }

    /// Adds a call; `free` says whether a turn is free.
    pub(super) fn enter(&mut self, flow: Flow, number: u64, free: bool) -> Came<T> {
        let may_wait = self.waiting < self.bounds.waiting;
        let bounds = self.bounds;
        let member = match self.members.entry(flow.id) {
            Entry::Occupied(member) => member.into_mut(),
            Entry::Vacant(_) if !free && !may_wait => return Came::Refused,
            Entry::Vacant(vacant) => vacant.insert(Member { running: 0, since: number, waiting: BTreeMap::new() }),
        };
        if free && member.running < bounds.running_of(flow) {
            // The flow has no waiting call that may run, by the rule of the module, so `next` stays as it is.
            member.running += 1;
            self.running += 1;
            return Came::Running;
        }
        if !may_wait || member.waiting.len() >= bounds.waiting_of(flow) {
            return Came::Refused;
        }
        let (sender, turn) = oneshot::channel();
        self.waiting += 1;
        self.change(flow, number, |member| member.waiting.insert(number, sender));
        Came::Waiting(turn)
    }

    pub(super) fn next(&mut self, lane: Lane, number: u64) -> Option<Called<T>> {
        let &(_, _, id) = self.next.first()?;
        let flow = Flow { lane, id };
        let (_, turn) = self.change(flow, number, |member| {
            member.running += 1;
            member.since = number;
            member.waiting.pop_first()
        })??;
        self.running += 1;
        self.waiting -= 1;
        Some((turn, flow))
    }

    pub(super) fn leave(&mut self, flow: Flow, number: u64) {
        self.running -= 1;
        self.change(flow, number, |member| member.running -= 1);
    }

    /// Removes a waiting call, unless its turn has come.
    pub(super) fn forget(&mut self, flow: Flow, number: u64) {
        // The number has no effect: removing a call never makes a flow able to run.
        if self.change(flow, number, |member| member.waiting.remove(&number)).flatten().is_some() {
            self.waiting -= 1;
        }
    }

    /// Changes the calls of a flow, and updates `next` and `members`.
    fn change<C>(&mut self, flow: Flow, number: u64, change: impl FnOnce(&mut Member<T>) -> C) -> Option<C> {
        let most = self.bounds.running_of(flow);
        let member = self.members.get_mut(&flow.id)?;
        let before = member.rank(flow, most);
        let changed = change(member);
        if before.is_none() {
            member.since = number;
        }
        let after = member.rank(flow, most);
        let idle = member.running == 0 && member.waiting.is_empty();
        if before != after {
            before.map(|rank| self.next.remove(&rank));
            after.map(|rank| self.next.insert(rank));
        }
        if idle {
            self.members.remove(&flow.id);
        }
        Some(changed)
    }
}

impl<T> Member<T> {
    /// Returns the rank of a flow, if it has a waiting call that may run.
    fn rank(&self, flow: Flow, most: usize) -> Option<Rank> {
        (!self.waiting.is_empty() && self.running < most).then_some((self.running, self.since, flow.id))
    }
}

/// A hasher for identifiers that are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
