//! Lines of the log on standard error: none waits for the reader, and losses are reported.

use super::disk::{Disk, disk, until};
use crate::lines::{Lines, Sink, Writer};
use crate::standard_error::StandardError;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The log, where losses are reported in a line of text.
struct Text(Disk);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Text {
    fn loss(&self, count: u64, line: &mut Vec<u8>) {
        line.extend_from_slice(format!("{count} lost\n").as_bytes());
    }
}

/// Returns a writer with `room` bytes for lines, and its disk.
fn writer(room: usize, patience: Duration) -> (Writer, Lines, Watched) {
    let (words, begun, written, disk) = disk();
    let writer = Writer::start("lines", Text(disk), room, patience).unwrap();
    let lines = writer.lines();
    (writer, lines, Watched { words, begun, written })
}

struct Watched {
    words: Sender<Option<usize>>,
    begun: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Watched {
    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
    }

    #[track_caller]
    fn until_begun(&self, writes: usize) {
        until(|| self.begun.load(Ordering::SeqCst) == writes);
    }
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn what_gathers_is_one_write() {
    let (mut writer, lines, disk) = writer(10_000, SOON);
    lines.push(b"0\n");
    disk.until_begun(1);
    (1..100).for_each(|number| lines.push(format!("{number}\n").as_bytes()));
    disk.words.send(Some(usize::MAX)).unwrap();
    disk.words.send(Some(usize::MAX)).unwrap();
    assert!(writer.finish());
    assert_eq!(disk.text(), (0..100).map(|number| format!("{number}\n")).collect::<String>());
    assert_eq!(disk.begun.load(Ordering::SeqCst), 2);
}

/// The limit counts bytes, not lines. After a loss no later line comes before the report of it.
#[test]
fn the_queue_is_bounded_and_a_loss_has_one_place() {
    let (mut writer, lines, disk) = writer(1000, SOON);
    lines.push(b"first\n");
    disk.until_begun(1);
    let long = format!("{}\n", "x".repeat(399));
    for line in [&*long, &long, &long, "two\nlines\n", "short\n"] {
        lines.push(line.as_bytes());
    }
    let Watched { words, begun, written } = disk;
    drop(words);
    until(|| written.lock().unwrap().ends_with(b"lost\n"));
    lines.push(b"last\n");
    assert!(writer.finish());
    let disk = Watched { words: channel().0, begun, written };
    assert_eq!(disk.text(), format!("first\n{long}{long}4 lost\nlast\n"));
}

/// Nothing else could wake the thread later.
#[test]
fn a_line_longer_than_the_queue_is_told_of_at_once() {
    let (_writer, lines, Watched { words, written, .. }) = writer(10, SOON);
    drop(words);
    lines.push(b"much too long\n");
    until(|| *written.lock().unwrap() == b"1 lost\n");
}

#[test]
fn the_end_waits_once_and_takes_nothing_later() {
    let (mut writer, lines, disk) = writer(1000, Duration::from_millis(1));
    lines.push(b"first\n");
    disk.until_begun(1);
    lines.push(b"second\n");
    assert!(!writer.finish());
    lines.push(b"too late\n");
    let Watched { words, written, .. } = disk;
    drop(words);
    until(|| *written.lock().unwrap() == b"first\nsecond\n");
    drop(writer);
    assert_eq!(*written.lock().unwrap(), b"first\nsecond\n");
}

#[test]
fn many_threads_lose_no_line_uncounted() {
    let (mut writer, lines, Watched { words, written, .. }) = writer(2000, SOON);
    drop(words);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let lines = &lines;
            scope.spawn(move || (0..5000).for_each(|number| lines.push(format!("{thread} {number}\n").as_bytes())));
        }
    });
    assert!(writer.finish());
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let lost: u64 = text.lines().filter_map(|line| line.strip_suffix(" lost")?.parse::<u64>().ok()).sum();
    let there: Vec<_> = text.lines().filter(|line| !line.ends_with(" lost")).collect();
    assert_eq!(there.len() as u64 + lost, 20_000);
    for thread in 0..4 {
        let of = |line: &&str| Some(line.strip_prefix(&format!("{thread} "))?.parse::<u64>().unwrap());
        assert!(there.iter().filter_map(of).is_sorted(), "{thread}");
    }
}

/// The hook for panics is global.
static HOOK: Mutex<()> = Mutex::new(());

/// At a normal end, waiting lines have a tenth of a second to be written.
#[test]
fn the_end_waits_a_little_for_the_reader_of_the_log() {
    let _hook = HOOK.lock().unwrap();
    let (words, begun, written, disk) = disk();
    let standard_error = StandardError::over(disk).unwrap();
    drop(std::panic::take_hook());
    standard_error.say("first");
    until(|| begun.load(Ordering::SeqCst) == 1);
    standard_error.say("last");
    let start = Instant::now();
    drop(standard_error);
    let waited = start.elapsed();
    assert!((Duration::from_millis(100)..Duration::from_secs(1)).contains(&waited), "{waited:?}");
    assert!(written.lock().unwrap().is_empty());

    // A reader that comes in time gets all of them.
    drop(words);
    let (words, begun, written, disk) = self::disk();
    let standard_error = StandardError::over(disk).unwrap();
    drop(std::panic::take_hook());
    standard_error.say("first");
    until(|| begun.load(Ordering::SeqCst) == 1);
    standard_error.say("last");
    drop(words);
    drop(standard_error);
    assert_eq!(*written.lock().unwrap(), b"first\nlast\n");
}

/// The standard library's own hook would block on standard error.
#[test]
fn a_panic_is_told_through_the_queue() {
    let _hook = HOOK.lock().unwrap();
    let (words, _, written, disk) = disk();
    drop(words);
    let standard_error = StandardError::over(disk).unwrap();
    let bug = std::thread::Builder::new().name("worker".to_owned()).spawn(|| panic!("a bug")).unwrap();
    assert!(bug.join().is_err());
    drop(std::panic::take_hook());
    drop(standard_error);
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let place = concat!("thread 'worker' panicked at ", file!(), ":");
    assert!(text.contains(place) && text.contains("a bug\n"), "{text}");
}
