//! The token endpoint.

use crate::support::oauth::{self, CALLBACK, Lab, Params, VERIFIER, lab, pair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use onec_mcp::Scopes;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::{Lifetimes, RateLimits};
use onec_mcp::auth::store::{Client, Exchange, Found, Grant, MemoryStore, StoreError, Token, TokenStore};
use onec_mcp::auth::{AuthError, Digest, Site, Timestamp};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// RFC 6749, section 5.1; RFC 6750, section 5.3; MCP 2025-11-25, "Token Theft".
#[tokio::test]
async fn a_code_gives_tokens() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let answer = lab.redeem(&code, &[("client_id", &client)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(json["scope"], "mcp");
    let (access, refresh) = pair(&answer);
    assert!(access != refresh && access.len() >= 43 && refresh.len() >= 43);
    let identity = lab.who(&access).await.unwrap();
    assert_eq!((identity.subject(), identity.client()), ("onec:Иванов", Some(client.as_str())));
    let login = identity.credentials().unwrap();
    assert_eq!((login.user(), login.password().expose_secret()), ("Иванов", "п:а%роль"));
    assert!(lab.who(&refresh).await.is_err(), "a refresh token opens no resource");
}

/// RFC 6749, section 5.2, and what each flow needs.
#[tokio::test]
async fn requests_that_lack_something() {
    let lab = lab();
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![("grant_type", "implicit")], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "password")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
    ] {
        lab.post("/token", &form).await.assert_error(400, error);
    }
}

/// RFC 6749, section 4.1.3: a form, not JSON, nothing in the query.
#[tokio::test]
async fn a_token_request_is_a_form() {
    let lab = lab();
    let request = Request::post("/token").header("content-type", "application/json").body("{}".into()).unwrap();
    lab.call(request).await.assert_error(400, "invalid_request");
    lab.post("/token?grant_type=password", &[]).await.assert_error(400, "invalid_request");
}

/// RFC 7636, section 4.6, and 4.1 for the form of a verifier.
#[tokio::test]
async fn the_verifier_must_be_the_right_one() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let other = "x".repeat(43);
    lab.redeem(&code, &[("code_verifier", &other)]).await.assert_error(400, "invalid_grant");
    for malformed in ["", "short", &"x".repeat(129), &"ж".repeat(43), &"+".repeat(43)] {
        lab.redeem(&code, &[("code_verifier", malformed)]).await.assert_error(400, "invalid_request");
    }
    assert_eq!(lab.redeem(&code, &[]).await.status, 200);
}

/// RFC 6749, section 4.1.3: the redirect URI of the authorization request, identical. OAuth 2.1, section
/// 10.2: its clients leave it out.
#[tokio::test]
async fn the_redirect_uri_is_repeated_or_left_out() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    for other in ["https://client.example/cb/", "https://client.example/other", "HTTP://127.0.0.1:4321/cb"] {
        lab.redeem(&code, &[("redirect_uri", other)]).await.assert_error(400, "invalid_grant");
    }
    assert_eq!(lab.redeem(&code, &[]).await.status, 200);
    let code = lab.code(&Params::of(&client)).await;
    // A parameter without a value is one that is not there (RFC 6749, section 3.2).
    assert_eq!(lab.redeem(&code, &[("redirect_uri", "")]).await.status, 200);
}

/// RFC 6749, section 4.1.2: codes are short-lived.
#[tokio::test]
async fn a_code_expires() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let (early, late) = (lab.code(&Params::of(&client)).await, lab.code(&Params::of(&client)).await);
    lab.pass(119);
    assert_eq!(lab.redeem(&early, &[]).await.status, 200);
    lab.pass(1);
    lab.redeem(&late, &[]).await.assert_error(400, "invalid_grant");
}

