//! Nothing that serves waits for who reads the log, and nothing that ends does: real processes whose standard error
//! is a pipe that nobody reads, a terminal that was stopped (Ctrl-S), or a disk that is full.
#![cfg(target_os = "linux")]

use crate::support::gateway;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, tcflow};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

/// So many requests, of which each has a line in the log, are more than any pipe, terminal and queue holds.
const REQUESTS: usize = 3000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Who does not read the log.
enum Reader {
    Pipe(PipeReader),
    Terminal { master: File, slave: File },
    FullDisk,
}

impl Reader {
    fn all() -> [(Self, Stdio); 3] {
        [
            Self::pipe(),
            Self::terminal(),
            (Self::FullDisk, File::options().write(true).open("/dev/full").unwrap().into()),
        ]
    }

    fn pipe() -> (Self, Stdio) {
        let (reader, writer) = pipe().unwrap();
        (Self::Pipe(reader), writer.into())
    }

    /// It is stopped from the beginning.
    fn terminal() -> (Self, Stdio) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let path = Path::new(OsStr::from_bytes(path.to_bytes()));
        let slave = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path).unwrap();
        tcflow(&slave, Action::OOff).unwrap();
        let output = slave.try_clone().unwrap().into();
        (Self::Terminal { master: master.into(), slave }, output)
    }

    /// Reads on to the end; what was read, now and later.
    fn resume(self) -> Arc<Mutex<String>> {
        let read = Arc::<Mutex<String>>::default();
        let all = Arc::clone(&read);
        let mut reader: Box<dyn Read + Send> = match self {
            Self::Pipe(reader) => Box::new(reader),
            Self::Terminal { master, slave } => {
                tcflow(&slave, Action::OOn).unwrap();
                Box::new(master)
            }
            Self::FullDisk => panic!("nobody reads it"),
        };
        // A terminal ends with an error.
        std::thread::spawn(move || {
            let mut piece = [0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut piece) {
                all.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        read
    }
}

/// Waits for what the log says.
async fn until_said(log: &Mutex<String>, text: &str) {
    let said = async {
        while !log.lock().unwrap().contains(text) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, said).await.unwrap_or_else(|_| panic!("the log does not say {text:?}"));
}

fn start(args: &[&str], stderr: Stdio) -> Child {
    let mut command = gateway::command();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap()
}

/// The kernel gave the port, and gives it to nobody else soon.
fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// A request that 1C has no part in, with a long line in the log.
fn request(id: usize) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "Ж".repeat(100) }).to_string()
}

/// SIGTERM, and how long the end takes.
async fn terminate(child: &mut Child) -> (ExitStatus, Duration) {
    let start = Instant::now();
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
    (end(child).await, start.elapsed())
}

async fn end(child: &mut Child) -> ExitStatus {
    timeout(PATIENCE, child.wait()).await.expect("the gateway does not end").unwrap()
}

/// One connection that is kept alive.
struct Http(BufReader<TcpStream>);

