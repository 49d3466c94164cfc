//! The tools of a catalog as plain HTTP endpoints: who may call, what reaches 1C, and each error.

use crate::support::fault::{self, Act, Faulty};
use crate::support::poll::by_hand;
use crate::support::rest::{self, Answer, TOKEN, ask, get, object, onec, post, service, trade};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{Full, Limited, StreamBody};
use onec_mcp::catalog::{Catalog, Limits, Tools};
use onec_mcp::net::{Caller, Peer};
use onec_mcp::onec::{ErrorKind, Flow, OneCRest, OneCService, RestCall};
use onec_mcp::rest::{ResponseFuture, RestService};
use onec_mcp::rpc::{BoxError, ErrorObject, Response, RpcError};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tower::{Service, ServiceExt, service_fn};
use tower_test::mock;

const FOUND: &str = "{ \"candidates\" : [ {\"id\":\"1\",\"label\":\"Север\",\"x\":1.50} ] }";

#[tokio::test]
async fn a_call_is_1cs_answer_as_it_is() {
    let (calls, service) = service(FOUND);
    let answer = ask(service, post("/resolve/customer", r#"{"query":"север","limit":"3"}"#)).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, FOUND.as_bytes()));
    assert_eq!(answer.header("content-type"), "application/json");
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), &*calls[0].path, calls[0].slow), (1, "resolve/customer", false));
    let body: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!(body, json!({ "query": "север", "limit": 3, "include_groups": false }));
}

