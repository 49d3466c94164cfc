//! The mode `basic`: a client's own login of 1C with each request.
#![cfg(feature = "basic")]

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use onec_mcp::auth::BasicAuthLayer;
use onec_mcp::auth::login::{Cached, Form, LoggedIn, Login, LoginError, Slowdown, Typed};
use onec_mcp::{Identity, Scopes};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::{Layer, ServiceExt, service_fn};

const CHALLENGE: &str = r#"Basic realm="1C:Enterprise", charset="UTF-8""#;

/// Takes the password `right`, and does what other passwords say.
#[derive(Clone, Default)]
struct Users(Arc<Mutex<Vec<String>>>);

impl Login for Users {
    fn form(&self) -> Form {
        Form::Credentials
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Credentials(login) = typed else { panic!("no login") };
        match login.password().expose_secret() {
            "right" | "" | "p:w" => Ok(LoggedIn::new(format!("onec:{}", login.user())).credentials(login)),
            "role" => Err(LoginError::NoRole),
            "many" => Err(LoginError::TooMany(9)),
            "down" => Err(LoginError::Unavailable("no route to 10.0.0.7".into())),
            _ => Err(LoginError::Wrong),
        }
    }

    async fn forget(&self, typed: &Typed) {
        let Typed::Credentials(login) = typed else { panic!("no login") };
        self.0.lock().unwrap().push(login.user().to_owned());
    }
}

async fn who(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let identity = request.extensions().get::<Identity>().expect("let in without an identity");
    let credentials = identity.credentials().expect("no login to run calls under");
    let text = format!(
        "{} {} {}",
        identity.subject(),
        identity.scopes(),
        credentials.authorization() == request.headers()["authorization"]
    );
    Ok(Response::new(Full::from(text)))
}

async fn ask(values: &[String]) -> Response<Full<Bytes>> {
    let mut request = Request::post("/mcp").body(Full::default()).unwrap();
    for value in values {
        request.headers_mut().append("authorization", HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let layer = BasicAuthLayer::new(Users::default()).scopes(Scopes::parse("mcp mcp:resolve"));
    layer.layer(service_fn(who)).oneshot(request).await.unwrap()
}

fn basic(login: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(login))
}

async fn text(answer: Response<Full<Bytes>>) -> String {
    let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// RFC 7617, section 2: UTF-8, and only the first colon parts user and password.
#[tokio::test]
async fn logins_of_1c_are_let_in_as_themselves() {
    for (login, subject) in
        [("Администратор:right", "onec:Администратор"), ("Кладовщик:", "onec:Кладовщик"), ("a:p:w", "onec:a")]
    {
        let answer = ask(&[basic(login)]).await;
        assert_eq!(answer.status(), 200, "{login}");
        assert_eq!(text(answer).await, format!("{subject} mcp mcp:resolve true"));
    }
}

#[tokio::test]
async fn others_are_asked_for_a_login() {
    let bare = ["Bearer token".to_owned(), "Basic".to_owned(), "Basic !!!".to_owned(), basic("no colon"), basic(":p")];
    let wrong = [basic("Администратор:wrong"), basic("a\u{7}:right"), format!("Basic {}", "A".repeat(5000))];
    for value in bare.into_iter().chain(wrong) {
        let answer = ask(std::slice::from_ref(&value)).await;
        assert_eq!(answer.status(), 401, "{value}");
        assert_eq!(answer.headers()["www-authenticate"], CHALLENGE, "{value}");
    }
    assert_eq!(ask(&[]).await.headers()["www-authenticate"], CHALLENGE);
    let not_utf8 = format!("Basic {}", BASE64_STANDARD.encode(b"\xff\xfe:x"));
    assert_eq!(ask(&[not_utf8]).await.status(), 401);
    assert_eq!(ask(&[basic("a:right"), basic("a:right")]).await.status(), 400);
}

#[tokio::test]
async fn trouble_is_not_a_wrong_login() {
    for (password, status, retry) in [("role", 403, None), ("many", 429, Some("9")), ("down", 503, Some("5"))] {
        let answer = ask(&[basic(&format!("a:{password}"))]).await;
        assert_eq!(answer.status(), status, "{password}");
        assert_eq!(answer.headers().get("retry-after").map(|value| value.to_str().unwrap()), retry, "{password}");
        assert!(!answer.headers().contains_key("www-authenticate"), "{password}");
        assert!(!text(answer).await.contains("10.0.0.7"));
    }
}

proptest! {
    #[test]
    fn any_header_gets_a_clean_answer(value in prop::collection::vec(any::<u8>(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let plain = String::from_utf8_lossy(&value).replace(|c: char| c.is_control(), "");
        for header in [plain.clone(), format!("Basic {plain}"), format!("basic {}", BASE64_STANDARD.encode(&value))] {
            let status = runtime.block_on(ask(&[header])).status().as_u16();
            prop_assert!(matches!(status, 200 | 401), "{}", status);
        }
    }
}

/// CONTRACT, section 4, for the mode that has no page: guessing is slow from one address, whatever the
/// account, and others at that address are not locked out.
#[tokio::test(start_paused = true)]
async fn an_address_that_guesses_has_to_wait() {
    let login = Cached::new(Slowdown::new(Users::default()));
    let service = BasicAuthLayer::new(login).layer(service_fn(who));
    let ask = async |login: &str, address: &str| {
        let mut request = Request::post("/mcp").header("authorization", basic(login)).body(Full::default()).unwrap();
        request.extensions_mut().insert(onec_mcp::net::Caller::new(address.parse().ok(), None));
        service.clone().oneshot(request).await.unwrap()
    };
    assert_eq!(ask("colleague:right", "203.0.113.7").await.status(), 200);
    // One wrong login, however often it is repeated, is one guess.
    for _ in 0..50 {
        assert_eq!(ask("stale:old", "203.0.113.7").await.status(), 401);
    }
    let mut asked = 0;
    let refused = loop {
        let answer = ask(&format!("user{asked}:guess"), "203.0.113.7").await;
        if answer.status() == 429 {
            break answer;
        }
        assert_eq!(answer.status(), 401);
        asked += 1;
    };
    assert!((9..=11).contains(&asked), "{asked}");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(ask("new:right", "203.0.113.7").await.status(), 429, "right or not, nothing new is tried");
    assert_eq!(ask("colleague:right", "203.0.113.7").await.status(), 200, "who was right before is let in");
    assert_eq!(ask("new:right", "203.0.113.8").await.status(), 200, "another address");
    tokio::time::advance(std::time::Duration::from_secs(wait)).await;
    assert_eq!(ask("new:right", "203.0.113.7").await.status(), 200);
}
