//! Attacks on the authorization server.

use crate::support::oauth::{self, BASE, CALLBACK, CHALLENGE, Lab, Params, VERIFIER, lab, pair};
use crate::support::oauth_invariants as invariants;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use onec_mcp::auth::Site;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::ClientMetadata;
use onec_mcp::auth::store::MemoryStore;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

/// RFC 6749, sections 4.1.2 and 10.5: a code works once; twice, and its tokens are revoked.
#[tokio::test]
async fn a_replayed_code_revokes_everything() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
    let (access_2, refresh) = pair(&lab.refresh(&refresh, &[]).await);
    // Without the verifier too: whoever has the code has stolen it.
    lab.redeem(&code, &[("code_verifier", &"x".repeat(43))]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_err() && lab.who(&access_2).await.is_err());
    lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
}

/// OAuth 2.1, section 4.3.1; RFC 9700, section 4.14.2; MCP 2025-11-25 and MCP 2026-07-28, "Token
/// Theft": an old refresh token revokes the family.
#[tokio::test]
async fn a_replayed_refresh_token_revokes_everything() {
    let lab = lab();
    let (_, old) = lab.tokens(&[]).await;
    let other = lab.tokens(&[]).await;
    let (access, new) = pair(&lab.refresh(&old, &[]).await);
    lab.pass(30);
    lab.refresh(&old, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_err());
    lab.refresh(&new, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&other.0).await.is_ok(), "another login of the same user stays");
}

/// RFC 6749, section 4.1.2: of many at once, one wins, and then nobody does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_for_a_code_has_at_most_one_winner() {
    let lab = std::sync::Arc::new(lab());
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let (lab, code) = (lab.clone(), code.clone());
            tokio::spawn(async move { lab.redeem(&code, &[]).await.status })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
}

/// OAuth 2.1, section 7.5.1; RFC 6749, sections 10.5 and 10.6; RFC 7636, section 4.4: a stolen code
/// is worth nothing in another session or client.
#[tokio::test]
async fn an_injected_code_is_refused() {
    let lab = lab();
    let (victim, attacker) = (lab.register(&[CALLBACK]).await, lab.register(&[CALLBACK]).await);
    let code = lab.code(&Params::of(&victim)).await;
    lab.redeem(&code, &[("client_id", &attacker)]).await.assert_error(400, "invalid_grant");
    lab.redeem(&code, &[("code_verifier", &"a".repeat(43))]).await.assert_error(400, "invalid_grant");
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    lab.post("/token", &form).await.assert_error(400, "invalid_request");
}

/// RFC 9700, section 4.8.2; RFC 7636, section 7.2: no PKCE in the beginning cannot become none in
/// the end.
#[tokio::test]
async fn pkce_cannot_be_downgraded() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let plain = Params::of(&client).with("code_challenge", VERIFIER).with("code_challenge_method", "plain");
    lab.log_in(&plain).await.assert_sent("invalid_request");
    // The challenge itself is no verifier.
    let code = lab.code(&Params::of(&client)).await;
    lab.redeem(&code, &[("code_verifier", CHALLENGE)]).await.assert_error(400, "invalid_grant");
}

/// RFC 9207, section 1; MCP 2026-07-28, "Mix-Up Attacks": answers say whose they are, and a redirect
/// URI cannot say it for them.
#[tokio::test]
async fn a_mix_up_shows() {
    let lab = lab();
    for uri in [
        "https://client.example/cb?iss=https://honest.example",
        "com.example.app:/cb?state=1",
        "http://localhost/?error",
    ] {
        lab.register_with(json!({"redirect_uris": [uri]})).await.assert_error(400, "invalid_redirect_uri");
    }
    let client = lab.register(&[CALLBACK]).await;
    for answer in [lab.log_in(&Params::of(&client)).await, lab.authorize(&Params::of(&client).with("scope", "x")).await]
    {
        assert_eq!(answer.header("location").matches("iss=").count(), 1);
        assert_eq!(answer.sent("iss").as_deref(), Some(BASE));
    }
}

