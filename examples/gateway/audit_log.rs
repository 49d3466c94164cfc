//! The audit trail in a file (`MCP_AUDIT_LOG`): one JSON object a line, with `time` in UTC, `event` and
//! the event's own fields.
//!
//! A call never waits for the disk. Lines go through a bounded queue to one thread that writes them; what
//! finds the queue full, or cannot be written, is lost, and how much was lost is said in the log and in
//! the file (`audit.lost`). The thread ends, its queue written, when the [`AuditLog`] is dropped.
//!
//! There are crates with such a queue, but tracing-appender complains on standard output when it cannot
//! end in time, and in mode `stdio` that belongs to MCP.

use serde_json::Value;
use std::fmt::{Debug, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;

/// Lines that wait at most; one is seldom longer than 500 bytes.
pub(crate) const QUEUE: usize = 8192;
/// How often losses are told.
const REPORT: Duration = Duration::from_secs(3);
/// How long the end waits for the last lines.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// The thread that writes the trail.
#[derive(Debug)]
pub(crate) struct AuditLog {
    shared: Arc<Shared>,
    /// Says nothing, but closes when the thread ends.
    ended: Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    queue: SyncSender<Option<String>>,
    lost: AtomicU64,
    reopen: AtomicBool,
    stop: AtomicBool,
}

/// Tells the thread to open the file anew, after a log rotation has moved it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reopen(Option<Arc<Shared>>);

impl Reopen {
    /// Lines from now on go to the new file. Returns at once.
    pub(crate) fn now(&self) {
        if let Some(shared) = &self.0 {
            shared.reopen.store(true, Ordering::SeqCst);
            shared.wake();
        }
    }
}

impl Shared {
    /// If the queue is full, the thread is awake anyway.
    fn wake(&self) {
        let _ = self.queue.try_send(None);
    }
}

impl AuditLog {
    /// Appends to the file at `path`, which others than its owner cannot read if it is created here.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn at(path: &Path) -> io::Result<(AuditLayer, Self)> {
        let path = path.to_owned();
        Self::over(move || open(&path), QUEUE, REPORT)
    }

    /// The same over anything that can be opened, and opened anew; `queue` lines wait at most, and losses
    /// are told every `report`.
    ///
    /// # Errors
    /// It cannot be opened, or no thread be started.
    pub(crate) fn over<W, F>(mut open: F, queue: usize, report: Duration) -> io::Result<(AuditLayer, Self)>
    where
        W: Write + Send + 'static,
        F: FnMut() -> io::Result<W> + Send + 'static,
    {
        let file = open()?;
        let (sender, lines) = sync_channel(queue);
        let (flags, lost) = ((AtomicBool::new(false), AtomicBool::new(false)), AtomicU64::new(0));
        let shared = Arc::new(Shared { queue: sender, lost, reopen: flags.0, stop: flags.1 });
        let (ends, ended) = sync_channel(1);
        let mut thread = Thread { shared: Arc::clone(&shared), open, file, failing: false, torn: false };
        thread::Builder::new().name("audit-log".to_owned()).spawn(move || {
            thread.run(&lines, queue, report);
            drop(ends);
        })?;
        Ok((AuditLayer(Arc::clone(&shared)), Self { shared, ended }))
    }

    pub(crate) fn reopen(&self) -> Reopen {
        Reopen(Some(Arc::clone(&self.shared)))
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake();
        if self.ended.recv_timeout(LAST_WAIT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the audit log (MCP_AUDIT_LOG) takes too long: its last lines may be lost");
        }
    }
}

/// Opens the file for lines at its end. Nobody but its owner can read it if it is created here.
///
/// # Errors
/// It cannot be opened; so it is with a pipe that nobody reads.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Otherwise a pipe makes whoever opens it wait for a reader, and writes to it wait for him too.
        options.mode(0o600).custom_flags(libc::O_NONBLOCK);
    }
    options.open(path).map_err(|error| match error.raw_os_error() {
        #[cfg(unix)]
        Some(libc::ENXIO) => io::Error::new(error.kind(), "it is a pipe that nobody reads"),
        _ => error,
    })
}

struct Thread<W, F> {
    shared: Arc<Shared>,
    open: F,
    file: W,
    /// The last line failed, and the log says so already.
    failing: bool,
    /// The last line is there in part.
    torn: bool,
}

impl<W: Write, F: FnMut() -> io::Result<W>> Thread<W, F> {
    fn run(&mut self, lines: &Receiver<Option<String>>, queue: usize, pause: Duration) {
        let mut reported = Instant::now();
        while !self.shared.stop.load(Ordering::SeqCst) {
            match lines.recv_timeout(pause) {
                Ok(line) => self.take(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if reported.elapsed() >= pause {
                self.report();
                reported = Instant::now();
            }
        }
        // What was told before the end, and no more: others may go on talking.
        for line in lines.try_iter().take(queue + 1) {
            self.take(line);
        }
        self.report();
        let _ = self.file.flush();
    }

    fn take(&mut self, line: Option<String>) {
        if self.shared.reopen.swap(false, Ordering::SeqCst) {
            match (self.open)() {
                Ok(file) => {
                    self.file = file;
                    self.torn = false;
                    tracing::info!("the audit log was opened anew");
                }
                Err(error) => {
                    tracing::error!("cannot open the audit log (MCP_AUDIT_LOG) anew, the old file stays: {error}")
                }
            }
        }
        if let Some(line) = line
            && !self.write(&line)
        {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the line is in the file. A trouble is told once, not per line.
    fn write(&mut self, line: &str) -> bool {
        match self.try_write(line) {
            Ok(()) => {
                self.failing = false;
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("cannot write to the audit log (MCP_AUDIT_LOG): {error}");
                }
                false
            }
        }
    }

    fn try_write(&mut self, line: &str) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    self.torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn report(&mut self) {
        let count = self.shared.lost.swap(0, Ordering::Relaxed);
        if count == 0 {
            return;
        }
        let mut line = Line::begin();
        line.member("event", "audit.lost");
        line.member("count", count);
        if self.write(&line.end()) {
            tracing::warn!(count, "lines of the audit log (MCP_AUDIT_LOG) were lost: the disk is too slow, or failed");
        } else {
            // It is told when the file can be written again.
            self.shared.lost.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// Sends events of the audit trail to the thread.
#[derive(Debug)]
pub(crate) struct AuditLayer(Arc<Shared>);

impl<S: Subscriber> tracing_subscriber::Layer<S> for AuditLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != onec_mcp::audit::TARGET {
            return;
        }
        let mut line = Line::begin();
        event.record(&mut line);
        if let Err(TrySendError::Full(_)) = self.0.queue.try_send(Some(line.end())) {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A JSON object in the making.
struct Line(String);

impl Line {
    fn begin() -> Self {
        let mut time = String::new();
        // Writing to a string cannot fail.
        let _ = SystemTime.format_time(&mut Writer::new(&mut time));
        Self(format!("{{\"time\":\"{time}\""))
    }

    fn member(&mut self, key: &str, value: impl Into<Value>) {
        let _ = write!(self.0, ",{}:{}", Value::from(key), value.into());
    }

    fn end(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), value);
    }

    /// Addresses and sets of scopes.
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field.name(), format!("{value:?}"));
    }
}
