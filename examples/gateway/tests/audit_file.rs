//! The audit trail in a file: one JSON object a line, without invisible characters.

use super::disk::{disk, until};
use crate::audit_log::{AuditLayer, AuditLog};
use crate::standard_error::StandardError;
use crate::support::lines::listen;
use crate::visible;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt;

/// A folder that is removed with the test.
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

/// Runs `tell` and sends its events to `layer`.
pub(super) fn telling<T>(layer: AuditLayer, tell: impl FnOnce() -> T) -> T {
    let _guard = listen(tracing_subscriber::registry().with(layer));
    tell()
}

pub(super) fn event(number: u64) {
    tracing::info!(target: "onec_mcp::audit", event = "test", number);
}

pub(super) fn objects(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn read(path: &Path) -> Vec<Value> {
    objects(&std::fs::read_to_string(path).unwrap())
}

/// A pipe blocks no one: neither when it is opened, nor when the log ends while the pipe is full.
#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads() {
    let folder = Folder::new();
    let path = folder.file("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = AuditLog::at(&path).unwrap_err();
    assert!(error.to_string().contains("a pipe that nobody reads"), "{error}");

    // A process that opens a pipe for both counts as its reader, and here never reads.
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

/// Characters that end a line for some reader, control a terminal, or change the direction of writing, each
/// between two letters.
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

/// In the log on standard error, in whatever part of an event, and in the messages of a start that fails.
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
        // Only the log's own escapes for colours are there.
        assert!(!log.contains("\u{1b}[2K"), "{log:?}");
        assert_eq!(unseen(said), ['\n', '\n'], "{said:?}");
        assert!(text.contains("\\u{202e}") && text.contains("m «№» "), "{text}");
    }
}

/// At the end all lines are in the file after the old ones, and only its owner may read it.
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
        // Also without a line to write.
        reopen.now();
        until(|| path.exists());
        event(3);
        // If the new file cannot be opened, the old one stays in use.
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
