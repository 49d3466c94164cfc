//! The audit trail of tools: one event a request, whatever becomes of it, and nothing that is secret.

use crate::support::lines::Lines;
use crate::support::mcp::{self, Rpc, result, rpc};
use http::StatusCode;
use onec_mcp::alias::{AliasLayer, alias};
use onec_mcp::audit::{Audit, AuditLayer};
use onec_mcp::bridge::stdio;
use onec_mcp::net::{Caller, Peer};
use onec_mcp::onec::ErrorKind;
use onec_mcp::rpc::{
    BoxError, ErrorObject, Method, Param, Params, Payload, Request, Response, RpcError, ServerInfo, Unasked, Version,
};
use onec_mcp::scope::{ScopeLayer, ScopePolicy};
use onec_mcp::{Bridge, Identity, LogLayer, Scopes, Sharing};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;
use tracing::subscriber::DefaultGuard;

/// What is logged in this thread, by its target.
struct Trail(Lines);

impl Trail {
    fn start() -> (Self, DefaultGuard) {
        let (lines, guard) = Lines::start();
        (Self(lines), guard)
    }

    /// Events of the audit trail since the last look.
    fn take(&self) -> Vec<Value> {
        self.both().0
    }

    /// Events of the audit trail and lines of requests, since the last look.
    fn both(&self) -> (Vec<Value>, Vec<Value>) {
        let (mut events, mut requests) = (Vec::new(), Vec::new());
        let mut ids = HashSet::new();
        for mut line in self.0.take() {
            let fields = line.as_object_mut().unwrap();
            let (level, target) = (fields.remove("level"), fields.remove("target"));
            let of = match target.as_ref().and_then(Value::as_str) {
                Some("onec_mcp::audit") => &mut events,
                Some("onec_mcp::request") => &mut requests,
                _ => continue,
            };
            assert_eq!(level, Some("INFO".into()));
            // Each request has one of its own.
            let id = fields.remove("request_id");
            let of_request = fields.get("event").is_none_or(|event| event.as_str().unwrap().starts_with("mcp."));
            assert_eq!(id.is_some_and(|id| id.is_string() && ids.insert((target, id))), of_request, "{line}");
            of.push(line);
        }
        (events, requests)
    }

