//! Lines that nobody waits for: those of the log on standard error, and of the audit trail in its file.
//!
//! Whoever has a line puts it into a queue in memory and goes on; a thread writes what has gathered there, many
//! lines at once. What finds the queue full, or cannot be written, is lost, and how many lines were lost is told in
//! their place as soon as lines can be written again. The thread ends, its queue written, with its [`Writer`].
//!
//! There are crates with such a queue, but tracing-appender's is bounded in lines and not in bytes, tells nobody of
//! a loss, and complains on standard output when it cannot end in time: in mode `stdio` that belongs to MCP.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines gather for so long after a write, so that a busy server writes a hundred times a second at most. A line
/// after a pause is written at once.
const REST: Duration = Duration::from_millis(10);
/// How often it is tried to tell of a loss while there are no new lines.
const RETRY: Duration = Duration::from_secs(3);
/// A buffer that grew beyond this is given back when it is written.
const KEPT: usize = 64 * 1024;

/// Where lines end up. Its [`write`](Write::write) may take as long as it wants.
pub(crate) trait Sink: Write + Send + 'static {
    /// Appends the line that says how many lines were lost.
    fn loss(&self, count: u64, line: &mut Vec<u8>);

    /// That line is written.
    fn told(&mut self, count: u64) {
        let _ = count;
    }

    /// A write failed, the first one since one that did not.
    fn failed(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// Begins anew where [`Lines::reopen`] asked for it; whether it did.
    fn reopen(&mut self) -> bool {
        false
    }
}

/// Takes lines, and makes nobody wait.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    change: Condvar,
    /// Bytes that wait at most.
    room: usize,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    /// Lines that came after those waiting and found no room.
    lost: u64,
    thread: Thread,
    reopen: bool,
    stop: bool,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thread {
    /// It writes, and then looks again.
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
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn is_filling(&self, state: &State) -> bool {
        state.lost > 0 || state.waiting.len() >= self.room / 2
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.thread = Thread::Busy;
        drop(state);
        self.change.notify_one();
    }

    /// Waits for lines and takes them all into `batch`; for `patience` at most, if there is one.
    fn take(&self, batch: &mut Vec<u8>, patience: Option<Duration>) -> Taken {
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

    /// A short pause before a write is tried again; whether it should be.
    fn pause(&self) -> bool {
        let goes_on = |state: &mut State| !state.stop && !state.reopen;
        let waited = self.change.wait_timeout_while(self.state(), REST, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Lets lines gather.
    fn rest(&self) {
        let mut state = self.state();
        if state.stop || state.reopen || self.is_filling(&state) {
            return;
        }
        state.thread = Thread::Resting;
        let goes_on = |state: &mut State| state.thread == Thread::Resting;
        drop(self.change.wait_timeout_while(state, REST, goes_on));
    }
}

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
        let state = State { waiting: Vec::new(), lost: 0, thread: Thread::Busy, reopen: false, stop: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), change: Condvar::new(), room });
        let (ends, ended) = sync_channel(1);
        let mut writing = Writing { shared: Arc::clone(&shared), sink, unsaid: 0, failing: false, torn: false };
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

/// What there was to do.
struct Taken {
    lost: u64,
    reopen: bool,
    stop: bool,
}

struct Writing<S> {
    shared: Arc<Shared>,
    sink: S,
    /// Lines lost of which nobody was told yet.
    unsaid: u64,
    /// The last write failed.
    failing: bool,
    /// The last line is there in part.
    torn: bool,
}

impl<S: Sink> Writing<S> {
    fn run(&mut self) {
        let mut batch = Vec::new();
        loop {
            let Taken { lost, reopen, stop } = self.shared.take(&mut batch, (self.unsaid > 0).then_some(RETRY));
            if reopen && self.sink.reopen() {
                self.torn = false;
            }
            self.write(&batch, lost);
            if stop {
                break;
            }
            batch.clear();
            batch.shrink_to(KEPT);
            self.shared.rest();
        }
        let _ = self.sink.flush();
    }

    /// Losses are told where the lines are missing: those of failures before what is new, those of a full queue after.
    fn write(&mut self, batch: &[u8], lost: u64) {
        if self.tell() {
            self.put(batch);
        } else {
            self.unsaid += count(batch);
        }
        self.unsaid += lost;
        if !self.failing {
            self.tell();
        }
    }

    /// Whether all losses are told.
    fn tell(&mut self) -> bool {
        let count = self.unsaid;
        if count > 0 {
            let mut line = Vec::new();
            self.sink.loss(count, &mut line);
            if self.try_put(&line).is_err() {
                return false;
            }
            self.sink.told(count);
            self.unsaid = 0;
        }
        true
    }

    fn put(&mut self, lines: &[u8]) {
        if let Err(rest) = self.try_put(lines) {
            self.unsaid += count(rest);
        }
    }

    /// Writes all, or gives what could not be written. A trouble is told once, not per line.
    fn try_put<'a>(&mut self, lines: &'a [u8]) -> Result<(), &'a [u8]> {
        let mut rest = lines;
        let end = self.write_all(&mut rest);
        let failed = std::mem::replace(&mut self.failing, end.is_err());
        let Err(error) = end else { return Ok(()) };
        if !failed {
            self.sink.failed(&error);
        }
        Err(rest)
    }

    fn write_all(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        if self.torn && !rest.is_empty() {
            self.sink.write_all(b"\n")?;
            self.torn = false;
        }
        while !rest.is_empty() {
            match self.sink.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    let (written, left) = rest.split_at_checked(length).unwrap_or((*rest, &[]));
                    self.torn = written.last() != Some(&b'\n');
                    *rest = left;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A pipe that is full, where somebody made it one that lets nobody wait.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.shared.pause() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
