//! Calls run as the caller, never as anybody else, and a login that 1C refuses ends there.

use crate::support::fault::{Act, Faulty, ask, json, list, over_http, request, result, status, tool, trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use onec_mcp::onec::{ErrorKind, Infobase, OneCService};
use onec_mcp::rpc::{Request, RpcError};
use onec_mcp::{Credentials, Identity, Scopes, demo};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use tower::{ServiceExt, service_fn};

const DONE: &str = r#"{"content":[],"tools":[]}"#;

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn user(name: &str, password: &str) -> Identity {
    Identity::new(format!("onec:{name}"), Scopes::default()).with_credentials(Credentials::new(name, password))
}

/// The same request of this caller.
fn by(identity: &Identity, mut request: Request) -> Request {
    request.extensions.insert(identity.clone());
    request
}

/// A caller with a login, and how often it was told that 1C refused it.
fn told() -> (Identity, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let identity = user("Иванов", "old").on_login_refused(move || {
        let counter = Arc::clone(&counter);
        async move {
            // Done only when awaited to the end.
            tokio::task::yield_now().await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (identity, count)
}

fn account(server: &Faulty) -> OneCService {
    OneCService::new(server.infobase().basic("Служба", "s")).unwrap()
}

#[tokio::test]
async fn the_callers_login_replaces_the_service_account() {
    let server = Faulty::start([result(DONE)]).await;
    let bearer = OneCService::new(server.infobase().bearer("t0ken").unwrap()).unwrap();
    for service in [account(&server), bearer, server.service()] {
        json(ask(&service, by(&user("Иванов", "п:1"), tool())).await);
        let seen = server.seen().pop().unwrap();
        let logins: Vec<_> = seen.headers.iter().filter(|(name, _)| name == "authorization").collect();
        assert_eq!(logins.len(), 1, "{logins:?}");
        assert_eq!(logins[0].1, basic("Иванов", "п:1"));
    }
}

#[tokio::test]
async fn a_caller_without_a_login_comes_as_the_service_account() {
    let server = Faulty::start([result(DONE)]).await;
    let service = account(&server);
    json(ask(&service, by(&Identity::new("key holder", Scopes::parse("mcp")), tool())).await);
    json(ask(&service, tool()).await);
    json(ask(&server.service(), by(&Identity::new("key holder", Scopes::default()), tool())).await);
    let seen = server.seen();
    let logins: Vec<_> = seen.iter().map(|seen| seen.header("authorization")).collect();
    let service_account = basic("Служба", "s");
    assert_eq!(logins, [Some(&*service_account), Some(&*service_account), None]);
}

#[tokio::test]
async fn no_header_of_a_layer_says_whose_login_it_is() {
    let server = Faulty::start([result(DONE)]).await;
    let forged = || {
        let mut request = tool();
        request.headers.append("authorization", "Bearer of the client".parse().unwrap());
        request.headers.append("Authorization", "Basic YTpi".parse().unwrap());
        request.headers.append("x-mcp-sub", "onec:a".parse().unwrap());
        request
    };
    json(ask(&account(&server), forged()).await);
    json(ask(&account(&server), by(&user("a", "b"), forged())).await);
    json(ask(&server.service(), forged()).await);
    let seen = server.seen();
    let logins: Vec<_> = seen
        .iter()
        .map(|seen| seen.headers.iter().filter(|(name, _)| name == "authorization").map(|(_, value)| value).collect())
        .collect::<Vec<Vec<_>>>();
    assert_eq!(logins, [vec![&basic("Служба", "s")], vec![&basic("a", "b")], vec![]]);
    assert!(seen.iter().all(|seen| seen.header("x-mcp-sub") == Some("onec:a")), "other headers travel on");
}

#[tokio::test]
async fn the_second_try_runs_as_the_same_user() {
    for first in [status(406, ""), Act::Reset] {
        let server = Faulty::start([first, result(DONE)]).await;
        json(ask(&account(&server), by(&user("Иванов", ""), list())).await);
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].headers, seen[1].headers);
        assert_eq!(seen[1].header("authorization"), Some(&*basic("Иванов", "")));
    }
}

#[tokio::test]
async fn many_users_at_once_on_one_pool_are_never_mixed() {
    // Answers who asked, after letting others go first.
    let client = service_fn(|call: http::Request<Bytes>| async move {
        for _ in 0..call.body().len() % 7 {
            tokio::task::yield_now().await;
        }
        let login = call.headers()["authorization"].to_str().unwrap().to_owned();
        let body = String::from_utf8(call.into_body().to_vec()).unwrap();
        let id = body.split("\"id\":").nth(1).unwrap().split(',').next().unwrap();
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"login":"{login}"}}}}"#);
        Ok::<_, Infallible>(http::Response::new(Bytes::from(answer)))
    });
    let infobase = Infobase::new("http://h/b").unwrap().basic("Служба", "s");
    let service = OneCService::with_client(infobase, client).unwrap();
    let mut calls = JoinSet::new();
    for at in 0..300 {
        let service = service.clone();
        calls.spawn(async move {
            let name = format!("Пользователь {}", at % 30);
            let padding = "x".repeat(at % 11);
            let call = request("tools/call", &format!(r#"{{"name":"{padding}"}}"#));
            let call = if at % 10 == 0 { call } else { by(&user(&name, &padding), call) };
            let expected = if at % 10 == 0 { basic("Служба", "s") } else { basic(&name, &padding) };
            let answer = json(service.oneshot(call).await);
            assert_eq!(answer, format!(r#"{{"content":[],"login":"{expected}"}}"#));
        });
    }
    calls.join_all().await;
}

#[tokio::test]
async fn many_users_of_a_real_infobase_are_never_mixed() {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let account = Infobase::new(infobase.url()).unwrap().basic(infobase.username(), infobase.password());
    let service = OneCService::new(account).unwrap();
    let mut calls = JoinSet::new();
    for at in 0..60 {
        let (service, users) = (service.clone(), infobase.users());
        calls.spawn(async move {
            let one = &users[at % users.len()];
            let answer =
                ask(&service, by(&user(one.name, one.password), request("tools/call", r#"{"name":"whoami"}"#)));
            match answer.await {
                Ok(answer) => {
                    assert!(one.has_role);
                    let text = String::from_utf8(answer.outcome.unwrap().json().to_vec()).unwrap();
                    assert!(text.contains(&format!("Пользователь 1С: {}\"", one.name)), "{text}");
                }
                error => {
                    assert!(!one.has_role && matches!(trouble(error).0, ErrorKind::Status(StatusCode::FORBIDDEN, _)))
                }
            }
        });
    }
    calls.join_all().await;
    assert_eq!(infobase.callers().len(), 45, "all but those without the role");
}

#[tokio::test]
async fn a_refused_login_is_told_once_and_is_401() {
    for call in [tool(), list()] {
        let server = Faulty::start([status(401, "Неверный пароль")]).await;
        let (identity, count) = told();
        let error = ask(&account(&server), by(&identity, call)).await.unwrap_err();
        assert_eq!(server.seen().len(), 1, "not tried again");
        assert_eq!(over_http(account(&server), &identity).await, StatusCode::UNAUTHORIZED);
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let failure = RpcError::from_error(&error);
        assert_eq!(failure.status, StatusCode::UNAUTHORIZED);
        assert!(failure.error.message.contains("refused your login"), "{failure}");
        assert!(failure.error.message.contains("log in again"), "{failure}");
        assert_eq!(trouble(Err(error)).0, ErrorKind::LoginRefused);
    }
}

#[tokio::test]
async fn a_login_refused_at_the_second_try_is_told_as_well() {
    let server = Faulty::start([status(406, ""), status(401, "")]).await;
    let (identity, count) = told();
    assert_eq!(over_http(account(&server), &identity).await, StatusCode::UNAUTHORIZED);
    assert_eq!((count.load(Ordering::SeqCst), server.seen().len()), (1, 2));
}

#[tokio::test]
async fn a_login_without_a_hook_may_be_refused() {
    let server = Faulty::start([status(401, "")]).await;
    let answer = ask(&account(&server), by(&user("a", "b"), tool())).await;
    assert_eq!(trouble(answer).0, ErrorKind::LoginRefused);
}

#[tokio::test]
async fn a_refused_service_account_is_nobodys_login() {
    let server = Faulty::start([status(401, "")]).await;
    let hooked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&hooked);
    let holder = Identity::new("key holder", Scopes::default()).on_login_refused(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    });
    for call in [tool(), by(&holder, tool())] {
        let error = ask(&account(&server), call).await.unwrap_err();
        assert_eq!(RpcError::from_error(&error).status, StatusCode::BAD_GATEWAY);
        assert_eq!(trouble(Err(error)).0, ErrorKind::Status(StatusCode::UNAUTHORIZED, String::new()));
    }
    over_http(account(&server), &holder).await;
    assert_eq!(hooked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn other_troubles_leave_the_login_alone() {
    for code in [402, 403, 404, 500, 504] {
        let server = Faulty::start([status(code, "")]).await;
        let (identity, count) = told();
        let error = ask(&account(&server), by(&identity, tool())).await.unwrap_err();
        assert_eq!(RpcError::from_error(&error).status, StatusCode::BAD_GATEWAY, "{code}");
        over_http(account(&server), &identity).await;
        assert_eq!(count.load(Ordering::SeqCst), 0, "{code}");
    }
}

#[tokio::test]
async fn a_password_that_changes_between_two_calls() {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let service = OneCService::new(Infobase::new(infobase.url()).unwrap()).unwrap();
    let seller = user("Продавец", "");
    json(ask(&service, by(&seller, list())).await);
    infobase.set_password("Продавец", "new");
    assert_eq!(trouble(ask(&service, by(&seller, list())).await).0, ErrorKind::LoginRefused);
    json(ask(&service, by(&user("Продавец", "new"), list())).await);
}

#[tokio::test]
async fn no_secret_is_in_a_refusal() {
    let server = Faulty::start([status(401, "")]).await;
    let error = ask(&account(&server), by(&user("a", "s3cret"), tool())).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("s3cret") && !shown.contains(&STANDARD.encode("a:s3cret")), "{shown}");
}
