//! The HTTP+SSE transport of 2024-11-05: one stream for all that comes, POSTs for all that goes.

use crate::support::mcp;
use crate::support::schema::Talk;
use bytes::Bytes;
use http_body_util::{Full, Limited};
use mcp::{Alive, Events, Got, Rpc, always, legacy, read, rpc, server};
use onec_mcp::bridge::sse::{LegacySse, LegacySseLayer};
use onec_mcp::net::Peer;
use onec_mcp::rpc::{Param, Request};
use onec_mcp::{Bridge, Identity, Scopes};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};

const PING: &str = r#"{"jsonrpc":"2.0","id":"ping","method":"ping"}"#;

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn sse(rpc: Rpc) -> LegacySse<Rpc> {
    LegacySseLayer::new(server(), "/sse/messages/").layer(rpc)
}

fn get() -> http::Request<Full<Bytes>> {
    http::Request::get("/sse").header("accept", "text/event-stream").body(Full::default()).unwrap()
}

fn message(path: &str, body: &str) -> http::Request<Full<Bytes>> {
    let request = http::Request::post(path).header("content-type", "application/json");
    request.body(Full::from(body.to_owned())).unwrap()
}

async fn send(sse: &LegacySse<Rpc>, request: http::Request<Full<Bytes>>) -> Got {
    read(sse.clone().oneshot(request).await.unwrap()).await
}

/// A client with its stream open.
struct Client {
    sse: LegacySse<Rpc>,
    events: Events,
    path: String,
}

impl Client {
    async fn open(sse: &LegacySse<Rpc>) -> Self {
        let mut events = Events::of(sse.clone().oneshot(get()).await.unwrap());
        let first = events.next().await.unwrap();
        let path = first.strip_prefix("event: endpoint\ndata: ").unwrap().to_owned();
        assert!(path.starts_with("/sse/messages/?session_id="), "{path}");
        events.talk = Talk::of(Some("2024-11-05"));
        Self { sse: sse.clone(), events, path }
    }

    async fn say(&self, text: impl AsRef<str>) {
        self.events.talk.says(text.as_ref().as_bytes());
        let got = send(&self.sse, message(&self.path, text.as_ref())).await;
        assert_eq!((got.status, &*got.text), (202, ""));
    }

    async fn hear(&mut self) -> Value {
        self.events.message().await.unwrap()
    }

    async fn ask(&mut self, text: impl AsRef<str>) -> Value {
        self.say(text).await;
        self.hear().await
    }

    async fn silence(&mut self, time: Duration) {
        assert!(timeout(time, self.events.message()).await.is_err());
    }
}

/// Every call takes as many seconds as its tool is called.
fn sleeper(alive: &Alive) -> Rpc {
    let alive = alive.clone();
    rpc(move |request: Request| {
        let guard = alive.guard();
        async move {
            let _guard = guard;
            let name = request.params.text(Param::Name).unwrap_or_default().into_owned();
            sleep(secs(name.parse().unwrap_or(0))).await;
            mcp::result(json!({ "content": [], "version": request.version.as_str() }).to_string())
        }
    })
}

fn call(id: u32, seconds: &str) -> String {
    legacy(id, "tools/call", &json!({ "name": seconds }))
}

#[tokio::test]
async fn replies_come_over_the_stream() {
    let mut client = Client::open(&sse(sleeper(&Alive::default()))).await;
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {} });
    let hello = client.ask(legacy(0, "initialize", &params)).await;
    assert_eq!(hello["result"]["protocolVersion"], "2024-11-05");
    client.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!(client.ask(call(1, "0")).await["result"]["version"], "2024-11-05");
    assert_eq!(client.ask(PING).await, json!({ "jsonrpc": "2.0", "id": "ping", "result": {} }));
    assert_eq!(client.ask("nonsense").await["error"]["code"], -32700);
    assert_eq!(client.ask(legacy(2, "server/discover", &json!({}))).await["error"]["code"], -32601);
}

#[tokio::test(start_paused = true)]
async fn calls_run_at_once_and_may_be_cancelled() {
    let alive = Alive::default();
    let mut client = Client::open(&sse(sleeper(&alive))).await;
    for (id, seconds) in [(1, "9"), (2, "600"), (3, "1")] {
        client.say(call(id, seconds)).await;
    }
    assert_eq!(client.hear().await["id"], 3);
    assert_eq!(alive.count(), 2);
    client.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#).await;
    assert_eq!(client.hear().await["id"], 1);
    assert_eq!(alive.count(), 0);
    client.silence(secs(700)).await;
}

