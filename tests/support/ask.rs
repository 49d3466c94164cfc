//! Asking a gateway over HTTP, also as a user of the demo infobase.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

pub(crate) use super::schema;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schema::Talk;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::form_urlencoded::Serializer;

/// A user of the demo, with a password that shows how it was encoded.
pub(crate) const USER: &str = "storekeeper";
pub(crate) const PASSWORD: &str = "Ключ: 50% + «ё»";

/// An answer in parts.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// The JSON of the body, or of its events.
    pub(crate) fn messages(&self) -> Vec<Value> {
        if self.header("content-type") != Some("text/event-stream") {
            return serde_json::from_str(&self.body).into_iter().collect();
        }
        // The sizes of chunks stand on lines of their own, between the events.
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

/// One exchange on a connection of its own.
pub(crate) async fn ask(address: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    try_ask(address, line, headers, body).await.unwrap()
}

/// The same with a server that may go away.
pub(crate) async fn try_ask(
    address: &str,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let host = address.strip_prefix("http://").unwrap();
    let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers.iter().chain([&("Host", host)].into_iter().filter(|_| !has(headers, "Host"))) {
        request += &format!("{name}: {value}\r\n");
    }
    let request_body = body;
    request += &format!("\r\n{body}");
    let mut stream = tokio::net::TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("an answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    check(headers, request_body, &answer);
    Ok(answer)
}

/// What answers a message is checked against the schemas of MCP, except for refusals of HTTP's own.
fn check(headers: &[(&str, &str)], asked: &str, answer: &Answer) {
    let version = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("mcp-protocol-version"));
    let talk = Talk::of(version.map(|(_, version)| *version));
    talk.says(asked.as_bytes());
    let is_message = |message: &Value| message.get("jsonrpc").is_some() || message.is_array();
    if serde_json::from_str(asked).is_ok_and(|asked| is_message(&asked)) {
        let messages = answer.messages();
        assert!(answer.status != 200 || !messages.is_empty(), "no message: {}", answer.body);
        messages.iter().filter(|message| answer.status == 200 || is_message(message)).for_each(|one| talk.hears(one));
    }
}

fn has(headers: &[(&str, &str)], name: &str) -> bool {
    headers.iter().any(|(known, _)| *known == name)
}

pub(crate) async fn get(address: &str, path: &str) -> Answer {
    ask(address, &format!("GET {path}"), &[], "").await
}

/// Calls the tool that says who calls.
pub(crate) async fn whoami(address: &str, headers: &[(&str, &str)]) -> Answer {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami" } });
    let own = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
    ask(address, "POST /mcp", &[&own, headers].concat(), &call.to_string()).await
}

/// Posts a form.
pub(crate) async fn post(address: &str, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let own = [("Content-Type", "application/x-www-form-urlencoded")];
    ask(address, &format!("POST {path}"), &[&own, headers].concat(), &form(fields)).await
}

/// As a form or a query writes it.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(crate) async fn token_request(address: &str, fields: &[(&str, &str)]) -> Answer {
    post(address, "/token", &[], fields).await
}

/// Logs in by the password grant, which needs no browser; the access token.
pub(crate) async fn log_in(address: &str) -> String {
    let fields = [("grant_type", "password"), ("username", USER), ("password", PASSWORD)];
    let answer = token_request(address, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