/// RFC 6749, section 5.1: `expires_in`; section 1.5.
#[tokio::test]
async fn tokens_expire() {
    let seconds = Duration::from_secs;
    let lifetimes = Lifetimes::default().code(seconds(5)).access(seconds(10)).refresh(seconds(100)).grace(seconds(0));
    let lab = lab().with(|server| server.lifetimes(lifetimes));
    let (access, refresh) = lab.tokens(&[]).await;
    lab.pass(10);
    assert!(matches!(lab.who(&access).await, Err(AuthError::Expired)));
    let answer = lab.refresh(&refresh, &[]).await;
    assert_eq!(answer.json()["expires_in"], 10);
    let (access, refresh) = pair(&answer);
    assert!(lab.who(&access).await.is_ok());
    lab.pass(100);
    lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
}

/// RFC 6749, section 6; OAuth 2.1, section 4.3.1; MCP 2025-11-25 and MCP 2026-07-28, "Token Theft":
/// rotation, and the login of 1C goes along.
#[tokio::test]
async fn a_refresh_token_changes() {
    let lab = lab();
    let (_, mut refresh) = lab.tokens(&[("scope", "mcp mcp:resolve offline_access")]).await;
    for _ in 0..3 {
        let answer = lab.refresh(&refresh, &[]).await;
        assert_eq!(answer.json()["scope"], "mcp mcp:resolve offline_access");
        let (access, next) = pair(&answer);
        let identity = lab.who(&access).await.unwrap();
        assert_eq!(identity.credentials().unwrap().password().expose_secret(), "п:а%роль");
        assert_eq!(identity.scopes().to_string(), "mcp mcp:resolve");
        assert_ne!(refresh, next);
        refresh = next;
    }
}

/// RFC 6749, section 6: fewer scopes for the access token; the refresh token keeps its own.
#[tokio::test]
async fn a_refresh_may_narrow() {
    let lab = lab();
    let (_, refresh) = lab.tokens(&[("scope", "mcp mcp:resolve")]).await;
    let answer = lab.refresh(&refresh, &[("scope", "mcp")]).await;
    assert_eq!(answer.json()["scope"], "mcp");
    let (access, refresh) = pair(&answer);
    assert_eq!(lab.who(&access).await.unwrap().scopes().to_string(), "mcp");
    assert_eq!(lab.refresh(&refresh, &[]).await.json()["scope"], "mcp mcp:resolve");
}

/// MCP 2026-07-28, refresh tokens: `offline_access` may stand in token requests too.
#[tokio::test]
async fn offline_access_alone_asks_for_nothing() {
    let lab = lab();
    let (_, refresh) = lab.tokens(&[("scope", "mcp mcp:resolve")]).await;
    let (_, refresh) = pair(&lab.refresh(&refresh, &[("scope", "offline_access")]).await);
    let answer = lab.refresh(&refresh, &[("scope", "mcp offline_access")]).await;
    assert_eq!(answer.json()["scope"], "mcp");
}

/// RFC 6749, sections 3.2.1 and 5.2: the client may be left out, and must be the right one.
#[tokio::test]
async fn the_client_must_match() {
    let lab = lab();
    let (client, other) = (lab.register(&[CALLBACK]).await, lab.register(&[CALLBACK]).await);
    let code = lab.code(&Params::of(&client)).await;
    for wrong in [other.as_str(), "unknown", "mcp-public-client"] {
        lab.redeem(&code, &[("client_id", wrong)]).await.assert_error(400, "invalid_grant");
    }
    let (_, refresh) = pair(&lab.redeem(&code, &[]).await);
    lab.refresh(&refresh, &[("client_id", &other)]).await.assert_error(400, "invalid_grant");
    assert_eq!(lab.refresh(&refresh, &[("client_id", &client)]).await.status, 200);
}

/// RFC 6749, section 5.2: a client that the server has forgotten learns it, and registers again.
#[tokio::test]
async fn an_unknown_client_with_an_unknown_token() {
    let lab = lab();
    let answer = lab.refresh("onec_rt_x", &[("client_id", "forgotten")]).await;
    answer.assert_error(401, "invalid_client");
    assert!(answer.header("www-authenticate").starts_with("Basic"));
    for known in [lab.register(&[CALLBACK]).await.as_str(), "mcp-public-client"] {
        lab.refresh("onec_rt_x", &[("client_id", known)]).await.assert_error(400, "invalid_grant");
    }
}