/// What an SDK writes where nothing was set.
#[tokio::test]
async fn null_is_as_absent() {
    let unsaid = rpc(|request: Request| async move {
        mcp::result(json!({ "content": [], "unsaid": request.params.raw(Param::Arguments).is_none() }).to_string())
    });
    let mut client = Client::open(&sse(unsaid)).await;
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":null,"_meta":null}}"#;
    assert_eq!(client.ask(line).await["result"]["unsaid"], true);
}

#[tokio::test]
async fn every_client_has_its_own_stream() {
    let sse = sse(always(r#"{"tools":[]}"#));
    let (mut one, mut two) = (Client::open(&sse).await, Client::open(&sse).await);
    assert_ne!(one.path, two.path);
    one.say(legacy(1, "tools/list", &json!({}))).await;
    two.say(legacy(2, "tools/list", &json!({}))).await;
    assert_eq!((one.hear().await["id"].clone(), two.hear().await["id"].clone()), (json!(1), json!(2)));
}

#[tokio::test(start_paused = true)]
async fn closing_the_stream_drops_its_calls() {
    let alive = Alive::default();
    let sse = sse(sleeper(&alive));
    let mut client = Client::open(&sse).await;
    client.say(call(1, "600")).await;
    client.say(call(2, "600")).await;
    client.silence(secs(1)).await;
    assert_eq!(alive.count(), 2);
    let path = client.path.clone();
    drop(client);
    assert_eq!(alive.count(), 0);
    assert_eq!(send(&sse, message(&path, PING)).await.status, 404);
}

#[tokio::test]
async fn sessions_that_are_none() {
    let sse = sse(always("{}"));
    let _client = Client::open(&sse).await;
    let unknown = "/sse/messages/?session_id=00000000000040008000000000000000";
    assert_eq!(send(&sse, message(unknown, PING)).await.status, 404);
    for (query, why) in [
        ("", "missing"),
        ("?id=1", "missing"),
        ("?session_id=", "malformed"),
        ("?session_id=1", "malformed"),
        ("?session_id=00000000-0000-4000-8000-00000000000g", "malformed"),
    ] {
        let got = send(&sse, message(&format!("/sse/messages/{query}"), PING)).await;
        assert_eq!(got.status, 400, "{query}");
        assert!(got.text.contains(&format!("session_id is {why}")), "{query}: {}", got.text);
    }
}

#[tokio::test]
async fn the_rules_of_http() {
    let sse = sse(always("{}"));
    let mut client = Client::open(&sse).await;
    for method in ["PUT", "DELETE", "HEAD"] {
        let mut request = get();
        *request.method_mut() = method.parse().unwrap();
        let got = send(&sse, request).await;
        assert_eq!((got.status, &got.headers["allow"]), (405, &"GET".parse().unwrap()), "{method}");
    }
    // Under the address of its messages a stream is not opened once more.
    let messages = http::Request::get(&client.path).body(Full::default()).unwrap();
    let got = send(&sse, messages).await;
    assert_eq!((got.status, &got.headers["allow"]), (405, &"POST".parse().unwrap()));
    for mut request in [get(), message(&client.path, PING)] {
        request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
        assert_eq!(send(&sse, request).await.status, 403);
    }
    let mut request = message(&client.path, PING);
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(send(&sse, request).await.status, 415);
    let mut request = message(&client.path, PING);
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let got = send(&sse, request).await;
    assert_eq!((got.status, &got.headers["accept-encoding"]), (415, &"identity".parse().unwrap()));
    let big = " ".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(send(&sse, message(&client.path, &big)).await.status, 413);
    // A layer around the service may have a lower limit of its own.
    let cut = message(&client.path, PING).map(|body| Limited::new(body, 10));
    assert_eq!(read(sse.clone().oneshot(cut).await.unwrap()).await.status, 413);
    assert_eq!(client.ask(PING).await["id"], "ping");
}

/// Revision 2025-03-26, "Backwards Compatibility": a client POSTs `initialize` to the URL that it has,
/// and at a 4xx opens a stream there. mcp-remote and others do so at 404 and 405 alone.
#[tokio::test]
async fn a_post_to_the_stream_is_405() {
    for messages in ["/sse/messages/", "/gate/sse/messages/"] {
        let sse = LegacySseLayer::new(server(), messages).layer(always("{}"));
        for path in ["/sse", "/sse/", "/gate/sse", "/sse?x=1"] {
            let got = send(&sse, message(path, &legacy(0, "initialize", &json!({})))).await;
            assert_eq!((got.status, &got.headers["allow"]), (405, &"GET".parse().unwrap()), "{path}");
        }
        // Those of a stream are known with and without what a proxy or router takes away of their path.
        for path in ["/sse/messages", "/sse/messages/", "/gate/sse/messages/", ""] {
            assert_eq!(send(&sse, message(&format!("{path}/"), PING)).await.status, 400, "{path}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_nobody_reads_takes_no_more() {
    let sse = sse(always("{}"));
    let mut client = Client::open(&sse).await;
    let mut taken = 0;
    client.events.talk.says(PING.as_bytes());
    while send(&sse, message(&client.path, PING)).await.status == 202 {
        taken += 1;
        assert!(taken < 1000);
    }
    assert_eq!(send(&sse, message(&client.path, PING)).await.status, 503);
    for _ in 0..taken {
        assert_eq!(client.hear().await["id"], "ping");
    }
    assert_eq!(client.ask(PING).await["id"], "ping");
}

/// Asks once, and then tells what it got.
fn asker() -> Rpc {
    rpc(|request: Request| async move {
        mcp::result(match request.params.raw(Param::InputResponses) {
            None => r#"{"resultType":"input_required","inputRequests":{"k":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}}}"#
                .to_owned(),
            Some(raw) => format!("{{\"content\":[],\"got\":{}}}", String::from_utf8_lossy(raw)),
        })
    })
}

/// One stream cannot answer what another was asked, nor can a POST to the endpoint beside it.
#[tokio::test]
async fn a_question_is_answered_on_its_own_stream() {
    let bridge = Bridge::new(server());
    let sse = LegacySseLayer::new(bridge.clone(), "/sse/messages/").layer(asker());
    let beside: mcp::Http = onec_mcp::bridge::http::JsonRpcLayer::new(bridge).layer(asker());
    let (mut asked, mut other) = (Client::open(&sse).await, Client::open(&sse).await);
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": { "sampling": {} } });
    for client in [&mut asked, &mut other] {
        client.ask(legacy(0, "initialize", &params)).await;
    }
    let question = asked.ask(call(1, "a")).await;
    let answer = |by: &str| json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "by": by } }).to_string();
    let got = mcp::send(&beside, mcp::post(answer("beside"), &[("mcp-protocol-version", "2025-11-25")])).await;
    assert_eq!(got.status, 400);
    assert_eq!(send(&sse, message(&other.path, &answer("other"))).await.status, 202);
    // The other stream has dealt with it by then.
    other.ask(PING).await;
    assert_eq!(asked.ask(answer("own")).await["result"]["got"]["k"]["by"], "own");
}

#[tokio::test]
async fn questions_and_answers() {
    let mut client = Client::open(&sse(asker())).await;
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": { "sampling": {} } });
    client.ask(legacy(0, "initialize", &params)).await;
    let question = client.ask(call(1, "a")).await;
    assert_eq!(question["method"], "sampling/createMessage");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "role": "assistant" } });
    let last = client.ask(answer.to_string()).await;
    assert_eq!(
        (&last["id"], &last["result"]),
        (&json!(1), &json!({ "content": [], "got": { "k": { "role": "assistant" } } }))
    );
}

