//! For users of the gateway in Go: its settings file works unchanged.
#![cfg(unix)]

use super::case::{Case, base, login};
use super::migrate::{LANGUAGES, go, ms, oauth2, with};
use crate::settings::{Account, Auth, Login, Store, Target};
use crate::support::document::{document, section};
use secrecy::ExposeSecret;

#[test]
fn the_file_of_the_go_gateway() {
    for (name, _) in LANGUAGES {
        let case = Case::empty().args("http").yaml(&go(name));
        let settings = case.ok();
        assert_eq!(base(&settings), "https://1c.example.com/base");
        assert_eq!(login(&settings), ("mcp_user", "secret"));
        assert_eq!((settings.onec.timeout, settings.onec.report_timeout), (ms(8000), ms(45_000)));
        let tenant = settings.onec.tenant.as_ref().unwrap();
        assert_eq!((tenant.header.as_str(), tenant.value.to_str().unwrap()), ("x-tenant", "main"));
        assert_eq!((settings.http.host.as_str(), settings.http.port), ("0.0.0.0", 8088));
        assert_eq!(settings.http.public_url.as_ref().unwrap().as_str(), "https://mcp.example.com/");
        let serving = &settings.serving;
        assert!(serving.mcp && !serving.rpc && serving.rest.is_some());
        assert_eq!(serving.catalog.as_ref().unwrap().name(), "trade");
        let oauth = oauth2(&settings);
        assert_eq!(oauth.login, Login::Key);
        assert!(matches!(&oauth.store, Store::Sqlite(path) if *path == case.dir.join("data/oauth.db")));
        let seconds = [oauth.code_ttl, oauth.access_ttl, oauth.refresh_ttl].map(|ttl| ttl.as_secs());
        assert_eq!(seconds, [600, 3600, 2_592_000]);
        assert_eq!(oauth.default_scopes.to_string(), "mcp:report:sales mcp:report:stock mcp:resolve");
        assert_eq!((oauth.scopes.iter().count(), oauth.scopes.contains("mcp")), (6, false));
        assert_eq!(
            settings.warnings,
            [
                "gateway.yaml: ignored, since they have no use here: onec.resolve_cache_ttl_sec",
                "mcp.bearer_token in gateway.yaml is ignored: oauth.enabled is true, so clients log in",
            ]
        );
        let [note] = settings.notes.as_slice() else { panic!("{:?}", settings.notes) };
        assert!(note.ends_with("mcp.catalog: trade, onec.rpc: false, oauth.login: key"), "{note}");

        let off = Case::empty()
            .args("http")
            .yaml(&go(name).replace("enabled: true\n  public_url", "enabled: false\n  public_url"));
        let settings = off.ok();
        let Auth::None { token: Some(token) } = &settings.auth else { panic!("{:?}", settings.auth) };
        assert_eq!(token.expose_secret(), "0123456789abcdef0123456789abcdef");
        assert_eq!(settings.serving.catalog.as_ref().unwrap().tools.iter().count(), 19);
        // OAuth settings wait until it is switched on again.
        let [unused] = settings.warnings.as_slice() else { panic!("{:?}", settings.warnings) };
        assert!(unused.contains("no use here"), "{unused}");
    }
}

/// Settings in the file come before implied ones, and other sources before the file.
#[test]
fn what_a_file_implies_gives_way() {
    let said =
        with("onec: {default_tenant: a, rpc: true}\nmcp: {catalog: none}\noauth: {enabled: true, login: credentials}");
    let settings = said.ok();
    assert!(settings.serving.rpc && settings.serving.catalog.is_none());
    assert_eq!(oauth2(&settings).login, Login::Credentials);
    let variable = with("oauth: {enabled: true, public_url: 'https://a.example', access_token_ttl: 2h}")
        .env("MCP_PUBLIC_URL", "https://b.example")
        .env("MCP_OAUTH2_ACCESS_TTL", "7")
        .ok();
    assert_eq!(variable.http.public_url.as_ref().unwrap().host_str(), Some("b.example"));
    assert_eq!(oauth2(&variable).access_ttl.as_secs(), 7);
    // A file with none of these keys is one of this gateway.
    let own = with("oauth: {enabled: true, access_ttl: 60}").ok();
    assert!(own.serving.rpc && own.serving.catalog.is_none() && own.notes.is_empty());
    assert_eq!(oauth2(&own).login, Login::Credentials);
}

/// The gateway in Go has OAuth on by default: a file that does not mention it must not open the endpoints.
#[test]
fn oauth_is_on_unless_the_file_says_otherwise() {
    for (name, _) in LANGUAGES {
        let file = go(name).replace("  enabled: true\n  public_url", "  public_url");
        assert!(!file.contains("oauth:\n  enabled"), "{file}");
        let settings = Case::empty().args("http").yaml(&file).ok();
        assert_eq!(oauth2(&settings).login, Login::Key);
        let why = "clients log in by OAuth, unless the file says oauth.enabled: false";
        assert!(settings.warnings.contains(&format!("mcp.bearer_token in gateway.yaml is ignored: {why}")));
        assert!(
            settings.notes.iter().any(|note| note.ends_with("taken as oauth.enabled: true")),
            "{:?}",
            settings.notes
        );
    }
    let mode = |lines: &str| with(lines).ok().auth.mode();
    // A key that only the gateway in Go has, in any place; one below oauth that both have; an empty switch.
    for lines in [
        "onec: {default_tenant: a}",
        "admin: {enabled: true}",
        "oauth: {default_scopes: [mcp]}",
        "oauth: {enabled: , access_token_ttl: 1h}",
    ] {
        assert_eq!(mode(lines), "oauth2", "{lines}");
        assert_eq!(with(lines).args("--auth-mode none").ok().auth.mode(), "none", "{lines}");
        assert_eq!(with(lines).env("MCP_AUTH_MODE", "basic").ok().auth.mode(), "basic", "{lines}");
        // On stdio no user logs in, and REST has a token of its own.
        assert_eq!(Case::minimal().yaml(lines).ok().auth.mode(), "none", "{lines}");
        let rest = with(lines).args("--enabled false --api-bearer-token 0123456789abcdef --catalog trade").ok();
        assert!(rest.auth.mode() == "none" && !rest.notes.iter().any(|note| note.contains("oauth.enabled")));
    }
    for lines in ["onec: {default_tenant: a}\noauth: {enabled: false}", "server: {port: 1}", "oauth: {store: ''}"] {
        assert_eq!(mode(lines), "none", "{lines}");
    }
    assert_eq!(mode("onec: {default_tenant: a}\nauth: {mode: none}"), "none");
}

