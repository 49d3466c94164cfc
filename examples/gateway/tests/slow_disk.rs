//! The audit trail on a disk that is slow, full or gone: no call waits for it, and lost lines are counted.

use super::audit_file::{event, objects, telling};
use super::disk::{disk, until};
use crate::audit_log::{AuditLayer, AuditLog};
use serde_json::json;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

struct Lab {
    layer: AuditLayer,
    log: AuditLog,
    words: Sender<Option<usize>>,
    begun: Arc<AtomicUsize>,
    written: Arc<Mutex<Vec<u8>>>,
}

/// Limits waiting lines to `room` bytes; a line with a small number has at most 70.
fn lab(room: usize) -> Lab {
    let (words, begun, written, disk) = disk();
    let mut disk = Some(disk);
    let open = move || disk.take().ok_or_else(|| io::Error::other("gone"));
    let (layer, log) = AuditLog::over(open, room).unwrap();
    Lab { layer, log, words, begun, written }
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

/// Losses are reported while the program runs, not only at the end, and in the place of the missing lines.
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

/// Collects the log of a thread.
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

/// The only test that reads the log of all threads, so it alone sets the global subscriber.
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
        // A line written in part does not spoil the next one.
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
    // Other tests of this file have disks with other errors, which are logged here too.
    assert_eq!(said.matches("cannot write to the audit log (MCP_AUDIT_LOG): no space").count(), 1, "{said}");
    assert!(said.contains("no space") && said.contains("MCP_AUDIT_LOG"), "{said}");
    assert!(said.contains("were lost") && said.contains("count=4"), "{said}");
}

/// A disk that hangs does not keep the program from ending.
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
