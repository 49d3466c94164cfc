//! What the tests of the bridges share: services that answer what a test wants, requests of both
//! eras, and the answers read back.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

pub(crate) use super::schema;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer};
use onec_mcp::fuzzing::encode_sentinel;
use onec_mcp::net::Body;
use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
use schema::Talk;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

pub(crate) type Rpc = BoxCloneSyncService<Request, Response, BoxError>;
pub(crate) type Http = JsonRpc<Rpc>;
pub(crate) type Answer = Result<Response, BoxError>;

/// A service out of a function.
pub(crate) fn rpc<F, T>(answer: F) -> Rpc
where
    F: Fn(Request) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Answer> + Send + 'static,
{
    BoxCloneSyncService::new(service_fn(answer))
}

/// A service with the same result for everything.
pub(crate) fn always(json: impl Into<Bytes>) -> Rpc {
    let json = json.into();
    rpc(move |_| std::future::ready(result(json.clone())))
}

pub(crate) fn result(json: impl Into<Bytes>) -> Answer {
    Ok(Response::result(Payload::parse(json)?))
}

pub(crate) fn server() -> ServerInfo {
    ServerInfo::new("1C", "1.0.0")
}

pub(crate) fn http(rpc: Rpc) -> Http {
    JsonRpcLayer::new(server()).layer(rpc)
}

pub(crate) fn post(body: impl Into<Bytes>, headers: &[(&'static str, &str)]) -> http::Request<Full<Bytes>> {
    let mut request = http::Request::post("/mcp").body(Full::new(body.into())).unwrap();
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// A legacy request, as text.
pub(crate) fn legacy(id: u32, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// The parameters of a modern request: `params` with the metadata in them.
pub(crate) fn with_meta(mut params: Value, meta: &Value) -> Value {
    let mut all = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (key, value) in meta.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    params["_meta"] = all;
    params
}

/// A modern request with all its headers.
pub(crate) fn modern(method: &str, params: Value) -> http::Request<Full<Bytes>> {
    modern_with(method, params, &json!({}))
}

pub(crate) fn modern_with(method: &str, params: Value, meta: &Value) -> http::Request<Full<Bytes>> {
    let params = with_meta(params, meta);
    let mut request = post(legacy(1, method, &params), &[("mcp-protocol-version", MODERN), ("mcp-method", method)]);
    let name = if method == "resources/read" { &params["uri"] } else { &params["name"] };
    if let Some(name) = name.as_str() {
        request.headers_mut().insert("mcp-name", encode_sentinel(name).parse().unwrap());
    }
    request
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The code of the JSON-RPC error, 0 for a result.
    #[track_caller]
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or(0)
    }

    /// The result; an error fails the test.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        let mut reply = self.json();
        assert_eq!(self.status, 200, "{self:?}");
        assert!(reply["error"].is_null(), "{self:?}");
        reply["result"].take()
    }
}

pub(crate) async fn open<B>(http: &Http, request: http::Request<B>) -> http::Response<Body>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let version = request.headers().get("mcp-protocol-version").and_then(|version| version.to_str().ok());
    let talk = Talk::of(version);
    let heard = talk.clone();
    let request = request.map(|body| {
        body.map_frame(move |frame| {
            heard.part(frame.data_ref().map_or(&[][..], |data| data));
            frame
        })
    });
    let mut response = http.clone().oneshot(request).await.unwrap();
    response.extensions_mut().insert(talk);
    response
}

pub(crate) async fn send<B>(http: &Http, request: http::Request<B>) -> Got
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    read(open(http, request).await).await
}

pub(crate) async fn read(response: http::Response<Body>) -> Got {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    if let Some(talk) = head.extensions.get::<Talk>() {
        check(talk, &head.headers, &text);
    }
    Got { status: head.status.as_u16(), headers: head.headers, text }
}

/// Checks all messages of an answer.
#[track_caller]
pub(crate) fn check(talk: &Talk, headers: &HeaderMap, text: &str) {
    match headers.get("content-type").map(HeaderValue::as_bytes) {
        Some(b"application/json") => talk.hears_text(text),
        Some(b"text/event-stream") => {
            let events = text.split("\n\n").filter(|event| !event.is_empty() && !event.starts_with(':'));
            events.for_each(|event| talk.hears(&parse_event(event)));
        }
        _ => {}
    }
}

/// An event stream.
pub(crate) struct Events {
    body: Body,
    buffer: String,
    /// What the client has said.
    pub(crate) talk: Talk,
}

impl Events {
    #[track_caller]
    pub(crate) fn of(response: http::Response<Body>) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let talk = response.extensions().get::<Talk>().cloned().unwrap_or_default();
        Self { body: response.into_body(), buffer: String::new(), talk }
    }

    /// The lines up to the next empty one.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(event);
            }
            match self.body.frame().await {
                Some(frame) => {
                    let bytes = frame.unwrap().into_data().unwrap();
                    self.buffer.push_str(std::str::from_utf8(&bytes).unwrap());
                }
                None => {
                    assert_eq!(self.buffer, "", "the stream ends within an event");
                    return None;
                }
            }
        }
    }

    /// The next message; comments are passed over.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.next().await?;
            if !event.starts_with(':') {
                let message = parse_event(&event);
                self.talk.hears(&message);
                return Some(message);
            }
        }
    }

    /// All messages to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(message) = self.message().await {
            all.push(message);
        }
        all
    }
}

/// The message of an event, which stands on one line.
#[track_caller]
pub(crate) fn parse_event(event: &str) -> Value {
    let data = event.strip_prefix("event: message\ndata: ").unwrap_or_else(|| panic!("{event:?}"));
    assert!(!data.contains(['\r', '\n']), "{event:?}");
    serde_json::from_str(data).unwrap()
}

/// How many of something are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn guard(&self) -> Guard {
        self.0.fetch_add(1, Ordering::SeqCst);
        Guard(self.clone())
    }
}

pub(crate) struct Guard(Alive);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