/// RFC 6749, section 2.3.1; RFC 8252, sections 8.4 and 8.5: HTTP Basic with the client's id;
/// clients here have no secret.
#[tokio::test]
async fn the_client_may_come_by_basic() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let with = |login: &str, more: &[(&str, &str)]| {
        let form: Vec<_> = form.iter().chain(more).copied().collect();
        let header = format!("Basic {}", STANDARD.encode(login));
        oauth::posting("/token").header("authorization", header).body(oauth::encoded(&form)).unwrap()
    };
    for (login, more) in [
        (format!("{client}:secret"), vec![]),
        (":".to_owned(), vec![]),
        (format!("{client}:"), vec![("client_id", "other")]),
        (format!("{client}:"), vec![("client_secret", "x")]),
    ] {
        let answer = lab.call(with(&login, &more)).await;
        answer.assert_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic"), "section 5.2");
    }
    for header in ["Bearer x", "Basic", "Basic ???", "Basic /w=="] {
        let request = oauth::posting("/token").header("authorization", header).body(oauth::encoded(&form)).unwrap();
        lab.call(request).await.assert_error(401, "invalid_client");
    }
    let encoded = client.replace('_', "%5F");
    assert_eq!(lab.call(with(&format!("{encoded}:"), &[("client_id", &client)])).await.status, 200);
}

/// RFC 8707, section 2.2: within what was granted. The root URL stands for the main resource.
#[tokio::test]
async fn the_resource_must_be_that_of_the_grant() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let main = lab.code(&Params::of(&client)).await;
    let named = lab.code(&Params::of(&client).with("resource", "https://mcp.example/mcp/")).await;
    for other in ["https://other.example", "https://mcp.example/other", "https://mcp.example/mcp/x", "mcp"] {
        lab.redeem(&main, &[("resource", other)]).await.assert_error(400, "invalid_target");
        lab.redeem(&named, &[("resource", other)]).await.assert_error(400, "invalid_target");
    }
    let (_, mut refresh) = pair(&lab.redeem(&named, &[("resource", "HTTPS://mcp.example/mcp")]).await);
    lab.refresh(&refresh, &[("resource", "https://other.example")]).await.assert_error(400, "invalid_target");
    for own in ["https://mcp.example/mcp", "https://mcp.example/mcp/", "https://mcp.example"] {
        (_, refresh) = pair(&lab.refresh(&refresh, &[("resource", own)]).await);
    }
    assert_eq!(lab.redeem(&main, &[("resource", "https://mcp.example/mcp")]).await.status, 200);
}

fn login<'a>(user: &'a str, password: &'a str) -> Params<'a> {
    Params(vec![("grant_type", "password"), ("username", user), ("password", password)])
}

/// RFC 6749, section 4.3.
#[tokio::test]
async fn a_password_gives_tokens() {
    let lab = lab();
    let form = login("Иванов", "п:а%роль").with("scope", "mcp:report offline_access x");
    let answer = lab.post("/token", &form.0).await;
    assert_eq!(answer.json()["scope"], "mcp:report offline_access");
    let (access, refresh) = pair(&answer);
    let identity = lab.who(&access).await.unwrap();
    assert_eq!((identity.subject(), identity.client()), ("onec:Иванов", Some("mcp-public-client")));
    assert_eq!(identity.credentials().unwrap().user(), "Иванов");
    assert_eq!(lab.refresh(&refresh, &[]).await.status, 200);
    assert_eq!(
        lab.post("/token", &login("narrow", "").with("scope", "mcp mcp:resolve").0).await.json()["scope"],
        "mcp:resolve"
    );
}

