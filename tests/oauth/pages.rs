//! Every page, in every state: no frames, no caches, and nothing that a stranger says becomes markup.

use crate::support::oauth::{self, Answer, BASE, CALLBACK, Lab, Params, encoded, lab, posting};
use http::Request;
use http_body_util::Full;
use onec_mcp::Scopes;
use onec_mcp::auth::Site;
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::{ClientMetadata, RateLimits};
use onec_mcp::auth::store::MemoryStore;
use serde_json::json;

pub(crate) fn assert_keeps_to_itself(page: &Answer, what: &str) {
    assert!(page.header("content-type").starts_with("text/html"), "{what}: {} {}", page.status, page.body);
    let policy = page.header("content-security-policy");
    for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{what}: {policy}");
    }
    // Chromium would apply what is said of a form to every hop after its POST.
    assert_eq!(policy.contains("form-action 'none'"), !page.body.contains("<form"), "{what}: {policy}");
    assert_eq!(policy.contains("form-action"), !page.body.contains("<form"), "{what}: {policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{what}: {policy}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{what}");
    assert_eq!(page.header("cache-control"), "no-store", "{what}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("vary"), "Accept-Language, Cookie", "{what}");
    assert!(!page.headers.contains_key("location"), "{what}");
}

/// RFC 6749, section 10.13, and RFC 9700, section 4.16 (clickjacking); RFC 9111, section 5.2.2.5.
#[tokio::test]
async fn every_state_of_a_page_refuses_frames_and_caches() {
    let (lab, mut pages) = (lab(), Vec::new());
    let (client, site) = (lab.register(&[CALLBACK]).await, lab.register(&["https://client.example/cb"]).await);
    let right = Params::of(&client);
    pages.push(("first view", 200, lab.authorize(&right).await));
    for (user, status) in [("x", 403), ("norole", 403), ("busy", 429), ("down", 503)] {
        pages.push((user, status, lab.log_in_as(&right, &[("username", user), ("password", "x")]).await));
    }
    pages.push(("used", 409, lab.twice(&right).await));
    pages.push(("forged", 400, lab.post("/authorize", &right.0).await));
    pages.push(("unknown client", 400, lab.authorize(&Params::of("unknown")).await));
    pages.push(("redirect", 400, lab.authorize(&right.clone().with("redirect_uri", "https://evil.example/")).await));
    let stranger = Params::of(&site).with("redirect_uri", "https://client.example/cb").with("scope", "x");
    pages.push(("a stranger's error", 400, lab.authorize(&stranger).await));
    pages.push(("too large", 413, lab.post("/authorize", &[("state", &"a".repeat(70_000))]).await));
    let keys = Lab::at(Site::new().public_url(&BASE.parse().unwrap()), Form::Key, MemoryStore::new());
    let public = Params::of("mcp-public-client").with("redirect_uri", "http://127.0.0.1:1/");
    pages.push(("key", 200, keys.authorize(&public).await));
    pages.push(("wrong key", 403, keys.log_in_as(&public, &[("key", "x")]).await));
    let limited = oauth::lab().with(|server| server.rate_limits(RateLimits::unlimited().authorize(1)));
    pages.push(("the last that is told why", 400, limited.authorize(&Params::of("unknown")).await));
    pages.push(("too many", 429, limited.authorize(&Params::of("unknown")).await));
    let login = [("username", "x"), ("password", "x")];
    pages.push(("too many, with the form", 429, limited.log_in_as(&public, &login).await));
    let metadata = oauth::lab().with(|server| server.client_metadata(ClientMetadata::new()));
    pages.push(("metadata", 400, metadata.authorize(&Params::of("https://127.0.0.1/c")).await));
    for (what, status, page) in pages {
        assert_eq!(page.status, status, "{what}: {}", page.body);
        assert_keeps_to_itself(&page, what);
    }
}

pub(crate) const EVIL: &str = "'\"><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>&lt;b>";

pub(crate) fn assert_is_text(page: &Answer, what: &str) {
    let html = page.body.to_lowercase();
    for tag in ["<script", "<img", "<svg", "<b>", "<iframe", "javascript:"] {
        assert!(!html.contains(tag), "{what}: {tag} in {}", page.body);
    }
}

