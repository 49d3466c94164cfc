//! Turns: which calls run, which wait, and which is next.
//!
//! After every step one rule holds: if a turn is free for a lane, no flow of that lane has a waiting call that
//! may run. So a new call may take a free turn at once, and a call that ends makes room for at most one.

use super::flow::{Flow, Lane};
use super::line::{Bounds, Called, Came, Line};
use crate::net::sampler::{Sampler, Sum};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The number of waiting calls for each turn.
const WAITING_PER_TURN: usize = 4;

/// The turns of a queue.
pub(super) struct Turns {
    turns: usize,
    /// The number of turns kept for logins and health checks.
    kept: usize,
    /// The number of those that are kept for health checks alone.
    kept_for_health: usize,
    state: Mutex<State>,
    refusals: Sampler,
}

struct State {
    work: Line<Turn>,
    logins: Line<Turn>,
    health: Line<Turn>,
    /// The lane that is asked first for the next turn.
    first: Lane,
    /// The number of the step, which tells the order of events.
    number: u64,
}

/// The result of adding a call.
pub(super) enum Entered {
    Running(Turn),
    Waiting(Waiting),
    Refused,
}

/// The right to run, returned when it is dropped.
pub(super) struct Turn {
    turns: Arc<Turns>,
    flow: Flow,
}

/// A place in the queue, returned when it is dropped.
pub(super) struct Waiting {
    pub(super) turns: Arc<Turns>,
    pub(super) flow: Flow,
    number: u64,
    turn: oneshot::Receiver<Turn>,
}

impl Turns {
    pub(super) fn new(turns: usize, per_flow: usize) -> Self {
        let turns = turns.max(1);
        let kept = if turns < 3 { 0 } else { (turns / 8).clamp(1, 4) };
        let (waiting, half) = (turns.saturating_mul(WAITING_PER_TURN), (turns / 2).max(1));
        let quarter = (half / 2).max(1);
        let line = |running, running_of_one| Line::new(Bounds { running, running_of_one, waiting });
        let state = State {
            work: line(turns - kept, per_flow.max(1)),
            logins: line(half, quarter),
            health: line(quarter, quarter),
            first: Lane::Health,
            number: 0,
        };
        let refusals = Sampler::new(tell_more);
        Self { turns, kept, kept_for_health: usize::from(kept > 1), state: Mutex::new(state), refusals }
    }

    /// Takes a turn, or else a place in the queue.
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

    /// Warns that a call of this flow was not sent. Only some of many warnings are logged; the calls' own lines
    /// name the callers.
    pub(super) fn refused(&self, flow: Flow, cause: &'static str) {
        let what = match flow.lane {
            Lane::Work => "calls",
            Lane::Login => "logins",
            Lane::Health => "health",
        };
        if self.refusals.admits(None, (what, cause)) {
            tracing::warn!(what, cause, "1C is busy: a call was not sent");
        }
    }

    /// Returns whether a turn is free for some flow of this lane.
    fn has_room(&self, state: &State, lane: Lane) -> bool {
        let (work, logins, health) = (state.work.running, state.logins.running, state.health.running);
        let front = logins + health.max(self.kept_for_health);
        match lane {
            Lane::Work => work + front.max(self.kept) < self.turns,
            Lane::Login => work + front < self.turns && logins < state.logins.bounds.running,
            Lane::Health => work + logins + health < self.turns,
        }
    }

    /// Returns the next call to run, if one can.
    fn next(&self, state: &mut State) -> Option<Called<Turn>> {
        let (first, second) = (state.first, state.first.next());
        for lane in [first, second, second.next()] {
            if !self.has_room(state, lane) {
                continue;
            }
            let number = state.tick();
            if let Some(called) = state.line(lane).next(lane, number) {
                state.first = lane.next();
                return Some(called);
            }
        }
        None
    }

    /// Ends a call of this flow.
    fn leave(self: &Arc<Self>, flow: Flow) {
        let mut state = self.lock();
        let number = state.tick();
        state.line(flow.lane).leave(flow, number);
        let called = self.next(&mut state);
        drop(state);
        if let Some((turn, flow)) = called {
            // If the receiver is gone, the turn is dropped and goes to the next call.
            let _ = turn.send(Turn { turns: Arc::clone(self), flow });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_more(&Sum { more, like, .. }: &Sum) {
    let (what, cause) = like.unzip();
    tracing::warn!(what, cause, "{more} more like this in the last minute: 1C is busy: a call was not sent");
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let lines = [&state.work, &state.logins, &state.health];
        let running: usize = lines.iter().map(|line| line.running).sum();
        let waiting: usize = lines.iter().map(|line| line.waiting).sum();
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

    const fn line(&mut self, lane: Lane) -> &mut Line<Turn> {
        match lane {
            Lane::Work => &mut self.work,
            Lane::Login => &mut self.logins,
            Lane::Health => &mut self.health,
        }
    }
}

impl Lane {
    const fn next(self) -> Self {
        match self {
            Self::Work => Self::Health,
            Self::Health => Self::Login,
            Self::Login => Self::Work,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.leave(self.flow);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A turn that was sent in the meantime is dropped with the receiver.
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