#[tokio::test]
async fn results_stand_on_one_line() {
    let pretty = "{\r\n\"content\": [\n\n{\"type\":\"text\",\"text\":\"a\\nb\"}\n]\n}";
    let mut client = Client::open(&sse(always(pretty))).await;
    // `message` checks the line.
    assert_eq!(client.ask(call(1, "a")).await["result"], json!({ "content": [{ "type": "text", "text": "a\nb" }] }));
}

#[tokio::test(start_paused = true)]
async fn silent_streams_carry_comments_and_end_at_shutdown() {
    let shutdown = CancellationToken::new();
    let bridge = Bridge::new(server()).shutdown(shutdown.clone().cancelled_owned());
    let sse = LegacySseLayer::new(bridge, "/sse/messages/").layer(always("{}"));
    let mut client = Client::open(&sse).await;
    let start = Instant::now();
    for at in [15, 30] {
        assert!(client.events.next().await.unwrap().starts_with(':'));
        assert_eq!(start.elapsed(), secs(at));
    }
    shutdown.cancel();
    assert_eq!(client.events.next().await, None);
    assert_eq!(send(&sse, message(&client.path, PING)).await.status, 404);
}

/// A message counts only from the one who opened the stream, and runs as who sent it.
#[tokio::test]
async fn messages_of_others_are_not_for_a_stream() {
    let who = rpc(|request: Request| async move {
        let identity = request.extensions.get::<onec_mcp::Identity>().unwrap();
        mcp::result(
            json!({ "tools": [], "who": identity.subject(), "scopes": identity.scopes().to_string() }).to_string(),
        )
    });
    let sse = sse(who);
    let by = |name: &str, scopes: &str, mut request: http::Request<Full<Bytes>>| {
        request.extensions_mut().insert(onec_mcp::Identity::new(name, onec_mcp::Scopes::parse(scopes)));
        request
    };
    let mut events = Events::of(sse.clone().oneshot(by("me", "a b", get())).await.unwrap());
    let first = events.next().await.unwrap();
    let path = first.strip_prefix("event: endpoint\ndata: ").unwrap();
    let list = legacy(1, "tools/list", &json!({}));
    events.talk.says(list.as_bytes());
    assert_eq!(send(&sse, by("other", "a b", message(path, &list))).await.status, 404);
    assert_eq!(send(&sse, message(path, &list)).await.status, 404);
    let mut elsewhere = message(path, &list);
    let partition = onec_mcp::Identity::new("me", onec_mcp::Scopes::parse("a b")).with_partition("p");
    elsewhere.extensions_mut().insert(partition);
    assert_eq!(send(&sse, elsewhere).await.status, 404);
    assert_eq!(send(&sse, by("me", "a", message(path, &list))).await.status, 202);
    let reply = events.message().await.unwrap();
    assert_eq!((&reply["result"]["who"], &reply["result"]["scopes"]), (&json!("me"), &json!("a")));
}

