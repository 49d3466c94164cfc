//! The queue of waiting lines, and the state of its thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The pause after a write, in which lines gather, so that a busy server writes at most a hundred times a
/// second. A line after a pause is written at once.
const REST: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) change: Condvar,
    /// The most bytes that may wait.
    pub(super) room: usize,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) waiting: Vec<u8>,
    /// The lines that came after the waiting ones and found no room.
    pub(super) lost: u64,
    pub(super) thread: Thread,
    pub(super) reopen: bool,
    pub(super) stop: bool,
}

/// The state of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    /// It writes, and then checks the queue again.
    Busy,
    /// It lets lines gather.
    Resting,
    /// It waits for a line.
    Idle,
}

impl State {
    const fn has_work(&self) -> bool {
        !self.waiting.is_empty() || self.lost > 0 || self.stop || self.reopen
    }
}

impl Shared {
    pub(super) fn new(room: usize) -> Self {
        let state = State { waiting: Vec::new(), lost: 0, thread: Thread::Busy, reopen: false, stop: false };
        Self { state: Mutex::new(state), change: Condvar::new(), room }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn is_filling(&self, state: &State) -> bool {
        state.lost > 0 || state.waiting.len() >= self.room / 2
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.thread = Thread::Busy;
        drop(state);
        self.change.notify_one();
    }

    /// Waits for lines and moves them all into `batch`; waits at most for `patience`, if it is given.
    pub(super) fn take(&self, batch: &mut Vec<u8>, patience: Option<Duration>) -> Taken {
        let mut state = self.state();
        while !state.has_work() {
            state.thread = Thread::Idle;
            let Some(patience) = patience else {
                state = self.change.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (woken, end) = self.change.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if end.timed_out() {
                break;
            }
        }
        state.thread = Thread::Busy;
        std::mem::swap(&mut state.waiting, batch);
        Taken { lost: std::mem::take(&mut state.lost), reopen: std::mem::take(&mut state.reopen), stop: state.stop }
    }

    /// Waits shortly before a write is tried again; returns whether to try.
    pub(super) fn pause(&self) -> bool {
        let goes_on = |state: &mut State| !state.stop && !state.reopen;
        let waited = self.change.wait_timeout_while(self.state(), REST, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Lets lines gather.
    pub(super) fn rest(&self) {
        let mut state = self.state();
        if state.stop || state.reopen || self.is_filling(&state) {
            return;
        }
        state.thread = Thread::Resting;
        let goes_on = |state: &mut State| state.thread == Thread::Resting;
        drop(self.change.wait_timeout_while(state, REST, goes_on));
    }
}

/// The work for the thread.
pub(super) struct Taken {
    pub(super) lost: u64,
    pub(super) reopen: bool,
    pub(super) stop: bool,
}
