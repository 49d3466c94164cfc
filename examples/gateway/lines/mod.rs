//! Lines that nobody waits for: those of the log on standard error, and of the audit trail in its file.
//!
//! Whoever has a line puts it into a queue in memory and goes on; a thread writes what has gathered there, many
//! lines at once. What finds the queue full, or cannot be written, is lost, and how many lines were lost is told in
//! their place as soon as lines can be written again. The thread ends, its queue written, with its [`Writer`].
//!
//! There are crates with such a queue, but tracing-appender's is bounded in lines and not in bytes, tells nobody of
//! a loss, and complains on standard output when it cannot end in time: in mode `stdio` that belongs to MCP.

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

/// Takes lines, and makes nobody wait.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Arc<Shared>);

impl Lines {
    /// Takes what ends with a line break, if there is room.
    pub(crate) fn push(&self, line: &[u8]) {
        let Shared { change, room, .. } = &*self.0;
        let mut state = self.0.state();
        if state.stop {
            return;
        }
        // Once full, it stays so until it is emptied: then the loss has one place, after all that is there.
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

    /// Tells the thread to begin its sink anew. Returns at once.
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
    /// Says nothing, but closes when the thread ends.
    ended: Receiver<()>,
    patience: Duration,
}

impl Writer {
    /// Writes to `sink`. Lines of `room` bytes wait at most; the end waits for the last of them as long as
    /// `patience`.
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

    /// Takes no more lines, and waits until those taken are written; whether they are.
    pub(crate) fn finish(&mut self) -> bool {
        self.lines.0.change(|state| state.stop = true);
        // Whoever asks again has waited already.
        self.ended.recv_timeout(std::mem::take(&mut self.patience)) != Err(RecvTimeoutError::Timeout)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}
