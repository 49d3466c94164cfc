//! Standard error without blocking: its reader may have stopped the terminal, or hold a pipe and not read. All
//! messages of this program go through here.

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

/// The most bytes of waiting lines.
const ROOM: usize = 512 * 1024;
/// How long the exit waits for the last lines.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// The writer of standard error. Dropping it writes the waiting lines, for a short time.
#[derive(Debug)]
pub(crate) struct StandardError(Writer);

impl StandardError {
    /// Starts the writer, also for messages of panics.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start() -> io::Result<Self> {
        Self::over(stderr())
    }

    /// Starts the writer over any output.
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

    /// Writes lines of this program, which may hold text from outside.
    pub(crate) fn say(&self, text: &str) {
        self.0.lines().push(format!("{}\n", lines_of(text)).as_bytes());
    }
}

fn lines_of(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// Returns the message of a panic, as the standard library writes it.
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
