//! The audit trail in a file (`MCP_AUDIT_LOG`): one JSON object a line, with `time` in UTC, `event` and
//! the event's own fields.
//!
//! A call never waits for the disk: the lines go through [`Lines`]. The number of lost lines is written to the
//! log and to the file (`audit.lost`).

use crate::lines::{Lines, Sink, Writer};
use crate::visible::Escaping;
use serde::Serialize;
use serde_json::Serializer;
use std::fmt::{self, Debug};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;

/// The most bytes of waiting lines; a line is seldom longer than 500 bytes.
pub(crate) const ROOM: usize = 1024 * 1024;
/// How long the exit waits for the last lines.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// The thread that writes the audit trail.
#[derive(Debug)]
pub(crate) struct AuditLog(Writer);

/// A handle to open the file again, after a log rotation has moved it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reopen(Option<Lines>);

impl Reopen {
    /// Directs further lines to the new file. Returns at once.
    pub(crate) fn now(&self) {
        if let Some(lines) = &self.0 {
            lines.reopen();
        }
    }
}

impl AuditLog {
    /// Appends to the file at `path`. If it is created here, only its owner can read it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn at(path: &Path) -> io::Result<(AuditLayer, Self)> {
        let path = path.to_owned();
        Self::over(move || open(&path), ROOM)
    }

    /// Appends to a sink that `open` opens, and opens again on request; at most `room` bytes of lines wait.
    ///
    /// # Errors
    /// The sink cannot be opened, or no thread can be started.
    pub(crate) fn over<W, F>(mut open: F, room: usize) -> io::Result<(AuditLayer, Self)>
    where
        W: Write + Send + 'static,
        F: FnMut() -> io::Result<W> + Send + 'static,
    {
        let file = open()?;
        let writer = Writer::start("audit-log", Trail { open, file }, room, LAST_WAIT)?;
        Ok((AuditLayer(writer.lines()), Self(writer)))
    }

    pub(crate) fn reopen(&self) -> Reopen {
        Reopen(Some(self.0.lines()))
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        if !self.0.finish() {
            tracing::warn!("the audit log (MCP_AUDIT_LOG) takes too long: its last lines may be lost");
        }
    }
}

/// Opens the file to append. If it is created here, only its owner can read it.
///
/// # Errors
/// The file cannot be opened, or is a pipe without a reader.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Without it, opening a pipe and writing to it would block until there is a reader.
        options.mode(0o600).custom_flags(libc::O_NONBLOCK);
    }
    options.open(path).map_err(|error| match error.raw_os_error() {
        #[cfg(unix)]
        Some(libc::ENXIO) => io::Error::new(error.kind(), "it is a pipe that nobody reads"),
        _ => error,
    })
}

/// The file, and how to open it again.
struct Trail<W, F> {
    open: F,
    file: W,
}

impl<W: Write, F> Write for Trail<W, F> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.file.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<W, F> Sink for Trail<W, F>
where
    W: Write + Send + 'static,
    F: FnMut() -> io::Result<W> + Send + 'static,
{
    fn loss(&self, count: u64, line: &mut Vec<u8>) {
        let mut lost = Line::begin();
        lost.member("event", "audit.lost");
        lost.member("count", count);
        line.extend_from_slice(&lost.end());
    }

    fn told(&mut self, count: u64) {
        tracing::warn!(count, "lines of the audit log (MCP_AUDIT_LOG) were lost: the disk is too slow, or failed");
    }

    fn failed(&mut self, error: &io::Error) {
        tracing::error!("cannot write to the audit log (MCP_AUDIT_LOG): {error}");
    }

    fn reopen(&mut self) -> bool {
        match (self.open)() {
            Ok(file) => {
                self.file = file;
                tracing::info!("the audit log was opened anew");
                true
            }
            Err(error) => {
                tracing::error!("cannot open the audit log (MCP_AUDIT_LOG) anew, the old file stays: {error}");
                false
            }
        }
    }
}

/// A layer that sends events of the audit trail to the thread.
#[derive(Debug)]
pub(crate) struct AuditLayer(Lines);

impl<S: Subscriber> tracing_subscriber::Layer<S> for AuditLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != onec_mcp::audit::TARGET {
            return;
        }
        let mut line = Line::begin();
        event.record(&mut line);
        self.0.push(&line.end());
    }
}

/// A JSON object that is being written. Writing to memory cannot fail.
struct Line(Vec<u8>);

impl Line {
    fn begin() -> Self {
        let mut line = Self(Vec::with_capacity(512));
        line.0.extend_from_slice(b"{\"time\":\"");
        let _ = SystemTime.format_time(&mut format::Writer::new(&mut line));
        line.0.push(b'"');
        line
    }

    fn member(&mut self, key: &str, value: impl Serialize) {
        self.0.push(b',');
        self.json(key);
        self.0.push(b':');
        self.json(value);
    }

    fn json(&mut self, value: impl Serialize) {
        let _ = value.serialize(&mut Serializer::with_formatter(&mut self.0, Escaping));
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"}\n");
        self.0
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
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

    /// Records addresses and sets of scopes.
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field.name(), format_args!("{value:?}"));
    }
}
