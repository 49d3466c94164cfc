//! The audit trail in a file: one JSON object a line, none of which a call waits for.

use crate::audit_log::{AuditLayer, AuditLog};
use crate::lines::{Lines, Sink, Writer};
use crate::standard_error::StandardError;
use crate::support::lines::listen;
use crate::visible;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("audit-log-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `tell` with its events going to `layer`.
fn telling<T>(layer: AuditLayer, tell: impl FnOnce() -> T) -> T {
    let _guard = listen(tracing_subscriber::registry().with(layer));
    tell()
}

fn event(number: u64) {
    tracing::info!(target: "onec_mcp::audit", event = "test", number);
}

fn objects(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn read(path: &Path) -> Vec<Value> {
    objects(&std::fs::read_to_string(path).unwrap())
}

/// Waits for the writing thread.
#[track_caller]
fn until(mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A pipe makes nobody wait: neither who opens it, nor who ends the log while it is full.
#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads() {
    let folder = Folder::new();
    let path = folder.file("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = AuditLog::at(&path).unwrap_err();
    assert!(error.to_string().contains("a pipe that nobody reads"), "{error}");

    // Whoever reads and writes a pipe is its reader too, and here never reads.
    let _reader = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    let (layer, log) = AuditLog::at(&path).unwrap();
    telling(layer, || (0..4000).for_each(event));
    let start = Instant::now();
    drop(log);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn one_object_a_line() {
    let folder = Folder::new();
    let path = folder.file("audit.jsonl");
    let (layer, log) = AuditLog::at(&path).unwrap();
    telling(layer, || {
        let nothing: Option<&str> = None;
        let remote = Some("2001:db8::9".parse::<std::net::IpAddr>().unwrap());
        tracing::info!(
            target: "onec_mcp::audit",
            event = "mcp.tool.call",
            sub = "onec:\"Иванов\"\r\n\u{1b}",
            client_id = nothing,
            remote = remote.map(tracing::field::display),
            ok = false,
            duration_ms = 7_u64,
        );
        tracing::info!(event = "another target");
        tracing::info!(target: "onec_mcp::audit::below", event = "another target");
    });
    drop(log);
    let mut all = read(&path);
    assert_eq!(all.len(), 1, "{all:?}");
    let time = all[0].as_object_mut().unwrap().remove("time").unwrap();
    let time = time.as_str().unwrap();
    assert!(time.len() >= 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    let expected = json!({
        "event": "mcp.tool.call", "sub": "onec:\"Иванов\"\r\n\u{1b}", "remote": "2001:db8::9", "ok": false, "duration_ms": 7,
    });
    assert_eq!(all[0], expected);
}

/// What ends a line for some reader, steers a terminal, or turns the direction of writing; each between two letters.
const UNSEEN: &str =
    "a\rb\nc\u{1b}[2Kd\u{7f}e\u{85}f\u{9b}g\u{2028}h\u{2029}i\u{202e}j\u{2066}k\u{200e}l\u{61c}m «№» \u{202a}";

fn unseen(text: &str) -> Vec<char> {
    let direction = "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
    text.chars().filter(|c| c.is_control() || direction.contains(*c)).collect()
}

#[test]
fn nothing_unseen_gets_into_the_trail() {
    let folder = Folder::new();
    let path = folder.file("audit.jsonl");
    let (layer, log) = AuditLog::at(&path).unwrap();
    telling(layer, || {
        tracing::info!(target: "onec_mcp::audit", event = "test", sub = UNSEEN, shown = %UNSEEN, debug = ?UNSEEN);
    });
    drop(log);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(unseen(&text), ['\n'], "{text:?}");
    assert!(text.contains("\\u202e") && text.contains("\\u2028") && text.contains("\\u007f"), "{text}");
    let all = objects(&text);
    assert_eq!((&all[0]["sub"], &all[0]["shown"]), (&json!(UNSEEN), &json!(UNSEEN)), "and a reader gets what it was");
}

/// The log on standard error, whatever way an event tells of it, and the messages of a start that fails.
#[test]
fn nothing_unseen_gets_to_the_terminal() {
    for ansi in [false, true] {
        let (words, _, written, disk) = disk();
        drop(words);
        let standard_error = StandardError::over(disk).unwrap();
        let layer = tracing_subscriber::fmt::layer().with_writer(standard_error.lines()).with_ansi(ansi);
        let layer = layer.fmt_fields(visible::EscapedFields::default());
        let guard = listen(tracing_subscriber::registry().with(layer));
        tracing::warn!("begin {UNSEEN} end");
        tracing::warn!(text = UNSEEN, shown = %UNSEEN, debug = ?UNSEEN, "begin end");
        let error = io::Error::other(UNSEEN);
        tracing::warn!(error = &error as &dyn std::error::Error, "begin end");
        drop(guard);
        standard_error.say(&format!("one\ntwo {}", UNSEEN.replace('\n', "")));
        drop(standard_error);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        let (log, said) = text.split_at(text.find("one\n").unwrap());
        let shows = unseen(log).into_iter().filter(|c| *c != '\n' && !(ansi && *c == '\u{1b}')).collect::<Vec<_>>();
        assert!(shows.is_empty(), "{shows:?} in {text:?}");
        // Colours are of the log alone.
        assert!(!log.contains("\u{1b}[2K"), "{log:?}");
        assert_eq!(unseen(said), ['\n', '\n'], "{said:?}");
        assert!(text.contains("\\u{202e}") && text.contains("m «№» "), "{text}");
    }
}

/// At its end everything is in the file; what others wrote stays, and nobody else may read it.
#[test]
fn lines_are_appended_to_a_private_file() {
    let folder = Folder::new();
    let path = folder.file("audit.jsonl");
    for run in 0..2 {
        let (layer, log) = AuditLog::at(&path).unwrap();
        telling(layer, || (0..500).for_each(|number| event(run * 500 + number)));
        drop(log);
    }
    let numbers: Vec<u64> = read(&path).iter().map(|line| line["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let folder = Folder::new();
    assert!(AuditLog::at(&folder.file("missing/audit.jsonl")).is_err());
    assert!(AuditLog::at(&folder.0).is_err(), "a folder");
}

#[test]
fn after_a_rotation_lines_go_to_the_new_file() {
    let folder = Folder::new();
    let (path, old) = (folder.file("audit.jsonl"), folder.file("audit.jsonl.1"));
    let (layer, log) = AuditLog::at(&path).unwrap();
    let reopen = log.reopen();
    telling(layer, || {
        event(1);
        until(|| read(&path).len() == 1);
        std::fs::rename(&path, &old).unwrap();
        event(2);
        until(|| read(&old).len() == 2);
        // Without a line to write, too.
        reopen.now();
        until(|| path.exists());
        event(3);
        // A new file that cannot be opened leaves the old one in use.
        until(|| read(&path).len() == 1);
        std::fs::rename(&path, folder.file("audit.jsonl.2")).unwrap();
        std::fs::create_dir(&path).unwrap();
        reopen.now();
        event(4);
    });
    drop(log);
    reopen.now();
    assert_eq!(read(&folder.file("audit.jsonl.2"))[1]["number"], 4);
    assert_eq!(read(&old).len(), 2);
}

/// A disk that does what the test says.
struct Disk {
    /// A write waits for a word, and does what it says: that many bytes, or none and an error.
    words: Receiver<Option<usize>>,
    begun: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        // When the test lets go of it, it is a good disk.
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

struct Lab {
    layer: AuditLayer,
    log: AuditLog,
    words: Sender<Option<usize>>,
    begun: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u8>>>,
}

/// Lines of `room` bytes wait at most; one of a small number has at most 70.
fn lab(room: usize) -> Lab {
    let (words, begun, written, disk) = disk();
    let mut disk = Some(disk);
    let open = move || disk.take().ok_or_else(|| io::Error::other("gone"));
    let (layer, log) = AuditLog::over(open, room).unwrap();
    Lab { layer, log, words, begun, written }
}

type Parts = (Sender<Option<usize>>, Arc<AtomicUsize>, Arc<Mutex<Vec<u8>>>, Disk);

fn disk() -> Parts {
    let (words, receiver) = channel();
    let (begun, written) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<u8>>>::default());
    let disk = Disk { words: receiver, begun: Arc::clone(&begun), written: Arc::clone(&written) };
    (words, begun, written, disk)
}

fn numbers(written: &Mutex<Vec<u8>>) -> Vec<u64> {
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    objects(&text).iter().filter_map(|line| line["number"].as_u64()).collect()
}

fn lost(written: &Mutex<Vec<u8>>) -> Vec<u64> {
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    objects(&text)
        .iter()
        .filter(|line| line["event"] == "audit.lost")
        .map(|line| line["count"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_slow_disk_holds_nobody_up_and_what_is_lost_is_counted() {
    let Lab { layer, log, words, begun, written } = lab(700);
    telling(layer, || {
        event(0);
        until(|| begun.load(Ordering::SeqCst) == 1);
        let start = Instant::now();
        (1..=1000).for_each(event);
        assert!(start.elapsed() < Duration::from_secs(5), "a call waited for the disk");
    });
    drop(words);
    drop(log);
    let last = *numbers(&written).last().unwrap();
    assert!((8..=12).contains(&last), "{last}");
    assert_eq!(numbers(&written), (0..=last).collect::<Vec<_>>());
    assert_eq!(lost(&written), [1000 - last]);
}

/// While it runs, not at the end only, and in the place of what is missing.
#[test]
fn losses_are_told_where_they_are() {
    let Lab { layer, log, words, begun, written } = lab(100);
    telling(layer, || {
        event(0);
        until(|| begun.load(Ordering::SeqCst) == 1);
        (1..=5).for_each(event);
        drop(words);
        until(|| lost(&written) == [4]);
        event(6);
    });
    drop(log);
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let all: Vec<_> =
        objects(&text).iter().map(|line| line["number"].as_u64().or(line["count"].as_u64()).unwrap()).collect();
    assert_eq!(all, [0, 1, 4, 6]);
}

/// All that goes to the log of a thread.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The only test that looks at the log of all threads, so it alone may set it.
#[test]
fn a_failing_disk_is_told_once_and_the_service_goes_on() {
    let said = Said::default();
    let writer = said.clone();
    let all = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(all).unwrap();
    let Lab { layer, log, words, begun, written } = lab(10_000);
    let said = || String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
    telling(layer, || {
        for number in 0..3 {
            words.send(None).unwrap();
            event(number);
            until(|| begun.load(Ordering::SeqCst) == usize::try_from(number).unwrap() + 1);
        }
        // A line of which a part is there does not spoil the next one.
        words.send(Some(5)).unwrap();
        words.send(None).unwrap();
        event(3);
        until(|| begun.load(Ordering::SeqCst) == 5);
        event(4);
    });
    drop(words);
    drop(log);
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let (torn, rest) = text.split_once('\n').unwrap();
    assert_eq!(torn, "{\"tim");
    let rest = objects(rest);
    assert_eq!(
        (&rest[0]["event"], &rest[0]["count"], &rest[1]["number"]),
        (&json!("audit.lost"), &json!(4), &json!(4))
    );
    assert_eq!(rest.len(), 2);
    let said = said();
    // Other tests of this file have disks that fail otherwise, and are heard here too.
    assert_eq!(said.matches("cannot write to the audit log (MCP_AUDIT_LOG): no space").count(), 1, "{said}");
    assert!(said.contains("no space") && said.contains("MCP_AUDIT_LOG"), "{said}");
    assert!(said.contains("were lost") && said.contains("count=4"), "{said}");
}

/// A disk that hangs does not keep the program from its end.
#[test]
fn the_end_does_not_wait_for_ever() {
    let Lab { layer, log, words, begun, .. } = lab(700);
    telling(layer, || event(0));
    until(|| begun.load(Ordering::SeqCst) == 1);
    let start = Instant::now();
    drop(log);
    assert!(start.elapsed() < Duration::from_secs(10));
    drop(words);
}

/// The log: what is lost is told in a line of text.
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

/// A writer with lines of `room` bytes, and its disk.
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

/// In bytes, whatever the lines are. Once something is lost, nothing later comes before the word of it.
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

/// There is nothing that could wake the thread later.
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

/// The hook for panics belongs to the process.
static HOOK: Mutex<()> = Mutex::new(());

/// What waits for its reader at a normal end has a tenth of a second to be written, and no more.
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

    // A reader that comes in time gets all of it.
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

/// The standard library's own hook would wait for standard error.
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