fn of(subject: Option<&str>, address: &str, mut request: http::Request<Full<Bytes>>) -> http::Request<Full<Bytes>> {
    request.extensions_mut().insert(Peer(format!("{address}:1").parse().unwrap()));
    if let Some(subject) = subject {
        request.extensions_mut().insert(Identity::new(subject, Scopes::default()));
    }
    request
}

/// Of 1024 streams one user has 8, and one address whose users have no names 64.
#[tokio::test]
async fn nobody_takes_all_the_streams() {
    let sse = sse(always("{}"));
    let open = async |subject: Option<&str>, address: &str| {
        let response = sse.clone().oneshot(of(subject, address, get())).await.unwrap();
        (response.status().as_u16(), response)
    };
    let mut held = Vec::new();
    for at in 0..8 {
        let (status, stream) = open(Some("onec:a"), &format!("192.0.2.{at}")).await;
        assert_eq!(status, 200);
        held.push(stream);
    }
    assert_eq!(open(Some("onec:a"), "192.0.2.9").await.0, 503);
    assert_eq!(open(Some("onec:b"), "192.0.2.1").await.0, 200);
    held.pop();
    assert_eq!(open(Some("onec:a"), "192.0.2.9").await.0, 200);
    for at in 0..64 {
        // One subscriber of IPv6 has as many addresses as he wants.
        let (status, stream) = open(None, &format!("[2001:db8::{at:x}]")).await;
        assert_eq!(status, 200);
        held.push(stream);
    }
    assert_eq!(open(None, "[2001:db8::ffff]").await.0, 503);
    assert_eq!(open(None, "[2001:db8:0:1::1]").await.0, 200);
}

/// What waits for a stream that is not read is bounded: messages of its client, and replies.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_holds_one_mebibyte() {
    let running = Arc::new(AtomicUsize::new(0));
    let begun = Arc::clone(&running);
    let reply = format!("{{\"content\":[],\"text\":\"{}\"}}", "a".repeat(600 * 1024));
    let sse = sse(rpc(move |_: Request| {
        begun.fetch_add(1, Ordering::SeqCst);
        let reply = reply.clone();
        async move { mcp::result(reply) }
    }));
    let mut client = Client::open(&sse).await;
    let large = |id: u32| legacy(id, "tools/call", &json!({ "name": "a", "arguments": { "a": "a".repeat(300_000) } }));
    // Nobody polls the stream meanwhile.
    for id in 0..3 {
        client.say(large(id)).await;
    }
    let got = send(&sse, message(&client.path, &large(3))).await;
    assert_eq!(got.status, 503, "{}", got.text);
    // One that fits is taken, though it comes later.
    client.say(PING).await;
    let first = client.events.next().await.unwrap();
    assert!(first.len() > 600 * 1024);
    assert!(running.load(Ordering::SeqCst) <= 3);
    let mut heard = 1;
    while heard < 4 {
        client.events.next().await.unwrap();
        heard += 1;
    }
    // What was read makes room; a single message may be as long as a body.
    let long = json!({ "name": "a", "arguments": { "a": "a".repeat(3_000_000) } });
    assert_eq!(client.ask(legacy(9, "tools/call", &long)).await["id"], 9);
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_reply_are_bounded() {
    let alive = Alive::default();
    let mut client = Client::open(&sse(sleeper(&alive))).await;
    for id in 0..128 {
        client.say(call(id, "100")).await;
        client.silence(Duration::from_millis(1)).await;
    }
    let refused = client.ask(call(128, "100")).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("Too many calls"), "{refused}");
    // Other messages are taken: they may be what makes room.
    client
        .say(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } }).to_string())
        .await;
    client.silence(Duration::from_millis(1)).await;
    client.say(call(128, "0")).await;
    assert_eq!(client.hear().await["id"], 128);
}