/// The token is everybody's, so the turns of callers are told apart by their addresses.
#[tokio::test]
async fn calls_take_the_turns_of_their_address() {
    let peer = Peer(([192, 0, 2, 1], 40_000).into());
    let caller = Caller::new(Some([198, 51, 100, 7].into()), None);
    let (calls, service) = service(FOUND);
    for (peer, caller) in [(None, None), (Some(peer), None), (Some(peer), Some(caller))] {
        let mut request = post("/resolve/customer", r#"{"query":"север"}"#);
        peer.map(|peer| request.extensions_mut().insert(peer));
        caller.map(|caller| request.extensions_mut().insert(caller));
        assert_eq!(ask(service.clone(), request).await.status, 200);
    }
    let flows: Vec<_> = calls.lock().unwrap().iter().map(|call| Flow::of(&call.extensions)).collect();
    let of = |address: [u8; 4]| Flow::address(address.into());
    assert_eq!(flows, [Flow::NOBODY, of([192, 0, 2, 1]), of([198, 51, 100, 7])]);
}

#[tokio::test]
async fn the_request_that_reaches_1c_whole() {
    let server = Faulty::start([fault::ok(r#"{"columns":[],"rows":[]}"#)]).await;
    let infobase = server.infobase().basic("mcp", "1c-passw0rd");
    let service = RestService::new(trade(), TOKEN, OneCService::new(infobase).unwrap().rest());
    let mut request = post("/reports/cash_balance?user=x", r#"{"date":"2026-01-31"}"#);
    for (name, value) in [("x-mcp-sub", "boss"), ("x-mcp-scopes", "mcp:report:cost"), ("cookie", "a=b"), ("x-own", "1")]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request.extensions_mut().insert(Identity::new("boss", Scopes::parse("mcp:report:cost")));
    let answer = ask(service, request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(
        seen[0].line.starts_with("POST ") && seen[0].line.contains("/hs/mcp/reports/cash_balance HTTP"),
        "{seen:?}"
    );
    assert!(!seen[0].line.contains("user=x"), "{seen:?}");
    let names: Vec<_> = seen[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["accept", "authorization", "content-length", "content-type", "host"]);
    assert!(seen[0].header("authorization").unwrap().starts_with("Basic "));
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(
        body,
        json!({ "date": "2026-01-31", "filters": {}, "group_by": ["cash"], "measures": ["balance"], "top": 5000 })
    );
}

#[tokio::test]
async fn only_who_bears_the_token() {
    let (calls, service) = service(FOUND);
    let with = |values: &[&str]| {
        let mut request = post("/resolve/customer", r#"{"query":"x"}"#);
        request.headers_mut().remove("authorization");
        for value in values {
            request.headers_mut().append("authorization", value.parse().unwrap());
        }
        request
    };
    let good = format!("Bearer {TOKEN}");
    for values in [
        &[][..],
        &["Bearer"],
        &["Bearer "],
        &["Bearer guess"],
        &["Bearer rest-t0ke"],
        &["Bearer rest-t0kenn"],
        &["Bearer REST-T0KEN"],
        &["Basic cmVzdC10MGtlbg=="],
        &[TOKEN],
        &[&good, &good],
        &[&good, "Bearer guess"],
    ] {
        let answer = ask(service.clone(), with(values)).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, &*code), (401, "unauthorized"), "{values:?}");
        assert_eq!((answer.header("www-authenticate"), answer.header("connection")), ("Bearer", "close"), "{values:?}");
    }
    assert!(calls.lock().unwrap().is_empty());
    for value in [good.clone(), format!("bearer {TOKEN}"), format!("BEARER   {TOKEN}")] {
        assert_eq!(ask(service.clone(), with(&[&value])).await.status, 200, "{value}");
    }
    // Strangers do not learn what there is.
    for (method, path) in
        [("GET", "/openapi.json"), ("GET", "/resolve/customer"), ("POST", "/nowhere"), ("OPTIONS", "/")]
    {
        let request = http::Request::builder().method(method).uri(path).body(Full::<Bytes>::default()).unwrap();
        let answer = ask(service.clone(), request).await;
        assert_eq!(answer.error().0, 401, "{method} {path}");
        assert_eq!(answer.header("connection"), "", "there is no body to be left");
    }
    let shown = format!("{service:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    // No token at all lets nobody in.
    let (_, inner) = onec(|| object(FOUND));
    let open = RestService::new(trade(), "", inner);
    for values in [&[][..], &["Bearer"], &["Bearer "]] {
        assert_eq!(ask(open.clone(), with(values)).await.status, 401);
    }
}

#[tokio::test]
async fn bodies_that_are_no_arguments() {
    let (calls, service) = service(FOUND);
    let deep = format!("{{\"query\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for body in
        ["", " \r\n", "[]", "null", "1", "\"{}\"", "{", "{}}", "{} {}", "{query:1}", "query=x", "{'query':'x'}", &deep]
    {
        let answer = ask(service.clone(), post("/resolve/customer", body.to_owned())).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, &*code), (400, "invalid_request"), "{body}");
    }
    let answer = ask(service.clone(), post("/resolve/customer", &b"{\"query\":\"\xFF\"}"[..])).await;
    assert_eq!(answer.error().1, "invalid_request");
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_rest_user_may_expect() {
    let (_, service) = service(FOUND);
    // curl -d says that it sends a form.
    for content_type in ["application/x-www-form-urlencoded", "application/json; charset=utf-8", "text/plain"] {
        let mut request = post("/resolve/customer", r#"{"query":"x"}"#);
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        assert_eq!(ask(service.clone(), request).await.status, 200, "{content_type}");
    }
    let mut request = post("/resolve/customer", "\u{FEFF}\r\n{\"query\":\"x\"}\r\n");
    request.headers_mut().remove("content-type");
    assert_eq!(ask(service.clone(), request).await.status, 200);
    let answer = ask(service.clone(), post("/resolve/%63ustomer?x=1", r#"{"query":"x"}"#)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn arguments_that_do_not_fit() {
    let (calls, service) = service(FOUND);
    for (path, body, field, word) in [
        ("/resolve/customer", json!({}), "query", "query"),
        ("/resolve/customer", json!({ "query": "x", "colour": 1 }), "colour", "colour"),
        ("/reports/stock", json!({ "filters": { "product_ids": ["x"] } }), "filters.product_ids[0]", "product_ids"),
        ("/reports/stock", json!({ "measures": ["profit"] }), "measures[0]", "amount"),
    ] {
        let answer = ask(service.clone(), post(path, body.to_string())).await;
        let (status, code, message) = answer.error();
        assert_eq!((status, &*code), (400, "validation_error"), "{body}");
        assert_eq!(answer.json()["field"], field, "{answer:?}");
        assert!(message.contains(word), "{message}");
    }
    // Nobody's scopes are asked here.
    let body = r#"{"period":{"from":"2026-01-01","to":"2026-01-31"},"measures":["profit"]}"#;
    assert_eq!(ask(service, post("/reports/sales", body)).await.status, 200);
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn more_rows_than_the_ceiling_are_not_passed_on() {
    let (_, inner) = onec(|| object(r#"{"candidates":[{"id":"1"},{"id":"2"},{"id":"3"}]}"#));
    let catalog = Catalog::trade(Limits::default().resolve_limit(2).max_rows(10)).unwrap();
    let service = RestService::new(catalog, TOKEN, inner);
    let answer = ask(service, post("/resolve/customer", r#"{"query":"x"}"#)).await;
    let (status, code, message) = answer.error();
    assert_eq!((status, &*code), (400, "limit_exceeded"));
    assert!(message.contains('3') && message.contains('2'), "{message}");
}

/// A program does not read notes, and takes what it gets for all there is.
#[tokio::test]
async fn a_program_that_names_no_number_of_rows_gets_all() {
    let (calls, service) = service(r#"{"columns":[],"rows":[[1],[2]]}"#);
    let top = async |path: &str, arguments: &str| {
        let answer = ask(service.clone(), post(path, arguments.to_owned())).await;
        assert_eq!((answer.status, &*answer.body), (http::StatusCode::OK, &br#"{"columns":[],"rows":[[1],[2]]}"#[..]));
        let call = calls.lock().unwrap().pop().unwrap();
        serde_json::from_slice::<Value>(&call.body).unwrap()["top"].clone()
    };
    for none in ["{}", r#"{"top":null}"#, r#"{"top":""}"#, r#"{"top":0}"#, r#"{"top":-1}"#, r#"{"top":9999}"#] {
        assert_eq!(top("/reports/stock", none).await, 5000, "{none}");
    }
    // As many as were asked for, and nothing but the answer.
    assert_eq!(top("/reports/stock", r#"{"top":2}"#).await, 2);
    // What has a default of its own keeps it.
    let best = r#"{"period":{"from":"2026-01-01","to":"2026-01-31"}}"#;
    assert_eq!(top("/reports/top_products", best).await, 10);
}

#[tokio::test]
async fn long_bodies_are_refused_before_and_while_they_come() {
    let (calls, service) = service(FOUND);
    let long = format!("{{\"query\":\"{}\"}}", "x".repeat(4 * 1024 * 1024));
    let answer = ask(service.clone(), post("/resolve/customer", long)).await;
    let (status, code, _) = answer.error();
    assert_eq!((status, &*code, answer.header("connection")), (413, "invalid_request", "close"));
    let pieces = std::iter::repeat_with(|| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b' '; 64 * 1024]))));
    let endless = StreamBody::new(stream_of(pieces));
    let answer = ask(service.clone(), post("/resolve/customer", "").map(|_| endless)).await;
    assert_eq!(answer.error().0, 413);
    let small = service.max_body(20);
    assert_eq!(ask(small.clone(), post("/resolve/customer", r#"{"query":"123456"}"#)).await.status, 200);
    assert_eq!(ask(small.clone(), post("/resolve/customer", r#"{"query":"123456789"}"#)).await.status, 413);
    // A layer around the service may have a lower limit of its own.
    let cut = post("/resolve/customer", r#"{"query":"x"}"#).map(|body| Limited::new(body, 10));
    let answer = ask(small, cut).await;
    assert_eq!((answer.error().0, answer.error().1), (413, "invalid_request".to_owned()));
    assert_eq!(calls.lock().unwrap().len(), 1);
}

/// RFC 9110, section 15.5.16.
#[tokio::test]
async fn compressed_bodies_are_refused() {
    let (calls, service) = service(FOUND);
    let mut request = post("/resolve/customer", r#"{"query":"123456"}"#);
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let answer = ask(service, request).await;
    let (status, code, _) = answer.error();
    assert_eq!((status, &*code), (415, "invalid_request"));
    assert_eq!((answer.header("accept-encoding"), answer.header("connection")), ("identity", "close"));
    assert!(calls.lock().unwrap().is_empty());
}

/// A stream of what an iterator gives.
fn stream_of<I: Iterator>(mut items: I) -> impl futures_core::Stream<Item = I::Item> {
    futures_util::stream::poll_fn(move |_| std::task::Poll::Ready(items.next()))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come() {
    let (_, service) = service(FOUND);
    let never = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let started = tokio::time::Instant::now();
    let answer = ask(service.body_timeout(Duration::from_secs(7)), post("/resolve/customer", "").map(|_| never)).await;
    let (status, code, _) = answer.error();
    assert_eq!((status, &*code, started.elapsed().as_secs()), (408, "invalid_request", 7));
    let (_, service) = rest::service(FOUND);
    let broken = StreamBody::new(stream_of(std::iter::once(Err::<Frame<Bytes>, _>(std::io::Error::other("gone")))));
    assert_eq!(ask(service, post("/resolve/customer", "").map(|_| broken)).await.error().1, "invalid_request");
}

#[tokio::test]
async fn other_paths_and_methods() {
    let (calls, service) = service(FOUND);
    for path in [
        "/",
        "/resolve",
        "/resolve/",
        "/resolve/customer/",
        "/resolve/Customer",
        "/reports/nothing",
        "/admin/eventlog",
        "/resolve/%FF",
    ] {
        let answer = ask(service.clone(), post(path, r#"{"query":"x"}"#)).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, &*code), (404, "not_found"), "{path}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let mut request = post("/resolve/customer", "");
        *request.method_mut() = method.parse().unwrap();
        let answer = ask(service.clone(), request).await;
        assert_eq!((answer.error().0, answer.header("allow")), (405, "POST"), "{method}");
    }
    let mut request = get("/openapi.json");
    *request.method_mut() = http::Method::HEAD;
    assert_eq!(ask(service.clone(), request).await.status, 200);
    let answer = ask(service, post("/openapi.json", "{}")).await;
    assert_eq!((answer.error().0, answer.header("allow")), (405, "GET, HEAD"));
    assert!(calls.lock().unwrap().is_empty());
}

async fn failing(error: impl Fn() -> BoxError + Clone + Send + 'static) -> Answer {
    let (_, inner) = onec(move || Err(error()));
    ask(RestService::new(trade(), TOKEN, inner), post("/resolve/customer", r#"{"query":"x"}"#)).await
}

#[tokio::test]
async fn what_1c_fails_with() {
    for (code, expected) in
        [(400, 400), (401, 401), (402, 502), (403, 502), (404, 502), (406, 502), (500, 502), (503, 502)]
    {
        let status = http::StatusCode::from_u16(code).unwrap();
        let answer = failing(move || RpcError::from(ErrorKind::Status(status, "Период не задан".into())).into()).await;
        let (status, code, message) = answer.error();
        assert_eq!((status, &*code), (expected, "onec_error"), "{answer:?}");
        assert!(message.contains("Период не задан"), "{message}");
    }
    let answer =
        failing(|| RpcError::from(ErrorKind::Status(http::StatusCode::BAD_REQUEST, "Плохо".into())).into()).await;
    assert_eq!(answer.error().2, "Плохо");
    let answer =
        failing(|| RpcError::from(ErrorKind::Status(http::StatusCode::BAD_REQUEST, String::new())).into()).await;
    assert!(answer.error().2.contains("400"));
    let long = || RpcError::from(ErrorKind::Status(http::StatusCode::BAD_REQUEST, "ы".repeat(10_000))).into();
    let told = failing(long).await.error().2;
    assert!(told.len() == 4096 + '…'.len_utf8() && told.ends_with('…'));
    for trouble in [
        ErrorKind::Unreachable,
        ErrorKind::Broken,
        ErrorKind::Slow(Duration::from_secs(120)),
        ErrorKind::Nonsense("no object".into()),
        ErrorKind::TooLarge(1),
        ErrorKind::Other,
    ] {
        let expected = RpcError::from(trouble.clone()).to_string();
        let answer = failing(move || RpcError::from(trouble.clone()).into()).await;
        assert_eq!(answer.error(), (502, "onec_error".into(), expected));
    }
    // A full queue says when to come back.
    let answer = failing(|| RpcError::from(ErrorKind::Queued(Duration::from_secs(30))).into()).await;
    assert_eq!((answer.error().0, answer.header("retry-after")), (502, "5"));
    let answer = failing(|| tower::load_shed::error::Overloaded::new().into()).await;
    assert_eq!((answer.error().0, answer.header("retry-after")), (502, "2"));
    // Whatever else: its text stays in the log.
    let answer = failing(|| "disk full at /var".into()).await;
    let (status, code, message) = answer.error();
    assert_eq!((status, &*code), (502, "onec_error"));
    assert!(!message.contains("disk"), "{message}");
    let (_, inner) = onec(|| Ok(Response::error(ErrorObject::internal("Нет"))));
    let answer = ask(RestService::new(trade(), TOKEN, inner), post("/resolve/customer", r#"{"query":"x"}"#)).await;
    assert_eq!(answer.error(), (502, "onec_error".into(), "Нет".into()));
}

#[tokio::test]
async fn errors_of_a_real_1c() {
    for (act, expected) in [
        (fault::status(400, "Период не задан"), 400),
        (fault::status(401, "<html><body>Unauthorized</body></html>"), 401),
        (fault::status(500, "{Модуль(12)}: Деление на 0"), 502),
        (fault::ok("[]"), 502),
        (fault::ok("<html></html>"), 502),
        (fault::ok(""), 502),
        (Act::Reset, 502),
    ] {
        let server = Faulty::start([act]).await;
        let service = RestService::new(trade(), TOKEN, server.service().rest());
        let answer = ask(service, post("/resolve/customer", r#"{"query":"x"}"#)).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, &*code), (expected, "onec_error"));
    }
}

#[tokio::test]
async fn dropping_the_answer_ends_the_call() {
    struct Guard(Arc<AtomicBool>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (running, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (begun, gone) = (Arc::clone(&running), Arc::clone(&dropped));
    let inner = service_fn(move |_: RestCall| {
        let (begun, guard) = (Arc::clone(&begun), Guard(Arc::clone(&gone)));
        async move {
            begun.store(true, Ordering::SeqCst);
            let _guard = guard;
            std::future::pending::<Result<Response, BoxError>>().await
        }
    });
    let service = RestService::new(trade(), TOKEN, inner);
    let mut call = by_hand(service.oneshot(post("/resolve/customer", r#"{"query":"x"}"#)));
    assert!(call.poll().is_pending());
    assert!(running.load(Ordering::SeqCst) && !dropped.load(Ordering::SeqCst));
    drop(call);
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn readiness_is_that_of_the_service_beneath() {
    // The mock panics where it is called without having been ready.
    let (inner, mut handle) = mock::pair::<RestCall, Response>();
    handle.allow(0);
    let mut service = RestService::new(trade(), TOKEN, inner);
    assert!(by_hand(ServiceExt::<http::Request<Full<Bytes>>>::ready(&mut service)).poll().is_pending());
    handle.allow(1);
    ServiceExt::<http::Request<Full<Bytes>>>::ready(&mut service).await.unwrap();
    let call = service.call(post("/resolve/customer", r#"{"query":"x"}"#));
    let serve = async {
        let (_, answer) = handle.next_request().await.unwrap();
        answer.send_response(object(FOUND).unwrap());
    };
    let (answer, ()) = tokio::join!(call, serve);
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test]
async fn a_service_that_fails_to_become_ready_is_a_bad_gateway() {
    let (inner, mut handle) = mock::pair::<RestCall, Response>();
    let service = RestService::new(trade(), TOKEN, inner);
    handle.send_error("broken for good");
    let answer = ask(service.clone(), post("/resolve/customer", r#"{"query":"x"}"#)).await;
    let (status, code, message) = answer.error();
    assert_eq!((status, &*code), (502, "onec_error"));
    assert!(!message.contains("broken for good"), "{message}");
    // What needs no 1C is answered all the same.
    assert_eq!(ask(service.clone(), get("/openapi.json")).await.status, 200);
    assert_eq!(ask(service, post("/nowhere", "")).await.status, 404);
}

#[tokio::test]
async fn a_new_catalog_counts_at_once() {
    let (calls, inner) = onec(|| object("{}"));
    let catalog = trade();
    let service = RestService::new(catalog.clone(), TOKEN, inner);
    let own = json!({ "tools": [{
        "name": "debts", "title": "Debts", "description": "Who owes what.", "scope": "mcp:own", "path": "own/debts",
        "rest": "/own/debts", "input_schema": { "type": "object", "properties": { "year": { "type": "integer" } } },
    }] });
    assert_eq!(ask(service.clone(), post("/own/debts", "{}")).await.status, 404);
    catalog.replace(Tools::read(&own, "own.yaml", Limits::default()).unwrap());
    assert_eq!(ask(service.clone(), post("/own/debts", r#"{"year":2026}"#)).await.status, 200);
    assert_eq!(&*calls.lock().unwrap()[0].path, "own/debts");
    assert_eq!(ask(service.clone(), post("/resolve/customer", r#"{"query":"x"}"#)).await.status, 404);
    let document = ask(service, get("/openapi.json")).await.json();
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/own/debts"]);
}

#[test]
fn it_is_sent_shared_and_cloned() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    fn sent<T: Send + 'static>() {}
    check::<RestService<OneCRest>>();
    sent::<ResponseFuture<OneCRest, <OneCRest as Service<RestCall>>::Future, Full<Bytes>>>();
}

/// Bodies that nearly are arguments, and any other bytes.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!({ "from": "2026-01-01", "to": "2026-01-31" })),
        Just(json!(["amount"])),
        Just(json!([{}])),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec!["query", "period", "filters", "group_by", "measures", "sort", "top", "limit"])
            .prop_map(str::to_owned),
        ".{0,4}",
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        "\\PC{0,40}".prop_map(String::into_bytes),
        proptest::collection::btree_map(key, value, 0..5).prop_map(|map| serde_json::to_vec(&map).unwrap()),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let known = vec!["/resolve/customer", "/reports/sales", "/reports/stock", "/openapi.json", "/"];
    prop_oneof![3 => proptest::sample::select(known).prop_map(str::to_owned), 1 => "/[!-~&&[^\"#<>?\\\\^`{|}]]{0,20}"]
}

proptest! {
    #[test]
    fn whatever_comes_the_answer_is_json(
        path in path(),
        body in body(),
        method in proptest::sample::select(vec!["GET", "POST", "PUT", "BREW"]),
        authorization in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
    ) {
        let (_, service) = service("{\"rows\":[]}");
        let mut request = post("/", body);
        let Ok(uri) = path.parse() else { return Ok(()) };
        *request.uri_mut() = uri;
        *request.method_mut() = method.parse().unwrap();
        let known = authorization.is_none();
        if let Some(Ok(value)) = authorization.map(|value| http::HeaderValue::from_bytes(&value)) {
            request.headers_mut().insert("authorization", value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(ask(service, request));
        prop_assert_eq!(answer.header("content-type"), "application/json");
        prop_assert!(answer.json().is_object());
        if answer.status != 200 {
            answer.error();
        }
        prop_assert!(!known || answer.status != 401);
        prop_assert!(answer.status.as_u16() < 500);
    }
}
