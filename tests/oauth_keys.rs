//! Access keys are checked again at each refresh: what 1C withdraws ends with the access token.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use onec_mcp::Scopes;
use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, Typed};
use onec_mcp::auth::server::{AuthorizationServer, Limits};
use onec_mcp::auth::store::{MemoryStore, TokenStore};
use onec_mcp::auth::{Digest, Presented, Site, TokenValidator};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use url::{Url, form_urlencoded};

const KEY: &str = "ключ: 1";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:4321/cb";

/// What 1C says of the one key there is.
#[derive(Clone)]
enum Says {
    Is(&'static str, &'static str),
    Withdrawn,
    Nothing,
}

#[derive(Clone)]
struct OneKey(Arc<Mutex<Says>>);

impl Login for OneKey {
    fn form(&self) -> Form {
        Form::Key
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Key(key) = typed else { panic!("no key") };
        match self.0.lock().unwrap().clone() {
            Says::Is(subject, scopes) if key.expose_secret() == KEY => {
                Ok(LoggedIn { subject: subject.to_owned(), scopes: Some(Scopes::parse(scopes)), credentials: None })
            }
            Says::Nothing => Err(LoginError::Unavailable("1C is down".into())),
            _ => Err(LoginError::Wrong),
        }
    }
}

struct Lab {
    server: AuthorizationServer<OneKey, MemoryStore>,
    store: MemoryStore,
    says: Arc<Mutex<Says>>,
}

impl Lab {
    fn new() -> Self {
        let says = Arc::new(Mutex::new(Says::Is("robot", "mcp mcp:resolve")));
        let store = MemoryStore::new();
        let server = AuthorizationServer::new(Site::new(), OneKey(Arc::clone(&says)), store.clone())
            .scopes(Scopes::parse("mcp mcp:resolve mcp:report"))
            .limits(Limits::unlimited());
        Self { server, store, says }
    }

    fn now(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> (http::response::Parts, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path)
            .header("host", "127.0.0.1:8000")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        let answer = self.server.clone().oneshot(request.body(Full::<Bytes>::from(body)).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        (head, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    /// Logs in with the key.
    async fn tokens(&self) -> Value {
        let query = [
            ("client_id", "mcp-public-client"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("scope", "mcp mcp:resolve"),
        ];
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish();
        let page = Request::get(format!("/authorize?{text}")).header("host", "127.0.0.1:8000");
        let page = self.server.clone().oneshot(page.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let csrf = cookie.split_once('=').unwrap().1;
        let form: Vec<_> = query.into_iter().chain([("csrf", csrf), ("key", KEY), ("action", "allow")]).collect();
        let (head, body) = self.post("/authorize", &cookie, &form).await;
        let location = head.headers.get("location").unwrap_or_else(|| panic!("{body}")).to_str().unwrap();
        let url = Url::parse(location).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
        let (head, body) = self.post("/token", "", &form).await;
        assert_eq!(head.status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn refresh(&self, tokens: &Value) -> (u16, Value) {
        let form = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        let (head, body) = self.post("/token", "", &form).await;
        (head.status.as_u16(), serde_json::from_str(&body).unwrap())
    }

    async fn counts(&self, tokens: &Value) -> bool {
        let (token, site) = (tokens["access_token"].as_str().unwrap(), Site::new());
        let presented = Presented { token, base: "http://127.0.0.1:8000", site: &site };
        let identity = self.server.tokens().without_cache().validate(presented).await;
        assert!(identity.as_ref().is_ok_and(|identity| identity.credentials().is_none()) || identity.is_err());
        identity.is_ok()
    }
}

#[tokio::test]
async fn a_key_that_still_counts_is_renewed() {
    let lab = Lab::new();
    let mut tokens = lab.tokens().await;
    for _ in 0..3 {
        assert!(lab.counts(&tokens).await, "calls run under the service account");
        let (status, next) = lab.refresh(&tokens).await;
        assert_eq!((status, next["scope"].as_str()), (200, Some("mcp mcp:resolve")));
        tokens = next;
    }
    // What the key allows now, and never more than was granted.
    lab.now(Says::Is("robot", "mcp:resolve mcp:report"));
    let (status, next) = lab.refresh(&tokens).await;
    assert_eq!((status, next["scope"].as_str()), (200, Some("mcp:resolve")));
}

#[tokio::test]
async fn a_key_that_was_withdrawn_takes_its_grant_along() {
    for says in [Says::Withdrawn, Says::Is("somebody else", "mcp"), Says::Is("robot", "mcp:report")] {
        let lab = Lab::new();
        let tokens = lab.tokens().await;
        let gone = !matches!(says, Says::Is("robot", _));
        lab.now(says);
        let (status, answer) = lab.refresh(&tokens).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_grant")), "{answer}");
        assert_eq!(lab.counts(&tokens).await, !gone);
        if gone {
            lab.now(Says::Is("robot", "mcp mcp:resolve"));
            assert_eq!(lab.refresh(&tokens).await.0, 400, "revoked for good");
        }
    }
}

/// Clients throw their tokens away on `invalid_grant`, and 1C comes back.
#[tokio::test]
async fn while_1c_cannot_be_asked_nothing_is_lost() {
    let lab = Lab::new();
    let tokens = lab.tokens().await;
    lab.now(Says::Nothing);
    let (status, answer) = lab.refresh(&tokens).await;
    assert_eq!((status, answer["error"].as_str()), (503, Some("temporarily_unavailable")), "{answer}");
    lab.now(Says::Is("robot", "mcp mcp:resolve"));
    assert_eq!(lab.refresh(&tokens).await.0, 200);
}

/// The key is stored under the refresh token only, and encrypted.
#[tokio::test]
async fn the_key_is_not_in_the_store() {
    let lab = Lab::new();
    let tokens = lab.tokens().await;
    for (name, carries) in [("access_token", false), ("refresh_token", true)] {
        let found = lab.store.find(&Digest::of(tokens[name].as_str().unwrap())).await.unwrap().unwrap();
        let sealed = found.token.sealed;
        assert_eq!(sealed.is_some(), carries, "{name}");
        let bytes = sealed.unwrap_or_default();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()));
    }
}
