//! The bytes that a server holds at once: counted where they are held, bounded, and shared among callers.

use crate::support::mcp::{self, always, legacy, modern, rpc};
use crate::support::oauth;
use crate::support::rest;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use onec_mcp::Bridge;
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer};
use onec_mcp::bridge::sse::LegacySseLayer;
use onec_mcp::net::Peer;
use onec_mcp::net::budget::{Budget, BudgetLayer, Counted, MemoryBudget};
use onec_mcp::onec::{HttpClient, Infobase, OneCService};
use onec_mcp::rpc::ServerInfo;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceExt};

const MIB: usize = 1024 * 1024;

type Mcp = Budget<JsonRpc<mcp::Rpc>>;

/// A server that holds a MiB, and its budget.
fn server(rpc: mcp::Rpc) -> (Mcp, MemoryBudget) {
    let budget = MemoryBudget::new(MIB);
    let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(rpc);
    (BudgetLayer::new(budget.clone()).layer(mcp), budget)
}

/// Every call takes as many seconds as its tool is called, and is answered with so many bytes.
fn slow(answer: usize) -> mcp::Rpc {
    rpc(move |request| async move {
        let name = request.params.text(onec_mcp::rpc::Param::Name).unwrap_or_default().into_owned();
        sleep(Duration::from_secs(name.parse().unwrap_or(0))).await;
        mcp::result(json!({ "content": [], "text": "a".repeat(answer) }).to_string())
    })
}

/// A call that takes `seconds` and whose body has about so many bytes.
fn call(seconds: u32, bytes: usize) -> String {
    legacy(1, "tools/call", &json!({ "name": seconds.to_string(), "arguments": { "a": "a".repeat(bytes) } }))
}

fn post<B>(from: &str, body: B) -> Request<B> {
    let mut request = Request::post("/mcp").body(body).unwrap();
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    request.headers_mut().insert("accept", "application/json".parse().unwrap());
    request.extensions_mut().insert(Peer(format!("{from}:1").parse().unwrap()));
    request
}

fn whole(from: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    post(from, Full::new(body.into()))
}

/// A body that comes as it is sent.
struct Pieces(mpsc::Receiver<Bytes>);

