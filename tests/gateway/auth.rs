//! The gateway's auth modes as an administrator and a client meet them.

use crate::fixtures::ask::{PASSWORD, USER, ask, basic, bearer, form, get, log_in, token_request, try_ask, whoami};
use crate::support::gateway::{Gateway, command};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onec_mcp::demo;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use url::form_urlencoded::Serializer;

const FORM: &[(&str, &str)] = &[("Content-Type", "application/x-www-form-urlencoded")];
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn run(args: &[&str]) -> Output {
    command().args(args).stdin(Stdio::null()).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Stops the gateway; what it wrote to its log after the line that says where it listens.
async fn log_of(mut gateway: Gateway) -> String {
    let pid = gateway.child.id().unwrap().to_string();
    // At its end it writes what waits; killed it could not.
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
    let mut log = String::new();
    while let Some(line) = gateway.log.next_line().await.unwrap() {
        log += &line;
        log.push('\n');
    }
    log
}

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// MCP 2025-11-25, "Protected Resource Metadata Discovery Requirements".
#[tokio::test]
async fn oauth2_asks_for_a_token_and_says_where_to_get_one() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "OAuth2"]).await;
    let address = gateway.address.clone();
    for path in ["/mcp", "/mcp/", "/sse", "/sse/messages/"] {
        let answer = get(&address, path).await;
        assert_eq!(answer.status, 401, "{path}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer ") && challenge.contains("scope=\"mcp\""), "{challenge}");
        let metadata = format!("resource_metadata=\"{address}/.well-known/oauth-protected-resource");
        assert!(challenge.contains(&metadata), "{challenge}");
    }
    let resource = get(&address, "/.well-known/oauth-protected-resource/mcp").await.json();
    assert_eq!(resource["resource"], format!("{address}/mcp"));
    assert_eq!(resource["authorization_servers"], json!([address]));
    assert_eq!(
        get(&address, "/.well-known/oauth-protected-resource/sse").await.json()["resource"],
        format!("{address}/sse")
    );
    let server = get(&address, "/.well-known/oauth-authorization-server").await.json();
    assert_eq!(server["issuer"], address);
    assert_eq!(server["token_endpoint"], format!("{address}/token"));
    assert_eq!(server["client_id_metadata_document_supported"], true);

    let health = get(&address, "/health").await;
    assert_eq!((health.status, health.json()["auth"]["mode"].as_str()), (200, Some("oauth2")));
    assert_eq!(get(&address, "/info").await.json()["auth"]["token_endpoint"], "/token");
    assert!(get(&address, "/").await.json()["endpoints"]["/authorize"].is_string());
    assert_eq!(get(&address, "/nowhere").await.status, 404);

    let question = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")];
    let preflight = ask(&address, "OPTIONS /mcp", &question, "").await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, Some("https://app.example")));
}

/// RFC 9700, section 2.6: no CORS at the authorization endpoint; everything else may be asked by
/// scripts of web clients.
#[tokio::test]
async fn scripts_of_other_sites_cannot_read_the_login_page() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2"]).await;
    let origin = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")];
    for (path, open) in [
        ("/authorize", false),
        ("/authorize/", false),
        ("/oauth/authorize?client_id=x", false),
        ("/token", true),
        ("/register", true),
        ("/.well-known/oauth-authorization-server", true),
        ("/mcp", true),
    ] {
        for method in ["OPTIONS", "GET", "POST"] {
            let answer = ask(&gateway.address, &format!("{method} {path}"), &origin, "").await;
            assert_eq!(answer.header("access-control-allow-origin").is_some(), open, "{method} {path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{method} {path}");
        }
    }
}

/// CONTRACT, section 5: headers of a client under the gateway's names are dropped.
#[tokio::test]
async fn clients_cannot_say_who_they_are() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2"]).await;
    let token = log_in(&gateway.address).await;
    for name in ["X-MCP-Sub", "x-mcp-sub", "X-Mcp-SUB"] {
        let headers = [("Authorization", &*bearer(&token)), (name, "smuggled"), ("X-MCP-Scopes", "smuggled:scope")];
        let answer = whoami(&gateway.address, &headers).await;
        assert!(answer.status == 200 && answer.body.contains(&format!("onec:{USER}")), "{name}: {}", answer.body);
        assert!(!answer.body.contains("smuggled"), "{name}: {}", answer.body);
    }
}