#[test]
fn tenants() {
    let tenant = |lines: &str| {
        let settings = with(lines).ok();
        let tenant =
            settings.onec.tenant.map(|tenant| format!("{}: {}", tenant.header, tenant.value.to_str().unwrap()));
        (tenant, settings.warnings)
    };
    assert_eq!(tenant("onec: {default_tenant: main}"), (Some("x-tenant: main".into()), vec![]));
    assert_eq!(tenant("onec: {default_tenant: main, tenant_header: X-Base}"), (Some("x-base: main".into()), vec![]));
    assert_eq!(tenant("onec: {default_tenant: ''}"), (None, vec![]));
    let why = "onec.tenant_header in gateway.yaml is ignored: there is no value for it";
    assert_eq!(tenant("onec: {default_tenant: '', tenant_header: X-Base}"), (None, vec![why.into()]));
}

#[test]
fn the_password_may_be_the_token() {
    let bearer = |lines: &str| Case::empty().env("MCP_ONEC_URL", "http://h/b").args("http").yaml(lines);
    let settings = bearer("onec: {auth: {type: bearer, username: u, password: abc}}").ok();
    let Target::Infobase { account: Some(Account::Bearer(token)), .. } = &settings.onec.target else {
        panic!("bearer")
    };
    assert_eq!(token.expose_secret(), "abc");
    assert_eq!(
        settings.warnings,
        ["onec.auth.username in gateway.yaml is ignored: the login to 1C is by bearer token"]
    );
    let both = bearer("onec: {auth: {type: bearer, token: t, password: abc}}").ok();
    let Target::Infobase { account: Some(Account::Bearer(token)), .. } = &both.onec.target else { panic!("bearer") };
    assert_eq!(token.expose_secret(), "t");
    let odd = bearer("onec: {auth: {type: bearer, password: 'a hunter2'}}").error();
    assert!(odd.starts_with("error: onec.auth.password in gateway.yaml (value not shown): expected ASCII"), "{odd}");
    assert!(bearer("onec: {auth: {type: bearer}}").error().starts_with("error: MCP_ONEC_TOKEN is not set"));
}

/// Newer versions keep the infobases in their database.
#[test]
fn a_file_that_knows_of_no_infobase() {
    let lines = "
server: {host: 0.0.0.0, port: 8088}
database: {path: data/onec-mcp.db}
admin: {enabled: true, username: admin, password: change-me}
limits: {resolve_limit: 10, max_rows: 5000}
mcp: {enabled: true}
oauth: {enabled: false, public_url: 'https://mcp.example.com', access_token_ttl: 1h, rate_limit: {token_per_minute: 120}}
";
    let error = Case::empty().args("http").yaml(lines).error();
    let errors: Vec<_> = error.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 3, "{error}");
    for (line, parts) in errors.iter().zip([
        ["MCP_ONEC_URL is not set: ", "table tenants of its database", "base_url", "docs/migrate.md"],
        ["MCP_ONEC_USERNAME is not set: ", "column username", "--onec-username", "onec.auth.username"],
        ["MCP_ONEC_PASSWORD is not set: ", "column password", "--onec-password", "onec.auth.password"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
    }
    // Other files get the usual message.
    assert!(!Case::empty().args("http").error().contains("tenants"));

    // A token for clients is no token for 1C.
    let columns =
        format!("{lines}onec: {{base_url: 'http://h/b', auth: {{username: u, password: p}}, mcp_token: abc}}\n");
    let error = Case::empty().args("http").yaml(&columns).error();
    let line = error.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(line.ends_with("there is no setting onec.mcp_token"), "{error}");
}

/// Every column of that table is in the documentation.
#[test]
fn the_columns_of_an_infobase() {
    for (name, [_, heading]) in LANGUAGES {
        let text = document(name);
        let told = section(&text, heading);
        for (column, key) in [
            ("base_url", "onec.base_url"),
            ("username", "onec.auth.username"),
            ("password", "onec.auth.password"),
            ("timeout_ms", "onec.timeout_ms"),
            ("report_timeout_ms", "onec.report_timeout_ms"),
            ("tenant_header", "onec.tenant_header"),
            ("default_tenant", "onec.default_tenant"),
            ("mcp_token", "mcp.bearer_token"),
            ("api_token", "api.bearer_token"),
            ("default_scopes", "oauth.default_scopes"),
            ("supported_scopes", "oauth.supported_scopes"),
        ] {
            let row = told.lines().find(|line| line.starts_with(&format!("| `{column}`"))).unwrap_or_default();
            assert!(row.contains(&format!("`{key}`")), "{name}: {column}: {row}");
        }
    }
}
