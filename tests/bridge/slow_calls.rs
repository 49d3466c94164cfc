//! Calls that take long, on a clock that stands still while something runs.

use crate::support::mcp::{
    self, Alive, Events, Http, Rpc, always, http, legacy, modern, modern_with, open, post, read, rpc, send, server,
};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::Peer;
use onec_mcp::rpc::{Param, Request};
use onec_mcp::{Bridge, Identity, Scopes};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Layer;

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
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
            mcp::result(r#"{"content":[]}"#)
        }
    })
}

fn slow() -> Http {
    http(sleeper(&Alive::default()))
}

fn call(seconds: u64, meta: Value) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let params = json!({ "name": seconds.to_string(), "_meta": meta });
    post(legacy(1, "tools/call", &params), &[("accept", "application/json, text/event-stream")])
}

#[tokio::test(start_paused = true)]
async fn a_call_over_five_seconds_becomes_an_event_stream() {
    for request in [call(6, json!({})), modern("tools/call", json!({ "name": "6" }))] {
        let start = Instant::now();
        let response = open(&slow(), request).await;
        assert_eq!(start.elapsed(), secs(5));
        let messages = Events::of(response).rest().await;
        assert_eq!(start.elapsed(), secs(6));
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["result"]["content"], json!([]));
    }
    let start = Instant::now();
    assert_eq!(send(&slow(), call(4, json!({}))).await.result()["content"], json!([]));
    assert_eq!(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_only_json_waits() {
    let mut request = call(60, json!({ "progressToken": 1 }));
    request.headers_mut().insert("accept", "application/json".parse().unwrap());
    let start = Instant::now();
    assert_eq!(send(&slow(), request).await.result()["content"], json!([]));
    assert_eq!(start.elapsed(), secs(60));
}

#[tokio::test(start_paused = true)]
async fn patience_can_be_set() {
    let bridge = Bridge::new(server()).stream_after(secs(1)).keep_alive(secs(2)).progress_every(secs(1));
    let http: Http = JsonRpcLayer::new(bridge).layer(sleeper(&Alive::default()));
    let start = Instant::now();
    let mut events = Events::of(open(&http, call(4, json!({}))).await);
    assert_eq!(start.elapsed(), secs(1));
    assert!(events.next().await.unwrap().starts_with(':'));
    assert_eq!(start.elapsed(), secs(3));
    assert_eq!(events.rest().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn silent_streams_carry_comments() {
    let start = Instant::now();
    let mut events = Events::of(open(&slow(), call(60, json!({}))).await);
    for at in [20, 35, 50] {
        let event = events.next().await.unwrap();
        assert!(event.starts_with(':') && !event.contains('\n'), "{event:?}");
        assert_eq!(start.elapsed(), secs(at));
    }
    assert_eq!(events.message().await.unwrap()["id"], 1);
    assert_eq!((start.elapsed(), events.next().await), (secs(60), None));
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_to_those_who_gave_a_token() {
    for token in [json!("т-1"), json!(7), json!("")] {
        let slow = slow();
        for request in [
            call(20, json!({ "progressToken": token })),
            modern_with("tools/call", json!({ "name": "20" }), &json!({ "progressToken": token })),
        ] {
            let mut messages = Events::of(open(&slow, request).await).rest().await;
            let last = messages.pop().unwrap();
            assert_eq!(last["result"]["content"], json!([]));
            assert!((14..=16).contains(&messages.len()), "{}", messages.len());
            let mut before = 0.0;
            for message in messages {
                assert_eq!(message["method"], "notifications/progress");
                assert!(message.get("id").is_none());
                assert_eq!(message["params"]["progressToken"], token);
                assert!(message["params"]["message"].is_string());
                let now = message["params"]["progress"].as_f64().unwrap();
                assert!(now > before, "{now} after {before}");
                before = now;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_no_progress() {
    for meta in
        [json!({}), json!({ "progressToken": null }), json!({ "progressToken": [1] }), json!({ "progressToken": {} })]
    {
        let messages = Events::of(open(&slow(), call(20, meta)).await).rest().await;
        assert_eq!(messages.len(), 1, "{messages:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_the_stream_drops_the_call() {
    let alive = Alive::default();
    let http = http(sleeper(&alive));
    for token in [json!({}), json!({ "progressToken": 1 })] {
        let mut events = Events::of(open(&http, call(600, token)).await);
        assert!(events.next().await.is_some());
        assert_eq!(alive.count(), 1);
        drop(events);
        assert_eq!(alive.count(), 0);
    }
    // Before the stream has begun, and before its body was looked at.
    assert!(timeout(secs(2), open(&http, call(600, json!({})))).await.is_err());
    assert_eq!(alive.count(), 0);
    let response = open(&http, call(600, json!({}))).await;
    assert_eq!(alive.count(), 1);
    drop(response);
    assert_eq!(alive.count(), 0);
    // A batch has several.
    let batch = format!("[{0},{0}]", legacy(1, "tools/call", &json!({ "name": "600" })));
    let response = open(&http, post(batch, &[])).await;
    assert_eq!(alive.count(), 2);
    drop(response);
    assert_eq!(alive.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_blocks_no_other() {
    let slow = slow();
    let start = Instant::now();
    let mut events = Events::of(open(&slow, call(60, json!({}))).await);
    send(&slow, call(0, json!({}))).await.result();
    assert_eq!(start.elapsed(), secs(5));
    assert_eq!(events.rest().await.len(), 1);
    assert_eq!(start.elapsed(), secs(60));
}

const TALKS: &str = r#"{"content":[],"_meta":{"messages":[
    {"level":"debug","data":"отладка"},
    {"level":"info","data":{"Документ":"Проведён","Сумма":1.10}},
    {"level":"loud","data":"unknown level"},
    {"data":"no level"},
    {"level":"error","data":["нет","остатка"]}
]}}"#;

/// The levels of the log messages before the reply, which must come last.
async fn levels(http: &Http, request: http::Request<http_body_util::Full<bytes::Bytes>>) -> Vec<Value> {
    let response = open(http, request).await;
    if response.headers()["content-type"] == "application/json" {
        read(response).await.result();
        return Vec::new();
    }
    let mut messages = Events::of(response).rest().await;
    assert_eq!(messages.pop().unwrap()["result"]["content"], json!([]));
    for message in &messages {
        assert_eq!(message["method"], "notifications/message");
        assert!(message["params"].get("data").is_some());
    }
    messages.into_iter().map(|mut message| message["params"]["level"].take()).collect()
}

#[tokio::test]
async fn log_messages_of_a_modern_call_only_where_asked_for() {
    let http = http(always(TALKS));
    for (level, expected) in [
        (json!({}), json!([])),
        (json!({ LOG_LEVEL: "debug" }), json!(["debug", "info", "error"])),
        (json!({ LOG_LEVEL: "info" }), json!(["info", "error"])),
        (json!({ LOG_LEVEL: "notice" }), json!(["error"])),
        (json!({ LOG_LEVEL: "error" }), json!(["error"])),
        (json!({ LOG_LEVEL: "emergency" }), json!([])),
    ] {
        let request = modern_with("tools/call", json!({ "name": "a" }), &level);
        assert_eq!(json!(levels(&http, request).await), expected, "{level}");
    }
    for level in [json!("loud"), json!(1), json!(null)] {
        let request = modern_with("tools/call", json!({ "name": "a" }), &json!({ LOG_LEVEL: level }));
        let got = send(&http, request).await;
        assert_eq!((got.status, got.code()), (400, -32602), "{level}");
    }
}

#[tokio::test]
async fn log_messages_of_a_legacy_call_always() {
    let http = http(always(TALKS));
    assert_eq!(json!(levels(&http, call(0, json!({}))).await), json!(["debug", "info", "error"]));
    // Its own words stay as they are.
    let first = Events::of(open(&http, call(0, json!({}))).await).rest().await.swap_remove(1);
    assert_eq!(first["params"]["data"], json!({ "Документ": "Проведён", "Сумма": 1.10 }));
    // Who takes no stream gets none.
    let mut request = call(0, json!({}));
    request.headers_mut().insert("accept", "application/json".parse().unwrap());
    assert_eq!(json!(levels(&http, request).await), json!([]));
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_acknowledged_and_end_gracefully() {
    let shutdown = CancellationToken::new();
    let http: Http =
        JsonRpcLayer::new(Bridge::new(server()).shutdown(shutdown.clone().cancelled_owned())).layer(always("{}"));
    let listen = modern("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
    let mut events = Events::of(open(&http, listen.clone()).await);
    let first = events.message().await.unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(first["params"], json!({ "_meta": { SUBSCRIPTION: 1 }, "notifications": {} }));
    let start = Instant::now();
    assert!(events.next().await.unwrap().starts_with(':'));
    assert_eq!(start.elapsed(), secs(15));
    shutdown.cancel();
    let last = events.message().await.unwrap();
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(1), &json!("complete")));
    assert_eq!(last["result"]["_meta"][SUBSCRIPTION], 1);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn subscriptions_that_cannot_be() {
    let http = http(always("{}"));
    let mut listen = modern("subscriptions/listen", json!({ "notifications": {} }));
    listen.headers_mut().insert("accept", "application/json".parse().unwrap());
    assert_eq!(send(&http, listen).await.status, 406);
    for params in [json!({}), json!({ "notifications": [] }), json!({ "notifications": null })] {
        let got = send(&http, modern("subscriptions/listen", params)).await;
        assert_eq!((got.status, got.code()), (400, -32602));
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_calls_finish() {
    let shutdown = CancellationToken::new();
    let bridge = Bridge::new(server()).shutdown(shutdown.clone().cancelled_owned());
    let http: Http = JsonRpcLayer::new(bridge).layer(sleeper(&Alive::default()));
    let mut events = Events::of(open(&http, call(9, json!({}))).await);
    shutdown.cancel();
    assert_eq!(events.message().await.unwrap()["result"]["content"], json!([]));
}

/// One user's programs take nothing from others, whichever of the transports they use.
#[tokio::test(start_paused = true)]
async fn one_caller_listens_eight_times_at_most() {
    let http = slow();
    let listen = |subject: Option<&str>, address: &str| {
        let mut listen = modern("subscriptions/listen", json!({ "notifications": {} }));
        listen.extensions_mut().insert(Peer(format!("{address}:1").parse().unwrap()));
        if let Some(subject) = subject {
            listen.extensions_mut().insert(Identity::new(subject, Scopes::default()));
        }
        open(&http, listen)
    };
    let mut own = Vec::new();
    for at in 0..8 {
        own.push(Events::of(listen(Some("onec:a"), &format!("192.0.2.{at}")).await));
    }
    let refused = read(listen(Some("onec:a"), "192.0.2.9").await).await;
    assert_eq!((refused.status, refused.code()), (503, -32603), "{}", refused.text);
    drop(Events::of(listen(Some("onec:b"), "192.0.2.1").await));
    own.pop();
    drop(Events::of(listen(Some("onec:a"), "192.0.2.9").await));
    // An office has one address, and more than eight who listen; it has not all there is.
    let mut office = Vec::new();
    for _ in 0..256 {
        office.push(Events::of(listen(None, "198.51.100.1").await));
    }
    assert_eq!(listen(None, "198.51.100.1").await.status(), 503);
    assert_eq!(listen(None, "198.51.100.2").await.status(), 200);
}