/// MCP 2025-11-25, "Token Requirements".
#[tokio::test]
async fn oauth2_calls_run_as_the_user_and_leave_no_secret_in_the_log() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2", "--log-level", "debug"]).await;
    let token = log_in(&gateway.address).await;
    let answer = whoami(&gateway.address, &[("Authorization", &bearer(&token))]).await;
    assert!(answer.status == 200 && answer.body.contains(&format!("Пользователь 1С: {USER}")), "{}", answer.body);
    assert!(answer.body.contains(&format!("onec:{USER}")), "1C is told who calls: {}", answer.body);
    assert_eq!(whoami(&gateway.address, &[]).await.status, 401);
    assert_eq!(whoami(&gateway.address, &[("Authorization", &bearer("guess"))]).await.status, 401);
    let in_query = ask(&gateway.address, &format!("POST /mcp?access_token={token}"), &[], "{}").await;
    assert_eq!(in_query.status, 401);
    let wrong = [("grant_type", "password"), ("username", USER), ("password", "hunter2")];
    assert_eq!(token_request(&gateway.address, &wrong).await.json()["error"], "invalid_grant");

    let log = log_of(gateway).await;
    for expected in ["oauth.token.issued", "oauth.token.refused", "oauth.login.failed", USER, "127.0.0.1"] {
        assert!(log.contains(expected), "{expected} in\n{log}");
    }
    for secret in [&token, PASSWORD, "hunter2", &STANDARD.encode(format!("{USER}:{PASSWORD}"))] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
}

#[tokio::test]
async fn oauth2_with_access_keys_runs_under_the_service_account() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2", "--oauth2-login", "key"]).await;
    let redirect = "http://127.0.0.1/callback";
    let query = Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "mcp-public-client"),
            ("redirect_uri", redirect),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let page = get(&gateway.address, &format!("/authorize?{query}")).await;
    assert!(page.status == 200 && page.body.contains("name=\"key\""), "{}", page.body);
    let password = [("grant_type", "password"), ("username", USER), ("password", PASSWORD)];
    assert_ne!(token_request(&gateway.address, &password).await.status, 200, "there are keys only");
}

#[tokio::test]
async fn tokens_in_a_file_outlive_the_gateway() {
    let path = file("tokens.db");
    let store = format!("sqlite:{}", path.display());
    let args = ["--demo", "--auth-mode", "oauth2", "--oauth2-store", &store, "--public-url", "https://mcp.example"];
    let gateway = Gateway::start(&args).await;
    let token = log_in(&gateway.address).await;
    drop(log_of(gateway).await);
    let gateway = Gateway::start(&args).await;
    let answer = whoami(&gateway.address, &[("Authorization", &bearer(&token))]).await;
    assert!(answer.status == 200 && answer.body.contains(USER), "{}", answer.body);
    let server = get(&gateway.address, "/.well-known/oauth-authorization-server").await.json();
    assert_eq!(server["issuer"], "https://mcp.example");
}