/// RFC 6749, section 10.14: what comes from outside is escaped, in each field that is displayed or
/// posted back.
#[tokio::test]
async fn no_field_becomes_markup() {
    let scopes = "mcp <script>alert(1)</script> '><img/src=x> mcp:report";
    let lab = lab().with(|server| {
        let server = server.name(EVIL).scopes(Scopes::parse(scopes)).default_scopes(Scopes::parse(scopes));
        server.client_metadata(ClientMetadata::new())
    });
    let callback = "http://127.0.0.1:1/cb?a='&b=(1)&c=%3Cscript%3E";
    let answer = lab.register_with(json!({"redirect_uris": [callback], "client_name": EVIL})).await;
    let client = answer.json()["client_id"].as_str().unwrap().to_owned();
    let right = Params::of(&client).with("redirect_uri", callback);

    let shown = lab.authorize(&right.clone().with("state", EVIL)).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("&#60;script&#62;alert(1)"), "names and scopes are shown, as text: {}", shown.body);
    assert!(shown.body.contains("value=\"&#39;&#34;&#62;&#60;script&#62;"), "state is posted back: {}", shown.body);
    assert_is_text(&shown, "name, client, scopes, state");

    let retry = lab.log_in_as(&right, &[("username", EVIL), ("password", EVIL)]).await;
    assert!(retry.status == 403 && retry.body.contains("onerror=alert(1)&#62;"), "the user's name: {}", retry.body);
    assert!(!retry.body.contains("type=\"password\" value"), "a password is never sent back");
    assert_is_text(&retry, "user");

    for name in ["client_id", "redirect_uri", "response_type", "response_mode", "resource", "code_challenge", "scope"] {
        let request = right.clone().with(name, EVIL);
        assert_is_text(&lab.authorize(&request).await, name);
        assert_is_text(&lab.log_in_as(&request, &[("username", "x")]).await, name);
    }
    let repeated = format!("/authorize?client_id={client}&redirect_uri={callback}&%3Cscript%3E=1&%3Cscript%3E=2");
    assert_is_text(&lab.get(&repeated).await, "the name of a parameter");
    for id in ["https://<script>.example/c", "https://client.example/<img src=x>", "https://client.example/'\"><svg>"] {
        assert_is_text(&lab.authorize(&Params::of(id)).await, id);
    }
}

/// RFC 6749, section 10.14: the same for what stands in headers.
#[tokio::test]
async fn no_header_becomes_markup() {
    let lab = Lab::at(Site::new(), Form::Credentials, MemoryStore::new());
    let query = "client_id=mcp-public-client&redirect_uri=http://127.0.0.1:1/&response_type=code&\
        code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    for (name, value) in [
        ("host", "h\"onmouseover='alert(1)'"),
        ("host", "h/\"><script>alert(1)</script>"),
        ("accept-language", "\"><script>alert(1)</script>"),
        ("cookie", "onec-mcp-csrf=\"><script>alert(1)</script>"),
        ("cookie", "onec-mcp-csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"><script>"),
    ] {
        let request = Request::get(format!("/authorize?{query}")).header(name, value).body(Full::default()).unwrap();
        let page = lab.call(request).await;
        assert!(page.status == 200 || name == "host", "{name}: {}", page.body);
        assert!(!page.body.contains("<script") && !page.body.contains("onmouseover"), "{name}: {}", page.body);
        assert!(!page.header("set-cookie").contains(['<', '"']), "{name}");
    }
}

/// RFC 9700, section 4.16; RFC 6749, section 10.2; RFC 8252, section 8.6; MCP
/// 2026-07-28, "Confused Deputy Problem": without the page there is no login, whatever frames or
/// scripts do.
#[tokio::test]
async fn a_login_never_happens_by_itself() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let page = lab.authorize(&Params::of(&client)).await;
    assert!(!page.body.contains("onload") && !page.body.contains("http-equiv") && !page.body.contains("<script"));
    // Fields of a login in the URL of the page do nothing.
    let asked = Params::of(&client).and("username", "Иванов").and("password", "п:а%роль").and("action", "allow");
    let page = lab.authorize(&asked).await;
    assert!(page.status == 200 && !page.body.contains("Иванов"), "{}", page.body);
    // Nor do they in the query of the POST.
    let query =
        "/authorize?username=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&password=%D0%BF%3A%D0%B0%25%D1%80%D0%BE%D0%BB%D1%8C";
    lab.call(posting(query).body(encoded(&Params::of(&client).0)).unwrap()).await.assert_page(400);
}