/// RFC 6749, section 4.3 and 5.2.
#[tokio::test]
async fn a_wrong_password_gives_none() {
    let lab = lab();
    for (form, status, error) in [
        (login("Иванов", "wrong"), 400, "invalid_grant"),
        (login("Иванов:п", "а%роль"), 400, "invalid_grant"),
        (login("norole", ""), 400, "invalid_grant"),
        (login("busy", ""), 429, "temporarily_unavailable"),
        (login("down", ""), 503, "temporarily_unavailable"),
        (login("nobody", ""), 400, "invalid_scope"),
        (login("narrow", ""), 400, "invalid_scope"),
        (login("Иванов", "п:а%роль").with("scope", "unknown"), 400, "invalid_scope"),
        (login("Иванов", "п:а%роль").with("resource", "https://other.example"), 400, "invalid_target"),
        (login("Иванов", "п:а%роль").with("client_id", "unknown"), 401, "invalid_client"),
    ] {
        let answer = lab.post("/token", &form.0).await;
        answer.assert_error(status, error);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429 || status == 503);
    }
}

/// CONTRACT, section 1: the password grant can be switched off. RFC 6749, sections 4.3 and 10.7.
#[tokio::test]
async fn the_password_grant_can_be_off() {
    let lab = lab().with(|server| server.password_grant(false));
    lab.post("/token", &login("Иванов", "п:а%роль").0).await.assert_error(400, "unsupported_grant_type");
}

/// CONTRACT, section 4: 429 with `Retry-After`. RFC 6749, section 4.3.2.
#[tokio::test]
async fn token_requests_are_limited() {
    let lab = lab().with(|server| server.rate_limits(RateLimits::unlimited().token(1)));
    lab.refresh("x", &[]).await.assert_error(400, "invalid_grant");
    let answer = lab.refresh("x", &[]).await;
    answer.assert_error(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

/// A store that can be taken down.
#[derive(Clone)]
struct Fragile(MemoryStore, Arc<AtomicBool>);

impl Fragile {
    fn up(&self) -> Result<&MemoryStore, StoreError> {
        if self.1.load(Ordering::Relaxed) { Err(StoreError::new("connection refused")) } else { Ok(&self.0) }
    }
}

impl TokenStore for Fragile {
    async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        self.up()?.put_client(client).await
    }

    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        self.up()?.client(id).await
    }

    async fn put_grant(&self, grant: Grant, tokens: Vec<Token>) -> Result<(), StoreError> {
        self.up()?.put_grant(grant, tokens).await
    }

    async fn find(&self, digest: &Digest) -> Result<Option<Found>, StoreError> {
        self.up()?.find(digest).await
    }

    async fn exchange(
        &self,
        used: &Digest,
        next: Vec<Token>,
        now: Timestamp,
        grace: Timestamp,
    ) -> Result<Exchange, StoreError> {
        self.up()?.exchange(used, next, now, grace).await
    }

    async fn first_use(&self, id: &Digest, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        self.up()?.first_use(id, until, now).await
    }

    async fn put_login(&self, account: &Digest, known: Vec<u8>, until: Timestamp) -> Result<(), StoreError> {
        self.up()?.put_login(account, known, until).await
    }

    async fn login(&self, account: &Digest, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        self.up()?.login(account, now).await
    }

    async fn revoke_grant(&self, id: &str) -> Result<(), StoreError> {
        self.up()?.revoke_grant(id).await
    }

    async fn revoke_subject(&self, subject: &str) -> Result<(), StoreError> {
        self.up()?.revoke_subject(subject).await
    }

    async fn revoke_token(&self, digest: &Digest) -> Result<(), StoreError> {
        self.up()?.revoke_token(digest).await
    }

    async fn sweep(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        self.up()?.sweep(now, idle).await
    }
}

