//! What is refused and what fails leaves a line with its cause, and no flood fills the log.

use crate::support::fault::{self, Act, ok, status};
use crate::support::faulty_store::{Fault, Faulty};
use crate::support::lines::Lines;
use crate::support::mcp::{self, LEGACY, always, http, legacy, post, send};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use onec_mcp::audit::AuditLayer;
use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, SlowdownLayer, Typed};
use onec_mcp::auth::server::{AuthorizationServer, RateLimits};
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::auth::{BasicAuthLayer, BearerAuthLayer, Site, StaticToken};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::{Body, HostLayer, OriginPolicy, Peer, RefusalsLayer};
use onec_mcp::onec::{self, ErrorKind};
use onec_mcp::{Bridge, Credentials, Identity, LogLayer, Scopes};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{advance, sleep};
use tower::layer::util::Stack;
use tower::util::MapRequestLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

const FLOOD: usize = 3_000;

async fn served(_: Request<Full<Bytes>>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from(Bytes::new())))
}

/// A request from an address.
fn from(address: &str, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    request.extensions_mut().insert(Peer(format!("{address}:5000").parse().unwrap()));
    request
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", "localhost").body(Full::default()).unwrap()
}

fn bearer() -> BearerAuthLayer<StaticToken> {
    BearerAuthLayer::new(StaticToken::new("t0ken", Identity::new("robot", Scopes::parse("mcp"))))
}

async fn flood<S>(service: &S, address: &str, request: &Request<Full<Bytes>>) -> StatusCode
where
    S: Service<Request<Full<Bytes>>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let mut last = StatusCode::OK;
    for _ in 0..FLOOD {
        last = service.clone().oneshot(from(address, request.clone())).await.unwrap().status();
    }
    last
}

fn events(lines: &[Value], name: &str) -> Vec<Value> {
    lines.iter().filter(|line| line["event"] == name).cloned().collect()
}

/// 39 GB a day.
#[tokio::test(start_paused = true)]
async fn a_flood_without_a_token_is_counted() {
    let (log, _guard) = Lines::start();
    let service = RefusalsLayer::new().layer(bearer().layer(service_fn(served)));
    assert_eq!(flood(&service, "198.51.100.7", &get("/mcp")).await, 401);
    let written = log.take();
    assert_eq!(written.len(), 10, "{written:?}");
    assert!(written.iter().all(|line| line["reason"] == "no_bearer" && line["remote"] == "198.51.100.7"));
    // Another address is not lost in it, and neither is another reason.
    let wrong = Request::get("/mcp").header("authorization", "Bearer wrong").body(Full::default()).unwrap();
    for (address, request, reason) in [("198.51.100.8", get("/mcp"), "no_bearer"), ("198.51.100.7", wrong, "not_found")]
    {
        service.clone().oneshot(from(address, request)).await.unwrap();
        let line = log.take().pop().unwrap();
        assert_eq!([&line["event"], &line["reason"], &line["remote"]], ["oauth.token.refused", reason, address]);
    }
    // The sum is told though nothing more comes.
    sleep(Duration::from_secs(61)).await;
    let sums = log.take();
    assert_eq!(sums.len(), 1, "{sums:?}");
    let sum = &sums[0];
    assert_eq!([&sum["event"], &sum["reason"], &sum["remote"]], ["oauth.token.refused", "no_bearer", "198.51.100.7"]);
    assert_eq!(sum["more"], FLOOD - 10);
    // A new minute begins with lines.
    service.oneshot(from("198.51.100.7", get("/mcp"))).await.unwrap();
    assert_eq!(log.take().len(), 1);
}

/// What one customer gets is one address.
#[tokio::test(start_paused = true)]
async fn addresses_of_one_network_count_together() {
    let (log, _guard) = Lines::start();
    let service = bearer().layer(service_fn(served));
    for host in 0..FLOOD {
        service.clone().oneshot(from(&format!("[2001:db8:1:2::{host:x}]"), get("/mcp"))).await.unwrap();
    }
    assert_eq!(log.take().len(), 10);
    sleep(Duration::from_secs(61)).await;
    let sums = log.take();
    assert_eq!([&sums[0]["remote"], &sums[0]["more"]], [&json!("2001:db8:1:2::/64"), &json!(FLOOD - 10)]);
}

