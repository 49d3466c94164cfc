//! What the gateway bounds, as callers and strangers meet it.

use crate::fixtures::ask::{PASSWORD, USER, basic, get, whoami};
use crate::support::gateway::{self, Gateway};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

/// 1C, whose tools run until they are let go.
#[derive(Default)]
struct OneC {
    running: AtomicUsize,
    most: AtomicUsize,
    started: Notify,
}

struct Held {
    onec: OneC,
    ends: Semaphore,
}

async fn answer(State(held): State<Arc<Held>>, headers: HeaderMap, body: String) -> (StatusCode, &'static str) {
    if !headers.contains_key("authorization") {
        return (StatusCode::UNAUTHORIZED, "");
    }
    let running = held.onec.running.fetch_add(1, Ordering::SeqCst) + 1;
    held.onec.most.fetch_max(running, Ordering::SeqCst);
    let call = body.contains("tools/call");
    if call {
        held.onec.started.notify_one();
        held.ends.acquire().await.unwrap().forget();
    }
    held.onec.running.fetch_sub(1, Ordering::SeqCst);
    (StatusCode::OK, if call { r#"{"id":1,"result":{"content":[]}}"# } else { r#"{"status":"ok"}"# })
}

/// 1C counts sessions, whoever's they are.
#[tokio::test]
async fn the_service_account_and_own_logins_share_one_ceiling() {
    let held = Arc::new(Held { onec: OneC::default(), ends: Semaphore::new(0) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let onec = axum::Router::new().fallback(answer).with_state(Arc::clone(&held));
    tokio::spawn(axum::serve(listener, onec).into_future());
    let account = ["--onec-username", "service", "--onec-password", ""];
    let args = ["--auth-mode", "basic", "--onec-max-concurrency", "1", "--onec-url", &url];
    let gateway = Gateway::start(&[&args[..], &account].concat()).await;
    let address = gateway.address.clone();
    let call = tokio::spawn(async move { whoami(&address, &[("Authorization", &basic(USER, PASSWORD))]).await });
    timeout(Duration::from_secs(10), held.onec.started.notified()).await.unwrap();
    // The account's question waits until the user's call ends.
    let mut health = Box::pin(get(&gateway.address, "/health"));
    assert!(timeout(Duration::from_millis(300), &mut health).await.is_err(), "1C was asked beside the call");
    held.ends.add_permits(1);
    assert_eq!(call.await.unwrap().status, 200);
    assert_eq!(health.await.status, 200);
    assert_eq!(held.onec.most.load(Ordering::SeqCst), 1);
}

/// Anybody may ask, as often as they like.
#[tokio::test]
async fn that_1c_is_not_well_is_told_once_a_minute() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let onec = axum::Router::new().fallback(async || (StatusCode::BAD_GATEWAY, "s3cret"));
    tokio::spawn(axum::serve(listener, onec).into_future());
    let account = ["--onec-username", "service", "--onec-password", ""];
    let mut gateway = Gateway::start(&[&["--onec-url", &url][..], &account].concat()).await;
    for _ in 0..20 {
        assert_eq!(get(&gateway.address, "/health").await.status, 503);
    }
    get(&gateway.address, "/last").await;
    let mut told = Vec::new();
    loop {
        let line = timeout(Duration::from_secs(10), gateway.log.next_line()).await.unwrap().unwrap().unwrap();
        if line.contains("path=\"/last\"") {
            break;
        }
        told.extend(line.contains("/health: 1C is not well").then_some(line));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("WARN") && told[0].contains("status=502 cause=\"Status\""), "{told:?}");
}

/// A client of another machine, as far as the gateway knows.
async fn connect(gateway: &Gateway, from: [u8; 4]) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(gateway.address.strip_prefix("http://").unwrap().parse().unwrap()).await
}

/// Sends a request; the status of the answer, or 0 where the gateway hangs up.
async fn exchange(stream: &mut TcpStream, request: &str) -> u16 {
    if stream.write_all(request.as_bytes()).await.is_err() {
        return 0;
    }
    status(stream).await
}

async fn status(stream: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = timeout(Duration::from_secs(20), stream.read(&mut piece)).await.expect("an answer or an end");
        match read {
            Ok(count) if count > 0 => answer.extend_from_slice(&piece[..count]),
            _ => return 0,
        }
        if let Some(at) = answer.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..at]).into_owned();
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The head of a call, and no more of its body than a beginning.
fn begun(length: usize) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
         Content-Length: {length}\r\n\r\n{{"
    )
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_keeps_nobody_from_connecting() {
    // Two of 32 for one address.
    let mut gateway = Gateway::start(&["--demo", "--max-connections", "32"]).await;
    let mut idle = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    assert_eq!(exchange(&mut idle, LIVEZ).await, 200);
    let mut busy = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    busy.write_all(begun(1000).as_bytes()).await.unwrap();
    // The idle one makes room for the next.
    let mut next = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    assert_eq!(exchange(&mut next, LIVEZ).await, 200);
    assert_eq!(status(&mut idle).await, 0);
    next.write_all(begun(1000).as_bytes()).await.unwrap();
    // Until the gateway has read that, it takes the connection for idle.
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Both have calls under way; a third is refused, and others are not.
    let mut third = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    assert_eq!(exchange(&mut third, LIVEZ).await, 0);
    let mut other = connect(&gateway, [127, 0, 0, 3]).await.unwrap();
    assert_eq!(exchange(&mut other, LIVEZ).await, 200);
    busy.write_all(&[b' '; 998]).await.unwrap();
    busy.write_all(b"}").await.unwrap();
    assert_eq!(status(&mut busy).await, 400, "its call went on meanwhile");
    let told = async {
        while let Some(line) = gateway.log.next_line().await.unwrap() {
            if line.contains("the places for connections are taken") {
                return line.contains("closed=1 refused=0") && line.contains("127.0.0.2");
            }
        }
        false
    };
    assert!(timeout(Duration::from_secs(10), told).await.unwrap(), "the administrator is told");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn when_all_places_are_taken_the_oldest_idle_one_goes() {
    let gateway = Gateway::start(&["--demo", "--max-connections", "32"]).await;
    let mut open = Vec::new();
    for at in 0..32 {
        let mut stream = connect(&gateway, [127, 0, 1, 1 + at / 2]).await.unwrap();
        assert_eq!(exchange(&mut stream, LIVEZ).await, 200);
        open.push(stream);
    }
    // This one was used since.
    assert_eq!(exchange(&mut open[0], LIVEZ).await, 200);
    let mut other = connect(&gateway, [127, 0, 0, 9]).await.unwrap();
    assert_eq!(exchange(&mut other, LIVEZ).await, 200);
    assert_eq!(exchange(&mut open[1], LIVEZ).await, 0);
    assert_eq!(exchange(&mut open[0], LIVEZ).await, 200);
    assert_eq!(exchange(&mut open[2], LIVEZ).await, 200);
}

/// A proxy has as many as it wants, for it speaks for many.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn trusted_proxies_have_any_number_of_connections() {
    let args = ["--demo", "--max-connections", "32", "--trusted-proxies", "127.0.0.2"];
    let gateway = Gateway::start(&args).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
        stream.write_all(begun(1000).as_bytes()).await.unwrap();
        open.push(stream);
    }
    let mut stream = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    assert_eq!(exchange(&mut stream, LIVEZ).await, 200);
}

#[tokio::test]
async fn a_head_is_64_kib_at_most() {
    let mut gateway = Gateway::start(&["--demo"]).await;
    let lines = |count: usize| -> String { (0..count).map(|at| format!("X-{at}: {}\r\n", "a".repeat(4000))).collect() };
    for (count, expected) in [(14, 200), (40, 431), (95, 431)] {
        let mut stream = connect(&gateway, [127, 0, 0, 1]).await.unwrap();
        let request = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{}\r\n", lines(count));
        assert_eq!(exchange(&mut stream, &request).await, expected, "{count}");
    }
    for _ in 0..30 {
        let mut stream = connect(&gateway, [127, 0, 0, 1]).await.unwrap();
        assert_eq!(exchange(&mut stream, "GET /s3cret\u{1}\r\n\r\n").await, 400);
    }
    let mut stream = connect(&gateway, [127, 0, 0, 1]).await.unwrap();
    assert_eq!(exchange(&mut stream, "GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n").await, 404);
    // The server answers these itself; the log has them all the same, and no more of them than of other refusals.
    let mut told = Vec::new();
    loop {
        let line = timeout(Duration::from_secs(10), gateway.log.next_line()).await.unwrap().unwrap().unwrap();
        let is_last = line.contains("path=\"/last\"");
        told.extend(line.contains("request refused").then_some(line));
        if is_last {
            break;
        }
    }
    assert!(told.iter().all(|line| line.contains("remote=127.0.0.1") && line.contains("cause=")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("s3cret")), "{told:?}");
    let of = |status: &str| told.iter().filter(|line| line.contains(&format!("status={status} "))).count();
    assert_eq!((of("431"), of("400"), of("404")), (2, 10, 1), "{told:?}");
}

/// A quarter of the smallest budget is 4 MiB.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_does_not_hold_all_the_memory() {
    let gateway = Gateway::start(&["--demo", "--max-buffered", "16"]).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
        stream.write_all(begun(3_000_000).as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 2_500_000]).await.unwrap();
        slow.push(stream);
    }
    // It was read when the systems' buffers are empty again.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let ping = begun(body.len()).replace("\r\n\r\n{", &format!("\r\n\r\n{body}"));
    let mut own = connect(&gateway, [127, 0, 0, 2]).await.unwrap();
    own.write_all(ping.as_bytes()).await.unwrap();
    let mut other = connect(&gateway, [127, 0, 0, 3]).await.unwrap();
    assert_eq!(exchange(&mut other, &ping).await, 200);
    let mut early = [0];
    assert!(timeout(Duration::from_millis(300), own.read(&mut early)).await.is_err(), "it waits for room");
    // A body that waits for room as well ends after 2 s, and so there is some.
    assert_eq!(status(&mut own).await, 200);
    let (mut first, mut second) = (slow.remove(0), slow.remove(0));
    let refused = tokio::select! {
        refused = status(&mut first) => refused,
        refused = status(&mut second) => refused,
    };
    assert_eq!(refused, 503);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn as_many_files_as_the_system_allows() {
    for (hard, warned) in [(4096, true), (12_000, false)] {
        let program = gateway::program();
        let script = format!("ulimit -Sn 200; ulimit -Hn {hard}; exec \"$0\" http --demo --port 0");
        let mut command = tokio::process::Command::new("sh");
        let mut child = command
            .args(["-c", &script])
            .arg(program)
            .current_dir(std::env::temp_dir())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        while !log.contains("listening on ") {
            log += &lines.next_line().await.unwrap().expect("it starts");
        }
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id().unwrap())).unwrap();
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let numbers: Vec<&str> = files.split_whitespace().skip(3).take(2).collect();
        assert_eq!(numbers, [hard.to_string(), hard.to_string()], "{files}");
        assert_eq!(log.contains("so there are at most"), warned, "{log}");
    }
}
