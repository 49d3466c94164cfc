//! The authorization endpoint and the way back to the client.

use crate::support::oauth::{self, BASE, CALLBACK, CHALLENGE, Lab, Params, lab};
use http::Request;
use onec_mcp::auth::Site;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::RateLimits;
use onec_mcp::auth::store::MemoryStore;
use serde_json::json;

/// RFC 6749, sections 4.1.1 and 4.1.2; RFC 9207, section 2; MCP 2026-07-28, "Authorization Response
/// Validation".
#[tokio::test]
async fn a_login_ends_with_a_code() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let page = lab.authorize(&Params::of(&client)).await;
    page.assert_page(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let answer = lab.log_in(&Params::of(&client)).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with(&format!("{CALLBACK}?code=")));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.sent("state").as_deref(), Some("s t&=ю"));
    assert_eq!(answer.sent("iss").as_deref(), Some(BASE));
    assert_eq!(lab.redeem(&answer.sent("code").unwrap(), &[]).await.status, 200);
}

/// RFC 6749, section 4.1.2.1; RFC 9207, section 2; MCP 2025-11-25, "Overview"; MCP 2026-07-28,
/// "Authorization Response Validation": errors carry `state` and `iss` too.
#[tokio::test]
async fn errors_go_to_the_client() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let right = Params::of(&client);
    for (request, error) in [
        (right.clone().without("response_type"), "invalid_request"),
        (right.clone().with("response_type", "token"), "unsupported_response_type"),
        (right.clone().with("response_type", "code token"), "unsupported_response_type"),
        (right.clone().with("response_mode", "fragment"), "invalid_request"),
        (right.clone().with("scope", "unknown"), "invalid_scope"),
        (right.clone().with("resource", "https://other.example/mcp"), "invalid_target"),
        (right.clone().and("scope", "mcp").and("scope", "mcp"), "invalid_request"),
        (right.clone().and("anything", "").and("anything", ""), "invalid_request"),
    ] {
        for answer in [lab.authorize(&request).await, lab.log_in(&request).await] {
            answer.assert_sent(error);
            assert_eq!(answer.sent("state").as_deref(), Some("s t&=ю"));
            assert_eq!(answer.sent("iss").as_deref(), Some(BASE));
            assert!(!answer.sent("error_description").unwrap().is_empty());
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        assert_eq!(lab.authorize(&request).await.status, 302);
    }
}

/// RFC 6749, section 3.1: no parameter twice.
#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let twice = Params::of(&client).and("state", "other");
    let answer = lab.authorize(&twice).await;
    answer.assert_sent("invalid_request");
    assert_eq!(answer.sent("state"), None, "neither of the two");
    for name in ["client_id", "redirect_uri"] {
        let value = if name == "client_id" { client.as_str() } else { CALLBACK };
        lab.authorize(&Params::of(&client).and(name, value)).await.assert_page(400);
    }
}

/// RFC 6749, section 4.1.2.1: with no client or redirect URI to trust, the user is told.
#[tokio::test]
async fn strangers_are_sent_nowhere() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    for request in [
        Params::of("unknown"),
        Params::of("https://client.example/metadata.json"),
        Params::of(&client).without("client_id"),
        Params::of(&client).with("client_id", ""),
        Params::of(&client).with("redirect_uri", "https://client.example/other"),
    ] {
        lab.authorize(&request).await.assert_page(400);
        lab.log_in(&request).await.assert_page(400);
    }
}

/// RFC 6749, section 3.1.2.3: needed unless exactly one is registered.
#[tokio::test]
async fn the_redirect_uri_may_be_left_out_if_there_is_one() {
    let lab = lab();
    let one = lab.register(&[CALLBACK]).await;
    let answer = lab.log_in(&Params::of(&one).without("redirect_uri")).await;
    assert!(answer.header("location").starts_with(CALLBACK));
    // Then the token request need not repeat it (section 4.1.3).
    let code = answer.sent("code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", oauth::VERIFIER)];
    assert_eq!(lab.post("/token", &form).await.status, 200);
    let two = lab.register(&[CALLBACK, "https://client.example/2"]).await;
    lab.authorize(&Params::of(&two).without("redirect_uri")).await.assert_page(400);
}