fn pieces() -> (mpsc::Sender<Bytes>, Pieces) {
    let (sender, pieces) = mpsc::channel(4);
    (sender, Pieces(pieces))
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Its status and the text of its error.
async fn told<B>(response: Response<B>) -> (u16, String)
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    let status = response.status().as_u16();
    if status == 503 {
        assert_eq!(response.headers()["retry-after"], "2");
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_requests_wait_shortly_and_then_get_503() {
    let (mcp, budget) = server(slow(0));
    // Four callers hold all there is, each a quarter.
    let mut running = Vec::new();
    for at in 1..=4 {
        running.push(tokio::spawn(mcp.clone().oneshot(whole(&format!("192.0.2.{at}"), call(10, MIB / 4)))));
        settle().await;
    }
    assert!(budget.held() >= MIB, "{}", budget.held());
    let start = Instant::now();
    let (status, why) = told(mcp.clone().oneshot(whole("192.0.2.9", call(0, 10))).await.unwrap()).await;
    assert_eq!((status, start.elapsed().as_secs()), (503, 2));
    assert!(why.contains("Try again"), "{why}");
    // What has no body to hold is answered at once.
    let start = Instant::now();
    let get = Request::get("/mcp").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(mcp.clone().oneshot(get).await.unwrap().status(), 405);
    assert_eq!(start.elapsed(), Duration::ZERO);
    // One that comes a second before there is room waits that second.
    sleep(Duration::from_secs(7)).await;
    let start = Instant::now();
    assert_eq!(mcp.clone().oneshot(whole("192.0.2.9", call(0, 10))).await.unwrap().status(), 200);
    assert!(start.elapsed() < Duration::from_millis(1100), "{:?}", start.elapsed());
    for call in running {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn bytes_count_as_long_as_anybody_has_them() {
    let (mcp, budget) = server(slow(MIB / 2));
    let response = mcp.clone().oneshot(whole("192.0.2.1", call(0, 1000))).await.unwrap();
    let held = budget.held();
    assert!((MIB / 2..MIB / 2 + 1000).contains(&held), "the answer, and no longer the request: {held}");
    // A server takes the pieces and drops the body while it still writes.
    let mut body = response.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        pieces.push(frame.unwrap().into_data().unwrap());
    }
    drop(body);
    assert_eq!(budget.held(), held);
    let rest: Vec<Bytes> = pieces.iter().map(|piece| piece.slice(piece.len() / 2..)).collect();
    drop(pieces);
    assert_eq!(budget.held(), held);
    drop(rest);
    assert_eq!(budget.held(), 0);
    // A client that goes away gives back at once.
    let call = tokio::spawn(mcp.clone().oneshot(whole("192.0.2.1", call(100, 1000))));
    settle().await;
    assert!(budget.held() > 1000);
    call.abort();
    settle().await;
    assert_eq!(budget.held(), 0);
}

/// Everybody else goes on as if he were not there.
#[tokio::test(start_paused = true)]
async fn one_caller_holds_a_quarter() {
    let (mcp, budget) = server(slow(MIB / 5));
    let mut unread = Vec::new();
    for _ in 0..2 {
        unread.push(mcp.clone().oneshot(whole("192.0.2.1", call(0, 10))).await.unwrap());
    }
    assert!(budget.held() < MIB / 2);
    assert_eq!(mcp.clone().oneshot(whole("192.0.2.1", call(0, 10))).await.unwrap().status(), 503);
    let start = Instant::now();
    assert_eq!(mcp.clone().oneshot(whole("192.0.2.2", call(0, 10))).await.unwrap().status(), 200);
    assert_eq!(start.elapsed(), Duration::ZERO);
    unread.pop();
    assert_eq!(mcp.clone().oneshot(whole("192.0.2.1", call(0, 10))).await.unwrap().status(), 200);
    drop(unread);
    assert_eq!(budget.held(), 0);
}

/// Bodies that came in part, and whose rest nobody wants any more.
#[tokio::test(start_paused = true)]
async fn a_body_on_its_way_waits_for_room_as_well() {
    let (mcp, budget) = server(slow(0));
    let mut open = Vec::new();
    for at in 1..=5 {
        let (sender, body) = pieces();
        let answer = tokio::spawn(mcp.clone().oneshot(post(&format!("192.0.2.{at}"), body)));
        sender.send(vec![b' '; MIB / 5].into()).await.unwrap();
        settle().await;
        open.push((sender, answer));
    }
    assert!(budget.held() >= MIB / 5 * 5);
    // Pieces that come now stay where they are.
    let held = budget.held();
    for (sender, _) in &open {
        sender.send(vec![b' '; 1000].into()).await.unwrap();
    }
    settle().await;
    assert!(budget.held() <= held + 5000);
    let mut refused = 0;
    for (sender, answer) in open {
        let _ = sender.send(call(0, 10).into()).await;
        drop(sender);
        let (status, why) = told(answer.await.unwrap().unwrap()).await;
        assert!(status == 200 || status == 503 && why.contains("Try again"), "{status} {why}");
        refused += usize::from(status == 503);
    }
    assert!((1..=5).contains(&refused), "{refused}");
    assert_eq!(budget.held(), 0);
}

/// Status and `Retry-After` of a request whose body comes no further than the budget goes.
async fn cut_off<S, R>(service: S, mut request: Request<()>, holds: usize) -> (u16, String)
where
    S: Service<Request<Counted<Pieces>>, Response = Response<R>, Future: Send> + Clone + Send + 'static,
    S::Error: std::fmt::Debug + Send,
    R: Body + Send + 'static,
{
    let (sender, body) = pieces();
    request.extensions_mut().insert(Peer("192.0.2.1:1".parse().unwrap()));
    let budget = MemoryBudget::new(holds);
    let answer = tokio::spawn(BudgetLayer::new(budget.clone()).layer(service).oneshot(request.map(|()| body)));
    sender.send(vec![b' '; holds].into()).await.unwrap();
    settle().await;
    assert_eq!(budget.held(), holds);
    let start = Instant::now();
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 2);
    drop(sender);
    let after = answer.headers().get("retry-after").map(|after| after.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    drop(answer);
    assert_eq!(budget.held(), 0);
    (status, after.unwrap_or_default())
}

/// MCP, the messages of HTTP+SSE, REST and OAuth.
#[tokio::test(start_paused = true)]
async fn every_reader_of_bodies_says_that_there_is_no_room() {
    let request = |path: &str, form: &str| {
        let request = Request::post(path).header("content-type", form).header("accept", "application/json");
        request.header("authorization", format!("Bearer {}", rest::TOKEN)).body(()).unwrap()
    };
    let expected = (503, "2".to_owned());
    let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(slow(0));
    assert_eq!(cut_off(mcp, request("/mcp", "application/json"), MIB).await, expected);
    let sse = LegacySseLayer::new(ServerInfo::default(), "/sse/messages/").layer(slow(0));
    let messages = "/sse/messages/?session_id=00000000000000000000000000000000";
    assert_eq!(cut_off(sse, request(messages, "application/json"), MIB).await, expected);
    let (_, endpoints) = rest::service("{}");
    assert_eq!(cut_off(endpoints, request("/reports/sales", "application/json"), MIB).await, expected);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(cut_off(oauth::lab().server, request("/token", form), 10_000).await, expected);
}

/// 1C's answers are taken in whatever is held, and count from their first byte on.
#[tokio::test]
async fn an_answer_of_1c_counts_while_it_comes() {
    let onec = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", onec.local_addr().unwrap());
    let (half, go) = (tokio::sync::Notify::new(), std::sync::Arc::new(tokio::sync::Notify::new()));
    let gone = std::sync::Arc::clone(&go);
    let text = format!(r#"{{"id":1,"result":{{"content":[],"text":"{}"}}}}"#, "a".repeat(2 * MIB));
    let serving = async {
        let (mut stream, _) = onec.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        assert!(stream.read(&mut asked).await.unwrap() > 0);
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", text.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&text.as_bytes()[..MIB]).await.unwrap();
        half.notify_one();
        go.notified().await;
        stream.write_all(&text.as_bytes()[MIB..]).await.unwrap();
    };
    let budget = MemoryBudget::new(MIB);
    let infobase = Infobase::new(&url).unwrap();
    let client = HttpClient::new(&infobase).unwrap();
    let leaf = OneCService::with_client(infobase, client).unwrap();
    let mcp = BudgetLayer::new(budget.clone()).layer(JsonRpcLayer::new(ServerInfo::default()).layer(leaf));
    let answer = tokio::spawn(mcp.oneshot(whole("192.0.2.1", call(0, 10))));
    let seen = async {
        half.notified().await;
        timeout(Duration::from_secs(10), async {
            while budget.held() < MIB {
                sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .expect("half of the answer is there, and nobody counts it");
        gone.notify_one();
    };
    tokio::join!(serving, seen);
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    let held = budget.held();
    assert!((2 * MIB..2 * MIB + 1000).contains(&held), "once, not twice: {held}");
    drop(answer);
    assert_eq!(budget.held(), 0);
}

/// The answer to a call that takes so long that its client gets an event stream.
#[tokio::test]
async fn an_answer_on_an_event_stream_counts_until_it_is_taken() {
    let onec = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let infobase = Infobase::new(&format!("http://{}/base", onec.local_addr().unwrap())).unwrap();
    let text = format!(r#"{{"id":1,"result":{{"content":[],"text":"{}"}}}}"#, "a".repeat(2 * MIB));
    let budget = MemoryBudget::new(4 * MIB);
    let bridge = Bridge::new(ServerInfo::default()).stream_after(Duration::ZERO);
    let mcp = JsonRpcLayer::new(bridge).layer(OneCService::new(infobase).unwrap());
    let mut request = whole("192.0.2.1", call(0, 1000));
    request.headers_mut().insert("accept", "application/json, text/event-stream".parse().unwrap());
    let response = BudgetLayer::new(budget.clone()).layer(mcp).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!((1000..2000).contains(&budget.held()), "its call runs: {}", budget.held());
    let serving = async {
        let (mut stream, _) = onec.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", text.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    };
    let mut body = response.into_body();
    let (_stream, piece) = tokio::join!(serving, async {
        loop {
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            if piece.len() >= 2 * MIB {
                return piece;
            }
        }
    });
    assert!((2 * MIB..2 * MIB + 2000).contains(&budget.held()), "it is there: {}", budget.held());
    drop(body);
    assert!(budget.held() >= 2 * MIB, "a server still writes it: {}", budget.held());
    drop(piece);
    assert_eq!(budget.held(), 0);
}

/// What waits for a stream of HTTP+SSE, and the messages that were accepted before it is answered.
#[tokio::test(start_paused = true)]
async fn messages_and_replies_of_a_stream_count() {
    let budget = MemoryBudget::new(16 * MIB);
    let sse = LegacySseLayer::new(ServerInfo::default(), "/sse/messages/").layer(slow(100_000));
    let sse = BudgetLayer::new(budget.clone()).layer(sse);
    let get = Request::get("/sse").body(Full::<Bytes>::default()).unwrap();
    let mut stream = sse.clone().oneshot(get).await.unwrap().into_body();
    let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    let path = std::str::from_utf8(&first).unwrap().split("data: ").nth(1).unwrap().trim().to_owned();
    let say = async |seconds: u32, bytes: usize| {
        let mut request = whole("192.0.2.1", call(seconds, bytes));
        *request.uri_mut() = path.parse().unwrap();
        assert_eq!(sse.clone().oneshot(request).await.unwrap().status(), 202);
    };
    say(5, 200_000).await;
    assert!(budget.held() >= 200_000, "it waits to be looked at: {}", budget.held());
    assert!(timeout(Duration::from_secs(1), stream.frame()).await.is_err());
    assert!(budget.held() >= 200_000, "its call runs: {}", budget.held());
    while stream.frame().await.unwrap().unwrap().into_data().unwrap().len() < 100_000 {}
    assert!(timeout(Duration::from_secs(1), async { while stream.frame().await.is_some() {} }).await.is_err());
    assert_eq!(budget.held(), 0);
    drop(stream);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever callers do, everything comes back.
    #[test]
    fn nothing_is_lost(acts in proptest::collection::vec((0..4u8, 0..3u8, 0..200_000usize, 0..400_000usize), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = MemoryBudget::new(MIB);
            let mut kept = Vec::new();
            for (act, who, bytes, answer) in acts {
                let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(slow(answer));
                let mcp = BudgetLayer::new(budget.clone()).layer(mcp);
                let who = format!("192.0.2.{who}");
                match act {
                    0 => drop(told(mcp.oneshot(whole(&who, call(0, bytes))).await.unwrap()).await),
                    1 => kept.push(mcp.oneshot(whole(&who, call(0, bytes))).await.unwrap()),
                    2 => drop(timeout(Duration::from_secs(1), mcp.oneshot(whole(&who, call(9, bytes)))).await),
                    _ => drop(kept.pop()),
                }
            }
            drop(kept);
            assert_eq!(budget.held(), 0);
        });
    }
}

/// Streams of 2026-07-28 that stay open hold nothing.
#[tokio::test(start_paused = true)]
async fn open_streams_hold_no_more_than_their_request() {
    let (mcp, budget) = server(always("{}"));
    let mut open = Vec::new();
    for _ in 0..8 {
        let listen = modern("subscriptions/listen", json!({ "notifications": {} }));
        open.push(mcp.clone().oneshot(listen).await.unwrap());
    }
    assert!(budget.held() < 8 * 1024, "{}", budget.held());
    drop(open);
    assert_eq!(budget.held(), 0);
}
