//! Calls in the REST dialect: what reaches 1C, what its answers mean, and what is sent twice.

use crate::support::fault::{self, Act, Faulty, json, ok, over_http, status, trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use onec_mcp::onec::{ClientError, DeadlineLayer, ErrorKind, HttpClient, Infobase, OneCService, Patience, RestCall};
use onec_mcp::rpc::{BoxError, Request, Response, RpcError};
use onec_mcp::{Credentials, Identity, Scopes};
use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};

const ROWS: &str = r#"{"columns":[],"rows":[]}"#;

fn call(path: &str) -> RestCall {
    RestCall::new(path, r#"{"period":{"from":"2026-01-01","to":"2026-01-31"}}"#)
}

async fn ask(service: &OneCService, call: RestCall) -> Result<Response, BoxError> {
    service.rest().oneshot(call).await
}

/// What a 1C that does this gets out of a call: the result, or the trouble and its sentence.
async fn outcome(act: Act) -> Result<String, (ErrorKind, String)> {
    let server = Faulty::start([act]).await;
    match ask(&server.service(), call("reports/sales")).await {
        Ok(answer) => Ok(json(Ok(answer))),
        Err(error) => Err(trouble(Err(error))),
    }
}

async fn nonsense(body: impl Into<Vec<u8>>) -> String {
    match outcome(ok(body)).await {
        Err((ErrorKind::Nonsense(why), told)) if told.contains(&why) => why,
        other => unreachable!("{other:?}"),
    }
}

fn ansi(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1251.encode(text).0.into_owned()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn the_whole_request() {
    let server = Faulty::start([ok(ROWS)]).await;
    let infobase = Infobase::new(&format!("http://{}/Торговля/", server.addr))
        .unwrap()
        .basic("Администратор", "")
        .service_root("/mcp/v2/")
        .tenant(HeaderName::from_static("x-tenant"), HeaderValue::from_static("main"));
    let service = OneCService::new(infobase).unwrap();
    let mut call = RestCall::new("отчеты/cash flow", r#"{"сумма": 1.10 }"#);
    call.headers.insert("x-mcp-sub", "onec:%D0%90".parse().unwrap());
    call.headers.append("x-mcp-scopes", "mcp:resolve,mcp:report:money".parse().unwrap());
    assert_eq!(json(ask(&service, call.clone()).await), ROWS);
    assert_eq!(json(ask(&service, call).await), ROWS);

    let login = basic("Администратор", "");
    let host = server.addr.to_string();
    for seen in server.seen() {
        let path = "%D0%A2%D0%BE%D1%80%D0%B3%D0%BE%D0%B2%D0%BB%D1%8F/hs/mcp/v2/%D0%BE%D1%82%D1%87%D0%B5%D1%82%D1%8B/cash%20flow";
        assert_eq!(seen.line, format!("POST /{path} HTTP/1.1"));
        assert_eq!(seen.body, r#"{"сумма": 1.10 }"#);
        let headers: Vec<_> = seen.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected = [
            ("accept", "application/json"),
            ("authorization", &*login),
            ("content-length", "21"),
            ("content-type", "application/json"),
            ("host", &*host),
            ("x-mcp-scopes", "mcp:resolve,mcp:report:money"),
            ("x-mcp-sub", "onec:%D0%90"),
            ("x-tenant", "main"),
        ];
        assert_eq!(headers, expected);
    }
    assert_eq!(server.connections(), 1, "one warm connection");
}

#[tokio::test]
async fn paths_lead_below_the_service_root_and_nowhere_else() {
    let server = Faulty::start([ok("{}")]).await;
    let service = server.service();
    for (path, line) in [
        ("resolve/customer", "/base/hs/mcp/resolve/customer"),
        ("/resolve/customer/", "/base/hs/mcp/resolve/customer"),
        ("a?b#c", "/base/hs/mcp/a%3Fb%23c"),
        ("100%", "/base/hs/mcp/100%25"),
        ("../../../other", "/base/hs/mcp/other"),
    ] {
        json(ask(&service, call(path)).await);
        assert_eq!(server.seen().pop().unwrap().line, format!("POST {line} HTTP/1.1"), "{path}");
    }
    // Paths without end are served as well, though their addresses are not all kept.
    let (service, seen) = leaf(Ok);
    for at in 0..1500 {
        let path = format!("p/{at}");
        service.rest().oneshot(call(&path)).await.unwrap();
        assert_eq!(seen.lock().unwrap().pop().unwrap().uri().path(), format!("/b/hs/mcp/{path}"));
    }
}

#[tokio::test]
async fn whose_login_a_call_carries() {
    let server = Faulty::start([ok("{}")]).await;
    let account = OneCService::new(server.infobase().basic("Служба", "s")).unwrap();
    let own = Identity::new("onec:Иванов", Scopes::default()).with_credentials(Credentials::new("Иванов", "п:1"));
    let key = Identity::new("key holder", Scopes::parse("mcp"));
    let logins = [
        (&account, Some(own.clone()), Some(basic("Иванов", "п:1"))),
        (&account, Some(key.clone()), Some(basic("Служба", "s"))),
        (&account, None, Some(basic("Служба", "s"))),
        (&server.service(), Some(own), Some(basic("Иванов", "п:1"))),
        (&server.service(), Some(key), None),
    ];
    for (service, identity, expected) in logins {
        let mut call = call("reports/sales");
        // No header decides whose login it is.
        call.headers.append("authorization", "Bearer of the client".parse().unwrap());
        call.headers.append("authorization", "Basic YTpi".parse().unwrap());
        call.headers.insert("x-own", "kept".parse().unwrap());
        if let Some(identity) = identity {
            call.extensions.insert(identity);
        }
        json(ask(service, call).await);
        let seen = server.seen().pop().unwrap();
        let sent: Vec<_> = seen.headers.iter().filter(|(name, _)| name == "authorization").collect();
        assert_eq!(sent.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>(), Vec::from_iter(expected));
        assert_eq!(seen.header("x-own"), Some("kept"));
        assert_eq!(seen.header("x-mcp-sub"), None, "the leaf adds none by itself");
    }
}

#[tokio::test]
async fn a_200_with_an_object_is_the_answer_byte_for_byte() {
    let pretty = "{\r\n\t\"rows\": [ [ 1.10, 1e400 ] ]\r\n}";
    assert_eq!(outcome(ok(pretty)).await.unwrap(), pretty);
    assert_eq!(outcome(ok(format!("\u{feff}{ROWS}"))).await.unwrap(), ROWS);
    assert_eq!(outcome(ok(format!(" \r\n{ROWS}\n"))).await.unwrap(), ROWS);
    let server = Faulty::start([ok(ROWS)]).await;
    assert!(ask(&server.service(), call("a")).await.unwrap().upstream.is_some());
}

#[tokio::test]
async fn a_200_with_anything_else_is_nonsense() {
    assert_eq!(nonsense("<!DOCTYPE html><html>1С</html>").await, "a page of HTML instead of JSON");
    assert_eq!(nonsense("\u{feff}\r\n<html>").await, "a page of HTML instead of JSON");
    for empty in ["", "\u{feff}", " \r\n"] {
        assert_eq!(nonsense(empty).await, "an empty body");
    }
    for other in ["[]", "\"Готово\"", "null", "1", "Ошибка"] {
        assert!(nonsense(other).await.contains("expected an object"), "{other}");
    }
    assert!(nonsense(r#"{"rows":["#).await.contains("not valid JSON"));
    assert!(nonsense(r#"{"rows":[]} x"#).await.contains("not valid JSON"));
    assert!(nonsense(ansi(r#"{"имя":1}"#)).await.contains("not valid UTF-8"));
}

#[tokio::test]
async fn each_status_and_what_its_body_says() {
    let json = r#"{"error":"validation_error","message":"Период  не\nзадан"}"#;
    for (code, hint) in [
        (400, "did not accept the request (400)"),
        (401, "refused the login (401)"),
        (402, "no licence is free"),
        (403, "needs a role"),
        (404, "case matters"),
        (406, "session had expired (406)"),
        (500, "The code in 1C failed (500)"),
        (502, "could not reach 1C (502)"),
        (503, "could not reach 1C (503)"),
        (429, "status 429"),
        (204, "status 204"),
        (302, "status 302"),
    ] {
        let bodies: [(Vec<u8>, &str); 13] = [
            (json.into(), "Период не задан"),
            (format!("\u{feff}\r\n{json}").into(), "Период не задан"),
            (ansi(json), "Период не задан"),
            (r#"{"error":"onec_error"}"#.into(), "onec_error"),
            (r#"{"error":"onec_error","message":" "}"#.into(), "onec_error"),
            (r#"{"error":{"code":1},"message":"Сбой"}"#.into(), "Сбой"),
            (r#"{"message":null,"error":"Сбой","rest":[]}"#.into(), "Сбой"),
            (r#"{"description":"Сбой"}"#.into(), "Сбой"),
            (r#"{"message":"Сбой""#.into(), "Сбой"),
            ("Сбой\r\n сервиса".into(), "Сбой сервиса"),
            (ansi("Сбой сервиса"), "Сбой сервиса"),
            (ansi("<html><style>b{}</style>Сбой&nbsp;сервиса</html>"), "Сбой сервиса"),
            (Vec::new(), ""),
        ];
        for (body, said) in bodies {
            // No body may follow a 204.
            let (body, said) = if code == 204 { (Vec::new(), "") } else { (body, said) };
            let (kind, told) = outcome(status(code, body)).await.unwrap_err();
            assert_eq!(kind, ErrorKind::Status(StatusCode::from_u16(code).unwrap(), said.into()));
            assert!(told.contains(hint), "{code}: {told}");
            match said {
                "" => assert!(!told.contains("1C says"), "{told}"),
                said => assert!(told.ends_with(&format!(" 1C says: {said}")), "{told}"),
            }
        }
    }
}

#[tokio::test]
async fn words_are_cut_at_4_kib() {
    let long = format!(r#"{{"message":"!{}"}}"#, "ы".repeat(10_000));
    let (_, told) = outcome(status(400, long)).await.unwrap_err();
    let (_, words) = told.split_once("1C says: !").unwrap();
    assert!(words.len() > 4000 && words.len() < 4100 && words.ends_with("ы…"));
}

#[tokio::test]
async fn errors_of_the_rpc_dialect_are_read_alike() {
    let body = r#"{"error":"a","message":"b"}"#;
    let server = Faulty::start([status(500, body)]).await;
    let (kind, _) = trouble(fault::ask(&server.service(), fault::tool()).await);
    assert_eq!(kind, ErrorKind::Status(StatusCode::INTERNAL_SERVER_ERROR, "b".into()));
}

#[tokio::test]
async fn a_401_ends_the_callers_own_login_and_nobody_elses() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let anyone = Identity::new("onec:a", Scopes::default()).on_login_refused(move || {
        let counter = Arc::clone(&counter);
        async move {
            tokio::task::yield_now().await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let server = Faulty::start([status(401, "{}")]).await;
    let service = OneCService::new(server.infobase().basic("Служба", "s")).unwrap();
    let mut by_account = call("reports/sales");
    by_account.extensions.insert(anyone.clone());
    let (kind, _) = trouble(ask(&service, by_account).await);
    over_http(posting(&service), &anyone).await;
    assert_eq!((kind, count.load(Ordering::SeqCst)), (ErrorKind::Status(StatusCode::UNAUTHORIZED, "{}".into()), 0));

    let anyone = anyone.with_credentials(Credentials::new("a", "old"));
    assert_eq!(over_http(posting(&service), &anyone).await, StatusCode::UNAUTHORIZED);
    let mut own = call("reports/sales");
    own.extensions.insert(anyone);
    let error = ask(&service, own).await.unwrap_err();
    assert_eq!(RpcError::from_error(&error).status, StatusCode::UNAUTHORIZED);
    assert_eq!((trouble(Err(error)).0, count.load(Ordering::SeqCst)), (ErrorKind::LoginRefused, 1));
    assert_eq!(server.seen().len(), 4);
}

/// Makes a call in the REST dialect of whatever is asked.
fn posting(
    service: &OneCService,
) -> impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + use<> {
    let service = service.clone();
    service_fn(move |request: Request| {
        let mut call = call("reports/sales");
        call.extensions = request.extensions;
        service.rest().oneshot(call)
    })
}

type Client = BoxCloneSyncService<http::Request<Bytes>, http::Response<Bytes>, BoxError>;
type Seen = Arc<Mutex<Vec<http::Request<Bytes>>>>;

/// A leaf with short timeouts whose 1C answers this, and the requests that it gets.
fn leaf<F>(answer: F) -> (OneCService<Client>, Seen)
where
    F: Fn(http::Response<Bytes>) -> Result<http::Response<Bytes>, BoxError> + Clone + Send + Sync + 'static,
{
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let client = Client::new(service_fn(move |request| {
        log.lock().unwrap().push(request);
        ready(answer(http::Response::new(Bytes::from_static(b"{}"))))
    }));
    (OneCService::with_client(infobase(), client).unwrap(), seen)
}

fn infobase() -> Infobase {
    Infobase::new("http://h/b").unwrap().timeouts(Duration::from_secs(7), Duration::from_secs(99))
}

#[tokio::test]
async fn a_call_says_how_long_it_may_take() {
    let (service, seen) = leaf(Ok);
    for slow in [false, true] {
        service.rest().oneshot(call("a").slow(slow)).await.unwrap();
        let seen = seen.lock().unwrap().pop().unwrap();
        let limit = Duration::from_secs(if slow { 99 } else { 7 });
        assert_eq!(seen.extensions().get(), Some(&Patience(limit)));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_and_quick_calls_end_in_their_own_time() {
    for (slow, limit) in [(false, 7), (true, 99)] {
        let client = service_fn(|_: http::Request<Bytes>| pending::<Result<http::Response<Bytes>, BoxError>>());
        let service = OneCService::with_client(infobase(), DeadlineLayer.layer(client)).unwrap();
        let started = Instant::now();
        let (kind, _) = trouble(service.rest().oneshot(call("a").slow(slow)).await);
        let limit = Duration::from_secs(limit);
        assert_eq!(kind, ErrorKind::Slow(limit));
        assert!(started.elapsed().abs_diff(limit) < Duration::from_millis(5));
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_expired_session_is_tried_again() {
    for code in [302, 400, 401, 403, 404, 406, 408, 429, 500, 502, 503, 504] {
        let (service, seen) = leaf(move |mut answer| {
            *answer.status_mut() = StatusCode::from_u16(code).unwrap();
            Ok(answer)
        });
        assert!(matches!(trouble(service.rest().oneshot(call("a")).await).0, ErrorKind::Status(..)));
        assert_eq!(seen.lock().unwrap().len(), if code == 406 { 2 } else { 1 }, "{code}");
    }
    let (service, seen) = leaf(|_| Err(ClientError::Broken("reset".into()).into()));
    assert_eq!(trouble(service.rest().oneshot(call("a")).await).0, ErrorKind::Broken);
    assert_eq!(seen.lock().unwrap().len(), 1, "it may have run");
    let (service, seen) = leaf(|_| Err("an error of the client's own".into()));
    assert_eq!(service.rest().oneshot(call("a")).await.unwrap_err().to_string(), "an error of the client's own");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_second_try_is_the_same_call() {
    let server = Faulty::start([status(406, ""), ok(ROWS)]).await;
    let mut call = call("reports/sales");
    call.headers.insert("x-mcp-scopes", "mcp".parse().unwrap());
    assert_eq!(json(ask(&server.service(), call).await), ROWS);
    let seen = server.seen();
    assert_eq!((&seen[0].line, &seen[0].headers, &seen[0].body), (&seen[1].line, &seen[1].headers, &seen[1].body));
}

#[tokio::test]
async fn a_call_that_may_have_run_is_not_repeated() {
    for act in [Act::Reset, Act::Raw(Vec::new()), Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".into())] {
        let server = Faulty::start([act, ok(ROWS)]).await;
        assert_eq!(trouble(ask(&server.service(), call("reports/sales")).await).0, ErrorKind::Broken);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_once_more() {
    // Taken, so that nobody else gets it, but not listened on.
    let port = TcpSocket::new_v4().unwrap();
    port.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let infobase = fault::infobase(port.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let client = HttpClient::new(&infobase).unwrap().map_request(move |request: http::Request<Bytes>| {
        counter.fetch_add(1, Ordering::SeqCst);
        request
    });
    let service = OneCService::with_client(infobase, client).unwrap();
    assert_eq!(trouble(service.rest().oneshot(call("a")).await).0, ErrorKind::Unreachable);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_dropped_call_frees_its_turn() {
    let mut server = Faulty::start([Act::Hang]).await;
    let service = OneCService::with_concurrency(server.infobase(), 1).unwrap();
    for reached in 1..3 {
        let running = tokio::spawn(service.rest().oneshot(call("a")));
        server.reached(reached).await;
        running.abort();
        server.gone().await;
    }
}