/// RFC 7636, section 4.4.1; RFC 9700, section 2.1.1; OAuth 2.1, section 7.5.2; RFC 8252, sections 6
/// and 8.1; MCP 2025-11-25, "Overview": PKCE with S256.
#[tokio::test]
async fn pkce_is_required() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let right = Params::of(&client);
    for request in [
        right.clone().without("code_challenge"),
        right.clone().without("code_challenge").without("code_challenge_method"),
        right.clone().without("code_challenge_method"),
        right.clone().with("code_challenge_method", "plain"),
        right.clone().with("code_challenge_method", "s256"),
        right.clone().with("code_challenge", "short"),
        right.clone().with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="),
        right.clone().with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"),
    ] {
        lab.authorize(&request).await.assert_sent("invalid_request");
    }
}

/// RFC 6749, section 3.3, and CONTRACT section 4; MCP 2026-07-28, "Refresh Tokens": never a wider
/// grant.
#[tokio::test]
async fn scopes_are_cut_to_what_is_supported_and_allowed() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    for (user, asked, granted) in [
        ("Иванов", "mcp:report unknown", Some("mcp:report")),
        ("Иванов", "", Some("mcp")),
        ("Иванов", "offline_access", Some("mcp offline_access")),
        ("Иванов", "mcp:report offline_access", Some("mcp:report offline_access")),
        ("narrow", "mcp mcp:resolve mcp:other", Some("mcp:resolve")),
        ("narrow", "mcp", None),
        ("narrow", "", None),
        ("nobody", "mcp", None),
    ] {
        let request = Params::of(&client).with("scope", asked);
        let password = if user == "Иванов" { "п:а%роль" } else { "" };
        let answer = lab.log_in_as(&request, &[("username", user), ("password", password)]).await;
        let Some(granted) = granted else {
            answer.assert_sent("invalid_scope");
            continue;
        };
        let answer = lab.redeem(&answer.sent("code").unwrap(), &[]).await;
        assert_eq!(answer.json()["scope"], granted, "{user} {asked}");
        let identity = lab.who(answer.json()["access_token"].as_str().unwrap()).await.unwrap();
        assert_eq!(
            identity.scopes().to_string(),
            granted.replace(" offline_access", ""),
            "1C hears of no offline_access"
        );
    }
}

/// RFC 8707, section 2; MCP 2026-07-28, resource parameter; MCP 2025-11-25, "Canonical Server URI".
#[tokio::test]
async fn own_resources_only() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let right = Params::of(&client);
    for own in ["https://mcp.example/mcp", "https://mcp.example/mcp/", "https://mcp.example", "HTTPS://MCP.example/mcp"]
    {
        assert_eq!(lab.authorize(&right.clone().with("resource", own)).await.status, 200, "{own}");
    }
    let several = right.clone().and("resource", "https://mcp.example/mcp").and("resource", "https://mcp.example/");
    let page = lab.authorize(&several).await;
    assert_eq!(page.body.matches("name=\"resource\"").count(), 2, "both are posted back");
    lab.authorize(&several.and("resource", "https://other.example")).await.assert_sent("invalid_target");
    for other in ["mcp", "https://mcp.example/mcp#x", "https://mcp.example.evil/mcp", "http://mcp.example/mcp"] {
        lab.authorize(&right.clone().with("resource", other)).await.assert_sent("invalid_target");
    }
}

/// RFC 6749, section 3.1.2: the redirect URI keeps its own query; RFC 8252, section 7.1.
#[tokio::test]
async fn answers_are_appended() {
    let lab = lab();
    for (uri, start) in [
        ("https://client.example/cb?tenant=1", "https://client.example/cb?tenant=1&code="),
        ("https://client.example/cb?", "https://client.example/cb?code="),
        ("https://client.example", "https://client.example?code="),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback?code="),
        ("com.example.app:/cb?a=%2F", "com.example.app:/cb?a=%2F&code="),
        ("http://[::1]:5000/cb", "http://[::1]:5000/cb?code="),
    ] {
        let client = lab.register(&[uri]).await;
        let answer = lab.log_in(&Params::of(&client).with("redirect_uri", uri)).await;
        assert!(answer.header("location").starts_with(start), "{}", answer.header("location"));
    }
}

/// RFC 8252, section 7.3: any port of the registered loopback address.
#[tokio::test]
async fn a_loopback_port_may_differ() {
    let lab = lab();
    let client = lab.register(&["http://127.0.0.1:1/cb?x=1", "http://[::1]/cb", "http://localhost:3000/cb"]).await;
    for uri in
        ["http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1/cb?x=1", "http://[::1]:8/cb", "http://localhost:4000/cb"]
    {
        let answer = lab.log_in(&Params::of(&client).with("redirect_uri", uri)).await;
        assert!(answer.header("location").starts_with(uri), "{uri}");
    }
}

