//! Who runs, who waits, and whose the next turn is.
//!
//! After every step one rule holds: where a turn is free for a lane, no flow of that lane has a call that
//! waits and may run. So whoever comes and finds a turn free may have it, and a call that ends makes room
//! for one at most.

use super::flow::{Flow, Lane};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// How many calls may wait for each that may run.
const WAITING_PER_TURN: usize = 4;

/// One flow may have this part of the places to wait.
const PART_OF_PLACES: usize = 4;

/// The turns of a queue.
pub(super) struct Turns {
    turns: usize,
    /// How many of them are kept for the front lane.
    kept: usize,
    state: Mutex<State>,
}

/// What there is at once at most.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    running: usize,
    running_of_one: usize,
    waiting: usize,
}

impl Bounds {
    fn running_of(self, flow: Flow) -> usize {
        if flow.is_bounded() { self.running_of_one } else { self.running }
    }

    fn waiting_of(self, flow: Flow) -> usize {
        if flow.is_bounded() { self.waiting / PART_OF_PLACES } else { self.waiting }
    }
}

struct State {
    work: Line,
    front: Line,
    /// The lane that is asked first for whom the next turn is.
    first: Lane,
    /// Of the step: tells what came earlier.
    number: u64,
}

/// One lane.
struct Line {
    bounds: Bounds,
    running: usize,
    waiting: usize,
    /// Those with a call that runs or waits.
    members: HashMap<u64, Member, BuildHasherDefault<Hashed>>,
    /// Those with a call that waits and may run, the next first.
    next: BTreeSet<Rank>,
}

/// Calls that run, since when it is there, the flow.
type Rank = (usize, u64, u64);

/// What one flow has.
struct Member {
    running: usize,
    /// Since when it is among those who may run, or the last turn it got since.
    since: u64,
    /// By when they came.
    waiting: BTreeMap<u64, oneshot::Sender<Turn>>,
}

/// What came of a call's coming.
pub(super) enum Entered {
    Running(Turn),
    Waiting(Waiting),
    Refused,
}

/// The right to run, given back when it is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    flow: Flow,
}

/// A place in the queue, given back when it is dropped.
pub(super) struct Waiting {
    turns: Arc<Turns>,
    flow: Flow,
    number: u64,
    turn: oneshot::Receiver<Turn>,
}

/// Somebody whose turn it is.
type Called = (oneshot::Sender<Turn>, Flow);

impl Turns {
    pub(super) fn new(turns: usize, per_flow: usize) -> Self {
        let turns = turns.max(1);
        let kept = if turns < 3 { 0 } else { (turns / 8).clamp(1, 4) };
        let (waiting, half) = (turns.saturating_mul(WAITING_PER_TURN), (turns / 2).max(1));
        let work = Bounds { running: turns - kept, running_of_one: per_flow.max(1), waiting };
        let front = Bounds { running: half, running_of_one: (half / 2).max(1), waiting };
        let (work, front) = (Line::new(work), Line::new(front));
        Self { turns, kept, state: Mutex::new(State { work, front, first: Lane::Front, number: 0 }) }
    }

    /// Takes a turn, or else a place to wait.
    pub(super) fn enter(self: &Arc<Self>, flow: Flow) -> Entered {
        let turns = || Arc::clone(self);
        let mut state = self.lock();
        let free = self.has_room(&state, flow.lane);
        let number = state.tick();
        match state.line(flow.lane).enter(flow, number, free) {
            Came::Running => Entered::Running(Turn { turns: turns(), flow }),
            Came::Waiting(turn) => Entered::Waiting(Waiting { turns: turns(), flow, number, turn }),
            Came::Refused => Entered::Refused,
        }
    }

    /// Whether a turn is free for some flow of this lane.
    fn has_room(&self, state: &State, lane: Lane) -> bool {
        let (work, front) = (state.work.running, state.front.running);
        match lane {
            Lane::Work => work + front.max(self.kept) < self.turns,
            Lane::Front => work + front < self.turns && front < state.front.bounds.running,
        }
    }

    /// Finds who runs next, if anybody can.
    fn next(&self, state: &mut State) -> Option<Called> {
        let second = state.first.other();
        for lane in [state.first, second] {
            if !self.has_room(state, lane) {
                continue;
            }
            let number = state.tick();
            if let Some(called) = state.line(lane).next(lane, number) {
                state.first = lane.other();
                return Some(called);
            }
        }
        None
    }

    /// A call of this flow ended.
    fn leave(self: &Arc<Self>, flow: Flow) {
        let mut state = self.lock();
        let number = state.tick();
        state.line(flow.lane).leave(flow, number);
        let called = self.next(&mut state);
        drop(state);
        if let Some((turn, flow)) = called {
            // Whoever is gone by now drops it again, and so it comes to the next.
            let _ = turn.send(Turn { turns: Arc::clone(self), flow });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (running, waiting) = (state.work.running + state.front.running, state.work.waiting + state.front.waiting);
        drop(state);
        f.debug_struct("Turns")
            .field("turns", &self.turns)
            .field("running", &running)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

impl State {
    const fn tick(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    const fn line(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Work => &mut self.work,
            Lane::Front => &mut self.front,
        }
    }
}

impl Lane {
    const fn other(self) -> Self {
        match self {
            Self::Work => Self::Front,
            Self::Front => Self::Work,
        }
    }
}

enum Came {
    Running,
    Waiting(oneshot::Receiver<Turn>),
    Refused,
}

impl Line {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, running: 0, waiting: 0, members: HashMap::default(), next: BTreeSet::new() }
    }

    /// `free`: whether a turn is.
    fn enter(&mut self, flow: Flow, number: u64, free: bool) -> Came {
        let may_wait = self.waiting < self.bounds.waiting;
        let bounds = self.bounds;
        let member = match self.members.entry(flow.id) {
            Entry::Occupied(member) => member.into_mut(),
            Entry::Vacant(_) if !free && !may_wait => return Came::Refused,
            Entry::Vacant(vacant) => vacant.insert(Member { running: 0, since: number, waiting: BTreeMap::new() }),
        };
        if free && member.running < bounds.running_of(flow) {
            // It has no call that waits, by the rule of the module, so `next` is as before.
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

    fn next(&mut self, lane: Lane, number: u64) -> Option<Called> {
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

    fn leave(&mut self, flow: Flow, number: u64) {
        self.running -= 1;
        self.change(flow, number, |member| member.running -= 1);
    }

    /// One that waits is gone, unless it was called already.
    fn forget(&mut self, flow: Flow, number: u64) {
        // Its number is of no use: nobody comes to those who may run by this.
        if self.change(flow, number, |member| member.waiting.remove(&number)).flatten().is_some() {
            self.waiting -= 1;
        }
    }

    /// Changes what a flow has, and keeps `next` and `members` in step.
    fn change<T>(&mut self, flow: Flow, number: u64, change: impl FnOnce(&mut Member) -> T) -> Option<T> {
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

impl Member {
    /// Its place among those who may run, if it is one of them.
    fn rank(&self, flow: Flow, most: usize) -> Option<Rank> {
        (!self.waiting.is_empty() && self.running < most).then_some((self.running, self.since, flow.id))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.leave(self.flow);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A turn that was sent in the meantime goes with the receiver.
        self.turns.lock().line(self.flow.lane).forget(self.flow, self.number);
    }
}

/// `None` never comes: the sender is kept until it sends.
impl Future for Waiting {
    type Output = Option<Turn>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Turn>> {
        Pin::new(&mut self.turn).poll(cx).map(Result::ok)
    }
}

/// For identifiers that are hashes.
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