/// RFC 6749, section 4.1.2.1; RFC 7009, section 2.2.1: a store that is down is 503, and clients keep
/// what they have.
#[tokio::test]
async fn a_store_that_is_down_loses_nothing() {
    let down = Arc::new(AtomicBool::new(false));
    let lab = Lab::new(Fragile(MemoryStore::new(), Arc::clone(&down)));
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
    down.store(true, Ordering::Relaxed);
    for answer in [
        lab.redeem(&code, &[]).await,
        lab.refresh(&refresh, &[]).await,
        lab.post("/revoke", &[("token", &access)]).await,
        lab.register_with(serde_json::json!({})).await,
        lab.post("/token", &login("Иванов", "п:а%роль").0).await,
    ] {
        answer.assert_error(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    lab.authorize(&Params::of(&client)).await.assert_page(503);
    let public = Params::of("mcp-public-client").with("redirect_uri", "http://127.0.0.1/cb");
    lab.log_in(&public).await.assert_sent("temporarily_unavailable");
    down.store(false, Ordering::Relaxed);
    assert!(lab.who(&access).await.is_ok());
    assert_eq!(lab.refresh(&refresh, &[]).await.status, 200);
}

/// RFC 6749, section 3.3: what the server no longer supports is not granted again.
#[tokio::test]
async fn a_refresh_follows_what_is_supported() {
    let store = MemoryStore::new();
    let before = Lab::new(store.clone());
    let (_, refresh) = before.tokens(&[("scope", "mcp mcp:resolve offline_access")]).await;
    let after = Lab::new(store).with(|server| server.scopes(Scopes::parse("mcp:resolve mcp:new")));
    let answer = after.refresh(&refresh, &[]).await;
    assert_eq!(answer.json()["scope"], "mcp:resolve offline_access");
    let (access, refresh) = pair(&answer);
    assert_eq!(after.who(&access).await.unwrap().scopes().to_string(), "mcp:resolve");
    after.refresh(&refresh, &[("scope", "mcp")]).await.assert_error(400, "invalid_scope");
    after.refresh(&refresh, &[("scope", "mcp:new")]).await.assert_error(400, "invalid_scope");
    let none = after.with(|server| server.scopes(Scopes::parse("mcp:new")));
    none.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
}

/// RFC 6749, section 5.2, `invalid_grant`: after the server has got another address the old tokens
/// are refused, and so is their renewal, or else clients would refresh for ever.
#[tokio::test]
async fn a_grant_belongs_to_the_address_where_it_was_given() {
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    let at = async |host: &str, form: &[(&str, &str)]| {
        lab.call(oauth::posting("/token").header("host", host).body(oauth::encoded(form)).unwrap()).await
    };
    let (_, refresh) = pair(&at("one.example", &login("Иванов", "п:а%роль").0).await);
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    at("two.example", &again).await.assert_error(400, "invalid_grant");
    let elsewhere = [again[0], again[1], ("resource", "http://two.example/mcp")];
    at("two.example", &elsewhere).await.assert_error(400, "invalid_grant");
    assert_eq!(at("one.example", &again).await.status, 200, "where it belongs it still counts");
}

/// One store, and another way to log in since: who has a key's token logs in again, and calls neither
/// under the service account nor under nobody's. A user's own login goes on.
#[tokio::test]
async fn a_key_is_no_login_of_a_user() {
    let store = MemoryStore::new();
    let users = Lab::new(store.clone());
    let keys = Lab::at(users.site.clone(), Form::Key, store);
    let client = keys.register(&[CALLBACK]).await;
    let request = Params::of(&client).with("scope", "mcp:resolve");
    let code = async || keys.log_in_as(&request, &[("key", "key-1")]).await.sent("code").unwrap();
    let (access, refresh) = pair(&keys.redeem(&code().await, &[]).await);
    assert!(matches!(users.who(&access).await, Err(AuthError::Unknown)));
    users.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
    users.redeem(&code().await, &[]).await.assert_error(400, "invalid_grant");
    assert!(keys.who(&access).await.is_ok(), "where keys are logins it still counts");
    assert_eq!(keys.refresh(&refresh, &[]).await.status, 200);
    let (access, refresh) = users.tokens(&[]).await;
    assert!(keys.who(&access).await.unwrap().credentials().is_some());
    assert_eq!(keys.refresh(&refresh, &[]).await.status, 200);
}

/// RFC 6749, sections 3.1 and 3.2: unknown parameters are ignored, and empty ones count as left out.
#[tokio::test]
async fn unknown_and_empty_parameters_mean_nothing() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let request = Params::of(&client).and("nonce", "x").and("prompt", "none").and("scope", "").and("resource", "");
    let code = lab.code(&request).await;
    let more = [("audience", "x"), ("client_secret", ""), ("scope", ""), ("resource", "")];
    let answer = lab.redeem(&code, &more).await;
    assert_eq!(answer.json()["scope"], "mcp");
    let (_, refresh) = pair(&answer);
    assert_eq!(lab.refresh(&refresh, &more).await.status, 200);
    lab.refresh("", &[]).await.assert_error(400, "invalid_request");
}

/// What has expired is forgotten.
#[tokio::test]
async fn sweeping() {
    let lab = lab();
    let (_, refresh) = lab.tokens(&[]).await;
    assert_eq!(lab.server.sweep().await.unwrap(), 0);
    lab.pass(91 * 24 * 3600);
    assert!(lab.server.sweep().await.unwrap() >= 3, "two tokens and a client at least");
    lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
    assert_eq!(lab.server.sweep().await.unwrap(), 0);
}

/// RFC 6749, section 10.10; RFC 6750, section 5.2: 256 random bits, which base64url writes as 43
/// characters, and never the same twice.
#[tokio::test]
async fn codes_and_tokens_cannot_be_guessed() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let code = lab.code(&Params::of(&client)).await;
        let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
        for (secret, prefix) in [(code, "onec_ac_"), (access, "onec_at_"), (refresh, "onec_rt_")] {
            let random = secret.strip_prefix(prefix).unwrap();
            assert_eq!(random.len(), 43, "{secret}");
            assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{secret}");
            assert!(seen.insert(random.to_owned()), "twice: {secret}");
        }
    }
}