/// RFC 6749, section 3.1.2.4, and CONTRACT section 4: what fails is said on the page.
#[tokio::test]
async fn a_failed_login_shows_the_page_again() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    for (user, password, status) in [
        ("Иванов", "wrong", 403),
        ("Иванов", "", 403),
        ("", "x", 403),
        ("Иванов:п", "а%роль", 403),
        ("norole", "x", 403),
        ("busy", "x", 429),
        ("down", "x", 503),
    ] {
        let fields = [("username", user), ("password", password)];
        let answer = lab.log_in_as(&Params::of(&client).with("scope", "mcp"), &fields).await;
        answer.assert_page(status);
        assert!(answer.body.contains(&format!("value=\"{client}\"")), "the request is posted back");
        assert!(password.is_empty() || !answer.body.contains(&format!("value=\"{password}\"")));
        assert_eq!(answer.header("retry-after"), if user == "busy" { "17" } else { "" });
    }
}

/// CONTRACT, section 4: login with an access key.
#[tokio::test]
async fn a_key_logs_in() {
    let lab = Lab::at(Site::new().public_url(&BASE.parse().unwrap()), Form::Key, MemoryStore::new());
    let client = lab.register(&[CALLBACK]).await;
    let request = Params::of(&client).with("scope", "mcp mcp:resolve");
    let code = lab.log_in_as(&request, &[("key", "key-1")]).await.sent("code").unwrap();
    let answer = lab.redeem(&code, &[]).await;
    assert_eq!(answer.json()["scope"], "mcp:resolve");
    let identity = lab.who(answer.json()["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!((identity.subject(), identity.credentials().is_none()), ("robot", true));
    lab.log_in_as(&request, &[("key", "other")]).await.assert_page(403);
    lab.log_in_as(&request, &[("username", "Иванов"), ("password", "п:а%роль")]).await.assert_page(403);
}

/// RFC 6749, section 4.1.2.1: the user may say no.
#[tokio::test]
async fn a_user_may_cancel() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let cookie = lab.authorize(&Params::of(&client)).await.header("set-cookie").split(';').next().unwrap().to_owned();
    let value = cookie.split_once('=').unwrap().1.to_owned();
    let form = Params::of(&client).and("csrf", &value).and("action", "cancel").0;
    let request = oauth::posting("/authorize").header("cookie", &cookie).body(oauth::encoded(&form)).unwrap();
    lab.call(request).await.assert_sent("access_denied");
}

/// Two clicks, or the Back button and once more: the client gets one answer, and the user is told so. A
/// wrong password is no answer.
#[tokio::test]
async fn a_form_is_answered_once() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let cookie = lab.authorize(&Params::of(&client)).await.header("set-cookie").split(';').next().unwrap().to_owned();
    let value = cookie.split_once('=').unwrap().1.to_owned();
    let send = async |state: &str, action: &str, password: &str| {
        let form = Params::of(&client).with("state", state).and("csrf", &value).and("action", action);
        let form = form.and("username", "Иванов").and("password", password).0;
        lab.call(oauth::posting("/authorize").header("cookie", &cookie).body(oauth::encoded(&form)).unwrap()).await
    };
    let right = "п:а%роль";
    send("a", "allow", "wrong").await.assert_page(403);
    let first = send("a", "allow", right).await;
    assert!(first.status == 303 && first.sent("code").is_some(), "{}", first.body);
    for action in ["allow", "cancel"] {
        let again = send("a", action, right).await;
        again.assert_page(409);
        assert!(again.body.contains("This form was already sent"), "{}", again.body);
        assert!(!again.body.contains("<form") && !again.body.contains("No access was given"), "{}", again.body);
    }
    // The first answer stays good, and the next login of the same browser is another one.
    assert_eq!(lab.redeem(&first.sent("code").unwrap(), &[]).await.status, 200);
    send("b", "cancel", right).await.assert_sent("access_denied");
    send("b", "allow", right).await.assert_page(409);
    assert_eq!(send("c", "allow", right).await.status, 303);
    assert_eq!(lab.log_in(&Params::of(&client).with("state", "a")).await.status, 303, "another browser");
    lab.pass(600);
    assert_eq!(send("a", "allow", right).await.status, 303);
    let both = tokio::join!(send("d", "allow", right), send("d", "allow", right));
    assert_eq!(both.0.status.as_u16() + both.1.status.as_u16(), 303 + 409);
}

