//! The users and access keys of the stand-in infobase.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use onec_mcp::demo::DemoInfobase;
use serde_json::{Value, json};

/// A request as this user: the status, the kind of the body and the body.
async fn send(login: (&str, &str), request: http::request::Builder, body: &str) -> Got {
    let login = BASE64_STANDARD.encode(format!("{}:{}", login.0, login.1));
    let request = request.header(AUTHORIZATION, format!("Basic {login}")).body(Full::from(body.to_owned())).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Got { status: head.status.as_u16(), kind: kind.unwrap_or_default(), body }
}

#[derive(Debug)]
struct Got {
    status: u16,
    kind: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        assert_eq!(self.kind, "application/json; charset=utf-8", "{self:?}");
        serde_json::from_str(self.body.strip_prefix('\u{feff}').expect("a byte order mark")).unwrap()
    }
}

fn to(infobase: &DemoInfobase, method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("{}/hs/mcp/{path}", infobase.url()))
}

async fn health(infobase: &DemoInfobase, user: &str, password: &str) -> u16 {
    send((user, password), to(infobase, Method::GET, "health"), "").await.status
}

fn service_account(infobase: &DemoInfobase) -> (&str, &str) {
    (infobase.username(), infobase.password())
}

async fn verify(infobase: &DemoInfobase, body: &str) -> (u16, Value) {
    let request = to(infobase, Method::POST, "auth/verify");
    let got = send(service_account(infobase), request, body).await;
    (got.status, got.json())
}

#[tokio::test]
async fn every_user_may_log_in_and_those_with_the_role_come_in() {
    let infobase = DemoInfobase::start().await.unwrap();
    let users = infobase.users();
    assert_eq!((users[0].name, users[0].password), service_account(&infobase));
    for user in users {
        let expected = if user.has_role { 200 } else { 403 };
        assert_eq!(health(&infobase, user.name, user.password).await, expected, "{user:?}");
        assert_eq!(health(&infobase, user.name, "wrong").await, 401, "{user:?}");
        for (method, path) in [(Method::POST, "rpc"), (Method::POST, "auth/verify"), (Method::GET, "nothing")] {
            let got = send((user.name, user.password), to(&infobase, method, path), "{}").await;
            assert_eq!(got.status == 403, !user.has_role, "{path}: {got:?}");
            assert!(user.has_role || got.body.starts_with("Недостаточно прав"), "{got:?}");
        }
    }
    // What the set of them is good for.
    assert!(users.iter().any(|user| !user.name.is_ascii() && user.password.is_empty() && user.has_role));
    assert!(users.iter().any(|user| user.name.is_ascii() && user.password.contains(':') && !user.password.is_ascii()));
    assert_eq!(users.iter().filter(|user| !user.has_role).count(), 1);
    assert_eq!(health(&infobase, "nobody", "").await, 401);
}

#[tokio::test]
async fn a_password_may_change_while_it_runs() {
    let infobase = DemoInfobase::start().await.unwrap();
    assert!(infobase.set_password("Продавец", "новый:пароль"));
    assert_eq!(health(&infobase, "Продавец", "").await, 401);
    assert_eq!(health(&infobase, "Продавец", "новый:пароль").await, 200);
    assert_eq!(health(&infobase, infobase.username(), infobase.password()).await, 200);
    assert!(!infobase.set_password("nobody", "x"));
    // The change is this infobase's alone.
    assert_eq!(health(&DemoInfobase::start().await.unwrap(), "Продавец", "").await, 200);
}