/// RFC 6749, sections 5.1 and 5.2: answers are JSON and stay out of caches, and descriptions of errors
/// have only the characters that they may have, whatever was sent.
#[tokio::test]
async fn answers_are_json() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let strange = "a\"\\ю\n";
    for (answer, status) in [
        (lab.redeem(&code, &[]).await, 200),
        (lab.post("/token", &[]).await, 400),
        (lab.post("/token", &[(strange, "1"), (strange, "2")]).await, 400),
        (lab.refresh("x", &[("client_id", "unknown")]).await, 401),
    ] {
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "application/json"));
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
        let document = answer.json();
        let description = document["error_description"].as_str().unwrap_or_default();
        assert_eq!(description.is_empty(), status == 200, "{}", answer.body);
        assert!(description.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')), "{description}");
    }
}

/// CONTRACT, section 4: only the digest of a key is kept, so 1C cannot be asked about it again. What was
/// granted to it ends so long after the login, however often it is refreshed; with a login of 1C, which
/// each call tries, the time begins anew.
#[tokio::test]
async fn a_key_has_to_be_typed_again() {
    const DAY: i64 = 24 * 3600;
    let users = lab();
    let keys = Lab::at(users.site.clone(), Form::Key, MemoryStore::new());
    for (lab, field, ends) in [
        (&users, [("username", "Иванов"), ("password", "п:а%роль")].as_slice(), false),
        (&keys, [("key", "key-1")].as_slice(), true),
    ] {
        let client = lab.register(&[CALLBACK]).await;
        let code = lab.log_in_as(&Params::of(&client).with("scope", "mcp:resolve"), field).await.sent("code").unwrap();
        let (_, mut refresh) = pair(&lab.redeem(&code, &[]).await);
        lab.pass(13 * DAY);
        (_, refresh) = pair(&lab.refresh(&refresh, &[]).await);
        lab.pass(2 * DAY);
        assert_eq!(lab.refresh(&refresh, &[]).await.status == 400, ends, "{field:?}");
    }
}
