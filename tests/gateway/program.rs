//! The gateway as an administrator meets it: statuses, messages, signals.

use crate::support::gateway::{Gateway, command};
use crate::support::schema::Talk;
use onec_mcp::demo;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

const LIST: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";

async fn run(args: &[&str]) -> Output {
    command().args(args).stdin(Stdio::null()).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// One HTTP/1.1 exchange on a connection of its own: the status and the body.
async fn exchange(address: &str, request: &str) -> (u16, String) {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    if let Some((_, asked)) = request.split_once("\r\n\r\n").filter(|(_, asked)| !asked.is_empty()) {
        let talk = Talk::default();
        talk.says(asked.as_bytes());
        talk.hears(&serde_json::from_str(&body).unwrap());
    }
    (status, body)
}

async fn get(address: &str, path: &str) -> (u16, Value) {
    let (status, body) =
        exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

fn post(method: &str, params: &Value) -> String {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    format!(
        "POST /mcp/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn the_doctor_passes_and_says_so() {
    let output = run(&["check", "--demo"]).await;
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert!(report.contains("ok    login") && report.contains("ok    tools/list: 8 tools"), "{report}");
}

#[tokio::test]
async fn the_doctor_names_the_first_thing_that_fails() {
    let demo = demo::DemoInfobase::start().await.unwrap();
    let url = demo.url().to_owned();
    let wrong = ["check", "--onec-username", "Администратор", "--onec-password", "wrong", "--onec-url"];
    let output = run(&[&wrong[..], &[&url]].concat()).await;
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("ok    1C address") && report.contains("FAIL  login: 1C refused the login"), "{report}");
    demo.stop().await;
    let output = run(&[&wrong[..], &[&url]].concat()).await;
    let report = text(&output.stdout);
    assert!(report.contains("FAIL  1C address: 1C cannot be reached"), "{report}");
}

#[tokio::test]
async fn a_bad_setting_is_status_2_and_one_message() {
    let output = run(&["http", "--demo", "--port", "80000"]).await;
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(message.contains("--port") && message.contains("80000"), "{message}");
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_together() {
    let file = std::env::temp_dir().join(format!("no-certificate-{}.pem", std::process::id()));
    std::fs::write(&file, "nothing").unwrap();
    let path = file.to_str().unwrap();
    let store = format!("sqlite:{path}.d/tokens.db");
    let tls = ["--tls-cert", path, "--tls-key", path];
    let infobase = ["--onec-url", "https://localhost/base", "--onec-ca", path, "--port", "80000"];
    let args = [&["http", "--auth-mode", "oauth2", "--oauth2-store", &store], &tls[..], &infobase].concat();
    let output = run(&args).await;
    let check = run(&[&["check", "--demo"], &tls[..]].concat()).await;
    std::fs::remove_file(&file).unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 4, "{message}");
    for (line, name) in lines.iter().zip(["--onec-ca", "--port", "--tls-cert", "--oauth2-store"]) {
        assert!(line.starts_with(&format!("error: {name} ")), "{message}");
    }
    // The doctor says of settings what a start says.
    let message = text(&check.stderr);
    assert_eq!((check.status.code(), message.lines().count()), (Some(2), 1), "{message}");
    assert!(message.starts_with("error: --tls-cert is "), "{message}");
}

#[tokio::test]
async fn the_endpoints_answer() {
    let gateway = Gateway::start(&["--demo"]).await;
    let healthy = json!({ "status": "healthy", "onec_connection": "ok", "auth": { "mode": "none" } });
    assert_eq!(get(&gateway.address, "/health").await, (200, healthy));
    assert_eq!(get(&gateway.address, "/livez").await.0, 200);
    let (status, info) = get(&gateway.address, "/info").await;
    assert_eq!((status, info["name"].as_str()), (200, Some("1C Configuration Data Tools")));
    assert!(get(&gateway.address, "/").await.1["endpoints"]["/mcp"].is_string());
    assert_eq!(get(&gateway.address, "/mcp").await.0, 405);
    assert_eq!(get(&gateway.address, "/nowhere").await.0, 404);
    for path in ["/sse/messages", "/sse/messages/", "/sse/messages/?session_id=6159f624b7bd49969dadf7700173d0ef"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(exchange(&gateway.address, &request).await.0, 405, "{path}");
    }
}

/// Every endpoint, those of the REST face and of OAuth included: what has no host or a foreign one gets
/// nothing, least of all a challenge that points there.
#[tokio::test]
async fn all_endpoints_refuse_a_foreign_host_alike() {
    let rest = ["--catalog", "trade", "--api-bearer-token", "0123456789abcdef0123456789abcdef"];
    let gateway = Gateway::start(&[&["--demo", "--auth-mode", "oauth2"][..], &rest].concat()).await;
    for (host, status) in
        [("Host: rebound.example\r\n", 403), ("", 400), ("Host:\r\n", 400), ("Host: a\r\nHost: b\r\n", 400)]
    {
        for (method, path) in [
            ("POST", "/mcp"),
            ("POST", "/mcp/"),
            ("GET", "/mcp"),
            ("OPTIONS", "/mcp"),
            ("GET", "/sse"),
            ("POST", "/sse/messages/"),
            ("GET", "/health"),
            ("GET", "/livez"),
            ("GET", "/info"),
            ("GET", "/"),
            ("GET", "/openapi.json"),
            ("POST", "/resolve/customer"),
            ("POST", "/reports/sales"),
            ("GET", "/.well-known/oauth-protected-resource"),
            ("GET", "/.well-known/oauth-protected-resource/mcp"),
            ("GET", "/.well-known/oauth-authorization-server"),
            ("GET", "/.well-known/openid-configuration"),
            ("GET", "/authorize"),
            ("GET", "/oauth/authorize"),
            ("POST", "/oauth/token"),
            ("POST", "/token"),
            ("POST", "/register"),
            ("POST", "/revoke"),
            ("GET", "/nowhere"),
        ] {
            let request = format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 0\r\n\r\n");
            let (got, body) = exchange(&gateway.address, &request).await;
            assert_eq!(got, status, "{method} {path} {host}: {body}");
            assert!(body.contains("\"code\":-32600") && !body.contains("rebound"), "{method} {path}: {body}");
            // As a rule it is a proxy that nobody told the gateway of.
            let cure = body.contains("Host not allowed") && body.contains("MCP_PUBLIC_URL");
            assert_eq!(cure, status == 403, "{method} {path} {host}: {body}");
        }
    }
    assert_eq!(get(&gateway.address, "/livez").await.0, 200);
}

/// A proxy in front takes the path of the public URL off; clients of the stream must put it on.
#[tokio::test]
async fn the_stream_names_the_path_of_the_public_url() {
    for (public, path) in [
        ("https://mcp.example/base1c", "/base1c/sse/messages/"),
        ("https://mcp.example/a/b/", "/a/b/sse/messages/"),
        ("https://mcp.example/", "/sse/messages/"),
    ] {
        let gateway = Gateway::start(&["--demo", "--public-url", public]).await;
        let host = gateway.address.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
        stream.write_all(b"GET /sse HTTP/1.1\r\nHost: mcp.example\r\nAccept: text/event-stream\r\n\r\n").await.unwrap();
        let mut lines = BufReader::new(&mut stream).lines();
        let data = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.starts_with("HTTP/") {
                    assert_eq!(line, "HTTP/1.1 200 OK");
                }
                if let Some(data) = line.strip_prefix("data: ") {
                    return data.to_owned();
                }
            }
            panic!("no event");
        };
        let endpoint = tokio::time::timeout(Duration::from_secs(20), data).await.expect("no event");
        let session = endpoint.strip_prefix(&format!("{path}?session_id=")).unwrap_or_else(|| panic!("{endpoint}"));
        // As the proxy sends it on.
        let body = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let message = format!(
            "POST /sse/messages/?session_id={session} HTTP/1.1\r\nHost: mcp.example\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut sent = tokio::net::TcpStream::connect(host).await.unwrap();
        sent.write_all(format!("{message}{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        sent.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 202 "), "{public}: {answer}");
    }
}

/// A client that sends all of its request before it reads the answer, as most do.
#[tokio::test]
async fn refusals_reach_who_is_still_sending() {
    let gateway = Gateway::start(&["--demo", "--bearer-token", "0123456789abcdef0123456789abcdef"]).await;
    let own = "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n";
    for (authorization, path, length, status) in
        [(own, "/mcp", 7_900_000, 413), ("", "/mcp", 7_900_000, 401), (own, "/sse", 4_000_000, 405)]
    {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        let host = gateway.address.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length]).await.expect("the gateway reads on");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("the answer arrives whole");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn one_c_may_come_late_go_and_return() {
    let demo = demo::DemoInfobase::start().await.unwrap();
    let (url, login) = (demo.url().to_owned(), demo.username().to_owned());
    let port: u16 = url.split([':', '/']).nth(4).unwrap().parse().unwrap();
    let password = demo.password().to_owned();
    demo.stop().await;
    let gateway = Gateway::start(&["--onec-url", &url, "--onec-username", &login, "--onec-password", &password]).await;
    let list = post("tools/list", &json!({}));
    for _ in 0..2 {
        let (_, body) = exchange(&gateway.address, &list).await;
        assert!(body.contains("1C cannot be reached"), "{body}");
        assert_eq!(get(&gateway.address, "/health").await.0, 503);
        let demo = demo::DemoInfobase::builder().port(port).start().await.unwrap();
        let (_, body) = exchange(&gateway.address, &list).await;
        assert!(body.contains("list_warehouses"), "{body}");
        assert_eq!(get(&gateway.address, "/health").await.0, 200);
        demo.stop().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_lets_running_calls_finish() {
    let demo = demo::DemoInfobase::builder().report_delay(Duration::from_secs(1)).start().await.unwrap();
    let (url, login, password) = (demo.url(), demo.username(), demo.password());
    let mut gateway = Gateway::start(&["--onec-url", url, "--onec-username", login, "--onec-password", password]).await;
    let report = json!({
        "name": "sales_report",
        "arguments": { "period_from": "2026-01-01", "period_to": "2026-03-31" },
    });
    let address = gateway.address.clone();
    let call = tokio::spawn(async move { exchange(&address, &post("tools/call", &report)).await });
    demo.calls_until(|calls| calls.started() == 1).await;
    let pid = gateway.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    let (status, body) = call.await.unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("Итого: 1772787,92 руб."), "{body}");
    assert!(gateway.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn stdio_ends_with_its_input_and_says_nothing_but_mcp() {
    let mut child = command()
        .args(["stdio", "--demo"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(LIST).await.unwrap();
    drop(input);
    let output = tokio::time::timeout(Duration::from_secs(10), child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success());
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON and nothing else")).collect();
    assert_eq!(lines.len(), 1);
    let talk = Talk::default();
    talk.says(LIST);
    lines.iter().for_each(|line| talk.hears(line));
    assert_eq!(lines.first().and_then(|line| line["id"].as_i64()), Some(1));
}

/// Runs a gateway on stdio until it has answered a list, a call and a ping: its log.
async fn log_of(args: &[&str]) -> String {
    let mut command = command();
    command.args(["stdio", "--demo"]).args(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the gateway starts");
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "list_warehouses" } });
    let ping = json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" });
    let mut input = child.stdin.take().unwrap();
    input.write_all(&[LIST, format!("{call}\n{ping}\n").as_bytes()].concat()).await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(text(&output.stdout).lines().count(), 3);
    text(&output.stderr)
}

/// Neither the log nor the message of a start that fails shows what steers a terminal or turns the direction of writing.
#[tokio::test]
async fn what_is_not_seen_is_escaped() {
    let file = std::env::temp_dir().join(format!("\u{202e}lmay-{}\u{2028}\u{1b}[2J.yaml", uuid::Uuid::new_v4()));
    let path = file.to_str().unwrap();
    let tool = json!({
        "name": "t", "title": "T", "description": "T", "scope": "mcp", "path": "resolve/t",
        "input_schema": { "type": "object", "properties": { "a": { "type": "string", "formt": "x" } } },
    });
    std::fs::write(&file, json!({ "extends": "trade", "tools": [tool] }).to_string()).unwrap();
    let log = log_of(&["--catalog", path]).await;
    std::fs::remove_file(&file).unwrap();
    let bad = text(&run(&["--demo", "--catalog", path]).await.stderr);
    for said in [log, bad] {
        assert!(said.contains("\\u{202e}lmay-") && said.contains("\\u{2028}"), "{said:?}");
        let shows = |c: char| c != '\n' && c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!said.contains(shows), "{said:?}");
    }
}

/// With all that the line of a request says, unless the trail is elsewhere.
#[tokio::test]
async fn a_call_is_one_line_of_the_log() {
    let count = |log: &str, what: &str| log.lines().filter(|line| line.contains(what)).count();
    let log = log_of(&["--log-level", "info"]).await;
    for (event, request) in [("mcp.tool.call", "tools/call"), ("mcp.tool.list", "tools/list")] {
        assert_eq!((count(&log, event), count(&log, &format!("method=\"{request}\""))), (1, 0), "{log}");
        let line = log.lines().find(|line| line.contains(event)).unwrap();
        for field in ["version=\"2025-11-25\"", "status=0", "duration_ms=", "onec_ms="] {
            assert!(line.contains(field), "{line}");
        }
    }
    assert_eq!(count(&log, "method=\"ping\""), 1, "{log}");

    let file = std::env::temp_dir().join(format!("audit-{}.jsonl", uuid::Uuid::new_v4()));
    let log = log_of(&["--log-level", "info", "--audit-log", file.to_str().unwrap()]).await;
    let trail = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    for (event, request) in [("mcp.tool.call", "tools/call"), ("mcp.tool.list", "tools/list")] {
        assert_eq!((count(&log, event), count(&log, &format!("method=\"{request}\""))), (0, 1), "{log}");
        assert_eq!(count(&trail, event), 1, "{trail}");
    }
    // Whoever starts it on stdio hears of failures only.
    assert_eq!(log_of(&[]).await, "");
}
