//! Refusals of `ScopeLayer` as clients see them: every revision over every transport.

use crate::fixtures::scoped::{self, guard, onec};
use crate::support::lines;
use crate::support::mcp::{
    self, Events, Got, LEGACY, MODERN, Rpc, http, legacy, modern, post, read, server, with_meta,
};
use bytes::Bytes;
use http_body_util::Full;
use onec_mcp::auth::{BearerAuthLayer, Site, StaticToken};
use onec_mcp::bridge::sse::LegacySseLayer;
use onec_mcp::bridge::stdio;
use onec_mcp::rpc::{BoxError, Request, Response};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
use tower::{Layer, Service, ServiceExt};

const NEEDED: &str = "report report:cost";

fn me() -> Identity {
    Identity::new("me", Scopes::parse("mcp report"))
}

/// What is refused for the lack of a scope, and whether it is a tool.
fn refused() -> [(&'static str, Value, bool); 4] {
    [
        ("tools/call", json!({ "name": "sales", "arguments": { "measures": ["cost"] } }), true),
        ("tools/call", json!({ "name": "closed" }), true),
        ("prompts/get", json!({ "name": "closed" }), false),
        ("resources/read", json!({ "uri": "onec://closed" }), false),
    ]
}

/// A stack in which all that is refused needs the same scopes. 1C must not be asked.
fn stack() -> Rpc {
    let policy = ScopePolicy::everything("mcp")
        .tool("sales", "report")
        .guard(guard("measures", &["cost"], "report:cost"))
        .tool("closed", NEEDED)
        .prompt("closed", NEEDED)
        .resource("onec://closed", NEEDED);
    let (onec, reached) = onec(r#"{"tools":[{"name":"sales"},{"name":"closed"}]}"#);
    let calls = mcp::rpc(move |request: Request| {
        let lists = request.method.as_str() == "tools/list";
        let onec = onec.clone();
        let reached = reached.clone();
        async move {
            assert!(lists, "1C was asked for {}, call {}", request.method, reached.load(Ordering::SeqCst));
            onec.oneshot(request).await
        }
    });
    Rpc::new(ScopeLayer::new(policy).layer(calls))
}

#[track_caller]
fn assert_told(answer: &Value, tool: bool) {
    let told = if tool {
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        &answer["result"]["content"][0]["text"]
    } else {
        assert_eq!(answer["error"]["code"], -32600, "{answer}");
        &answer["error"]["message"]
    };
    assert!(told.as_str().unwrap().ends_with(&format!("needs the scopes {NEEDED}")), "{answer}");
}

fn request(version: &str, method: &str, params: &Value) -> http::Request<Full<Bytes>> {
    let mut request = match version {
        MODERN => modern(method, params.clone()),
        version => post(legacy(1, method, params), &[("mcp-protocol-version", version)]),
    };
    request.headers_mut().insert("host", "h:8000".parse().unwrap());
    request.headers_mut().insert("authorization", "Bearer t".parse().unwrap());
    request
}

/// MCP 2025-11-25 and MCP 2026-07-28, "Runtime Insufficient Scope Errors".
#[tokio::test]
async fn over_streamable_http() {
    let service = BearerAuthLayer::new(StaticToken::new("t", me())).site(Site::new()).layer(http(stack()));
    for version in [&[MODERN], &LEGACY[..]].concat() {
        for accept in ["application/json, text/event-stream", "application/json", "text/event-stream"] {
            for (method, params, tool) in refused() {
                let mut asked = request(version, method, &params);
                asked.headers_mut().insert("accept", accept.parse().unwrap());
                let got = read(service.clone().oneshot(asked).await.unwrap()).await;
                let challenge = got.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
                if version >= "2025-11-25" {
                    assert_eq!(got.status, 403, "{version} {method} {got:?}");
                    let start = format!(r#"Bearer error="insufficient_scope", scope="{NEEDED}", resource_metadata="#);
                    assert!(challenge.unwrap().starts_with(&start), "{challenge:?}");
                    assert_told(&got.json(), false);
                } else {
                    assert_eq!((got.status, challenge), (200, None), "{version} {method} {got:?}");
                    assert_told(&reply(&got), tool);
                }
            }
        }
    }
}

/// The reply, also of a client that takes nothing but an event stream.
fn reply(got: &Got) -> Value {
    if got.headers["content-type"] == "text/event-stream" { mcp::parse_event(got.text.trim_end()) } else { got.json() }
}

/// The stream has no status of its own, whatever revision was agreed on.
#[tokio::test]
async fn over_http_with_sse() {
    let by_me = |mut request: http::Request<Full<Bytes>>| {
        request.extensions_mut().insert(me());
        request
    };
    for version in LEGACY {
        let sse = LegacySseLayer::new(server(), "/sse/messages/").layer(stack());
        let get = http::Request::get("/sse").header("accept", "text/event-stream").body(Full::default()).unwrap();
        let mut events = Events::of(sse.clone().oneshot(by_me(get)).await.unwrap());
        let first = events.next().await.unwrap();
        let path = first.strip_prefix("event: endpoint\ndata: ").unwrap().to_owned();
        let hello =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let mut all = vec![("initialize", hello, false)];
        all.extend(refused());
        for (method, params, tool) in all {
            events.talk.says(legacy(1, method, &params).as_bytes());
            let message = http::Request::post(&path).header("content-type", "application/json");
            let message = message.body(Full::from(legacy(1, method, &params))).unwrap();
            assert_eq!(read(sse.clone().oneshot(by_me(message)).await.unwrap()).await.status, 202);
            let answer = events.message().await.unwrap();
            if method == "initialize" {
                assert_eq!(answer["result"]["protocolVersion"], version);
            } else {
                assert_told(&answer, tool);
            }
        }
    }
}

/// A stack for one user: over stdio nobody says who calls.
#[derive(Clone)]
struct As(Identity, Rpc);

impl Service<Request> for As {
    type Response = Response;
    type Error = BoxError;
    type Future = <Rpc as Service<Request>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.1.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        request.extensions.insert(self.0.clone());
        self.1.call(request)
    }
}

#[tokio::test]
async fn over_stdio() {
    for version in [&[MODERN], &LEGACY[..]].concat() {
        let ((mut to, input), (output, from)) = (duplex(10_000), duplex(10_000));
        let served = tokio::spawn(stdio::serve(server(), Rpc::new(As(me(), stack())), input, output));
        let mut lines = BufReader::new(from).lines();
        if version != MODERN {
            let hello = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
            to.write_all((legacy(0, "initialize", &hello) + "\n").as_bytes()).await.unwrap();
            assert!(lines.next_line().await.unwrap().unwrap().contains(version));
        }
        for (method, params, tool) in refused() {
            let params = if version == MODERN { with_meta(params, &json!({})) } else { params };
            to.write_all((legacy(1, method, &params) + "\n").as_bytes()).await.unwrap();
            let answer: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
            assert_told(&answer, tool);
        }
        drop(to);
        served.await.unwrap().unwrap();
    }
}

/// What is logged in this thread, one JSON object a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_audit_trail_says_what_was_lacking_and_nothing_of_the_arguments() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(tracing::Level::TRACE);
    let guard = lines::listen(subscriber.with_writer(move || writer.clone()).finish());
    let arguments = r#"{"measures":["cost"],"customer":"Ромашка"}"#;
    let known = scoped::sales(arguments, "mcp report");
    let unknown = scoped::anonymous(known.method.clone(), r#"{"name":"closed"}"#);
    for request in [known, unknown] {
        assert!(stack().oneshot(request).await.is_err());
    }
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("Ромашка") && !text.contains("measures"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().filter(|line| line["target"] == "onec_mcp::audit").collect();
    assert_eq!(events.len(), 2, "{text}");
    assert!(events.iter().all(|event| event["event"] == "oauth.scope.denied" && event["required"] == NEEDED));
    assert_eq!((&events[0]["sub"], &events[0]["tool"]), (&json!("me"), &json!("sales")));
    assert_eq!((&events[0]["have"], &events[1]["have"]), (&json!("mcp report"), &Value::Null));
    assert_eq!((&events[1]["sub"], &events[1]["tool"]), (&Value::Null, &json!("closed")));
}
