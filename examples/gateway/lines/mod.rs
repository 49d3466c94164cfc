//! A queue of lines that blocks no one: for the log on standard error, and for the audit trail in its file.
//!
//! [`Lines::push`] puts a line into a queue in memory; a thread writes the waiting lines, many at once. A line
//! that finds the queue full, or cannot be written, is lost; the number of lost lines is written in their place
//! as soon as writing works again. The thread ends with its [`Writer`], after it has written the queue.
//!
//! Other crates have such a queue, but that of tracing-appender is bounded in lines and not in bytes, does not
//! report losses, and complains on standard output if it cannot end in time: in mode `stdio` that belongs to
//! MCP.

mod shared;
mod writing;

use shared::{Shared, Thread};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;
use writing::{Writing, count};

pub(crate) use writing::Sink;

/// A queue of lines that never blocks.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Arc<Shared>);

impl Lines {
    /// Queues lines that end with a line break, if there is room.
    pub(crate) fn push(&self, line: &[u8]) {
        let Shared { change, room, .. } = &*self.0;
        let mut state = self.0.state();
        if state.stop {
            return;
        }
        // Once full, it accepts nothing until it is emptied: then the loss has one place, behind all waiting lines.
        if state.lost > 0 || state.waiting.len() + line.len() > *room {
            state.lost += count(line);
        } else {
            state.waiting.extend_from_slice(line);
        }
        let wakes = match state.thread {
            Thread::Busy => false,
            Thread::Resting => self.0.is_filling(&state),
            Thread::Idle => true,
        };
        if wakes {
            state.thread = Thread::Busy;
            drop(state);
            change.notify_one();
        }
    }

    /// Tells the thread to reopen its sink. Returns at once.
    pub(crate) fn reopen(&self) {
        self.0.change(|state| state.reopen = true);
    }
}

impl Write for &Lines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    lines: Lines,
    /// Gets no messages; it closes when the thread ends.
    ended: Receiver<()>,
    patience: Duration,
}

impl Writer {
    /// Starts a thread that writes to `sink`. At most `room` bytes of lines wait; the end waits for them for at
    /// most `patience`.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(name: &str, sink: impl Sink, room: usize, patience: Duration) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(room));
        let (ends, ended) = sync_channel(1);
        let mut writing = Writing::new(Arc::clone(&shared), sink);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            writing.run();
            drop(ends);
        })?;
        Ok(Self { lines: Lines(shared), ended, patience })
    }

    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Accepts no more lines, and waits until the queue is written; returns whether it was.
    pub(crate) fn finish(&mut self) -> bool {
        self.lines.0.change(|state| state.stop = true);
        // A second call has waited already.
        self.ended.recv_timeout(std::mem::take(&mut self.patience)) != Err(RecvTimeoutError::Timeout)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}
