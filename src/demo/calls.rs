//! Counts of tool calls, by how they ended.

use tokio::sync::watch;

/// The number of tool calls of a [`DemoInfobase`](super::DemoInfobase) since it started.
///
/// Calls in the REST dialect are included. Running calls are `started() - finished() - cancelled()`. Calls of
/// unknown tools do not count, since nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    started: u64,
    finished: u64,
    cancelled: u64,
}

impl Calls {
    /// Returns the number of calls that began to run.
    pub const fn started(&self) -> u64 {
        self.started
    }

    /// Returns the number of calls that ran to their end, with a result or an exception.
    pub const fn finished(&self) -> u64 {
        self.finished
    }

    /// Returns the number of calls that were cut short: the HTTP client disconnected, or the infobase was stopped.
    pub const fn cancelled(&self) -> u64 {
        self.cancelled
    }
}

/// Counts the [`Calls`] of an infobase.
#[derive(Debug, Default)]
pub(super) struct Counter(watch::Sender<Calls>);

impl Counter {
    /// Counts a call as started; the guard counts how it ends.
    pub(super) fn start(&self) -> Running<'_> {
        self.0.send_modify(|calls| calls.started += 1);
        Running { counter: self, finished: false }
    }

    pub(super) fn now(&self) -> Calls {
        *self.0.borrow()
    }

    pub(super) async fn until(&self, mut reached: impl FnMut(&Calls) -> bool) -> Calls {
        let mut changes = self.0.subscribe();
        // Fails only if the sender is gone, and it is borrowed here.
        changes.wait_for(|calls| reached(calls)).await.map_or_else(|_| self.now(), |calls| *calls)
    }
}

/// A running call. If it is dropped before [`finish`](Self::finish), it counts as cancelled.
pub(super) struct Running<'a> {
    counter: &'a Counter,
    finished: bool,
}

impl Running<'_> {
    pub(super) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.counter.0.send_modify(|calls| match self.finished {
            true => calls.finished += 1,
            false => calls.cancelled += 1,
        });
    }
}
