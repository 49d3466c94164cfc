//! What 1C said is remembered as long as it may be, for whom it may be, and within bounds.

use crate::support::cached::{
    Cached, MINUTE, OneC, ask, by, bytes, call, customer, list, login, of_call, of_request, tools, with_header,
};
use crate::support::poll::{self, Polled, pending};
use bytes::Bytes;
use onec_mcp::cache::CacheLayer;
use onec_mcp::onec::{AnswerCheck, RestCall};
use onec_mcp::rpc::{BoxError, ErrorObject, Method, Payload, Request, Response};
use onec_mcp::{Identity, Scopes};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::{Unconstrained, unconstrained};
use tokio::time::advance;
use tower::{Layer, ServiceExt, service_fn};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn lists() -> CacheLayer {
    CacheLayer::new().lists(MINUTE)
}

/// Polled by hand, without the budget that tokio gives a task: many are polled in one here.
fn lone<F: Future>(future: F) -> Polled<Unconstrained<F>> {
    poll::by_hand(unconstrained(future))
}

/// How many calls these came to, each asked twice.
async fn calls_of(calls: impl IntoIterator<Item = RestCall>) -> usize {
    let onec = OneC::new();
    let service = onec.cached(lists());
    let calls: Vec<_> = calls.into_iter().collect();
    for call in calls.iter().chain(&calls) {
        assert_eq!(ask(&service, call.clone()).await, of_call(call));
    }
    onec.calls()
}

#[tokio::test(start_paused = true)]
async fn an_answer_serves_as_long_as_its_call_says() {
    let onec = OneC::new();
    let service = onec.cached(CacheLayer::new());
    for (passed, calls) in [(0, 1), (30, 1), (29, 1), (1, 2), (59, 2), (60, 3)] {
        advance(s(passed)).await;
        assert_eq!(ask(&service, customer()).await, of_call(&customer()));
        assert_eq!(onec.calls(), calls, "{passed}");
    }
    // Whoever wants it fresher than that gets it so; forever is a time, too.
    advance(s(20)).await;
    let mut fresher = customer();
    fresher.cache = Some(s(20));
    ask(&service, fresher.clone()).await;
    assert_eq!(onec.calls(), 4);
    advance(s(19)).await;
    ask(&service, fresher).await;
    let forever = call("a", "{}").cache(Duration::MAX);
    ask(&service, forever.clone()).await;
    advance(s(24 * 3600)).await;
    ask(&service, forever).await;
    assert_eq!(onec.calls(), 5);
}

#[tokio::test]
async fn what_fails_its_check_is_asked_each_time() {
    let onec = OneC::new();
    let service = onec.cached(CacheLayer::new());
    let with = |passes: bool| customer().check(AnswerCheck::new(move |_| passes));
    for (passes, calls) in [(false, 1), (false, 2), (true, 3), (true, 3), (false, 3)] {
        assert_eq!(ask(&service, with(passes)).await, of_call(&customer()));
        assert_eq!(onec.calls(), calls);
    }
}