impl Http {
    async fn connect(port: &str) -> Self {
        let address = format!("127.0.0.1:{port}");
        let connect = async {
            loop {
                if let Ok(stream) = TcpStream::connect(&address).await {
                    return stream;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        Self(BufReader::new(timeout(PATIENCE, connect).await.expect("the gateway does not listen")))
    }

    async fn send(&mut self, head: &str, body: &str) -> (String, Value) {
        let request = format!("{head}\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(request.as_bytes()).await.unwrap();
        let (mut status, mut length) = (String::new(), 0);
        self.0.read_line(&mut status).await.unwrap();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// How many of so many requests are answered.
    async fn ask(mut self, count: usize) -> usize {
        let head = "POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json";
        for id in 0..count {
            let (status, answer) = timeout(PATIENCE, self.send(head, &request(id))).await.expect("no answer");
            assert!(status.starts_with("HTTP/1.1 200"), "{status}");
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32601)));
        }
        count
    }
}

/// Asks over stdio, and counts the answers.
async fn ask_over_stdio(child: &mut Child, count: usize) -> usize {
    let requests: String = (0..count).map(|id| request(id) + "\n").collect();
    let (input, output) = (child.stdin.as_mut().unwrap(), child.stdout.as_mut().unwrap());
    let mut answers = BufReader::new(output).lines();
    let hear = async {
        let mut ids = std::collections::HashSet::new();
        while ids.len() < count {
            let line = answers.next_line().await.unwrap().expect("the gateway ended");
            let answer: Value = serde_json::from_str(&line).unwrap();
            assert!(ids.insert(answer["id"].as_u64().unwrap()), "{line}");
        }
        ids.len()
    };
    let both = async { tokio::join!(input.write_all(requests.as_bytes()), hear) };
    let (sent, heard) = timeout(PATIENCE, both).await.expect("not all requests are answered");
    sent.unwrap();
    heard
}

#[tokio::test]
async fn http_serves_and_ends_whoever_reads_the_log() {
    let each = Reader::all().map(|(reader, stderr)| async move {
        let port = free_port();
        let mut child = start(&["http", "--demo", "--port", &port, "--log-level", "debug"], stderr);
        let mut probe = Http::connect(&port).await;
        let [a, b] = [Http::connect(&port).await, Http::connect(&port).await];
        let (a, b) = tokio::join!(a.ask(REQUESTS / 2), b.ask(REQUESTS / 2));
        assert_eq!(a + b, REQUESTS);
        let (status, alive) = timeout(PATIENCE, probe.send("GET /livez HTTP/1.1", "")).await.unwrap();
        assert!(status.starts_with("HTTP/1.1 200") && alive["status"] == "alive", "{status}");
        let (status, time) = terminate(&mut child).await;
        assert!(status.success() && time < Duration::from_secs(2), "{status} {time:?}");
        drop(reader);
    });
    let [a, b, c] = each;
    tokio::join!(a, b, c);
}

#[tokio::test]
async fn stdio_serves_and_ends_whoever_reads_the_log() {
    let each = Reader::all().map(|(reader, stderr)| async move {
        let mut child = start(&["stdio", "--demo", "--log-level", "debug"], stderr);
        assert_eq!(ask_over_stdio(&mut child, REQUESTS).await, REQUESTS);
        let (status, time) = terminate(&mut child).await;
        assert!(status.success() && time < Duration::from_secs(2), "{status} {time:?}");
        drop(reader);
    });
    let [a, b, c] = each;
    tokio::join!(a, b, c);
}

/// Once the reader is back, and in the place of what it did not get. What came after is all there, to the end.
#[tokio::test]
async fn what_was_lost_is_told_to_the_reader_that_is_back() {
    let each = [Reader::pipe(), Reader::terminal()].map(|(reader, stderr)| async move {
        let mut child = start(&["stdio", "--demo", "--log-level", "info"], stderr);
        ask_over_stdio(&mut child, REQUESTS).await;
        let log = reader.resume();
        until_said(&log, " log lines were lost: ").await;
        ask_over_stdio(&mut child, 100).await;
        drop(child.stdin.take());
        assert!(end(&mut child).await.success());
        let there = || log.lock().unwrap().matches("onec_mcp::request").count();
        let lost: usize = {
            let text = log.lock().unwrap();
            let (before, _) = text.split_once(" log lines were lost").unwrap();
            before.rsplit(' ').next().unwrap().parse().unwrap()
        };
        assert!(lost > 0);
        // The reader may be behind the process that ended.
        let all = async {
            while there() + lost < REQUESTS + 100 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("{} there, {lost} lost", there()));
    });
    let [a, b] = each;
    tokio::join!(a, b);
}

/// A client that does not read its answers is waited for, but not at the end.
#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_the_gateway_alive() {
    let mut child = start(&["stdio", "--demo"], Stdio::null());
    let requests: String = (0..REQUESTS * 10).map(|id| request(id) + "\n").collect();
    let input = child.stdin.as_mut().unwrap();
    assert!(timeout(Duration::from_secs(1), input.write_all(requests.as_bytes())).await.is_err(), "it reads on");
    let (status, time) = terminate(&mut child).await;
    assert!(status.success() && time < Duration::from_secs(3), "{status} {time:?}");
}

#[tokio::test]
async fn a_failed_start_ends_whoever_reads_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for args in [&["http", "--demo", "--port", &port][..], &["http", "--demo", "--port", "80000"]] {
        for (reader, stderr) in Reader::all() {
            let start_time = Instant::now();
            let mut child = start(args, stderr);
            assert_eq!(end(&mut child).await.code(), Some(2), "{args:?}");
            assert!(start_time.elapsed() < Duration::from_secs(5), "{:?}", start_time.elapsed());
            drop(reader);
        }
    }
}

/// `gateway check | head -3`
#[tokio::test]
async fn what_prints_ends_quietly_when_nobody_reads_on() {
    async fn run(args: &[&str], stdout: Stdio) -> Output {
        let mut command = gateway::command();
        let command = command.args(args).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        command.spawn().unwrap().wait_with_output().await.unwrap()
    }
    for args in [&["check", "--demo", "--catalog", "trade"][..], &["--help"], &["--version"]] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = run(args, writer.into()).await;
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        // As a shell tells of a program that SIGPIPE ended.
        assert_eq!(output.status.code(), Some(141), "{args:?}");

        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = run(args, full.into()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(said.starts_with("error: cannot write to standard output: No space left"), "{said}");
    }
}