/// RFC 9700, section 4.1.3; RFC 6749, section 10.15; RFC 8252, section 8.4; MCP 2025-11-25,
/// "Overview" and "Open Redirection": exact comparison.
#[tokio::test]
async fn redirect_tricks() {
    let lab = lab();
    let client = lab.register(&["https://client.example/cb", "http://127.0.0.1:8000/cb", "app.example:/cb"]).await;
    for uri in [
        "https://client.example/cb/",
        "https://client.example/cb/../evil",
        "https://client.example/cb/%2e%2e/evil",
        "https://client.example/c",
        "https://client.example/cb2",
        "https://client.example/CB",
        "https://CLIENT.example/cb",
        "HTTPS://client.example/cb",
        "https://client.example:443/cb",
        "https://client.example:8000/cb",
        "https://client.example/%63b",
        "https://client.example/cb?",
        "https://client.example/cb?x=1",
        "https://client.example/cb#",
        "https://client.example/cb#x",
        "https://client.example/cb%23",
        "https://client.example/cb%00",
        "https://client.example./cb",
        "https://client.example.evil.example/cb",
        "https://evil.example/https://client.example/cb",
        "https://client.example@evil.example/cb",
        "https://user@client.example/cb",
        "https://client.example\\@evil.example/cb",
        "https://client.example/cb\r\nSet-Cookie: a=b",
        " https://client.example/cb",
        "http://client.example/cb",
        "//client.example/cb",
        "http://127.0.0.1:8000/cb/",
        "http://127.0.0.1:8000/cb?x",
        "http://127.0.0.2:8000/cb",
        "http://localhost:8000/cb",
        "http://[::1]:8000/cb",
        "http://127.0.0.1:8000@evil.example/cb",
        "http://127.0.0.1:8000.evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "https://127.0.0.1:8000/cb",
        "app.example://cb",
        "app.example2:/cb",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        lab.authorize(&Params::of(&client).with("redirect_uri", uri)).await.assert_page(400);
        lab.log_in(&Params::of(&client).with("redirect_uri", uri)).await.assert_page(400);
    }
}

/// RFC 6749, section 6: nothing more than was granted.
#[tokio::test]
async fn a_refresh_cannot_widen() {
    let lab = lab();
    let (_, refresh) = lab.tokens(&[("scope", "mcp")]).await;
    for wider in ["mcp mcp:resolve", "mcp:resolve", "unknown", "\"", "mcp:resolve offline_access"] {
        lab.refresh(&refresh, &[("scope", wider)]).await.assert_error(400, "invalid_scope");
    }
    // After fewer, what was granted is the ceiling, and no more.
    let (_, refresh) = pair(&lab.refresh(&refresh, &[("scope", "mcp")]).await);
    lab.refresh(&refresh, &[("scope", "mcp mcp:report")]).await.assert_error(400, "invalid_scope");
    assert_eq!(lab.refresh(&refresh, &[]).await.json()["scope"], "mcp");
}

/// What kind of secret it is matters.
#[tokio::test]
async fn one_secret_does_not_pass_for_another() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    lab.refresh(&code, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&code).await.is_err());
    let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
    lab.refresh(&access, &[]).await.assert_error(400, "invalid_grant");
    lab.redeem(&access, &[]).await.assert_error(400, "invalid_grant");
    lab.redeem(&refresh, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_ok());
    assert_eq!(lab.refresh(&refresh, &[]).await.status, 200);
}

/// MCP 2026-07-28, access token privilege restriction; RFC 8707, section 2; MCP 2025-11-25, "Access
/// Token Privilege Restriction".
#[tokio::test]
async fn a_token_of_another_host_is_refused() {
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    let form = Params(vec![("grant_type", "password"), ("username", "Иванов"), ("password", "п:а%роль")]).0;
    let request = oauth::posting("/token").header("host", "one.example").body(oauth::encoded(&form)).unwrap();
    let (access, _) = pair(&lab.call(request).await);
    let who = async |base: &str| {
        use onec_mcp::auth::{Presented, TokenValidator};
        lab.server.tokens().validate(Presented::new(&access, base, &lab.site)).await
    };
    assert!(who("http://one.example").await.is_ok());
    assert!(matches!(who("http://two.example").await, Err(onec_mcp::auth::AuthError::Audience)));
}

/// RFC 6749, section 10.12: a form from another page logs nobody in.
#[tokio::test]
async fn a_forged_login_is_refused() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let login = [("username", "Иванов"), ("password", "п:а%роль"), ("action", "allow")];
    let request = Params::of(&client);
    let page = lab.authorize(&request).await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let value = cookie.split_once('=').unwrap().1.to_owned();
    let form: Vec<_> = request.0.iter().chain(&login).copied().collect();
    let with: Vec<_> = form.iter().copied().chain([("csrf", value.as_str())]).collect();
    for (form, cookie, origin) in [
        (&form, cookie.as_str(), BASE),
        (&with, "other=1", BASE),
        (&with, &cookie, "https://evil.example"),
        (&with, &cookie, "null"),
    ] {
        let posting = oauth::posting("/authorize").header("cookie", cookie).header("origin", origin);
        lab.call(posting.body(oauth::encoded(form)).unwrap()).await.assert_page(400);
    }
    // A forged request that is wrong besides is not sent to the client either.
    let wrong = request.without("code_challenge");
    lab.post("/authorize", &wrong.0).await.assert_page(400);
    let posting = oauth::posting("/authorize").header("cookie", &cookie).header("origin", BASE);
    assert_eq!(lab.call(posting.body(oauth::encoded(&with)).unwrap()).await.status, 303);
}