#[tokio::test]
async fn keys_are_verified() {
    let infobase = DemoInfobase::start().await.unwrap();
    for key in infobase.keys() {
        let holder = json!({ "sub": key.sub, "name": key.name, "scopes": key.scopes });
        assert_eq!(verify(&infobase, &json!({ "key": key.key }).to_string()).await, (200, holder));
    }
    assert!(infobase.keys().iter().any(|key| key.scopes.is_empty()), "a key that allows nothing");
    assert!(infobase.keys().iter().any(|key| !key.sub.is_ascii()), "a holder with a Cyrillic name");
    for body in [r#"{"key":"wrong"}"#, r#"{"key":""}"#] {
        let (status, refusal) = verify(&infobase, body).await;
        assert_eq!((status, &refusal["error"]), (401, &json!("unauthorized")), "{body}");
        assert!(refusal["message"].is_string());
    }
    for body in ["", "{}", "[]", r#"{"key":1}"#, "demo-key-sales"] {
        let (status, refusal) = verify(&infobase, body).await;
        assert_eq!((status, &refusal["error"]), (400, &json!("invalid_request")), "{body}");
    }
    let got = send(("nobody", ""), to(&infobase, Method::POST, "auth/verify"), "{}").await;
    assert_eq!((got.status, &*got.body), (401, ""));
    let got = send(service_account(&infobase), to(&infobase, Method::GET, "auth/verify"), "").await;
    assert_eq!(got.status, 405);
}

#[tokio::test]
async fn tools_know_under_whom_they_run() {
    let infobase = DemoInfobase::start().await.unwrap();
    let call = |id: u32, tool: &str| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } }).to_string()
    };
    let request = to(&infobase, Method::POST, "rpc")
        .header("X-MCP-Sub", "onec:%D0%9F%D1%80%D0%BE%D0%B4%D0%B0%D0%B2%D0%B5%D1%86")
        .header("X-MCP-Scopes", "mcp,mcp:resolve");
    let got = send(("Продавец", ""), request, &call(1, "whoami")).await;
    let text = "Пользователь 1С: Продавец\nКто вызывает: onec:Продавец\nРазрешения: mcp,mcp:resolve";
    assert_eq!(got.json()["result"]["content"], json!([{ "type": "text", "text": text }]));

    let request = to(&infobase, Method::POST, "rpc");
    let got = send(service_account(&infobase), request, &call(2, "whoami")).await;
    assert_eq!(got.json()["result"]["content"][0]["text"], "Пользователь 1С: Администратор");
    // A header sent twice shows as such.
    let request = to(&infobase, Method::POST, "rpc").header("X-MCP-Sub", "a").header("X-MCP-Sub", "b");
    send(service_account(&infobase), request, &call(3, "list_warehouses")).await;
    let unknown = to(&infobase, Method::POST, "rpc");
    send(service_account(&infobase), unknown, &call(4, "nothing")).await;

    let callers = infobase.callers();
    let callers: Vec<_> =
        callers.iter().map(|one| (&*one.user, &*one.tool, one.sub.as_deref(), one.scopes.as_deref())).collect();
    let sub = "onec:%D0%9F%D1%80%D0%BE%D0%B4%D0%B0%D0%B2%D0%B5%D1%86";
    let expected = [
        ("Продавец", "whoami", Some(sub), Some("mcp,mcp:resolve")),
        ("Администратор", "whoami", None, None),
        ("Администратор", "list_warehouses", Some("a, b"), None),
    ];
    assert_eq!(callers, expected);
}

#[tokio::test]
async fn only_the_last_callers_are_remembered() {
    let infobase = DemoInfobase::start().await.unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let login = format!("{}:{}", infobase.username(), infobase.password());
    let login = format!("Basic {}", BASE64_STANDARD.encode(login));
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami"}}"#;
    for at in 0..105 {
        let request = to(&infobase, Method::POST, "rpc").header("X-MCP-Sub", at).header(AUTHORIZATION, &login);
        let reply = client.request(request.body(Full::from(call)).unwrap()).await.unwrap();
        reply.into_body().collect().await.unwrap();
    }
    let callers = infobase.callers();
    assert_eq!(callers.len(), 100);
    assert_eq!(callers[0].sub.as_deref(), Some("5"));
    assert_eq!(callers[99].sub.as_deref(), Some("104"));
}
