//! Standard error, for which nobody waits: whoever reads it may have stopped a terminal, or hold a pipe and not
//! read. Everything that this program says there goes through here.

use crate::lines::{Lines, Sink, Writer};
use crate::visible::escaped;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::io::{self, Write, stderr};
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// Bytes of lines that wait at most.
const ROOM: usize = 512 * 1024;
/// How long the end waits for the last lines.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Its end writes what waits, and does not wait long.
#[derive(Debug)]
pub(crate) struct StandardError(Writer);

impl StandardError {
    /// From now on panics are told this way too.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start() -> io::Result<Self> {
        Self::over(stderr())
    }

    /// The same over anything that can be written to.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn over(output: impl Write + Send + 'static) -> io::Result<Self> {
        let writer = Writer::start("standard-error", Log(output), ROOM, LAST_WAIT)?;
        let lines = writer.lines();
        panic::set_hook(Box::new(move |panic| lines.push(lines_of(&told(panic)).as_bytes())));
        Ok(Self(writer))
    }

    pub(crate) fn lines(&self) -> Lines {
        self.0.lines()
    }

    /// Lines of this program's own, in which there may be words of others.
    pub(crate) fn say(&self, text: &str) {
        self.0.lines().push(format!("{}\n", lines_of(text)).as_bytes());
    }
}

fn lines_of(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// As the standard library tells it.
fn told(panic: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => format!("stack backtrace:\n{backtrace}"),
        _ => String::new(),
    };
    format!("\nthread '{}' {panic}\n{backtrace}", thread.name().unwrap_or("<unnamed>"))
}

struct Log<W>(W);

impl<W: Write> Write for Log<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send + 'static> Sink for Log<W> {
    fn loss(&self, count: u64, line: &mut Vec<u8>) {
        let mut time = String::new();
        // Writing to memory cannot fail.
        let _ = SystemTime.format_time(&mut format::Writer::new(&mut time));
        let text =
            format!("{time}  WARN gateway: {count} log lines were lost: standard error was not read, or failed\n");
        line.extend_from_slice(text.as_bytes());
    }
}