/// HTML of strangers stays text in every field that a page shows.
#[tokio::test]
async fn html_is_escaped_everywhere() {
    let lab = lab();
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
    let answer = lab.register_with(json!({"redirect_uris": [CALLBACK], "client_name": evil})).await;
    let client = answer.json()["client_id"].as_str().unwrap().to_owned();
    let right = Params::of(&client);
    let mut pages = vec![lab.authorize(&right).await, lab.authorize(&Params::of(evil)).await];
    for name in ["state", "scope", "redirect_uri", "username", "response_mode"] {
        let request = right.clone().with(name, evil).and("scope2", evil);
        let request =
            if name == "scope" { right.clone().with("scope", "mcp <script>alert(1)</script>") } else { request };
        pages.push(lab.authorize(&request).await);
        pages.push(lab.log_in_as(&request, &[("password", evil)]).await);
    }
    pages.push(lab.log_in_as(&right, &[("username", evil), ("password", "x")]).await);
    assert!(
        pages.iter().any(|page| page.body.contains("&lt;script&gt;") || page.body.contains("&#60;script&#62;")),
        "it is shown"
    );
    for page in pages {
        assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{}", page.body);
        assert!(!page.header("location").contains(['<', '"']));
    }
}

/// RFC 6749, section 10.13: no frames, no scripts.
#[tokio::test]
async fn pages_cannot_be_framed() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    for page in [lab.authorize(&Params::of(&client)).await, lab.authorize(&Params::of("unknown")).await] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

/// RFC 9700, section 4.12: the browser must not post the password on to the client.
#[tokio::test]
async fn the_password_is_not_sent_on() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let answer = lab.log_in(&Params::of(&client)).await;
    assert_eq!(answer.status, 303);
    for secret in ["csrf", "password", "%D0%BF%3A"] {
        assert!(!answer.header("location").contains(secret));
    }
}

/// MCP 2026-07-28, client ID metadata document security; MCP 2025-11-25, "Discovery": documents are
/// not fetched from this network.
#[tokio::test]
async fn a_client_id_cannot_make_the_server_call_its_own_network() {
    let lab = lab().with(|server| server.client_metadata(ClientMetadata::new()));
    let answer = lab.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.json()["client_id_metadata_document_supported"], true);
    for id in [
        "https://127.0.0.1/client.json",
        "https://localhost/client.json",
        "https://[::1]/client.json",
        "https://10.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "http://client.example/client.json",
    ] {
        lab.authorize(&Params::of(id)).await.assert_page(400);
    }
    // Tokens are asked for by name only: nothing is fetched then.
    lab.refresh("x", &[("client_id", "https://127.0.0.1/client.json")]).await.assert_error(400, "invalid_grant");
}

