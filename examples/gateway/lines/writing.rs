//! Writes lines, and reports lost ones.

use super::shared::{Shared, Taken};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

/// The pause between attempts to report a loss while there are no new lines.
const RETRY: Duration = Duration::from_secs(3);
/// A larger buffer is freed after it is written.
const KEPT: usize = 64 * 1024;

/// The destination of lines. [`write`](Write::write) may block for any time.
pub(crate) trait Sink: Write + Send + 'static {
    /// Appends the line that says how many lines were lost.
    fn loss(&self, count: u64, line: &mut Vec<u8>);

    /// Called when that line is written.
    fn told(&mut self, count: u64) {
        let _ = count;
    }

    /// Called for the first failed write after one that worked.
    fn failed(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// Reopens the destination after [`Lines::reopen`](super::Lines::reopen); returns whether it did.
    fn reopen(&mut self) -> bool {
        false
    }
}

/// The work of the thread.
pub(super) struct Writing<S> {
    shared: Arc<Shared>,
    sink: S,
    /// The number of lost lines that are not reported yet.
    unsaid: u64,
    /// Whether the last write failed.
    failing: bool,
    /// Whether the last line was written in part.
    torn: bool,
}

impl<S: Sink> Writing<S> {
    pub(super) const fn new(shared: Arc<Shared>, sink: S) -> Self {
        Self { shared, sink, unsaid: 0, failing: false, torn: false }
    }

    /// Writes lines until it is told to stop.
    pub(super) fn run(&mut self) {
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

    /// Reports losses where lines are missing: those of failed writes before the new lines, those of a full
    /// queue after.
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

    /// Reports losses; returns whether all are reported.
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

    /// Writes all lines, or returns those that could not be written. An error is reported once, not for each line.
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
                // A full pipe that another process has made non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.shared.pause() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns the number of lines.
pub(super) fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
