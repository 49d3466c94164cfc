//! How lines are written, and losses told.

use super::shared::{Shared, Taken};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

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

    /// Begins anew where [`Lines::reopen`](super::Lines::reopen) asked for it; whether it did.
    fn reopen(&mut self) -> bool {
        false
    }
}

/// What the thread does with lines.
pub(super) struct Writing<S> {
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
    pub(super) const fn new(shared: Arc<Shared>, sink: S) -> Self {
        Self { shared, sink, unsaid: 0, failing: false, torn: false }
    }

    /// Writes what there is until it shall stop.
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

/// How many lines these are.
pub(super) fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
