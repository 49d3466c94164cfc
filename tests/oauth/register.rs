//! Dynamic client registration.

use crate::support::oauth::{CALLBACK, Params, lab};
use http::Request;
use onec_mcp::auth::server::RateLimits;
use serde_json::{Value, json};

/// RFC 7591, section 3.2.1; MCP 2025-11-25, "Overview"; MCP 2026-07-28, "Application Type and
/// Redirect URI Constraints".
#[tokio::test]
async fn a_client_is_told_what_it_got() {
    let uris =
        ["http://127.0.0.1:33418/", "https://vscode.dev/redirect", "cursor://anysphere.cursor-mcp/oauth/callback"];
    let answer = lab()
        .register_with(json!({
            "client_name": "Editor", "redirect_uris": uris, "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token", "implicit"], "response_types": ["code", "token"],
            "token_endpoint_auth_method": "client_secret_post", "scope": "mcp other offline_access",
            "contacts": ["a@b"], "software_id": 7,
        }))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let mut json = answer.json();
    let id = json.as_object_mut().unwrap().remove("client_id").unwrap();
    assert!(id.as_str().unwrap().len() >= 43, "{id}");
    assert_eq!(
        json,
        json!({
            "client_id_issued_at": 1_800_000_000, "client_name": "Editor", "redirect_uris": uris,
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "scope": "mcp offline_access",
        })
    );
}

/// RFC 7591, section 2: everything may be left out.
#[tokio::test]
async fn a_client_may_say_nothing() {
    let answer = lab().register_with(json!({})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["redirect_uris"], json!([]));
    assert_eq!(answer.json()["scope"], "mcp");
    assert_eq!(answer.json()["grant_types"], json!(["authorization_code", "refresh_token"]));
}