/// Errors do not repeat secrets.
#[tokio::test]
async fn errors_repeat_no_secret() {
    let lab = lab();
    for form in [
        vec![("grant_type", "refresh_token"), ("refresh_token", "s3cret-value")],
        vec![("grant_type", "password"), ("username", "Иванов"), ("password", "s3cret-value")],
        vec![("grant_type", "s3cret-value")],
        vec![("client_id", "s3cret-value"), ("client_secret", "s3cret-value")],
    ] {
        assert!(!lab.post("/token", &form).await.body.contains("s3cret-value"));
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Names of parameters that mean something, and others.
fn parameter() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(&[
            "client_id=mcp-public-client", "redirect_uri=http://127.0.0.1/cb", "response_type=code",
            "code_challenge_method=S256", "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "scope=mcp", "resource=https://mcp.example", "state=", "grant_type=password", "grant_type=refresh_token",
            "grant_type=authorization_code", "code=x", "code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "refresh_token=x", "username=a", "password=b", "token=x", "action=cancel",
        ][..]).prop_map(str::to_owned),
        1 => ("[a-z_%]{0,12}", "[ -~]{0,20}").prop_map(|(name, value)| format!("{name}={value}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    /// Whatever comes is answered, and never as a fault of the server.
    #[test]
    fn any_bytes_get_an_answer(
        path in proptest::sample::select(&["/authorize", "/token", "/register", "/revoke"][..]),
        json in any::<bool>(),
        body in prop_oneof![
            vec(any::<u8>(), 0..200),
            vec(parameter(), 0..12).prop_map(|all| all.join("&").into_bytes()),
            "\\{\"(redirect_uris|client_name|scope)\":[\\[\\]\"a-z{}0-9:,/]{0,40}\\}".prop_map(String::into_bytes),
        ],
    ) {
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        let request = Request::post(path).header("content-type", kind).body(Full::<Bytes>::from(body.clone())).unwrap();
        let answer = block_on(lab().call(request));
        prop_assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
        prop_assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }

    #[test]
    fn any_query_gets_an_answer(parts in vec(parameter(), 0..12), raw in "[!-\"$-~]{0,60}") {
        let query = format!("{}&{raw}", parts.join("&"));
        let Ok(request) = Request::builder().method(Method::GET).uri(format!("/authorize?{query}")).body(Full::default()) else {
            return Ok(());
        };
        let answer = block_on(lab().call(request));
        prop_assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
        if let Some(location) = answer.headers.get("location") {
            prop_assert!(location.to_str().unwrap().starts_with("http://127.0.0.1/cb?"), "{location:?}");
        }
    }

    #[test]
    fn any_headers_get_an_answer(host in vec(any::<u8>(), 0..30), login in vec(any::<u8>(), 0..30)) {
        let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
        let mut request = oauth::posting("/token");
        for (name, value) in [("host", &host), ("authorization", &login)] {
            if let Ok(value) = http::HeaderValue::from_bytes(value) {
                request = request.header(name, value);
            }
        }
        let answer = block_on(lab.call(request.body(oauth::encoded(&[("grant_type", "password")])).unwrap()));
        prop_assert!(answer.status.is_client_error(), "{}", answer.status);
    }

    #[test]
    fn redirect_uris(bytes in prop_oneof![
        vec(any::<u8>(), 0..80),
        "(https?|app\\.x|javascript|ftp):/{0,3}[a-z0-9.:@\\[\\]%\\\\]{0,20}[/?#]{0,2}[ -~]{0,12}\n(https?://)?[a-z0-9.:]{0,12}".prop_map(String::into_bytes),
        ("(127\\.0\\.0\\.1|localhost|\\[::1\\])", any::<u16>(), any::<u16>())
            .prop_map(|(host, a, b)| format!("http://{host}:{a}/cb\nhttp://{host}:{b}/cb").into_bytes()),
    ]) {
        invariants::redirect(&bytes);
    }

    #[test]
    fn parameters(bytes in prop_oneof![vec(any::<u8>(), 0..120), vec(parameter(), 0..8).prop_map(|all| all.join("&").into_bytes())]) {
        invariants::oauth_params(&bytes);
    }
}

/// OAuth 2.1, section 7.12.2; MCP 2025-11-25 and MCP 2026-07-28, "Open
/// Redirection": anybody may register a web site or the scheme of a program, so before a login nobody is sent to one
/// unasked.
#[tokio::test]
async fn no_open_redirector() {
    let lab = lab();
    for callback in ["https://client.example/cb", "com.example.app:/cb", "cursor://anysphere.cursor-mcp/cb"] {
        let client = lab.register(&[callback]).await;
        let right = Params::of(&client).with("redirect_uri", callback);
        for (request, error) in [
            (right.clone().with("scope", "x"), "invalid_scope"),
            (right.clone().with("response_type", "token"), "unsupported_response_type"),
            (right.clone().with("resource", "https://other.example/mcp"), "invalid_target"),
            (right.clone().without("code_challenge"), "invalid_request"),
        ] {
            let answer = lab.authorize(&request).await;
            answer.assert_page(400);
            assert!(answer.body.contains(error), "{}", answer.body);
            let link = answer.body.split("<a href=\"").nth(1).unwrap().split('"').next().unwrap();
            let link = link.replace("&#38;", "&");
            assert!(link.starts_with(&format!("{callback}?error={error}&")), "{link}");
            assert!(link.contains("iss=") && link.contains("state="), "{link}");
            assert!(!answer.body.contains("http-equiv") && !answer.body.contains("<script"));
        }
        // Who logged in is sent there.
        assert!(lab.log_in(&right).await.sent("code").is_some());
    }
    // A program that listens on this machine is no stranger's place.
    let client = lab.register(&["http://127.0.0.1/cb"]).await;
    let request = Params::of(&client).with("redirect_uri", "http://127.0.0.1:5/cb").with("scope", "x");
    lab.authorize(&request).await.assert_sent("invalid_scope");
}
