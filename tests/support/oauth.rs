//! An authorization server with known users, and a client that goes through its flows.
#![allow(dead_code, reason = "each test file takes a part of it")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, Typed};
use onec_mcp::auth::server::{AuthorizationServer, RateLimits};
use onec_mcp::auth::store::{MemoryStore, TokenStore};
use onec_mcp::auth::{AuthError, Clock, Presented, Site, TokenValidator};
use onec_mcp::{Credentials, Identity, Scopes};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tower::ServiceExt;
use url::{Url, form_urlencoded};

pub(crate) const BASE: &str = "https://mcp.example";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:4321/cb";
/// The example of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const ALL: &str = "mcp mcp:report mcp:resolve";

/// Users by name; `Иванов` with the password `п:а%роль` may do everything.
#[derive(Clone, Copy)]
pub(crate) struct Users(pub(crate) Form);

impl Login for Users {
    fn form(&self) -> Form {
        self.0
    }

    fn is_own(&self) -> bool {
        self.0 == Form::Credentials
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        match typed {
            Typed::Credentials(login) => user(&login),
            Typed::Key(key) if key.expose_secret() == "key-1" => {
                Ok(LoggedIn::new("robot").scopes(Scopes::parse("mcp:resolve")))
            }
            _ => Err(LoginError::Wrong),
        }
    }
}

/// As 1C sees a login: the name ends at the first colon.
fn user(login: &Credentials) -> Result<LoggedIn, LoginError> {
    let header = login.authorization().to_str().unwrap().strip_prefix("Basic ").unwrap();
    let sent = String::from_utf8(STANDARD.decode(header).unwrap()).unwrap();
    let scopes = match sent.split_once(':').unwrap() {
        ("Иванов", "п:а%роль") => None,
        ("narrow", "") => Some(Scopes::parse("mcp:resolve mcp:other")),
        ("nobody", "") => Some(Scopes::default()),
        ("norole", _) => return Err(LoginError::NoRole),
        ("busy", _) => return Err(LoginError::TooMany(17)),
        ("terminal", _) => return Err(LoginError::Unavailable("\u{1b}[2J\u{7}said".into())),
        ("down", _) => return Err(LoginError::Unavailable("1C is down".into())),
        _ => return Err(LoginError::Wrong),
    };
    let mut who = LoggedIn::new(format!("onec:{}", login.user())).credentials(login.clone());
    who.scopes = scopes;
    Ok(who)
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the URL that the browser is sent to.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.header("location")).unwrap_or_else(|_| panic!("{}: {}", self.status, self.body));
        url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    /// Refused at an endpoint that answers with JSON.
    pub(crate) fn assert_error(&self, status: u16, error: &str) {
        assert_eq!((self.status.as_u16(), self.json()["error"].as_str().unwrap()), (status, error), "{}", self.body);
    }

    /// Refused by a redirect.
    pub(crate) fn assert_sent(&self, error: &str) {
        assert!(self.status.is_redirection(), "{}: {}", self.status, self.body);
        assert_eq!(self.sent("error").as_deref(), Some(error), "{}", self.header("location"));
        assert_eq!(self.sent("code"), None);
    }

    /// Refused on a page, and sent nowhere.
    pub(crate) fn assert_page(&self, status: u16) {
        assert_eq!(self.status, status, "{} {}", self.header("location"), self.body);
        assert!(self.header("content-type").starts_with("text/html"));
        assert!(!self.headers.contains_key("location"));
    }
}

/// A server whose clock stands still until it is told to move.
pub(crate) struct Lab<S: TokenStore = MemoryStore> {
    pub(crate) server: AuthorizationServer<Users, S>,
    pub(crate) site: Site,
    now: Arc<AtomicI64>,
}

pub(crate) fn lab() -> Lab {
    Lab::new(MemoryStore::new())
}

impl<S: TokenStore> Lab<S> {
    pub(crate) fn new(store: S) -> Self {
        Self::at(Site::new().public_url(&Url::parse(BASE).unwrap()), Form::Credentials, store)
    }

    pub(crate) fn at(site: Site, form: Form, store: S) -> Self {
        let now = Arc::new(AtomicI64::new(1_800_000_000));
        let shown = Arc::clone(&now);
        let server = AuthorizationServer::new(site.clone(), Users(form), store)
            .name("Test")
            .scopes(Scopes::parse(ALL))
            .default_scopes(Scopes::parse("mcp"))
            .rate_limits(RateLimits::unlimited())
            .clock(Clock::new(move || shown.load(Ordering::Relaxed)));
        Self { server, site, now }
    }