/// What some programs of Windows write at the head of a text.
#[tokio::test]
async fn a_byte_order_mark_is_passed_over() {
    let body = format!("\u{feff}{}", json!({ "redirect_uris": ["http://127.0.0.1/cb"] }));
    let request = http::Request::post("/register").header("content-type", "application/json");
    let answer = lab().call(request.body(body.into()).unwrap()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// RFC 7591, section 2: so may the whole body, and its type. What comes of it may return only to loopback.
#[tokio::test]
async fn a_client_may_say_nothing_at_all() {
    let lab = lab();
    for path in ["/register", "/oauth/register"] {
        for (kind, body) in [
            (None, ""),
            (Some("application/json"), ""),
            (Some("application/x-www-form-urlencoded"), " \r\n"),
            (Some("application/json"), "{}"),
            (None, "{}"),
            (None, r#"{"client_name": "My Client"}"#),
        ] {
            let request = Request::post(path);
            let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
            let answer = lab.call(request.body(body.into()).unwrap()).await;
            assert_eq!(answer.status, 201, "{kind:?} {body:?}: {}", answer.body);
            let json = answer.json();
            assert_eq!(json["redirect_uris"], json!([]));
            assert_eq!(json["token_endpoint_auth_method"], "none");
            let id = json["client_id"].as_str().unwrap();
            let asks = |uri| Params::of(id).with("redirect_uri", uri);
            assert_eq!(lab.authorize(&asks("http://127.0.0.1:4321/callback")).await.status, 200);
            lab.authorize(&asks("https://client.example/cb")).await.assert_page(400);
        }
    }
    // What is there must be JSON all the same.
    let other = Request::post("/register").body("client_name=x".into()).unwrap();
    lab.call(other).await.assert_error(400, "invalid_client_metadata");
}

/// RFC 8252, sections 7.1 to 7.3; RFC 9700, section 2.1; RFC 7591, section 5.
#[tokio::test]
async fn redirect_uris_that_clients_use() {
    for uri in [
        "https://client.example/cb",
        "https://client.example:8443/cb?tenant=1",
        "https://client.example",
        "http://127.0.0.1/cb",
        "http://127.8.9.1:80/cb",
        "http://[::1]:5000/cb",
        "http://localhost:6274/oauth/callback/debug",
        "http://LOCALHOST/",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate?x=1",
        "com.example.app:/cb",
        "claude:///cb",
        "vscode-insiders://ms-vscode.mcp/cb",
        "zed://oauth/cb",
        "jetbrains://idea/cb",
        "ru.example.client:/cb",
    ] {
        let answer = lab().register_with(json!({"redirect_uris": [uri]})).await;
        assert_eq!(answer.status, 201, "{uri}: {}", answer.body);
    }
}

/// RFC 6749, section 3.1.2 (absolute, no fragment); RFC 8252, section 7.1 (schemes); RFC 9700, section 2.1;
/// MCP 2026-07-28, security considerations (https or localhost); RFC 7591, sections 3.2.2 and 5; MCP 2025-11-25,
/// "Communication Security".
#[tokio::test]
async fn redirect_uris_that_are_refused() {
    let lab = lab();
    let long = format!("https://client.example/{}", "a".repeat(2048));
    for uri in [
        "",
        "/cb",
        "//client.example/cb",
        "client.example/cb",
        "http://client.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://evil.example@127.0.0.1/cb",
        "http://0x7f.1/cb",
        "http://2130706433/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://[::]/cb",
        "http://localhost:99999/cb",
        "http://localhost:+80/cb",
        "http://[::1]x/cb",
        "http:/localhost/cb",
        "http:localhost",
        "https:///cb",
        "https://",
        "https:client.example",
        "https://user@client.example/cb",
        "https://user:password@client.example/cb",
        "https://client.example/cb#",
        "https://client.example/cb#fragment",
        "https://client.example/a b",
        "https://client.example\\@evil.example/",
        "https://client.example/\n",
        "https://client.example/\u{7f}",
        "https://клиент.example/",
        "https://client%2eexample/",
        "https://client.example/%zz",
        "https://client.example:99999/",
        "https://client.example/cb?code=1",
        "https://client.example/cb?a=b&%69ss=https://other",
        "javascript:alert(1)",
        "JavaScript://client.example/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "blob:https://client.example/1",
        "about:blank",
        "ftp://client.example/",
        "ws://client.example/",
        "mailto:a@b",
        "ms-msdt:/id",
        // Systems and programs act on these (RFC 8252, section 7.1: an own scheme is a domain in reverse).
        "microsoft-edge:/https://evil.example",
        "itms-services://?action=download-manifest&url=https://evil.example/a.plist",
        "itms-apps://x",
        "steam://run/1",
        "vnc://evil.example/",
        "rdp://full%20address=s:evil.example/",
        "shortcuts://run-shortcut?name=x",
        "x-apple.systempreferences:/com.apple.preference.security",
        "com.apple.systempreferences:/x",
        "microsoft.windows.camera:/x",
        "ms-officecmd:/x",
        "search-ms:/query=x",
        "zoommtg://zoom.us/join",
        "slack://open",
        "tg://resolve",
        "intent://scan/#Intent",
        "android-app://com.example/x",
        "market://details",
        "facetime://x",
        "ssh://evil.example/",
        "git://evil.example/x",
        "svn+ssh://evil.example/x",
        "magnet:/x",
        "bitcoin:/x",
        "onenote:/https://evil.example",
        "teamviewer10://control",
        "Microsoft-Edge:/https://evil.example",
        "myapp:/cb",
        "com.example.app:cb",
        "com.example.app://]",
        "com.example.app:",
        "1app:/cb",
        "com.example.app://user@host/cb",
        &long,
    ] {
        let answer = lab.register_with(json!({"redirect_uris": ["https://client.example/cb", uri]})).await;
        answer.assert_error(400, "invalid_redirect_uri");
        assert!(answer.json()["error_description"].as_str().unwrap().starts_with("redirect_uris, number 2: "), "{uri}");
    }
    let many: Vec<_> = (0..21).map(|number| format!("https://client.example/{number}")).collect();
    lab.register_with(json!({"redirect_uris": many})).await.assert_error(400, "invalid_redirect_uri");
    lab.register_with(json!({"redirect_uris": many[1..]})).await.json()["client_id"].as_str().unwrap();
}

/// RFC 7591, section 3.2.2: the error names the member.
#[tokio::test]
async fn metadata_that_is_refused() {
    let lab = lab();
    for (metadata, error, member) in [
        (json!({"redirect_uris": "https://client.example"}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": [1]}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"client_name": 1}), "invalid_client_metadata", "client_name"),
        (json!({"client_name": "x".repeat(201)}), "invalid_client_metadata", "client_name"),
        (json!({"scope": ["mcp"]}), "invalid_client_metadata", "scope"),
        (json!({"application_type": {}}), "invalid_client_metadata", "application_type"),
        (json!({"grant_types": ["implicit"]}), "invalid_client_metadata", "grant_types"),
        (json!({"grant_types": "code"}), "invalid_client_metadata", "grant_types"),
        (json!({"response_types": ["token"]}), "invalid_client_metadata", "response_types"),
        (json!({"token_endpoint_auth_method": 1}), "invalid_client_metadata", "token_endpoint_auth_method"),
        (json!([]), "invalid_client_metadata", "body"),
        (Value::Null, "invalid_client_metadata", "body"),
    ] {
        let answer = lab.register_with(metadata).await;
        answer.assert_error(400, error);
        assert!(answer.json()["error_description"].as_str().unwrap().contains(member), "{}", answer.body);
    }
}

/// RFC 7591, section 3.1: JSON by its type.
#[tokio::test]
async fn a_registration_is_json() {
    let lab = lab();
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = Request::post("/register").header("content-type", kind).body("{}".into()).unwrap();
        lab.call(request).await.assert_error(400, "invalid_client_metadata");
    }
    let request = Request::post("/register").header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(lab.call(request.body("{}".into()).unwrap()).await.status, 201);
}

/// A name cannot hide what follows it.
#[tokio::test]
async fn names_lose_what_cannot_be_seen() {
    let answer = lab().register_with(json!({"client_name": " \u{202e}Edi\ntor\u{2066}\u{7} "})).await;
    assert_eq!(answer.json()["client_name"], "Editor");
    let answer = lab().register_with(json!({"client_name": "\u{202e}"})).await;
    assert!(answer.json().get("client_name").is_none());
}

/// Bounded input: 64 KiB.
#[tokio::test]
async fn a_large_registration_is_refused() {
    let answer = lab().register_with(json!({"x": "a".repeat(64 * 1024)})).await;
    assert_eq!(answer.status, 413);
}

/// CONTRACT: a client without redirect URIs is sent back to loopback addresses only.
#[tokio::test]
async fn without_redirect_uris_only_loopback() {
    let lab = lab();
    let client = lab.register(&[]).await;
    for id in [&client, "mcp-public-client"] {
        for uri in ["http://127.0.0.1:5000/cb", "http://localhost:1/x", "http://[::1]/"] {
            assert_eq!(lab.authorize(&Params::of(id).with("redirect_uri", uri)).await.status, 200, "{uri}");
        }
        for uri in ["https://client.example/cb", "com.example.app:/cb", "http://10.0.0.1/"] {
            lab.authorize(&Params::of(id).with("redirect_uri", uri)).await.assert_page(400);
        }
        lab.authorize(&Params::of(id).without("redirect_uri")).await.assert_page(400);
    }
}

/// CONTRACT, section 4: 429 with `Retry-After`. RFC 7591, section 3.
#[tokio::test]
async fn registrations_are_limited() {
    let lab = lab().with(|server| server.rate_limits(RateLimits::unlimited().register(1)));
    assert_eq!(lab.register_with(json!({})).await.status, 201);
    let answer = lab.register_with(json!({})).await;
    answer.assert_error(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

/// RFC 6749, section 2.2, and RFC 7591, section 3.2.1: each registration is a new client, even of the
/// same metadata, and none gets a secret.
#[tokio::test]
async fn no_two_clients_share_an_id() {
    let lab = lab();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..20 {
        let answer = lab.register_with(json!({"client_name": "Editor", "client_id": "mine"})).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (201, "application/json"));
        assert_eq!(answer.json().get("client_secret"), None);
        ids.insert(answer.json()["client_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 20);
    assert!(!ids.contains("mine"));
}

/// RFC 7591, section 2.1: grant types and response types that fit together, whatever was asked for.
#[tokio::test]
async fn grant_and_response_types_fit_together() {
    let lab = lab();
    for (asked, granted) in [
        (json!(["authorization_code"]), json!(["authorization_code"])),
        (json!(["refresh_token"]), json!(["authorization_code", "refresh_token"])),
        (json!(["password"]), json!(["authorization_code", "password"])),
    ] {
        let answer = lab.register_with(json!({"grant_types": asked})).await;
        assert_eq!(answer.json()["grant_types"], granted);
        assert_eq!(answer.json()["response_types"], json!(["code"]));
    }
}

/// RFC 7591, section 3.2.1: a client that is in use keeps its id, for 90 days after the last login. One
/// through which nobody has logged in is forgotten after a day.
#[tokio::test]
async fn clients_in_use_are_kept() {
    const DAY: i64 = 24 * 3600;
    let lab = lab();
    let (used, idle) = (lab.register(&[CALLBACK]).await, lab.register(&[CALLBACK]).await);
    for _ in 0..4 {
        assert!(lab.log_in(&Params::of(&used)).await.sent("code").is_some());
        lab.pass(60 * DAY);
        lab.server.sweep().await.unwrap();
    }
    lab.authorize(&Params::of(&idle)).await.assert_page(400);
    assert_eq!(lab.authorize(&Params::of(&used)).await.status, 200);
    let new = lab.register(&[CALLBACK]).await;
    for (seconds, status) in [(DAY - 10, 200), (20, 400)] {
        lab.pass(seconds);
        lab.server.sweep().await.unwrap();
        assert_eq!(lab.authorize(&Params::of(&new)).await.status, status);
    }
    lab.pass(91 * DAY);
    lab.server.sweep().await.unwrap();
    lab.authorize(&Params::of(&used)).await.assert_page(400);
}