#[tokio::test]
async fn what_may_not_be_remembered_is_asked_each_time() {
    let onec = OneC::new();
    let service = onec.cached(CacheLayer::new());
    for cache in [None, None, Some(Duration::ZERO), Some(Duration::ZERO)] {
        ask(&service, customer().cache(cache)).await;
    }
    for _ in 0..2 {
        ask(&service, tools()).await;
    }
    assert_eq!(onec.calls(), 6);
    // Not at the same time either: such calls may do anything.
    let onec = OneC::new().held();
    let service = onec.cached(lists());
    let mut calls = [(); 2].map(|()| lone(service.clone().oneshot(customer().cache(None))));
    calls.iter_mut().for_each(|call| pending(call.poll()));
    assert_eq!(onec.calls(), 2);
    for method in [Method::ToolsCall, Method::ResourcesRead, Method::PromptsGet, Method::Complete] {
        let request = list(method, r#"{"name":"a","uri":"1c://a"}"#);
        let before = onec.calls();
        let mut calls = [(); 2].map(|()| lone(service.clone().oneshot(request.clone())));
        calls.iter_mut().for_each(|call| pending(call.poll()));
        assert_eq!(onec.calls(), before + 2);
    }
}

#[tokio::test]
async fn what_sets_answers_apart() {
    let scoped = |scopes: &str| with_header(customer(), "x-mcp-scopes", scopes);
    // Path, body, scopes and headers of one's own.
    let all = [
        customer(),
        call("resolve/customer", r#"{"query":"b"}"#),
        call("resolve/customer", r#"{"query": "a"}"#),
        call("resolve/customer{", r#""query":"a"}"#),
        call("resolve/warehouse", r#"{"query":"a"}"#),
        scoped("mcp"),
        scoped("mcp,mcp:resolve"),
        scoped(""),
        with_header(scoped("mcp"), "x-mcp-scopes", "mcp:resolve"),
        with_header(scoped("mcp:resolve"), "x-mcp-scopes", "mcp"),
        with_header(customer(), "x-own", "mcp"),
        with_header(with_header(customer(), "x-own", "a"), "x-own", "b"),
        with_header(customer(), "x-own", "ab"),
    ];
    let count = all.len();
    assert_eq!(calls_of(all).await, count);
    // The same words, split otherwise.
    let one = with_header(with_header(scoped("1"), "x-mcp-scopes", "x-own"), "x-zone", "2");
    let other = with_header(with_header(scoped("1"), "x-own", "x-zone"), "x-own", "2");
    assert_eq!(calls_of([one, other]).await, 2);
    // Logins, down to the password.
    let names = [("a", "b"), ("a", "B"), ("A", "b"), ("a", ""), ("a:b", ""), ("a", ":b")];
    let own: Vec<_> = names.map(|(user, password)| by(&login(user, password), customer())).into();
    let scoped = own.iter().map(|call| with_header(call.clone(), "x-mcp-scopes", "mcp"));
    let all: Vec<_> = own.iter().cloned().chain(scoped).chain([customer()]).collect();
    assert_eq!(calls_of(all.clone()).await, all.len());
}

#[tokio::test]
async fn what_does_not() {
    // Who calls, where 1C goes by scopes; the order of headers; how long it may take.
    let key = |sub: &str| Identity::new(sub, Scopes::parse("mcp"));
    let sub = |sub: &str| by(&key(sub), with_header(customer(), "x-mcp-sub", sub));
    assert_eq!(calls_of([sub("a"), sub("b"), customer()]).await, 1);
    let one = with_header(with_header(customer(), "x-own", "a"), "x-mcp-scopes", "mcp");
    let other = with_header(with_header(customer(), "x-mcp-scopes", "mcp"), "x-own", "a");
    assert_eq!(calls_of([one, other]).await, 1);
    assert_eq!(calls_of([customer(), customer().slow(true)]).await, 1);
    // Under own logins the name counts, too.
    let own = |sub: &str| by(&login("a", "b"), with_header(customer(), "x-mcp-sub", sub));
    assert_eq!(calls_of([own("a"), own("b")]).await, 2);
}

#[tokio::test(start_paused = true)]
async fn lists_are_remembered_page_by_page_with_what_is_left_of_their_time() {
    let onec = OneC::new();
    let service = onec.cached(lists());
    let pages = [
        tools(),
        list(Method::ToolsList, r#"{"cursor":""}"#),
        list(Method::ToolsList, r#"{"cursor":"2"}"#),
        list(Method::ResourcesList, "{}"),
        list(Method::ResourceTemplatesList, "{}"),
        list(Method::PromptsList, "{}"),
    ];
    for page in pages.iter().chain(&pages) {
        assert_eq!(ask(&service, page.clone()).await, of_request(page));
    }
    assert_eq!(onec.calls(), pages.len());
    let told = async |service: &Cached| ttl(service.clone().oneshot(tools()).await.unwrap()).await;
    let service = onec.cached(lists());
    assert_eq!(told(&service).await, 60_000);
    for (passed, left) in [(0, 60_000), (1500, 58_500), (58_000, 500), (500, 60_000)] {
        advance(Duration::from_millis(passed)).await;
        assert_eq!(told(&service).await, left);
    }
    // What is not remembered says what it says.
    assert_eq!(told(&onec.cached(CacheLayer::new())).await, 0);
    assert_eq!(told(&onec.cached(lists().max_bytes(100))).await, 0);
}

/// The `ttlMs` that a client of 2026-07-28 is told.
async fn ttl(response: Response) -> u64 {
    let rpc = service_fn(move |_: Request| std::future::ready(Ok::<_, BoxError>(response.clone())));
    let mcp = onec_mcp::bridge::http::JsonRpcLayer::new(onec_mcp::rpc::ServerInfo::default()).layer(rpc);
    let meta =
        r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#);
    let request = http::Request::post("/mcp").header("mcp-protocol-version", "2026-07-28");
    let request = request.header("mcp-method", "tools/list").header("accept", "application/json");
    let answer = mcp.oneshot(request.body(http_body_util::Full::<Bytes>::from(body)).unwrap()).await.unwrap();
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    serde_json::from_slice::<serde_json::Value>(&body).unwrap()["result"]["ttlMs"].as_u64().unwrap()
}

#[tokio::test]
async fn a_remembered_list_is_the_same_memory_and_only_its_own() {
    struct Buffer(Vec<u8>, Arc<AtomicBool>);
    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Buffer {
        fn drop(&mut self) {
            self.1.store(true, Ordering::SeqCst);
        }
    }
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    // A short answer in the large buffer of a connection.
    let onec = OneC::saying(move |_| {
        let buffer = Bytes::from_owner(Buffer([&b"{\"tools\":[]}"[..], &[b' '; 1 << 20]].concat(), Arc::clone(&flag)));
        Ok(Response::result(Payload::parse(buffer.slice(..12))?))
    });
    let service = onec.cached(lists());
    let first = bytes(&service.clone().oneshot(tools()).await.unwrap());
    assert!(gone.load(Ordering::SeqCst), "the buffer is kept");
    let again = bytes(&service.clone().oneshot(tools()).await.unwrap());
    assert_eq!((first.as_ptr(), first.len()), (again.as_ptr(), again.len()));
    assert_eq!((&again[..], onec.calls()), (&b"{\"tools\":[]}"[..], 1));
}

#[tokio::test]
async fn the_time_1c_took_is_told_only_if_it_was_asked() {
    let onec = OneC::saying(|_| {
        let mut answer = Response::result(Payload::empty());
        answer.upstream = Some(s(3));
        Ok(answer)
    });
    let service = onec.cached(CacheLayer::new());
    assert_eq!(service.clone().oneshot(customer()).await.unwrap().upstream, Some(s(3)));
    assert_eq!(service.oneshot(customer()).await.unwrap().upstream, None);
}

#[tokio::test]
async fn failures_and_questions_are_not_remembered() {
    for json in [
        r#"{"isError":true,"content":[]}"#,
        r#"{"content":[],"isError":"yes"}"#,
        r#"{"error":"onec_error","message":"Сбой"}"#,
        r#"{"resultType":"input_required","requestState":"s"}"#,
    ] {
        let onec = OneC::always(json);
        let service = onec.cached(lists());
        for calls in 1..3 {
            assert_eq!(ask(&service, customer()).await, json);
            assert_eq!(onec.calls(), calls, "{json}");
        }
        ask(&service, tools()).await;
        ask(&service, tools()).await;
        assert_eq!(onec.calls(), 4, "{json}");
    }
    for json in [r#"{"isError":false}"#, r#"{"error":null}"#, r#"{"a":{"isError":true,"error":1}}"#, "{}"] {
        let onec = OneC::always(json);
        let service = onec.cached(lists());
        ask(&service, customer()).await;
        ask(&service, customer()).await;
        assert_eq!(onec.calls(), 1, "{json}");
    }
    let onec = OneC::saying(|_| Ok(Response::error(ErrorObject::internal("Сбой"))));
    let service = onec.cached(lists());
    for calls in 1..3 {
        let error = service.clone().oneshot(customer()).await.unwrap().outcome.unwrap_err();
        assert_eq!((&*error.message, onec.calls()), ("Сбой", calls));
    }
}

/// Asks for answers of these sizes, and says which are remembered then.
async fn kept(layer: CacheLayer, sizes: &[usize]) -> Vec<usize> {
    let of = sizes.to_vec();
    let onec = OneC::saying(move |asked| {
        let asked: serde_json::Value = serde_json::from_str(asked).unwrap();
        let at: usize = asked["what"].as_str().unwrap().parse().unwrap();
        Ok(Response::result(Payload::parse(format!("{{\"a\":\"{}\"}}", "x".repeat(of[at] - 8)))?))
    });
    let onec = onec.held();
    let service = onec.cached(layer);
    onec.release(sizes.len());
    for (at, size) in sizes.iter().enumerate() {
        assert_eq!(ask(&service, call(&at.to_string(), "{}")).await.len(), *size);
    }
    // Whatever must be asked now gets no answer, so looking changes nothing.
    let known = |at: &usize| lone(service.clone().oneshot(call(&at.to_string(), "{}"))).poll().is_ready();
    (0..sizes.len()).filter(known).collect()
}

#[tokio::test]
async fn bounds() {
    const NONE: [usize; 0] = [];
    let new = CacheLayer::new;
    assert_eq!(kept(new().max_entries(3), &[8; 10]).await, [7, 8, 9]);
    assert_eq!(kept(new().max_entries(1), &[8; 3]).await, [2]);
    assert_eq!(kept(new().max_entries(3).max_bytes(u64::MAX), &[8; 10]).await, [7, 8, 9]);
    assert_eq!(kept(new().max_entries(10).max_bytes(3 * 10_256 + 9), &[10_000; 10]).await, [7, 8, 9]);
    assert_eq!(kept(new().max_entries(10).max_bytes(3 * 10_256 - 1), &[10_000; 10]).await, [8, 9]);
    assert_eq!(kept(new().max_entries(2).max_bytes(1 << 20), &[8, 10_000, 8, 10_000]).await, [2, 3]);
    // One that is too large drives nobody out.
    assert_eq!(kept(new().max_bytes(20_000), &[1000, 1000, 30_000]).await, [0, 1]);
    assert_eq!(kept(new().max_bytes(20_000), &[1000, 1000, 19_000]).await, [2]);
    assert_eq!(kept(new().max_entries(0), &[8; 2]).await, NONE);
    assert_eq!(kept(new().max_bytes(0), &[8; 2]).await, NONE);
    assert_eq!(kept(new(), &[8; 1000]).await.len(), 1000);
}

#[tokio::test]
async fn those_asked_for_longest_ago_go_first() {
    let onec = OneC::new();
    let service = onec.cached(CacheLayer::new().max_entries(2));
    for path in ["a", "b", "a", "c", "a"] {
        ask(&service, call(path, "{}")).await;
    }
    assert_eq!(onec.calls(), 3, "a was asked for after b");
    ask(&service, call("b", "{}")).await;
    assert_eq!(onec.calls(), 4);
}

#[tokio::test]
async fn clones_share_a_memory_and_services_do_not() {
    let layer = lists();
    let (one, other) = (OneC::new(), OneC::new());
    let service = one.cached(layer.clone());
    ask(&service.clone(), customer()).await;
    ask(&service.clone(), customer()).await;
    assert_eq!(one.calls(), 1);
    // Another infobase is asked by itself, even behind the same layer.
    ask(&other.cached(layer), customer()).await;
    assert_eq!(other.calls(), 1);
}

#[tokio::test]
async fn debug_shows_no_answer() {
    let onec = OneC::new();
    let service = onec.cached(lists());
    ask(&service, by(&login("Иванов", "s3cret"), customer())).await;
    let mut waiting = lone(service.clone().oneshot(tools()));
    let shown = format!("{service:?} {:?}", waiting.poll().is_ready());
    assert!(shown.starts_with("Cache") && shown.contains("entries"), "{shown}");
    assert!(!["query", "Иванов", "s3cret", "resolve"].iter().any(|secret| shown.contains(secret)), "{shown}");
}