    pub(crate) fn with(
        mut self,
        set: impl FnOnce(AuthorizationServer<Users, S>) -> AuthorizationServer<Users, S>,
    ) -> Self {
        self.server = set(self.server);
        self
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Answer {
        let (head, body) = self.server.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).header("host", "mcp.example").body(Full::default()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.call(posting(path).body(encoded(form)).unwrap()).await
    }

    pub(crate) async fn register_with(&self, metadata: Value) -> Answer {
        let request = Request::post("/register").header("content-type", "application/json");
        self.call(request.body(metadata.to_string().into()).unwrap()).await
    }

    /// Registers a client, and says its id.
    pub(crate) async fn register(&self, redirect_uris: &[&str]) -> String {
        let answer = self.register_with(json!({"redirect_uris": redirect_uris, "client_name": "Editor"})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["client_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn authorize(&self, request: &Params<'_>) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.0).finish();
        self.get(&format!("/authorize?{query}")).await
    }

    /// Posts the login page with its genuine CSRF value.
    pub(crate) async fn log_in_as(&self, request: &Params<'_>, fields: &[(&str, &str)]) -> Answer {
        self.send(&self.cookie().await, request, fields).await
    }

    /// The answer to the second of two clicks.
    pub(crate) async fn twice(&self, request: &Params<'_>) -> Answer {
        let cookie = self.cookie().await;
        let fields = [("username", "Иванов"), ("password", "п:а%роль")];
        self.send(&cookie, request, &fields).await;
        self.send(&cookie, request, &fields).await
    }

    async fn send(&self, cookie: &str, request: &Params<'_>, fields: &[(&str, &str)]) -> Answer {
        let (_, value) = cookie.split_once('=').unwrap();
        let form: Vec<_> =
            request.0.iter().chain(fields).copied().chain([("csrf", value), ("action", "allow")]).collect();
        let posting = posting("/authorize").header("cookie", cookie).header("origin", BASE);
        self.call(posting.body(encoded(&form)).unwrap()).await
    }

    pub(crate) async fn log_in(&self, request: &Params<'_>) -> Answer {
        self.log_in_as(request, &[("username", "Иванов"), ("password", "п:а%роль")]).await
    }

    /// The CSRF cookie, from the page of a client that needs no registration.
    async fn cookie(&self) -> String {
        let page = self.authorize(&Params::of("mcp-public-client").with("redirect_uri", "http://127.0.0.1:1/")).await;
        page.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Goes through the whole login, and says the code.
    pub(crate) async fn code(&self, request: &Params<'_>) -> String {
        self.log_in(request).await.sent("code").expect("a code")
    }

    pub(crate) async fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let form = Params(vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ]);
        let form = more.iter().fold(form, |form, (name, value)| form.with(name, value));
        self.post("/token", &form.0).await
    }

    pub(crate) async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = [("grant_type", "refresh_token"), ("refresh_token", token)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        self.post("/token", &form).await
    }

    /// Access and refresh token of a fresh login with these parameters besides.
    pub(crate) async fn tokens(&self, more: &[(&str, &str)]) -> (String, String) {
        let client = self.register(&[CALLBACK]).await;
        let request = more.iter().fold(Params::of(&client), |request, (name, value)| request.with(name, value));
        let code = self.code(&request).await;
        pair(&self.redeem(&code, &[]).await)
    }

    /// Who bears an access token.
    pub(crate) async fn who(&self, token: &str) -> Result<Identity, AuthError> {
        let presented = Presented::new(token, BASE, &self.site);
        self.server.tokens().without_cache().validate(presented).await
    }
}

pub(crate) fn pair(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(crate) fn posting(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/x-www-form-urlencoded")
}

pub(crate) fn encoded(form: &[(&str, &str)]) -> Full<Bytes> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into()
}

/// An authorization request.
#[derive(Clone)]
pub(crate) struct Params<'a>(pub(crate) Vec<(&'a str, &'a str)>);

impl<'a> Params<'a> {
    /// A request that is right, from a client with the one redirect URI [`CALLBACK`].
    pub(crate) fn of(client: &'a str) -> Self {
        Self(vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "s t&=ю"),
        ])
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| *other != name);
        self
    }

    pub(crate) fn with(self, name: &'a str, value: &'a str) -> Self {
        self.without(name).and(name, value)
    }

    /// Once more, whether it is there or not.
    pub(crate) fn and(mut self, name: &'a str, value: &'a str) -> Self {
        self.0.push((name, value));
        self
    }
}