/// The form goes to where the page was, as the browser sees it.
#[tokio::test]
async fn the_page_posts_to_its_own_path() {
    let site = Site::new().public_url(&"https://mcp.example/1c/".parse().unwrap()).mount("auth");
    let lab = Lab::at(site, Form::Credentials, MemoryStore::new());
    let query = "response_type=code&client_id=mcp-public-client&redirect_uri=http://127.0.0.1/&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for (path, action) in [("/auth/authorize", "/1c/auth/authorize"), ("/oauth/authorize/", "/1c/auth/oauth/authorize")]
    {
        let page = lab.get(&format!("{path}?{query}")).await;
        assert!(page.body.contains(&format!("action=\"{action}\"")), "{}", page.body);
    }
}

/// MCP 2026-07-28, security considerations; MCP 2025-11-25, "Localhost Redirect URI Risks": the
/// host of the redirect URI is displayed.
#[tokio::test]
async fn the_page_says_who_asks_and_for_what() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let page = lab.authorize(&Params::of(&client).with("scope", "mcp mcp:report unknown")).await;
    for shown in ["Editor", "127.0.0.1:4321", "mcp:report"] {
        assert!(page.body.contains(shown), "{shown}");
    }
    let asked = page.body.matches("unknown").count();
    assert_eq!(asked, 1, "what cannot be granted is only posted back");
}

/// CONTRACT, section 4: 429 with `Retry-After`, on a page for people.
#[tokio::test(start_paused = true)]
async fn failures_are_limited() {
    let lab = lab().with(|server| server.rate_limits(RateLimits::unlimited().authorize(1)));
    lab.authorize(&Params::of("unknown")).await.assert_page(400);
    let answer = lab.authorize(&Params::of("unknown")).await;
    answer.assert_page(429);
    assert_eq!(answer.header("retry-after"), "60");
    assert!(answer.body.contains("came from your network"), "{}", answer.body);
    let right = Params::of("mcp-public-client");
    assert_eq!(lab.authorize(&right).await.status, 200, "a page that works is no failure");
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    lab.authorize(&Params::of("unknown")).await.assert_page(400);
}

/// An office behind one address looks at the page and logs in at nine o'clock.
#[tokio::test(start_paused = true)]
async fn views_and_right_logins_do_not_count_as_failures() {
    let lab = lab().with(|server| server.rate_limits(RateLimits::default()));
    let right = Params::of("mcp-public-client");
    for turn in 0..50 {
        let state = turn.to_string();
        assert_eq!(lab.authorize(&right).await.status, 200, "{turn}");
        assert!(lab.code(&right.clone().with("state", &state)).await.starts_with("onec_ac_"), "{turn}");
    }
    // Not even the page is shown without end.
    let shown = times_shown(&lab, &right).await;
    assert!((150..=300).contains(&shown), "{shown}");
}

async fn times_shown(lab: &oauth::Lab, request: &Params<'_>) -> usize {
    for turn in 0..1000 {
        let answer = lab.authorize(request).await;
        if answer.status == 429 {
            answer.assert_page(429);
            return turn;
        }
    }
    1000
}

/// Who has to wait keeps what was typed, but for the password, and the request; and is told why.
#[tokio::test(start_paused = true)]
async fn who_has_to_wait_keeps_the_form() {
    let right = Params::of("mcp-public-client");
    let kept = |answer: &oauth::Answer, why: &str| {
        answer.assert_page(429);
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        for shown in
            ["<form method=\"post\"", "value=\"mcp-public-client\"", "value=\"Петров\"", CHALLENGE, why, "Wait "]
        {
            assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
        }
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    };
    let lab = lab().with(|server| server.rate_limits(RateLimits::default()));
    let login = [("username", "Петров"), ("password", "hunter2")];
    for _ in 0..10 {
        lab.log_in_as(&right, &login).await.assert_page(403);
    }
    kept(&lab.log_in_as(&right, &login).await, "Too many wrong logins");
    assert_eq!(lab.authorize(&right).await.status, 200);
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    // More than people send.
    let lab = oauth::lab().with(|server| server.rate_limits(RateLimits::unlimited().authorize(1)));
    for turn in 0..6 {
        let state = turn.to_string();
        lab.code(&right.clone().with("state", &state)).await;
    }
    kept(&lab.log_in_as(&right, &login).await, "came from your network");
}

/// RFC 6749, section 3.1: a POST is a form.
#[tokio::test]
async fn a_login_is_a_form() {
    let lab = lab();
    let request = Request::post("/authorize").header("content-type", "application/json");
    lab.call(request.body(json!({}).to_string().into()).unwrap()).await.assert_page(400);
    let large = "a".repeat(64 * 1024 + 1);
    lab.post("/authorize", &[("state", &large)]).await.assert_page(413);
}