/// Whoever has a new address each time gets no more out of the log.
#[tokio::test(start_paused = true)]
async fn a_flood_from_everywhere_is_counted_too() {
    let (log, _guard) = Lines::start();
    let service = bearer().layer(service_fn(served));
    for number in 0..FLOOD {
        let address = format!("10.0.{}.{}", number / 250, number % 250);
        service.clone().oneshot(from(&address, get("/mcp"))).await.unwrap();
    }
    assert_eq!(log.take().len(), 100);
    sleep(Duration::from_secs(61)).await;
    let sums = log.take();
    assert_eq!(sums.len(), 21);
    assert_eq!(sums.iter().map(|sum| sum["more"].as_u64().unwrap()).sum::<u64>(), FLOOD as u64 - 100);
    assert_eq!(sums.last().unwrap()["remote"], "other addresses");
}

/// Everybody is wrong.
#[derive(Clone)]
struct Nobody;

impl Login for Nobody {
    fn form(&self) -> Form {
        Form::Credentials
    }

    async fn check(&self, _: Typed) -> Result<LoggedIn, LoginError> {
        Err(LoginError::Wrong)
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_logins_is_counted() {
    let (log, _guard) = Lines::start();
    let service = RefusalsLayer::new().layer(BasicAuthLayer::new(Nobody).layer(service_fn(served)));
    assert_eq!(flood(&service, "198.51.100.7", &get("/mcp")).await, 401);
    let refused = log.of("request refused");
    assert_eq!(refused.len(), 10, "{refused:?}");
    assert_eq!(refused[0]["cause"], "A login of 1C is needed, as HTTP Basic");
    let mut request = get("/mcp");
    request.headers_mut().insert("authorization", "Basic bWU6czNjcmV0".parse().unwrap());
    flood(&service, "198.51.100.7", &request).await;
    let failed = log.take();
    assert!((1..=20).contains(&failed.len()), "{}", failed.len());
    assert_eq!(events(&failed, "oauth.login.failed").len(), failed.len());
}

/// 1C is not there.
#[derive(Clone)]
struct Down;

impl Login for Down {
    fn form(&self) -> Form {
        Form::Credentials
    }

    async fn check(&self, _: Typed) -> Result<LoggedIn, LoginError> {
        let trouble = ErrorKind::Status(StatusCode::BAD_GATEWAY, String::new());
        Err(LoginError::Unavailable(onec::Error::from(trouble).into()))
    }
}

/// The lines of a trouble within a flood, and what is told of the others a minute later.
async fn sampled(log: &Lines, what: &str) -> Vec<Value> {
    let lines = log.take();
    let mut told: Vec<_> = lines.iter().filter(|line| line["message"] == what).cloned().collect();
    assert_eq!(told.len(), 10, "{what}");
    assert!(told.iter().all(|line| line["level"] == "WARN"), "{told:?}");
    assert!(lines.len() <= 30, "{what}: {}", lines.len());
    sleep(Duration::from_secs(61)).await;
    let more = format!("{} more like this ", FLOOD - 10);
    let is_sum = |line: &Value| {
        let text = line["message"].as_str().unwrap_or_default();
        text.starts_with(&more) && text.ends_with(&format!(" in the last minute: {what}"))
    };
    let sums: Vec<_> = log.take().into_iter().filter(is_sum).collect();
    assert_eq!(sums.len(), 1, "{sums:?}");
    told.truncate(1);
    told.extend(sums);
    told
}

/// Each wrong password of a stranger meets it.
#[tokio::test(start_paused = true)]
async fn a_flood_while_1c_is_away_is_counted() {
    let (log, _guard) = Lines::start();
    let service = RefusalsLayer::new().layer(BasicAuthLayer::new(Down).layer(service_fn(served)));
    let mut request = get("/mcp");
    request.headers_mut().insert("authorization", "Basic bWU6czNjcmV0".parse().unwrap());
    assert_eq!(flood(&service, "198.51.100.7", &request).await, 503);
    let told = sampled(&log, "callers cannot be authenticated").await;
    assert_eq!([&told[0]["status"], &told[0]["cause"]], [&json!(502), &json!("Status")]);
    assert_eq!([&told[0]["remote"], &told[1]["cause"]], ["198.51.100.7", "Status"]);

    let server = AuthorizationServer::new(Site::new(), Down, MemoryStore::new()).rate_limits(RateLimits::unlimited());
    let service = RefusalsLayer::new().layer(server);
    let login = "grant_type=password&username=me&password=s3cret";
    assert_eq!(flood(&service, "198.51.100.7", &form("/token", login)).await, 503);
    let told = sampled(&log, "logins cannot be checked").await;
    assert_eq!([&told[0]["status"], &told[0]["cause"]], [&json!(502), &json!("Status")]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_while_the_store_is_broken_is_counted() {
    let (log, _guard) = Lines::start();
    let store = Faulty::new(Fault::None);
    let server = AuthorizationServer::new(Site::new(), Nobody, store.clone()).rate_limits(RateLimits::unlimited());
    let bearers = RefusalsLayer::new().layer(BearerAuthLayer::new(server.tokens()).layer(service_fn(served)));
    let server = RefusalsLayer::new().layer(server);
    store.down.store(true, Ordering::SeqCst);

    let token = Request::get("/mcp").header("authorization", "Bearer token").body(Full::default()).unwrap();
    assert_eq!(flood(&bearers, "198.51.100.7", &token).await, 503);
    sampled(&log, "callers cannot be authenticated").await;
    let refresh = form("/token", "grant_type=refresh_token&refresh_token=token");
    assert_eq!(flood(&server, "198.51.100.7", &refresh).await, 503);
    sampled(&log, "the token store failed").await;
    assert_eq!(flood(&server, "198.51.100.7", &register()).await, 503);
    sampled(&log, "the token store failed").await;

    // Whether a login may pass that has to wait.
    let login = SlowdownLayer::new().free(1).free_in_all(1).remember_in(store).layer(Nobody);
    let service = RefusalsLayer::new().layer(BasicAuthLayer::new(login).layer(service_fn(served)));
    let mut request = get("/mcp");
    request.headers_mut().insert("authorization", "Basic bWU6czNjcmV0".parse().unwrap());
    flood(&service, "198.51.100.7", &request).await;
    let lines = log.take();
    let unknown = lines.iter().filter(|line| line["message"] == "whether a login was right before is not known");
    assert_eq!(unknown.count(), 10);
    assert!(lines.len() <= 40, "{}", lines.len());
}

fn register() -> Request<Full<Bytes>> {
    let request = Request::post("/register").header("host", "localhost").header("content-type", "application/json");
    request.body(Full::from(r#"{"redirect_uris":["http://127.0.0.1/"]}"#)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_registrations_is_counted() {
    let (log, _guard) = Lines::start();
    let server = AuthorizationServer::new(Site::new(), Nobody, MemoryStore::new()).rate_limits(RateLimits::unlimited());
    assert_eq!(flood(&server, "198.51.100.7", &register()).await, 201);
    assert_eq!(events(&log.take(), "oauth.client.registered").len(), 10);
    sleep(Duration::from_secs(61)).await;
    let sum = &log.take()[0];
    assert_eq!([&sum["event"], &sum["remote"]], ["oauth.client.registered", "198.51.100.7"]);
    assert_eq!([&sum["more"], &sum["reason"]], [&json!(FLOOD - 10), &Value::Null]);
}

/// A tool with an argument that clients mirror.
const TOOLS: &str =
    r#"{"tools":[{"name":"find","inputSchema":{"type":"object","properties":{"region":{"x-mcp-header":"Region"}}}}]}"#;

fn logged() -> Bridge<Stack<tower::layer::util::Identity, LogLayer>> {
    Bridge::new(mcp::server()).layer(LogLayer::new())
}

/// The endpoints as a server has them, with the line around.
fn everything() -> impl Service<Request<Full<Bytes>>, Response = Response<Body>, Error = Infallible> + Clone {
    let mcp = JsonRpcLayer::new(logged()).max_body(1_000).layer(always(TOOLS));
    let login = AuthorizationServer::new(Site::new(), Nobody, MemoryStore::new())
        .rate_limits(RateLimits::unlimited().authorize(1).register(1));
    let routes = service_fn(move |request: Request<Full<Bytes>>| {
        let (mcp, login) = (mcp.clone(), login.clone());
        async move { if request.uri().path() == "/mcp" { mcp.oneshot(request).await } else { login.oneshot(request).await } }
    });
    let hosts = HostLayer::new(OriginPolicy::new().loopback_listener());
    RefusalsLayer::new().layer(hosts.layer(routes))
}

fn form(path: &str, fields: &'static str) -> Request<Full<Bytes>> {
    let request = Request::post(path).header("host", "localhost");
    request.header("content-type", "application/x-www-form-urlencoded").body(Full::from(fields)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_refusal_leaves_a_line_with_its_cause() {
    let (log, _guard) = Lines::start();
    let service = everything();
    let foreign = Request::get("/mcp?s3cret").header("host", "rebound.example").body(Full::default()).unwrap();
    let page = Request::post("/mcp").header("host", "localhost").header("origin", "https://evil.example");
    let long = post(vec![b' '; 1_001], &[("host", "localhost")]);
    let text = Request::post("/mcp").header("host", "localhost").header("content-type", "text/plain");
    for (request, code, level, cause) in [
        (foreign, 403, "WARN", "Host not allowed"),
        (page.body(Full::default()).unwrap(), 403, "WARN", "Origin not allowed"),
        (get("/nothing?s3cret"), 404, "INFO", "Not Found"),
        (get("/mcp"), 405, "INFO", "This endpoint takes POST only"),
        (get("/token"), 405, "INFO", "Method Not Allowed"),
        (long, 413, "INFO", "at most 1000 bytes"),
        (text.body(Full::default()).unwrap(), 415, "INFO", "Content-Type must be"),
        (post("{", &[("host", "localhost")]), 400, "INFO", ""),
        (form("/authorize", "a=s3cret"), 400, "INFO", "there is no such client"),
        (form("/authorize", "a=s3cret"), 429, "WARN", "too many requests"),
    ] {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let answer = service.clone().oneshot(from("198.51.100.7", request)).await.unwrap();
        assert_eq!(answer.status(), code, "{method} {path}");
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(
            [&line["message"], &line["level"], &line["method"], &line["path"], &line["remote"]],
            ["request refused", level, &*method, &*path, "198.51.100.7"]
        );
        assert_eq!(line["status"], code);
        assert!(line["cause"].as_str().unwrap().contains(cause), "{line}");
        assert!(!line.to_string().contains("s3cret"), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_served_leaves_none_and_what_has_a_line_no_second_one() {
    let (log, _guard) = Lines::start();
    let service = everything();
    let list = legacy(1, "tools/list", &json!({}));
    let served = post(list, &[("host", "localhost"), ("mcp-protocol-version", LEGACY[0])]);
    assert_eq!(service.clone().oneshot(served).await.unwrap().status(), 200);
    assert!(log.of("request refused").is_empty());
    // 404, but of a method that is not there, in a request that has its own line.
    let mut request = mcp::modern("no/such", json!({}));
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["message"], "request");
    // Nor does a list that only the bridge asks for have one.
    let mut request = mcp::modern("tools/call", json!({ "name": "find", "arguments": { "region": "a" } }));
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    request.headers_mut().insert("mcp-param-region", "b".parse().unwrap());
    assert_eq!(service.oneshot(request).await.unwrap().status(), 400);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["message"], "request refused");
    assert!(lines[0]["cause"].as_str().unwrap().contains("mcp-param-region"), "{lines:?}");
}

/// What the bridge answers itself passes through its layers too; a later one is outside.
#[tokio::test(start_paused = true)]
async fn a_bridge_has_layers_around_all_that_clients_ask() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = |who: &'static str| {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: onec_mcp::rpc::Request| {
            seen.lock().unwrap().push((who, request.method.as_str().to_owned()));
            request
        })
    };
    let mcp = JsonRpcLayer::new(Bridge::new(mcp::server()).layer(see("in")).layer(see("out"))).layer(always("{}"));
    for method in ["ping", "resources/list"] {
        let asked = post(legacy(1, method, &json!({})), &[("mcp-protocol-version", LEGACY[0])]);
        assert_eq!(mcp.clone().oneshot(asked).await.unwrap().status(), 200);
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen, [("out", method.to_owned()), ("in", method.to_owned())]);
    }
    assert_eq!(mcp.oneshot(mcp::modern("server/discover", json!({}))).await.unwrap().status(), 200);
    assert_eq!(seen.lock().unwrap()[0].1, "server/discover");
}

/// Without the layer no request has a line.
#[tokio::test(start_paused = true)]
async fn the_line_of_a_request_is_a_layer() {
    let (log, _guard) = Lines::start();
    for (layered, lines) in [(false, 0), (true, 1)] {
        let rpc = always(TOOLS);
        let mcp = match layered {
            false => JsonRpcLayer::new(mcp::server()).layer(rpc),
            true => JsonRpcLayer::new(mcp::server())
                .layer(mcp::rpc(move |request| LogLayer::new().layer(rpc.clone()).oneshot(request))),
        };
        send(&mcp, post(legacy(1, "tools/list", &json!({})), &[("mcp-protocol-version", LEGACY[0])])).await;
        assert_eq!(log.take().len(), lines);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_any_refusal_is_counted_by_its_status() {
    let (log, _guard) = Lines::start();
    let service = everything();
    assert_eq!(flood(&service, "198.51.100.7", &get("/nothing")).await, 404);
    assert_eq!(flood(&service, "198.51.100.7", &get("/mcp")).await, 405);
    assert_eq!(log.of("request refused").len(), 20);
    // Those who come later tell of it too, where no time passed for others.
    advance(Duration::from_secs(61)).await;
    service.oneshot(from("198.51.100.9", get("/nothing"))).await.unwrap();
    let told = log.take();
    let more = format!("{} more like this from 198.51.100.7 in the last minute: request refused", FLOOD - 10);
    let sums: Vec<_> = told.iter().filter(|line| line["message"] == *more).collect();
    assert_eq!(sums.len(), 2, "{told:?}");
}

/// The line of a failed call, and how much it has to say beyond "failed".
#[tokio::test]
async fn a_failed_call_of_1c_leaves_a_warning_with_status_cause_and_request() {
    let (log, _guard) = Lines::start();
    let exception = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Деление на 0"}}"#;
    for (act, level, code, cause, text) in [
        (status(500, "Ошибка: Деление на 0"), "WARN", json!(500), "Status", "Деление на 0"),
        (status(403, ""), "WARN", json!(403), "Status", "role"),
        (status(500, "Не обнаружено свободной лицензии!"), "WARN", json!(500), "NoLicence", "licence"),
        (status(502, ""), "WARN", json!(502), "Status", "502"),
        (ok("<html>"), "WARN", json!(200), "Nonsense", "HTML"),
        (ok(exception), "WARN", json!(200), "JsonRpcError", "Деление на 0"),
        (Act::Reset, "WARN", Value::Null, "Broken", "broke the connection"),
        (Act::Flood { length: Some(50 << 20) }, "WARN", Value::Null, "TooLarge", "larger than 32 MiB"),
        (status(400, "Не указан период"), "WARN", json!(400), "Status", "Не указан период"),
    ] {
        let onec = fault::Faulty::start([act]).await;
        let mcp = http(mcp::rpc({
            let service = AuditLayer::new().layer(onec.service());
            move |request| service.clone().oneshot(request)
        }));
        let call = legacy(1, "tools/call", &json!({ "name": "проводка" }));
        send(&mcp, post(call, &[("mcp-protocol-version", LEGACY[0])])).await;
        let lines = log.take();
        let failed: Vec<_> = lines.iter().filter(|line| line["message"] == "a call of 1C failed").collect();
        assert_eq!(failed.len(), 1, "{lines:?}");
        let line = failed[0];
        assert_eq!([&line["level"], &line["cause"]], [level, cause], "{line}");
        assert_eq!(line["status"], code, "{line}");
        assert!(line["error"].as_str().unwrap().contains(text), "{line}");
        // The same request in the audit trail.
        let event = &events(&lines, "mcp.tool.call")[0];
        assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
        assert_eq!(event["request_id"], line["request_id"]);
    }
}

/// What 1C says of the caller's login, and of what the caller asked for.
#[tokio::test]
async fn what_is_the_callers_affair_is_no_warning() {
    let (log, _guard) = Lines::start();
    let refusal = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Не указан период"}}"#;
    for (act, level) in [(status(401, ""), Some("INFO")), (ok(refusal), None)] {
        let onec = fault::Faulty::start([act]).await;
        let mcp = http(mcp::rpc({
            let service = onec.service();
            move |mut request: onec_mcp::rpc::Request| {
                let identity = Identity::new("onec:me", Scopes::parse("mcp"));
                request.extensions.insert(identity.with_credentials(Credentials::new("me", "s3cret")));
                service.clone().oneshot(request)
            }
        }));
        let call = legacy(1, "tools/call", &json!({ "name": "проводка" }));
        send(&mcp, post(call, &[("mcp-protocol-version", LEGACY[0])])).await;
        let lines = log.take();
        assert!(lines.iter().all(|line| line["level"] == "INFO"), "{lines:?}");
        let failed: Vec<_> = lines.iter().filter(|line| line["message"] == "a call of 1C failed").collect();
        assert_eq!(failed.first().and_then(|line| line["level"].as_str()), level, "{lines:?}");
        assert!(failed.iter().all(|line| line["cause"] == "LoginRefused" && line["status"] == 401), "{lines:?}");
    }
}

/// Whatever is no tool has its id in its own line.
#[tokio::test]
async fn each_request_has_an_id_of_its_own() {
    let (log, _guard) = Lines::start();
    let onec = fault::Faulty::start([status(500, "")]).await;
    let mcp = JsonRpcLayer::new(logged()).layer(onec.service());
    let mut ids = Vec::new();
    for _ in 0..2 {
        let read = legacy(1, "resources/read", &json!({ "uri": "x:y" }));
        let read = post(read, &[("mcp-protocol-version", LEGACY[0])]);
        mcp.clone().oneshot(read).await.unwrap();
        let lines = log.take();
        let id = |message| lines.iter().find(|line| line["message"] == message).unwrap()["request_id"].clone();
        assert_eq!(id("a call of 1C failed"), id("request"));
        ids.push(id("request"));
    }
    assert_ne!(ids[0], ids[1]);
}
