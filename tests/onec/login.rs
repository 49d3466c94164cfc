//! What 1C is asked about users and keys, and what its answers mean.

use crate::support::fault::{Act, Faulty, ok, status};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use onec_mcp::onec::{Cause, ClientError, Error, ErrorKind, Infobase, KeyHolder, OneCService, Patience};
use onec_mcp::rpc::{BoxError, RpcError};
use onec_mcp::{Credentials, Scopes, demo};
use secrecy::SecretString;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

const HEALTHY: &str = r#"{"status":"ok"}"#;
const HOLDER: &str = r#"{"sub":"u1","name":"Иван","scopes":["mcp"]}"#;

fn key(text: &str) -> SecretString {
    text.to_owned().into()
}

#[track_caller]
fn trouble<T: std::fmt::Debug>(answer: Result<T, BoxError>) -> ErrorKind {
    let error = answer.expect_err("no trouble at all");
    Error::find(&*error).expect("an error of another kind").kind().clone()
}

async fn log_in(act: Act) -> Result<(), BoxError> {
    let server = Faulty::start([act]).await;
    server.service().log_in(&Credentials::new("a", "b")).await
}

async fn verify(act: Act) -> Result<KeyHolder, BoxError> {
    let server = Faulty::start([act]).await;
    server.service().verify_key(&key("s3cret")).await
}

async fn why(body: &str) -> String {
    match trouble(verify(ok(body)).await) {
        ErrorKind::Nonsense(why) => why,
        other => panic!("{body}: {other:?}"),
    }
}

/// An infobase with a service account and a tenant.
fn guarded(server: &Faulty) -> OneCService {
    let tenant = (HeaderName::from_static("x-tenant"), HeaderValue::from_static("main"));
    OneCService::new(server.infobase().basic("Служба", "s").tenant(tenant.0, tenant.1)).unwrap()
}

type Seen = Arc<Mutex<Vec<http::Request<Bytes>>>>;
type Client = BoxCloneSyncService<http::Request<Bytes>, http::Response<Bytes>, BoxError>;

/// A leaf whose 1C answers this, and the requests that it gets.
fn leaf<F>(answer: F) -> (OneCService<Client>, Seen)
where
    F: Fn() -> Result<http::Response<Bytes>, BoxError> + Clone + Send + Sync + 'static,
{
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let client = Client::new(service_fn(move |request| {
        log.lock().unwrap().push(request);
        ready(answer())
    }));
    let infobase = Infobase::new("http://h/b").unwrap().timeouts(Duration::from_secs(7), Duration::from_secs(99));
    (OneCService::with_client(infobase, client).unwrap(), seen)
}

fn answer(code: u16, body: &'static str) -> http::Response<Bytes> {
    http::Response::builder().status(code).body(Bytes::from_static(body.as_bytes())).unwrap()
}

#[tokio::test]
async fn the_whole_login() {
    let server = Faulty::start([ok(HEALTHY)]).await;
    let service = guarded(&server);
    for (user, password) in [("Иванов Иван", "пароль"), ("Продавец", ""), ("b", "с:двоеточием")]
    {
        service.log_in(&Credentials::new(user, password)).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!((&*seen.line, &*seen.body), ("GET /base/hs/mcp/health HTTP/1.1", ""));
        let headers: Vec<_> = seen.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let login = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let host = server.addr.to_string();
        let expected =
            [("accept", "application/json"), ("authorization", &login), ("host", &host), ("x-tenant", "main")];
        assert_eq!(headers, expected);
    }
    // The service account is itself again.
    service.health().await.unwrap();
    let account = format!("Basic {}", STANDARD.encode("Служба:s"));
    assert_eq!(server.seen().pop().unwrap().header("authorization"), Some(&*account));
    assert_eq!(server.connections(), 1, "one pool for all");
}