    #[track_caller]
    fn one(&self) -> Value {
        let mut all = self.take();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

fn request(method: Method, params: &Value) -> Request {
    Request::new(method, Params::parse(&params.to_string().into()).unwrap(), Version::V2025_11_25)
}

fn call(name: &str) -> Request {
    request(Method::ToolsCall, &json!({ "name": name, "arguments": { "secret": "s3cret-argument" } }))
}

fn audited<S>(inner: S) -> Audit<S> {
    AuditLayer::new().layer(inner)
}

#[tokio::test(start_paused = true)]
async fn a_call_and_who_made_it() {
    let (trail, _guard) = Trail::start();
    let service = audited(rpc(|_| async {
        sleep(Duration::from_millis(1500)).await;
        result(r#"{"content":[],"structuredContent":{"isError":true}}"#)
    }));
    service.clone().oneshot(call("Остатки")).await.unwrap();
    let plain = json!({
        "event": "mcp.tool.call", "tool": "Остатки", "ok": true, "version": "2025-11-25", "status": 0, "duration_ms": 1500,
    });
    assert_eq!(trail.one(), plain);

    let mut request = call("Остатки");
    request.extensions.insert(Peer("198.51.100.7:5000".parse().unwrap()));
    request.extensions.insert(Identity::new("onec:Иванов", Scopes::parse("mcp")).with_client("client-1"));
    service.clone().oneshot(request.clone()).await.unwrap();
    let mut known = plain;
    known["sub"] = "onec:Иванов".into();
    known["client_id"] = "client-1".into();
    known["remote"] = "198.51.100.7".into();
    assert_eq!(trail.one(), known);
    // Behind a proxy it is the client's.
    request.extensions.insert(Caller::new("2001:db8::9".parse().ok(), None));
    service.clone().oneshot(request).await.unwrap();
    known["remote"] = "2001:db8::9".into();
    assert_eq!(trail.one(), known);
    let nameless = Request::new(Method::ToolsCall, Params::default(), Version::V2025_11_25);
    service.oneshot(nameless).await.unwrap();
    let event = json!({
        "event": "mcp.tool.call", "ok": true, "version": "2025-11-25", "status": 0, "duration_ms": 1500,
    });
    assert_eq!(trail.one(), event);
}

#[tokio::test(start_paused = true)]
async fn lists_and_their_length() {
    let (trail, _guard) = Trail::start();
    let told = |members: Value| {
        let mut event = json!({ "event": "mcp.tool.list", "version": "2025-11-25", "duration_ms": 0 });
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event
    };
    let list = |service: Rpc| audited(service).oneshot(request(Method::ToolsList, &json!({})));
    for (tools, count) in [("", 0), (r#"{"name":"a"},{"name":"b"}"#, 2)] {
        list(mcp::always(format!(r#"{{"tools":[{tools}]}}"#))).await.unwrap();
        assert_eq!(trail.one(), told(json!({ "ok": true, "status": 0, "count": count })));
    }
    list(mcp::always("{}")).await.unwrap();
    assert_eq!(trail.one(), told(json!({ "ok": true, "status": 0 })));
    list(rpc(|_| async { Err(RpcError::overloaded().into()) })).await.unwrap_err();
    assert_eq!(trail.one(), told(json!({ "ok": false, "status": -32603, "reason": "overloaded" })));
    drop(audited(rpc(|_| std::future::pending())).ready().await.unwrap().call(request(Method::ToolsList, &json!({}))));
    assert_eq!(trail.one(), told(json!({ "ok": false, "reason": "cancelled" })));
}

/// A fixed set of words: never a text of 1C.
#[tokio::test]
async fn every_end_has_its_reason() {
    let (trail, _guard) = Trail::start();
    let slow = || ErrorKind::Slow(Duration::from_secs(1));
    let said = || ErrorKind::Status(StatusCode::INTERNAL_SERVER_ERROR, "private words".to_owned());
    let failures: [(BoxError, &str); 13] = [
        (RpcError::insufficient_scope(Scopes::parse("mcp:a")).into(), "insufficient_scope"),
        (RpcError::overloaded().into(), "overloaded"),
        (RpcError::from(slow()).into(), "timeout"),
        (RpcError::from(ErrorKind::Queued(Duration::from_secs(1))).into(), "overloaded"),
        (RpcError::from(ErrorKind::Unreachable).into(), "onec_error"),
        (RpcError::from(said()).into(), "onec_error"),
        (RpcError::from(ErrorKind::LoginRefused).into(), "login_refused"),
        (RpcError::from(ErrorKind::Nonsense("private words".into())).into(), "onec_error"),
        (ErrorObject::invalid_params("private words").into(), "invalid_params"),
        (ErrorObject::header_mismatch("private words").into(), "invalid_request"),
        (tower::timeout::error::Elapsed::new().into(), "timeout"),
        (Box::new(tower::load_shed::error::Overloaded::new()), "overloaded"),
        ("private words".into(), "internal_error"),
    ];
    let mut ends: Vec<(Result<Response, BoxError>, bool, Option<&str>)> =
        failures.into_iter().map(|(error, reason)| (Err(error), false, Some(reason))).collect();
    for (error, reason) in [
        (ErrorObject::invalid_params("private words"), "invalid_params"),
        (ErrorObject::method_not_found("private words"), "not_found"),
        (ErrorObject::internal("private words"), "onec_error"),
        (ErrorObject::new(5, "private words"), "onec_error"),
        (ErrorObject::invalid_request("private words"), "invalid_request"),
    ] {
        ends.push((Ok(Response::error(error)), false, Some(reason)));
    }
    for (result, ok, reason) in [
        (r#"{"content":[],"isError":true}"#, false, Some("tool_error")),
        (r#"{"content":[], "isErro\u0072" : true }"#, false, Some("tool_error")),
        (r#"{"content":[{"type":"text","text":"private words"}],"isError":false}"#, true, None),
        (
            r#"{"resultType":"input_required","inputRequests":{},"requestState":"private words"}"#,
            true,
            Some("input_required"),
        ),
    ] {
        ends.push((mcp::result(result), ok, reason));
    }
    for (answer, ok, reason) in ends {
        let shown = format!("{answer:?}");
        let code = match &answer {
            Ok(Response { outcome: Err(error), .. }) => Some(error.code),
            Err(error) => Some(RpcError::from_error(error).error.code),
            Ok(_) => None,
        };
        let answer = Mutex::new(Some(answer));
        let service = tower::service_fn(|_: Request| std::future::ready(answer.lock().unwrap().take().unwrap()));
        let _ = audited(service).oneshot(call("a")).await;
        let mut event = trail.one();
        event.as_object_mut().unwrap().remove("duration_ms").unwrap();
        // What the client is told.
        let status = event.as_object_mut().unwrap().remove("status").unwrap().as_i64().unwrap();
        assert_eq!(status, code.unwrap_or(0), "{shown}");
        let mut expected = json!({ "event": "mcp.tool.call", "tool": "a", "ok": ok, "version": "2025-11-25" });
        if let Some(reason) = reason {
            expected["reason"] = reason.into();
        }
        assert_eq!(event, expected, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_was_cancelled() {
    let (trail, _guard) = Trail::start();
    let service = audited(rpc(|_| async {
        sleep(Duration::from_secs(60)).await;
        result("{}")
    }));
    assert!(timeout(Duration::from_secs(2), service.clone().oneshot(call("a"))).await.is_err());
    let cancelled = |ms| {
        json!({
            "event": "mcp.tool.call", "tool": "a", "ok": false, "version": "2025-11-25", "duration_ms": ms,
            "reason": "cancelled",
        })
    };
    assert_eq!(trail.one(), cancelled(2000));
    // Before it began, too.
    drop(service.clone().ready().await.unwrap().call(call("a")));
    assert_eq!(trail.one(), cancelled(0));
    // One that ended is no second event when it is dropped.
    let mut ended = Box::pin(service.oneshot(call("a")));
    ended.as_mut().await.unwrap();
    drop(ended);
    assert_eq!(trail.one()["ok"], true);
}

#[tokio::test]
async fn a_panic_leaves_its_event() {
    let (trail, _guard) = Trail::start();
    let service = audited(rpc(|_| async { panic!("a bug") }));
    let local = tokio::task::LocalSet::new();
    let end = local.run_until(async { tokio::task::spawn_local(service.oneshot(call("a"))).await });
    assert!(end.await.unwrap_err().is_panic());
    assert_eq!(trail.one()["reason"], "cancelled");
}

#[tokio::test]
async fn nothing_secret_and_nothing_long() {
    let (trail, _guard) = Trail::start();
    let service = audited(mcp::always(r#"{"content":[{"type":"text","text":"s3cret-answer"}],"isError":true}"#));
    let long = "ы".repeat(100_000);
    let mut request = call(&long);
    request.headers.insert("authorization", "Bearer s3cret-token".parse().unwrap());
    request.extensions.insert(Identity::new(&*long, Scopes::default()).with_client(&*long));
    service.oneshot(request).await.unwrap();
    let event = trail.one();
    for field in ["tool", "sub", "client_id"] {
        assert_eq!(event[field].as_str().unwrap().chars().count(), 200);
    }
    assert!(!event.to_string().contains("s3cret"), "{event}");
}

/// A bridge checks headers against the list, and aliases come from it: no client asked for either.
#[tokio::test]
async fn lists_that_nobody_asked_for_are_not_told_of() {
    let (trail, _guard) = Trail::start();
    let service = audited(mcp::always(r#"{"tools":[]}"#));
    let mut list = request(Method::ToolsList, &json!({}));
    list.extensions.insert(Unasked);
    service.clone().oneshot(list).await.unwrap();
    assert_eq!(trail.take(), Vec::<Value>::new());
    service.oneshot(request(Method::ToolsList, &json!({}))).await.unwrap();
    assert_eq!(trail.one()["event"], "mcp.tool.list");
}

/// A tool, and on the next page one that 1C itself calls by the alias of the first.
fn ambiguous() -> Rpc {
    rpc(|request| {
        let list = match request.params.raw(Param::Cursor) {
            None => json!({ "tools": [{ "name": "Отчёт" }], "nextCursor": "2" }),
            Some(_) => json!({ "tools": [{ "name": alias("Отчёт") }] }),
        };
        std::future::ready(result(list.to_string()))
    })
}

/// An alias that is asked for first does not keep its call out of the trail, however that ends.
#[tokio::test(start_paused = true)]
async fn calls_that_end_at_their_alias_are_told_of() {
    let (trail, _guard) = Trail::start();
    let name = alias("Отчёт").into_owned();
    let down = || {
        AliasLayer::new().layer(audited(rpc(|_| {
            std::future::ready(Err(RpcError::new(StatusCode::BAD_GATEWAY, "1C is down").into()))
        })))
    };
    down().oneshot(call(&name)).await.unwrap_err();
    let event = trail.one();
    let told = |event: &Value| (event["tool"].clone(), event["ok"].clone(), event["reason"].clone());
    assert_eq!(told(&event), (json!(name), json!(false), json!("onec_error")));

    let service = AliasLayer::new().layer(audited(ambiguous()));
    for _ in 0..2 {
        let answer = service.clone().oneshot(call(&name)).await.unwrap();
        assert_eq!(answer.outcome.unwrap_err().code, -32602);
        assert_eq!(told(&trail.one()), (json!(name), json!(false), json!("invalid_params")));
    }

    let hangs = AliasLayer::new().layer(audited(rpc(|_| std::future::pending::<Result<Response, BoxError>>())));
    assert!(timeout(Duration::from_secs(1), hangs.oneshot(call(&name))).await.is_err());
    assert_eq!(told(&trail.one()), (json!(name), json!(false), json!("cancelled")));

    let known = json!({ "tools": [{ "name": "Отчёт" }] }).to_string();
    let service = AliasLayer::new().layer(audited(mcp::always(known)));
    for _ in 0..2 {
        service.clone().oneshot(call(&name)).await.unwrap();
        assert_eq!(told(&trail.one()), (json!("Отчёт"), json!(true), Value::Null));
    }
}

#[tokio::test]
async fn other_requests_are_not_told_of() {
    let (trail, _guard) = Trail::start();
    let service = audited(mcp::always("{}"));
    for method in [Method::ResourcesRead, Method::PromptsList, Method::PromptsGet, Method::Complete] {
        service.clone().oneshot(request(method, &json!({ "name": "a" }))).await.unwrap();
    }
    assert_eq!(trail.take(), [json!(null); 0]);
}

/// In its place of the stack: 1C's names, and what the scope layer beneath refuses.
#[tokio::test]
async fn the_trail_speaks_of_names_in_1c_and_of_refusals() {
    let (trail, _guard) = Trail::start();
    let inner = mcp::always(r#"{"tools":[{"name":"Остатки"}],"content":[]}"#);
    let scoped = ScopeLayer::new(ScopePolicy::everything("mcp")).layer(inner);
    let service = AliasLayer::new().sharing(Sharing::by_account()).layer(audited(scoped));
    let mut request = request(Method::ToolsCall, &json!({ "name": alias("Остатки") }));
    request.extensions.insert(Identity::new("a", Scopes::parse("mcp")));
    service.clone().oneshot(request.clone()).await.unwrap();
    // The list that told what the alias means is not in it.
    let event = trail.one();
    assert_eq!((&event["tool"], &event["ok"]), (&json!("Остатки"), &json!(true)));

    request.extensions.insert(Identity::new("b", Scopes::parse("mcp:resolve")).with_client("c"));
    request.extensions.insert(Peer("198.51.100.7:5000".parse().unwrap()));
    service.oneshot(request).await.unwrap_err();
    let events = trail.take();
    let denied = json!({
        "event": "oauth.scope.denied", "sub": "b", "client_id": "c", "remote": "198.51.100.7",
        "tool": "Остатки", "required": "mcp", "have": "mcp:resolve",
    });
    assert_eq!(events[0], denied);
    assert_eq!((&events[1]["event"], &events[1]["reason"]), (&json!("mcp.tool.call"), &json!("insufficient_scope")));
}

/// Whose list is refused too, when the name is looked for in it: that is no event of its own.
#[tokio::test]
async fn a_call_of_nobody_is_one_refusal_and_one_call() {
    let (trail, _guard) = Trail::start();
    let inner = rpc(|request| async move { panic!("{} got through", request.method) });
    let scoped = ScopeLayer::new(ScopePolicy::everything("mcp")).layer(inner);
    let service = AliasLayer::new().layer(audited(scoped));
    let name = alias("Остатки");
    service.oneshot(request(Method::ToolsCall, &json!({ "name": name }))).await.unwrap_err();
    let [denied, call] = &trail.take()[..] else { panic!("not two events") };
    assert_eq!((&denied["event"], &denied["tool"]), (&json!("oauth.scope.denied"), &json!(name)));
    assert_eq!((&call["event"], &call["reason"]), (&json!("mcp.tool.call"), &json!("insufficient_scope")));
}

/// What clients ask over stdio, and what the log has of it: events of the audit trail, and methods that have a
/// line of their own.
async fn logged<S>(log: LogLayer, stack: S, asked: &[Value]) -> (Vec<Value>, Vec<Value>)
where
    S: Service<Request, Response = Response, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let (trail, _guard) = Trail::start();
    let lines: Vec<String> = asked.iter().map(|message| format!("{message}\n")).collect();
    let mut output = Vec::new();
    let bridge = Bridge::new(ServerInfo::default()).layer(log);
    stdio::serve(bridge, stack, lines.concat().as_bytes(), &mut output).await.unwrap();
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), asked.len());
    let (events, requests) = trail.both();
    let mut methods: Vec<_> = requests.iter().map(|line| line["method"].clone()).collect();
    methods.sort_by_key(ToString::to_string);
    (events, methods)
}

fn ask(id: u64, method: &str, name: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": { "name": name } })
}

/// A call is one line: the audit trail's, with all that the line of a request has.
#[tokio::test]
async fn a_call_is_one_line() {
    let onec = || {
        rpc(|_| async {
            sleep(Duration::from_millis(1)).await;
            let mut answer = result(r#"{"tools":[],"content":[]}"#)?;
            answer.upstream = Some(Duration::from_millis(7));
            Ok(answer)
        })
    };
    let asked = [ask(1, "tools/call", "a"), ask(2, "tools/list", ""), ask(3, "prompts/get", "b"), ask(4, "ping", "")];
    let log = LogLayer::new();
    let stack = || AliasLayer::new().layer(audited(onec()));

    let (mut events, methods) = logged(log, stack(), &asked).await;
    assert_eq!(methods, ["ping", "prompts/get"]);
    events.sort_by_key(|event| event["event"].to_string());
    assert_eq!((&events[0]["event"], &events[1]["event"]), (&json!("mcp.tool.call"), &json!("mcp.tool.list")));
    for event in &events {
        assert_eq!(
            (&event["version"], &event["status"], &event["onec_ms"]),
            (&json!("2025-11-25"), &json!(0), &json!(7)),
            "{event}"
        );
        assert!(event["duration_ms"].is_u64(), "{event}");
    }
    assert_eq!(events.len(), 2);

    // Where the trail is elsewhere, and where there is none.
    let all = ["ping", "prompts/get", "tools/call", "tools/list"];
    let (events, methods) = logged(log.every_request(true), stack(), &asked).await;
    assert_eq!((events.len(), methods), (2, all.map(Value::from).to_vec()));
    let (events, methods) = logged(log, onec(), &asked).await;
    assert_eq!((events.len(), methods), (0, all.map(Value::from).to_vec()));

    // One that ends above the layer of the trail, whether that tells of it or not.
    let stack = AliasLayer::new().layer(audited(ambiguous()));
    let (events, methods) = logged(log, stack, &[ask(1, "tools/call", &alias("Отчёт"))]).await;
    assert_eq!((&events[0]["status"], events.len(), methods.len()), (&json!(-32602), 1, 0));
    let stack = tower::limit::ConcurrencyLimitLayer::new(1).layer(audited(onec()));
    let stack = tower::load_shed::LoadShedLayer::new().layer(stack).map_err(BoxError::from);
    let (events, methods) = logged(log, stack, &[ask(1, "tools/call", "a"), ask(2, "tools/call", "b")]).await;
    assert_eq!((events.len(), methods), (1, vec![json!("tools/call")]));
}

/// While nobody listens, nothing is kept for an event.
#[tokio::test]
async fn answers_pass_untouched_with_or_without_a_listener() {
    let payload = Payload::parse(r#"{"tools":[{"name":"a"}]}"#).unwrap();
    let memory = payload.json().as_ptr();
    let service = audited(rpc(move |_| std::future::ready(Ok(Response::result(payload.clone())))));
    for listening in [false, true] {
        let _guard = listening.then(Trail::start);
        let answer = service.clone().oneshot(request(Method::ToolsList, &json!({}))).await.unwrap();
        assert_eq!(answer.outcome.unwrap().json().as_ptr(), memory);
    }
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_ready() {
    let (inner, mut handle) = mock::pair::<Request, Response>();
    handle.allow(0);
    let mut service = audited(inner);
    assert!(timeout(Duration::ZERO, service.ready()).await.is_err());
    handle.allow(1);
    service.ready().await.unwrap();
    let calling = tokio::spawn(service.call(call("a")));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::result(Payload::empty()));
    calling.await.unwrap().unwrap();
}

const fn shared<T: Clone + Send + Sync + 'static>() {}
const _: () = shared::<Audit<Rpc>>();
