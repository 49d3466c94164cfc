//! Ways to a gateway that runs as a process of its own. Whatever comes is checked against the schemas of MCP.
//!
//! Needs `mcp` and `gateway` beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use crate::support::gateway::command;
use crate::support::mcp::{self, MODERN, check, legacy, parse_event, schema::Talk, with_meta};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// Nothing takes as long.
const LIMIT: Duration = Duration::from_secs(15);

type Http = Client<HttpConnector, Full<Bytes>>;

fn client() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// A client of one revision, on one transport.
pub(crate) struct Wire {
    pub(crate) version: &'static str,
    way: Way,
    last_id: u32,
}

enum Way {
    Http { address: String, client: Http },
    Sse { address: String, client: Http, path: String, stream: Stream, talk: Talk },
    Stdio { _child: Child, input: ChildStdin, output: Lines<BufReader<ChildStdout>>, talk: Talk },
}

impl Wire {
    pub(crate) fn http(address: &str, version: &'static str) -> Self {
        Self { version, way: Way::Http { address: address.to_owned(), client: client() }, last_id: 0 }
    }

    /// The transport of 2024-11-05.
    pub(crate) async fn sse(address: &str) -> Self {
        let (address, client) = (address.to_owned(), client());
        let stream = Request::get(format!("{address}/sse")).body(Full::default()).unwrap();
        let mut stream = Stream::of(client.request(stream).await.unwrap());
        let first = stream.next().await.expect("an endpoint");
        let path = first.strip_prefix("event: endpoint\ndata: ").unwrap().to_owned();
        let talk = Talk::of(Some("2024-11-05"));
        Self { version: "2024-11-05", way: Way::Sse { address, client, path, stream, talk }, last_id: 0 }
    }

    pub(crate) fn stdio(args: &[&str], version: &'static str) -> Self {
        let mut command = command();
        let command = command.arg("stdio").args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        Self { version, way: Way::Stdio { _child: child, input, output, talk: Talk::default() }, last_id: 0 }
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.version == MODERN
    }

    /// Asks, with this in the metadata; all messages up to the answer, which is the last one.
    pub(crate) async fn ask_with(&mut self, method: &str, mut params: Value, meta: &Value) -> Vec<Value> {
        self.last_id += 1;
        if !self.is_modern() && meta != &json!({}) {
            params["_meta"] = meta.clone();
        }
        match &self.way {
            Way::Http { address, client } => {
                let mut request = if self.is_modern() {
                    mcp::modern_with(method, params, meta)
                } else {
                    mcp::post(legacy(1, method, &params), &[("mcp-protocol-version", self.version)])
                };
                request.headers_mut().insert("accept", "application/json, text/event-stream".parse().unwrap());
                exchange(client, address, request).await.messages
            }
            Way::Sse { .. } | Way::Stdio { .. } => {
                let params = if self.is_modern() { with_meta(params, meta) } else { params };
                self.say(&legacy(self.last_id, method, &params)).await;
                let mut heard = vec![self.hear().await];
                while heard.last().unwrap().get("method").is_some() {
                    heard.push(self.hear().await);
                }
                assert_eq!(heard.last().unwrap()["id"], self.last_id);
                heard
            }
        }
    }

    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.ask_with(method, params, &json!({})).await.pop().expect("an answer")
    }

    /// The result; an error fails the test.
    pub(crate) async fn result(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer["result"].is_object(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Sends a message that HTTP has no answer for.
    pub(crate) async fn say(&mut self, message: &str) {
        match &mut self.way {
            Way::Http { address, client } => {
                let request = mcp::post(message.to_owned(), &[("mcp-protocol-version", self.version)]);
                assert_eq!(exchange(client, address, request).await.status, 202);
            }
            Way::Sse { address, client, path, talk, .. } => {
                talk.says(message.as_bytes());
                let request = Request::post(format!("{address}{path}")).header("content-type", "application/json");
                let request = request.body(Full::from(message.to_owned())).unwrap();
                assert_eq!(client.request(request).await.unwrap().status(), 202);
            }
            Way::Stdio { input, talk, .. } => {
                talk.says(message.as_bytes());
                input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
            }
        }
    }

    /// The next message of a stream.
    pub(crate) async fn hear(&mut self) -> Value {
        let (message, talk) = match &mut self.way {
            Way::Http { .. } => panic!("HTTP has no stream of its own"),
            Way::Sse { stream, talk, .. } => (stream.message().await.expect("a message"), talk),
            Way::Stdio { output, talk, .. } => {
                let line = timeout(LIMIT, output.next_line()).await.expect("a line in time");
                let line = line.unwrap().expect("a line");
                (serde_json::from_str(&line).unwrap(), talk)
            }
        };
        talk.hears(&message);
        message
    }

    /// Subscribes, and returns when that is acknowledged.
    pub(crate) async fn listen(&mut self) {
        self.last_id += 1;
        let params = json!({ "notifications": { "toolsListChanged": true } });
        let first = if let Way::Http { address, client } = &self.way {
            let mut request = mcp::modern("subscriptions/listen", params);
            request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
            let talk = Talk::of(Some(MODERN));
            let mut stream = Stream::of(client.request(at(address, request)).await.unwrap());
            let message = stream.message().await.unwrap();
            talk.hears(&message);
            message
        } else {
            self.say(&legacy(self.last_id, "subscriptions/listen", &with_meta(params, &json!({})))).await;
            let message = self.hear().await;
            let params = json!({ "requestId": self.last_id });
            let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
            self.say(&cancel.to_string()).await;
            message
        };
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    }
}

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) messages: Vec<Value>,
}

/// Sends a request to the endpoint of a gateway.
pub(crate) async fn send(address: &str, request: Request<Full<Bytes>>) -> Answer {
    exchange(&client(), address, request).await
}

fn at(address: &str, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    *request.uri_mut() = format!("{address}/mcp").parse().unwrap();
    request
}

async fn exchange(client: &Http, address: &str, request: Request<Full<Bytes>>) -> Answer {
    let talk = Talk::of(request.headers().get("mcp-protocol-version").and_then(|version| version.to_str().ok()));
    let asked = request.body().clone().collect().await.unwrap().to_bytes();
    talk.says(&asked);
    let answer = timeout(LIMIT, client.request(at(address, request))).await;
    let (head, body) = answer.unwrap_or_else(|_| panic!("no answer in time to {asked:?}")).unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    check(&talk, &head.headers, &text);
    Answer { status: head.status, messages: messages(&head.headers, &text) }
}

fn messages(headers: &HeaderMap, text: &str) -> Vec<Value> {
    if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
        let events = text.split("\n\n").filter(|event| event.starts_with("event: message"));
        return events.map(parse_event).collect();
    }
    serde_json::from_str(text).into_iter().collect()
}

/// Events as they come.
struct Stream {
    body: Incoming,
    buffer: String,
}

impl Stream {
    fn of(response: http::Response<Incoming>) -> Self {
        assert_eq!(
            (response.status(), &response.headers()["content-type"]),
            (StatusCode::OK, &"text/event-stream".parse().unwrap())
        );
        Self { body: response.into_body(), buffer: String::new() }
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let event = event.to_owned();
                self.buffer = rest.to_owned();
                return Some(event);
            }
            let frame = timeout(LIMIT, self.body.frame()).await.expect("an event in time")?.unwrap();
            self.buffer.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.next().await?;
            if !event.starts_with(':') {
                return Some(parse_event(&event));
            }
        }
    }
}
