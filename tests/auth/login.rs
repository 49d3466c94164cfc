//! Users log in with their own login of 1C, or with a key of 1C's, and are told what is wrong.

use crate::fixtures::login::{key, outcome, typed};
use crate::support::fault::{Faulty, ok, status};
use http::StatusCode;
use onec_mcp::Scopes;
use onec_mcp::auth::login::{AccessKey, Form, Login, LoginError, OwnLogin, Typed};
use onec_mcp::demo;
use onec_mcp::onec::{Error, ErrorKind, Infobase, OneCService};

const HOLDER: &str = r#"{"sub":"u1","name":"Иван","scopes":["mcp","mcp:resolve"]}"#;

async fn demo() -> (demo::DemoInfobase, OneCService) {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let account = Infobase::new(infobase.url()).unwrap().basic(infobase.username(), infobase.password());
    (infobase, OneCService::new(account).unwrap())
}

/// The trouble of an answer that says that 1C could not tell.
const HEALTHY: &str = r#"{"status":"ok"}"#;

#[track_caller]
fn unavailable(error: LoginError) -> ErrorKind {
    let LoginError::Unavailable(cause) = error else { panic!("{error:?}") };
    Error::find(&*cause).unwrap().kind().clone()
}

#[tokio::test]
async fn users_log_in_with_their_own_login() {
    let (infobase, onec) = demo().await;
    let login = OwnLogin::new(onec);
    assert_eq!(login.form(), Form::Credentials);
    for user in infobase.users() {
        let answer = login.check(typed(user.name, user.password)).await;
        if !user.has_role {
            assert_eq!(outcome(answer), "norole");
            continue;
        }
        let logged_in = answer.unwrap();
        assert_eq!(logged_in.subject, format!("onec:{}", user.name));
        assert_eq!(logged_in.scopes, None, "1C's roles decide");
        let Typed::Credentials(expected) = typed(user.name, user.password) else { panic!("not a login") };
        assert_eq!(logged_in.credentials.unwrap().authorization(), expected.authorization());
        assert_eq!(outcome(login.check(typed(user.name, "wrong")).await), "wrong");
    }
    assert_eq!(outcome(login.check(typed("nobody", "")).await), "wrong");
}

#[tokio::test]
async fn users_log_in_with_a_key() {
    let (infobase, onec) = demo().await;
    let login = AccessKey::new(onec);
    assert_eq!(login.form(), Form::Key);
    for known in infobase.keys() {
        let holder = login.check(key(known.key)).await.unwrap();
        assert_eq!(holder.subject, known.sub);
        assert_eq!(holder.scopes, Some(known.scopes.iter().copied().collect::<Scopes>()));
        assert!(holder.credentials.is_none(), "calls run under the service account");
    }
    assert_eq!(outcome(login.check(key("wrong")).await), "wrong");
}

#[tokio::test]
async fn what_no_user_can_have_is_wrong_without_asking() {
    let server = Faulty::start([ok(HEALTHY), status(401, ""), ok(HEALTHY)]).await;
    let login = OwnLogin::new(server.service());
    let long = "я".repeat(257);
    for user in ["", "  ", "a:b", ":", "a\0b", "a\nb", "a\u{7f}", "a\u{85}", &long] {
        assert_eq!(outcome(login.check(typed(user, "p")).await), "wrong", "{user:?}");
    }
    assert_eq!(outcome(login.check(typed("a", &"p".repeat(1025))).await), "wrong");
    assert_eq!(outcome(login.check(key("a")).await), "wrong", "the other form");
    assert!(server.seen().is_empty());
    for (user, password) in [("я".repeat(256), "p".repeat(1024)), ("Иванов И. И.".into(), String::new())] {
        assert_eq!(outcome(login.check(typed(&user, &password)).await), format!("in onec:{user}"));
    }
    // Both, and once between them somebody without a login.
    assert_eq!(server.seen().len(), 3);
}

/// A publication with a user of its own takes every password for right.
#[tokio::test]
async fn where_1c_asks_for_no_login_nobody_is_let_in() {
    for open in [ok(HEALTHY), status(403, "")] {
        let server = Faulty::start([ok(HEALTHY), open]).await;
        let login = OwnLogin::new(server.service());
        assert_eq!(unavailable(login.check(typed("a", "b")).await.unwrap_err()), ErrorKind::Open);
        let seen = server.seen();
        assert!(seen[0].header("authorization").is_some());
        assert_eq!(seen[1].header("authorization"), None, "not even the service account");
        assert_eq!(seen[1].line, seen[0].line);
    }
    // Where it cannot be told, it is not assumed.
    let server = Faulty::start([ok(HEALTHY), status(500, ""), ok(HEALTHY), status(401, ""), ok(HEALTHY)]).await;
    let login = OwnLogin::new(server.service());
    assert_eq!(outcome(login.check(typed("a", "b")).await), "down");
    assert_eq!(outcome(login.check(typed("a", "b")).await), "in onec:a");
    assert_eq!(outcome(login.check(typed("a", "b")).await), "in onec:a");
    assert_eq!(server.seen().len(), 5, "asked once, not each time");
}

#[tokio::test]
async fn what_no_key_can_be_is_wrong_without_asking() {
    let server = Faulty::start([ok(HOLDER)]).await;
    let login = AccessKey::new(server.service());
    for text in ["", "a\0b", "a\nb", "a\t", "a\u{7f}", &"k".repeat(1025)] {
        assert_eq!(outcome(login.check(key(text)).await), "wrong", "{text:?}");
    }
    assert_eq!(outcome(login.check(typed("a", "b")).await), "wrong", "the other form");
    assert!(server.seen().is_empty());
    for text in ["k", "ключ с пробелами", &"k".repeat(1024)] {
        assert_eq!(outcome(login.check(key(text)).await), "in u1", "{text}");
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn every_status_is_wrong_or_no_role_or_unavailable() {
    // 502 and 503 are as 504 here; those two are asked again after a while.
    for code in [401, 402, 403, 404, 406, 500, 504] {
        let server = Faulty::start([status(code, "Ошибка")]).await;
        let own = OwnLogin::new(server.service()).check(typed("a", "b")).await.unwrap_err();
        let by_key = AccessKey::new(server.service()).check(key("k")).await.unwrap_err();
        let told = ErrorKind::Status(StatusCode::from_u16(code).unwrap(), "Ошибка".into());
        match code {
            401 => assert!(matches!((own, by_key), (LoginError::Wrong, LoginError::Wrong))),
            403 => {
                assert!(matches!(own, LoginError::NoRole));
                assert_eq!(unavailable(by_key), told, "it is the service account that lacks the role");
            }
            _ => assert_eq!((unavailable(own), unavailable(by_key)), (told.clone(), told), "{code}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_lets_nobody_in() {
    let server = Faulty::start([ok("<html>Welcome</html>")]).await;
    let own = OwnLogin::new(server.service()).check(typed("a", "b")).await.unwrap_err();
    let by_key = AccessKey::new(server.service()).check(key("k")).await.unwrap_err();
    assert!(matches!(unavailable(own), ErrorKind::Nonsense(_)));
    assert!(matches!(unavailable(by_key), ErrorKind::Nonsense(_)));
}
