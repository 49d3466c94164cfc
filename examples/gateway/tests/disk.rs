//! A disk that the test controls.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A disk that the test controls.
pub(super) struct Disk {
    /// Each write waits for a command: write that many bytes, or fail.
    words: Receiver<Option<usize>>,
    begun: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        // When the test drops the other end, the disk works.
        let Some(most) = self.words.recv().unwrap_or(Some(usize::MAX)) else {
            return Err(io::Error::other("no space"));
        };
        let length = most.min(bytes.len());
        self.written.lock().unwrap().extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) type Parts = (Sender<Option<usize>>, Arc<AtomicUsize>, Arc<Mutex<Vec<u8>>>, Disk);

pub(super) fn disk() -> Parts {
    let (words, receiver) = channel();
    let (begun, written) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<u8>>>::default());
    let disk = Disk { words: receiver, begun: Arc::clone(&begun), written: Arc::clone(&written) };
    (words, begun, written, disk)
}

/// Waits for the writing thread.
#[track_caller]
pub(super) fn until(mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}
