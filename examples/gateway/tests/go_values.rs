//! For users of the gateway in Go: its formats of values, and its settings without use here.
#![cfg(unix)]

use super::migrate::{oauth2, with};
use proptest::prelude::*;

/// Durations as Go writes them.
#[test]
fn durations() {
    let ttl = |text: &str| with(&format!("oauth: {{enabled: true, refresh_token_ttl: '{text}'}}"));
    for (text, seconds) in [
        ("720h", 2_592_000),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("15m", 900),
        ("90s", 90),
        ("1h0m0.5s", 3601),
        ("1500ms", 2),
        ("1us", 1),
        ("3600", 3600),
        (" 1h ", 3600),
    ] {
        let case = ttl(text);
        // Less than a millisecond is zero.
        if text == "1us" {
            assert!(case.error().contains("expected a whole number of seconds"), "{}", case.error());
            continue;
        }
        assert_eq!(oauth2(&case.ok()).refresh_ttl.as_secs(), seconds, "{text}");
    }
    let why = "expected a duration such as 1h, 90m or 3600s";
    for text in ["1d", "h", "1h30", "-1h", "1 h", "1..5h", "9e9h", "99999999999999999999999h", "ё"] {
        assert_eq!(ttl(text).error(), format!("error: oauth.refresh_token_ttl in gateway.yaml is \"{text}\": {why}"));
    }
    // A value that is too long is reported as the user wrote it.
    let long = with("oauth: {auth_code_ttl: 15m}").error();
    let why = "expected a whole number of seconds from 1 to 600";
    assert_eq!(long, format!("error: oauth.auth_code_ttl in gateway.yaml is \"15m\": {why}"));
}

#[test]
fn two_names_of_one_setting() {
    let public = |lines: &str| with(&format!("oauth: {{{lines}}}\n")).ok().http.public_url.unwrap().to_string();
    let here = "https://mcp.example.com/";
    assert_eq!(public("resource: 'https://mcp.example.com/mcp'"), here);
    assert_eq!(public("resource: 'https://mcp.example.com/mcp/', public_url: 'https://mcp.example.com/'"), here);
    assert_eq!(
        with("oauth: {public_url: 'https://a.example'}\nserver: {public_url: 'https://a.example/'}").ok().warnings,
        [""; 0]
    );
    for (lines, names) in [
        (
            "server: {public_url: 'https://a.example'}\noauth: {public_url: 'https://b.example'}",
            ["oauth.public_url", "server.public_url"],
        ),
        (
            "oauth: {public_url: 'https://a.example', resource: 'https://b.example/mcp'}",
            ["oauth.resource", "oauth.public_url"],
        ),
        ("oauth: {store: memory, db_path: a.db}", ["oauth.db_path", "oauth.store"]),
        ("oauth: {db_path: a.db}\ndatabase: {path: b.db}", ["database.path", "oauth.db_path"]),
        ("oauth: {access_token_ttl: 1h, access_ttl: 60}", ["oauth.access_ttl", "oauth.access_token_ttl"]),
        ("oauth: {scopes: [a, b], supported_scopes: [a]}", ["oauth.supported_scopes", "oauth.scopes"]),
        ("onec: {tenant_value: a, default_tenant: b, tenant_header: X}", ["onec.default_tenant", "onec.tenant_value"]),
    ] {
        let [second, first] = names;
        let why = format!("error: {second} in gateway.yaml and {first} say different things; remove one of the two");
        assert_eq!(with(lines).error(), why);
    }
    let same = "oauth: {access_token_ttl: 1h, access_ttl: 3600, scopes: 'mcp a', supported_scopes: [mcp, a]}";
    assert_eq!(with(same).args("--auth-mode oauth2 --oauth2-default-scopes a").ok().warnings, [""; 0]);
    let odd = with("oauth: {resource: 'https://u:hunter2@mcp.example.com/'}").error();
    let why = "expected the public URL with /mcp at its end, or nothing";
    assert_eq!(odd, format!("error: oauth.resource in gateway.yaml is \"https://***@mcp.example.com/\": {why}"));
}

/// Keys without use are named in one warning, and their values are not shown.
#[test]
fn keys_without_use() {
    let lines = "
admin:
  enabled: true
  username: root
  password: hunter2
database:
  path: data/onec-mcp.db
onec:
  resolve_cache_ttl_sec: 600
oauth:
  dev_access_key: hunter2
";
    let settings = with(lines).ok();
    let keys = "admin.enabled, admin.username, admin.password, onec.resolve_cache_ttl_sec, oauth.dev_access_key";
    let unused = settings.warnings.iter().filter(|text| text.contains("no use")).collect::<Vec<_>>();
    assert_eq!(unused, [&format!("gateway.yaml: ignored, since they have no use here: {keys}")]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    // Empty ones cause no warning.
    let empty = with("oauth: {dev_access_key: '', rate_limit: }\nadmin:\n").ok().warnings;
    assert_eq!(empty, [""; 0]);
    // An unknown key is still an error.
    let error = with("oauth: {access_token_tll: 1h}\nadmin: {pasword: x}").error();
    assert_eq!(
        error,
        "error: gateway.yaml, line 1: there is no setting oauth.access_token_tll; the nearest is oauth.access_token_ttl\n\
         error: gateway.yaml, line 2: there is no setting admin.pasword; the nearest is admin.password"
    );
}

#[test]
fn rate_limits() {
    let limits = |lines: &str| {
        let settings = with(lines).ok();
        let oauth = oauth2(&settings);
        assert_eq!(settings.warnings, [""; 0], "{lines}");
        [oauth.authorize_per_minute, oauth.register_per_minute, oauth.token_per_minute]
    };
    assert_eq!(limits("oauth: {enabled: true}"), [10, 30, 120]);
    assert_eq!(limits("oauth: {enabled: true, rate_limit: }"), [10, 30, 120]);
    let all = "{authorize_per_minute: 5, register_per_minute: 0, token_per_minute: 600}";
    assert_eq!(limits(&format!("oauth: {{rate_limit: {all}}}")), [5, 0, 600]);
    let odd = with("oauth: {rate_limit: {token_per_minute: -1}}").error();
    let why = "expected a whole number from 0 to 1000000";
    assert_eq!(odd, format!("error: oauth.rate_limit.token_per_minute in gateway.yaml is \"-1\": {why}"));
    let unused = with("oauth: {rate_limit: {token_per_minute: 60}}").args("--auth-mode basic").ok().warnings;
    assert_eq!(unused, ["oauth.rate_limit.token_per_minute in gateway.yaml is ignored: the auth mode is not oauth2"]);
}

proptest! {
    // Each case reads the built-in catalog.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_value_makes_it_panic(
        key in prop::sample::select(vec![
            "onec.default_tenant", "oauth.public_url", "oauth.resource", "oauth.db_path", "database.path",
            "oauth.access_token_ttl", "oauth.supported_scopes", "oauth.rate_limit.token_per_minute",
        ]),
        value in "([0-9.]{0,25}(h|m|s|ms|us|µs|ns|d)?){0,3}|.{0,30}|(https://a/mcp){1,2}",
    ) {
        let text = serde_json::to_string(&value).unwrap();
        if let Err(stop) = with(&format!("{key}: {text}\n")).load() {
            prop_assert!(stop.text.lines().all(|line| line.starts_with("error: ")), "{}", stop.text);
        }
    }
}