#[tokio::test]
async fn the_whole_check_of_a_key() {
    let server = Faulty::start([ok(HOLDER)]).await;
    let typed = "ключ \"в кавычках\" \\";
    let holder = guarded(&server).verify_key(&key(typed)).await.unwrap();
    assert_eq!((&*holder.sub, holder.name.as_deref(), holder.scopes), ("u1", Some("Иван"), Scopes::parse("mcp")));
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.line, "POST /base/hs/mcp/auth/verify HTTP/1.1");
    assert_eq!(seen.body, r#"{"key":"ключ \"в кавычках\" \\"}"#);
    let headers: Vec<_> = seen.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let account = format!("Basic {}", STANDARD.encode("Служба:s"));
    let (host, length) = (server.addr.to_string(), seen.body.len().to_string());
    let expected = [
        ("accept", "application/json"),
        ("authorization", &*account),
        ("content-length", &*length),
        ("content-type", "application/json"),
        ("host", &*host),
        ("x-tenant", "main"),
    ];
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn a_200_lets_in_only_if_it_says_that_all_is_well() {
    for body in [HEALTHY, "\u{feff}{\r\n\t\"status\": \"ok\"\r\n}", r#"{"version":"1.2","status":"ok","roles":[]}"#] {
        log_in(ok(body)).await.unwrap();
    }
    for body in [
        "<html>Welcome</html>",
        "\u{feff}\r\n <!DOCTYPE html>",
        "",
        " ok",
        "\"ok\"",
        "[]",
        "{}",
        r#"{"status":"starting"}"#,
        r#"{"status":null}"#,
        r#"{"status":"ok"} and more"#,
    ] {
        let server = Faulty::start([ok(body)]).await;
        assert!(matches!(trouble(guarded(&server).health().await), ErrorKind::Nonsense(_)), "{body}");
        // Nor does a stranger's 200 tell that 1C lets anybody in.
        assert!(matches!(trouble(guarded(&server).asks_for_login().await.map(drop)), ErrorKind::Nonsense(_)), "{body}");
        let error = log_in(ok(body)).await.unwrap_err();
        let error = Error::find(&*error).unwrap();
        assert!(matches!(error.kind(), ErrorKind::Nonsense(_)), "{body}");
        assert_eq!(error.why(), Some(Cause::NotWell), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_other_status_is_told() {
    for code in [201, 204, 301, 400, 401, 402, 403, 404, 405, 406, 429, 500, 502, 503, 504] {
        let said = "Доступ закрыт";
        let expected = ErrorKind::Status(StatusCode::from_u16(code).unwrap(), said.into());
        let (service, seen) = leaf(move || Ok(answer(code, said)));
        assert_eq!(trouble(service.log_in(&Credentials::new("a", "b")).await), expected, "{code}");
        assert_eq!(trouble(service.verify_key(&key("k")).await), expected, "{code}");
        // What did not run, or may have met a restart, is asked again once.
        let tries = if matches!(code, 406 | 502 | 503) { 4 } else { 2 };
        assert_eq!(seen.lock().unwrap().len(), tries, "{code}");
    }
}

#[tokio::test]
async fn pages_and_legacy_letters_in_errors_are_put_into_words() {
    let page = status(401, "<html><body><h1>401</h1> Unauthorized</body></html>");
    match trouble(log_in(page).await) {
        ErrorKind::Status(StatusCode::UNAUTHORIZED, said) => assert!(!said.contains('<'), "{said}"),
        other => panic!("{other:?}"),
    }
    // "Нет прав" in windows-1251
    let legacy = Act::Answer(403, "text/plain; charset=windows-1251", b"\xcd\xe5\xf2 \xef\xf0\xe0\xe2".to_vec());
    let expected = ErrorKind::Status(StatusCode::FORBIDDEN, "Нет прав".into());
    assert_eq!(trouble(log_in(legacy.clone()).await), expected);
    assert_eq!(trouble(verify(legacy).await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_once_more_and_then_told() {
    let (service, seen) = leaf(|| Err(ClientError::Broken("reset".into()).into()));
    assert_eq!(trouble(service.log_in(&Credentials::new("a", "b")).await), ErrorKind::Broken);
    assert_eq!(trouble(service.verify_key(&key("k")).await), ErrorKind::Broken);
    assert_eq!(trouble(service.health().await), ErrorKind::Broken);
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn both_are_quick_calls() {
    let (service, seen) = leaf(|| Ok(answer(200, r#"{"status":"ok","sub":"u1","scopes":[]}"#)));
    service.log_in(&Credentials::new("a", "b")).await.unwrap();
    service.verify_key(&key("k")).await.unwrap();
    for request in seen.lock().unwrap().iter() {
        assert_eq!(request.extensions().get(), Some(&Patience(Duration::from_secs(7))));
    }
    assert!(seen.lock().unwrap()[0].headers()["authorization"].is_sensitive());
    assert!(!seen.lock().unwrap()[1].headers().contains_key("authorization"), "there is no service account");
}

#[tokio::test]
async fn a_holder_is_read_leniently() {
    let scopes = async |json: &str| verify(ok(json)).await.unwrap().scopes;
    let mark = format!("\u{feff}{}", HOLDER.replace(',', ",\r\n\t"));
    assert_eq!(scopes(&mark).await, Scopes::parse("mcp"));
    assert_eq!(scopes(r#"{"extra":{"a":[1]},"sub":"u","scopes":["b","a","b"]}"#).await, Scopes::parse("a b"));
    // No scopes are none, never all; what is no scope is left out.
    for json in [
        r#"{"sub":"u"}"#,
        r#"{"sub":"u","scopes":null}"#,
        r#"{"sub":"u","scopes":[]}"#,
        r#"{"sub":"u","scopes":["","a b","a\"b","права"]}"#,
    ] {
        assert!(scopes(json).await.is_empty(), "{json}");
    }
    for (name, expected) in [("null", None), ("\" \"", None), ("\" Иван \"", Some("Иван"))] {
        let holder = verify(ok(format!(r#"{{"sub":"u","scopes":[],"name":{name}}}"#))).await.unwrap();
        assert_eq!(holder.name.as_deref(), expected);
    }
    let long = "я".repeat(1000);
    let holder = verify(ok(format!(r#"{{"sub":"u","scopes":[],"name":"{long}"}}"#))).await.unwrap();
    assert_eq!(holder.name.unwrap().chars().count(), 256);
}

#[tokio::test]
async fn a_holder_that_is_none() {
    let bad_sub = "a \"sub\" that is empty or longer than 256 characters";
    for sub in ["", "  ", &"я".repeat(257)] {
        assert_eq!(why(&format!(r#"{{"sub":"{sub}","scopes":[]}}"#)).await, bad_sub);
    }
    let longest = "я".repeat(256);
    let holder = verify(ok(format!(r#"{{"sub":"{longest}","scopes":[]}}"#))).await.unwrap();
    assert_eq!(holder.sub, longest);
    for json in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"scopes":["mcp"]}"#,
        r#"{"sub":null,"scopes":[]}"#,
        r#"{"sub":1,"scopes":[]}"#,
        r#"{"sub":"u","sub":"admin","scopes":[]}"#,
        r#"{"sub":"u","scopes":"mcp"}"#,
        r#"{"sub":"u","scopes":[1]}"#,
        r#"{"sub":"u","scopes":[]"#,
    ] {
        assert_eq!(why(json).await, "no JSON object with \"sub\" and \"scopes\" about a key", "{json}");
    }
    assert_eq!(why(" <html>").await, "a page of HTML instead of JSON");
    let huge = format!(r#"{{"sub":"u","scopes":[],"x":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(why(&huge).await, "an answer about a key of more than 64 KiB");
}

#[tokio::test]
async fn no_secret_is_in_an_error() {
    let echo = || ok(r#"{"sub":1,"key":"s3cret"}"#);
    let error = verify(echo()).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", RpcError::from_error(&error));
    assert!(!shown.contains("s3cret"), "{shown}");
    for code in [401, 500] {
        let error = verify(status(code, "Ключ s3cret не найден")).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    let server = Faulty::start([status(401, "")]).await;
    let error = server.service().log_in(&Credentials::new("a", "s3cret")).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", server.service());
    assert!(!shown.contains("s3cret") && !shown.contains(&STANDARD.encode("a:s3cret")), "{shown}");
}

#[tokio::test]
async fn the_users_and_keys_of_an_infobase() {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let account = Infobase::new(infobase.url()).unwrap().basic(infobase.username(), infobase.password());
    let service = OneCService::new(account).unwrap();
    for user in infobase.users() {
        let answer = service.log_in(&Credentials::new(user.name, user.password)).await;
        match user.has_role {
            true => answer.unwrap(),
            false => assert!(matches!(trouble(answer), ErrorKind::Status(StatusCode::FORBIDDEN, _))),
        }
        let wrong = service.log_in(&Credentials::new(user.name, "wrong")).await;
        assert_eq!(trouble(wrong), ErrorKind::Status(StatusCode::UNAUTHORIZED, String::new()));
    }
    for known in infobase.keys() {
        let holder = service.verify_key(&key(known.key)).await.unwrap();
        assert_eq!((&*holder.sub, holder.name.as_deref()), (known.sub, Some(known.name)));
        assert_eq!(holder.scopes, known.scopes.iter().copied().collect());
    }
    let wrong = trouble(service.verify_key(&key("wrong")).await);
    assert!(matches!(wrong, ErrorKind::Status(StatusCode::UNAUTHORIZED, _)), "{wrong:?}");
}