/// A copy of the file alone is a backup. In the middle of calls, too.
#[tokio::test]
async fn after_a_clean_stop_the_file_holds_everything() {
    for turn in 0..3 {
        let (path, copy) = (file(&format!("stopped{turn}.db")), file(&format!("copied{turn}.db")));
        let args = |path: &PathBuf| format!("sqlite:{}", path.display());
        let start = async |path: &PathBuf| {
            Gateway::start(&["--demo", "--auth-mode", "oauth2", "--oauth2-store", &args(path)]).await
        };
        let mut gateway = start(&path).await;
        let login = [("grant_type", "password"), ("username", USER), ("password", PASSWORD), ("resource", "")];
        let tokens = token_request(&gateway.address, &login).await.json();
        let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
        let calling: Vec<_> = (0..8)
            .map(|_| {
                let address = gateway.address.clone();
                // Some come too late.
                let refresh = form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
                tokio::spawn(async move { try_ask(&address, "POST /token", FORM, &refresh).await.is_ok() })
            })
            .collect();
        let pid = gateway.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
        assert!(gateway.child.wait().await.unwrap().success());
        for call in calling {
            drop(call.await);
        }
        for log in ["-wal", "-shm"] {
            assert!(!PathBuf::from(format!("{}{log}", path.display())).exists(), "{log} is left");
        }
        std::fs::copy(&path, &copy).unwrap();
        let old = gateway.address.strip_prefix("http://").unwrap().to_owned();
        let gateway = start(&copy).await;
        // It was given out under the old address, and its place in the store is what matters here.
        let form = form(&[("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())]);
        let answer = ask(&gateway.address, "POST /token", &[FORM[0], ("Host", old.as_str())], &form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_used_stops_the_start() {
    let nowhere = file("nowhere").join("tokens.db");
    // Not a database: it hangs up at once.
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    tokio::spawn(async move { while other.accept().await.is_ok() {} });
    let stores = [format!("sqlite:{}", nowhere.display()), format!("postgres://u:hunter2@{address}/tokens")];
    for store in &stores {
        let args = ["http", "--demo", "--port", "0", "--auth-mode", "oauth2", "--oauth2-store", store];
        let output = run(&args).await;
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains("error: --oauth2-store")
                && message.contains(": cannot use the ")
                && !message.contains("hunter2"),
            "{message}"
        );
        let report = text(&run(&["check", "--demo", "--auth-mode", "oauth2", "--oauth2-store", store]).await.stdout);
        assert!(
            report.contains("FAIL  token store: --oauth2-store: cannot use the ") && !report.contains("hunter2"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn basic_takes_the_users_own_login() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "basic"]).await;
    let answer = whoami(&gateway.address, &[("Authorization", &basic(USER, PASSWORD))]).await;
    assert!(answer.status == 200 && answer.body.contains(&format!("Пользователь 1С: {USER}")), "{}", answer.body);
    for headers in [&[][..], &[("Authorization", basic(USER, "hunter2").as_str())]] {
        let refused = whoami(&gateway.address, headers).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").unwrap().starts_with("Basic "), "{}", refused.head);
    }
    assert_eq!(whoami(&gateway.address, &[("Authorization", &basic("Гость", "guest"))]).await.status, 403);
    assert_eq!(get(&gateway.address, "/health").await.json()["auth"]["mode"], "basic");
    assert_eq!(get(&gateway.address, "/authorize").await.status, 404, "there is no authorization server");
}

#[tokio::test]
async fn one_token_for_all_who_know_it() {
    let gateway = Gateway::start(&["--demo", "--bearer-token", TOKEN]).await;
    let refused = whoami(&gateway.address, &[]).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(get(&gateway.address, "/sse").await.status, 401);
    let answer = whoami(&gateway.address, &[("Authorization", &bearer(TOKEN))]).await;
    assert!(answer.status == 200 && answer.body.contains("Администратор"), "the service account: {}", answer.body);
    assert!(!answer.body.contains("Кто вызывает"), "nothing is known of the caller: {}", answer.body);
    assert_eq!(get(&gateway.address, "/health").await.json()["auth"]["mode"], "none");
}

/// A page of any origin may call where a token keeps strangers out, and only there.
#[tokio::test]
async fn any_origin_needs_a_token() {
    let origin = ("Origin", "https://app.example");
    let open = Gateway::start(&["--demo"]).await;
    assert_eq!(whoami(&open.address, &[origin]).await.status, 403);
    let token = Gateway::start(&["--demo", "--bearer-token", TOKEN]).await;
    assert_eq!(whoami(&token.address, &[origin, ("Authorization", &bearer(TOKEN))]).await.status, 200);
    let listed = ["--demo", "--bearer-token", TOKEN, "--cors-origins", r#"["https://other.example"]"#];
    let listed = Gateway::start(&listed).await;
    assert_eq!(whoami(&listed.address, &[origin, ("Authorization", &bearer(TOKEN))]).await.status, 403);
}

#[tokio::test]
async fn only_trusted_proxies_say_where_the_gateway_is() {
    let forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "mcp.example")];
    let path = "GET /.well-known/oauth-authorization-server";
    let distrusting = Gateway::start(&["--demo", "--auth-mode", "oauth2"]).await;
    let server = ask(&distrusting.address, path, &forwarded, "").await.json();
    assert_eq!(server["issuer"], distrusting.address);
    let trusting = ["--demo", "--auth-mode", "oauth2", "--trusted-proxies", "127.0.0.0/8"];
    let trusting = Gateway::start(&trusting).await;
    assert_eq!(ask(&trusting.address, path, &forwarded, "").await.json()["issuer"], "https://mcp.example");
}

/// A page that gave itself the gateway's address under its own name (DNS rebinding), in a browser on a trusted address.
#[tokio::test]
async fn a_page_does_not_vouch_for_itself() {
    let trusting = ["--demo", "--trusted-proxies", "127.0.0.1"];
    let public = [&trusting[..], &["--public-url", "https://mcp.example"]].concat();
    let origin = ("Origin", "http://evil.example:8000");
    let page = [("Host", "evil.example:8000"), origin, ("X-Forwarded-Proto", "http")];
    for args in [&trusting[..], &public] {
        let gateway = Gateway::start(args).await;
        assert_eq!(whoami(&gateway.address, &page).await.status, 403, "{args:?}");
        assert_eq!(whoami(&gateway.address, &page[1..]).await.status, 403, "{args:?}");
        assert_eq!(whoami(&gateway.address, &[("X-Forwarded-Proto", "https")]).await.status, 200, "{args:?}");
    }
}

/// Without a service account: 1C's 401 proves that it is there.
#[tokio::test]
async fn health_and_doctor_without_a_service_account() {
    let demo = demo::DemoInfobase::start().await.unwrap();
    let url = demo.url().to_owned();
    let args = ["--auth-mode", "oauth2", "--onec-url", &url];
    let gateway = Gateway::start(&args).await;
    assert_eq!(get(&gateway.address, "/health").await.status, 200);
    let token = log_in(&gateway.address).await;
    let authorization = bearer(&token);
    assert_eq!(whoami(&gateway.address, &[("Authorization", &authorization)]).await.status, 200);
    let passed = run(&[&["check"][..], &args].concat()).await;
    let report = text(&passed.stdout);
    assert!(passed.status.success(), "{report}");
    assert!(report.contains("ok    1C address\nnote  login, HTTP service, tools/list: not tried"), "{report}");
    assert!(report.contains("ok    token store: in memory") && report.contains("note  public URL"), "{report}");

    demo.stop().await;
    assert_eq!(get(&gateway.address, "/health").await.status, 503);
    let failed = run(&[&["check"][..], &args].concat()).await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stdout).contains("FAIL  1C address: 1C cannot be reached"));
}

#[tokio::test]
async fn the_doctor_tries_the_check_of_keys() {
    let keys = ["check", "--demo", "--auth-mode", "oauth2", "--oauth2-login", "key"];
    let output = run(&keys).await;
    let report = text(&output.stdout);
    assert!(output.status.success() && report.contains("ok    access keys: 1C checks them"), "{report}");
}

/// MCP 2025-11-25, "Communication Security".
#[tokio::test]
async fn the_log_warns_of_open_doors_and_shows_the_logins_of_the_demo() {
    let wide = ["--host", "0.0.0.0"];
    let cases: [(&[&str], &str, bool); 6] = [
        (&[], "no authentication", true),
        (&["--auth-mode", "oauth2"], "in the clear", true),
        (&["--auth-mode", "oauth2", "--public-url", "https://mcp.example"], "in the clear", false),
        (&["--bearer-token", TOKEN], "in the clear", true),
        (&["--auth-mode", "basic"], "demo login: user \"Продавец\", password \"\"", true),
        (&["--auth-mode", "oauth2", "--oauth2-login", "key"], "demo login: key \"demo-key-sales\"", true),
    ];
    for (args, warning, expected) in cases {
        let log = log_of_a_start(&[&wide, args].concat()).await;
        assert_eq!(log.contains(warning), expected, "{args:?}:\n{log}");
    }
}

/// What a gateway says until it listens.
async fn log_of_a_start(args: &[&str]) -> String {
    let start = ["http", "--demo", "--port", "0"];
    let mut child = command().args(start).args(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut log = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let listening = async {
        let mut piece = [0; 4096];
        while !log.contains("listening on") {
            let length = stderr.read(&mut piece).await.unwrap();
            assert!(length > 0, "{log}");
            log += &String::from_utf8_lossy(&piece[..length]);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listening).await.expect("a start");
    log
}

/// A listener on loopback is as public as the proxy before it. The doctor says so, too.
#[tokio::test]
async fn a_public_address_is_warned_of_behind_a_proxy_too() {
    const OPEN: &str = "no authentication: whoever reaches ";
    const CLEAR: &str = "is without encryption";
    let cases: [(&[&str], [bool; 2]); 10] = [
        (&[], [false, false]),
        (&["--public-url", "http://127.0.0.1:8000"], [false, false]),
        (&["--public-url", "http://localhost:8000"], [false, false]),
        (&["--public-url", "https://mcp.example"], [true, false]),
        (&["--public-url", "http://mcp.example"], [true, true]),
        (&["--trusted-proxies", "127.0.0.1"], [true, false]),
        (&["--public-url", "http://10.0.0.5", "--bearer-token", TOKEN], [false, true]),
        (&["--public-url", "https://mcp.example", "--bearer-token", TOKEN], [false, false]),
        (&["--public-url", "http://mcp.example", "--auth-mode", "basic"], [false, true]),
        (&["--public-url", "http://mcp.example", "--auth-mode", "oauth2"], [false, true]),
    ];
    for (args, expected) in cases {
        let log = log_of_a_start(args).await;
        assert_eq!([OPEN, CLEAR].map(|warning| log.contains(warning)), expected, "{args:?}:\n{log}");
        let report = text(&run(&[&["check", "--demo"], args].concat()).await.stdout);
        let told = |warning| report.lines().any(|line| line.starts_with("note  security: ") && line.contains(warning));
        assert_eq!([OPEN, CLEAR].map(told), expected, "{args:?}:\n{report}");
    }
}

/// Programs of one user that start together are no guessers.
#[tokio::test]
async fn many_logins_of_one_user_at_once_are_let_in() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2"]).await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let address = gateway.address.clone();
        logins.spawn(async move { log_in(&address).await });
    }
    assert_eq!(logins.join_all().await.iter().filter(|token| !token.is_empty()).count(), 40);
}

/// A line for each kind of refusal, and not one for each request of a flood.
#[tokio::test]
async fn refusals_are_told_and_floods_are_not() {
    let gateway = Gateway::start(&["--demo", "--auth-mode", "oauth2"]).await;
    for _ in 0..300 {
        assert_eq!(whoami(&gateway.address, &[]).await.status, 401);
    }
    let foreign = ask(&gateway.address, "GET /info", &[("Host", "rebound.example")], "").await;
    let put = ask(&gateway.address, "PUT /health", &[], "").await;
    let nowhere = get(&gateway.address, "/nowhere?s3cret").await;
    assert_eq!([foreign.status, put.status, nowhere.status], [403, 405, 404]);
    let log = log_of(gateway).await;
    let lines = |has: &[&str]| log.lines().filter(|line| has.iter().all(|part| line.contains(part))).count();
    // The last one is the sum, told at the end.
    assert_eq!(lines(&["oauth.token.refused", "no_bearer", "127.0.0.1"]), 11, "{log}");
    assert_eq!(lines(&["oauth.token.refused", "more=290"]), 1, "{log}");
    for has in [
        ["WARN", "status=403", "path=\"/info\"", "Host not allowed"],
        ["INFO", "status=405", "path=\"/health\"", "method=PUT"],
        ["INFO", "status=404", "path=\"/nowhere\"", "Not Found"],
    ] {
        assert_eq!(lines(&[&has[..], &["request refused", "127.0.0.1"]].concat()), 1, "{has:?} {log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}
