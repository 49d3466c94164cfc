//! Section 1 of the interface: the settings of authentication.

use super::case::{Case, login};
use crate::settings::{Account, Auth, Login, OAuth2, Settings, Store, Target};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::time::Duration;

const ALL: &str =
    "mcp mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";

/// Mode oauth2 with the fewest settings: users log in to 1C themselves.
fn oauth2() -> Case {
    Case::empty().args("http").env("MCP_ONEC_URL", "http://localhost/base").env("MCP_AUTH_MODE", "oauth2")
}

fn server(settings: &Settings) -> &OAuth2 {
    match &settings.auth {
        Auth::OAuth2(server) => server,
        other => panic!("{other:?}"),
    }
}

fn account(settings: &Settings) -> Option<&Account> {
    match &settings.onec.target {
        Target::Infobase { account, .. } => account.as_ref(),
        Target::Demo => panic!("the demo"),
    }
}

#[test]
fn defaults_of_oauth2() {
    let settings = oauth2().ok();
    let server = server(&settings);
    assert_eq!((server.login, server.password_grant, server.client_metadata), (Login::Credentials, true, true));
    assert!(matches!(server.store, Store::Memory));
    let seconds =
        [server.code_ttl, server.access_ttl, server.refresh_ttl, server.refresh_grace].map(|ttl| ttl.as_secs());
    assert_eq!(seconds, [120, 3600, 1_209_600, 30]);
    assert_eq!((server.scopes.to_string().as_str(), server.default_scopes.to_string().as_str()), (ALL, "mcp"));
    assert!(settings.http.trusted_proxies.is_empty());
    assert_eq!(settings.warnings, [""; 0]);
}

#[test]
fn modes_in_any_case() {
    for (text, mode) in [("none", "none"), ("NONE", "none"), ("OAuth2", "oauth2"), ("Basic", "basic")] {
        assert_eq!(Case::minimal().args("http").env("MCP_AUTH_MODE", text).ok().auth.mode(), mode);
        assert_eq!(Case::minimal().args("check").env("MCP_AUTH_MODE", text).ok().auth.mode(), mode);
    }
    assert!(matches!(Case::minimal().ok().auth, Auth::None { token: None }));
}

#[test]
fn stdio_knows_no_authentication() {
    let why = "authentication has no meaning on stdio, where only the own user connects; expected";
    for mode in ["oauth2", "basic"] {
        let error = Case::minimal().args("stdio --auth-mode").args(mode).error();
        assert_eq!(error, format!("error: --auth-mode is \"{mode}\": {why} none"));
    }
    let yaml = Case::minimal().yaml("oauth: {enabled: true}").error();
    assert_eq!(yaml, format!("error: oauth.enabled in gateway.yaml is \"true\": {why} false"));
    let token = Case::minimal().env("MCP_BEARER_TOKEN", "0123456789abcdef").ok();
    assert!(matches!(token.auth, Auth::None { token: None }));
    assert_eq!(token.warnings, ["MCP_BEARER_TOKEN is ignored: on stdio only the own user connects"]);
}

#[test]
fn the_switch_of_the_configuration_file() {
    let yaml = |enabled: &str| Case::minimal().args("http").yaml(&format!("oauth:\n  enabled: {enabled}"));
    for (enabled, mode) in [("true", "oauth2"), ("True", "oauth2"), ("false", "none"), ("", "none")] {
        assert_eq!(yaml(enabled).ok().auth.mode(), mode, "{enabled}");
    }
    assert_eq!(yaml("true").env("MCP_AUTH_MODE", "oauth2").ok().auth.mode(), "oauth2");
    assert_eq!(yaml("false").env("MCP_AUTH_MODE", "basic").ok().auth.mode(), "basic");
    for (enabled, mode) in [("true", "none"), ("true", "basic"), ("false", "oauth2")] {
        let error = yaml(enabled).env("MCP_AUTH_MODE", mode).error();
        let why = "MCP_AUTH_MODE says something else; remove one of the two";
        assert_eq!(error, format!("error: oauth.enabled in gateway.yaml is \"{enabled}\": {why}"), "{mode}");
    }
    let odd = yaml("maybe").error();
    assert_eq!(odd, "error: oauth.enabled in gateway.yaml is \"maybe\": expected true or false");
    let variable = Case::minimal().env("oauth.enabled", "true").ok();
    assert_eq!(variable.auth.mode(), "none", "a key of the file is no variable");
}

/// Modes that need the service account.
#[test]
fn the_service_account() {
    let case = |mode: &str| Case::minimal().args("http").env("MCP_AUTH_MODE", mode);
    let without = |case: Case| case.without("MCP_ONEC_USERNAME").without("MCP_ONEC_PASSWORD");
    let key = || case("oauth2").env("MCP_OAUTH2_LOGIN", "key");

    for own in [case("oauth2"), case("basic")] {
        assert_eq!(login(&own.ok()), ("admin", "s3cret"));
        assert!(account(&without(own).ok()).is_none());
    }
    let none = without(case("none")).error();
    assert!(none.starts_with("error: MCP_ONEC_USERNAME is not set: give the name of the 1C user that calls"), "{none}");
    let keys = without(key()).error();
    assert!(keys.starts_with("error: MCP_ONEC_USERNAME is not set") && keys.contains("access keys"), "{keys}");
    assert_eq!(login(&key().ok()).0, "admin");
    let bearer = without(key()).env("MCP_ONEC_AUTH", "bearer").env("MCP_ONEC_TOKEN", "abc").ok();
    assert!(matches!(account(&bearer), Some(Account::Bearer(_))));
    // Half of an account is an error.
    let half = case("oauth2").without("MCP_ONEC_PASSWORD").error();
    assert!(half.starts_with("error: MCP_ONEC_PASSWORD is not set") && half.contains("neither"), "{half}");
    let half = case("basic").without("MCP_ONEC_USERNAME").error();
    assert!(half.starts_with("error: MCP_ONEC_USERNAME is not set"), "{half}");
}

#[test]
fn stores() {
    let store = |text: &str| oauth2().env("MCP_OAUTH2_STORE", text);
    for (text, path) in [
        ("sqlite:tokens.db", "tokens.db"),
        ("SQLite:Мои токены.db", "Мои токены.db"),
        ("sqlite://data/t.db", "data/t.db"),
        (" sqlite:t.db ", "t.db"),
    ] {
        let case = store(text);
        std::fs::create_dir(case.dir.join("data")).unwrap();
        let settings = case.ok();
        let Store::Sqlite(found) = &server(&settings).store else { panic!("{text}") };
        assert_eq!(*found, case.dir.join(path));
    }
    let missing = store("sqlite:data/t.db").error();
    assert!(missing.starts_with("error: MCP_OAUTH2_STORE (value not shown): cannot use the file "), "{missing}");
    assert!(missing.ends_with("data") && missing.contains(": there is no folder "), "{missing}");
    // In mode `check` the command itself reports it.
    let doctor = Case::minimal().args("check --auth-mode oauth2");
    let absolute = doctor.env("MCP_OAUTH2_STORE", "sqlite:///var/lib/t.db").ok();
    assert!(matches!(&server(&absolute).store, Store::Sqlite(path) if path.as_os_str() == "/var/lib/t.db"));
    assert!(matches!(server(&store("MEMORY").ok()).store, Store::Memory));
    for text in ["postgres://u:hunter2@db:5432/tokens?sslmode=require", "postgresql:///tokens?host=/run/postgresql"] {
        let settings = store(text).ok();
        let Store::Postgres(url) = &server(&settings).store else { panic!("{text}") };
        assert_eq!(url.expose_secret(), text);
        assert!(!format!("{settings:#?}").contains("hunter2"));
    }
    let why = "error: MCP_OAUTH2_STORE (value not shown): ";
    for (text, rest) in [
        ("redis://hunter2", "expected memory, sqlite:PATH, or postgres://user:password@host/database"),
        ("postgres://u:hunter2@h:port/db", "invalid port number; expected memory"),
        ("sqlite:", "expected the path of a file"),
        ("sqlite:data/", "expected the path of a file after sqlite:"),
        ("sqlite::memory:", "a database in memory is called memory"),
        ("hunter2", "expected memory"),
    ] {
        let error = store(text).error();
        assert!(error.starts_with(&format!("{why}{rest}")) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn scopes_in_several_ways() {
    let scopes = |text: &str| oauth2().env("MCP_OAUTH2_SCOPES", text);
    for text in ["mcp own:b  own:a", "own:a,own:b, mcp", r#"["mcp","own:a","own:b"]"#, "mcp own:a own:b offline_access"]
    {
        assert_eq!(server(&scopes(text).ok()).scopes.to_string(), "mcp own:a own:b", "{text}");
    }
    for list in ["[mcp, 'own:a']", "mcp own:a", "\n    - mcp\n    - own:a"] {
        let case = oauth2().yaml(&format!("oauth:\n  scopes: {list}\n  default_scopes: [own:a]\n"));
        let settings = case.ok();
        let server = server(&settings);
        assert_eq!(
            (server.scopes.to_string(), server.default_scopes.to_string()),
            ("mcp own:a".into(), "own:a".into())
        );
    }
    let defaults = scopes("a b c").env("MCP_OAUTH2_DEFAULT_SCOPES", "c b").ok();
    assert_eq!(server(&defaults).default_scopes.to_string(), "b c");
    let error = scopes("a b").error();
    let why = "none of its defaults is among the supported scopes, which are a b (or give";
    assert!(error.starts_with(&format!("error: MCP_OAUTH2_DEFAULT_SCOPES is not set: {why}")), "{error}");
    let error = scopes("a b").env("MCP_OAUTH2_DEFAULT_SCOPES", "a mcp").error();
    let why = "mcp is not among the supported scopes, which are a b";
    assert_eq!(error, format!("error: MCP_OAUTH2_DEFAULT_SCOPES is \"a mcp\": {why}"));
    for (text, rest) in [
        ("mcp \"x\"", "\"\"x\"\" is no scope; expected scopes with blanks"),
        (r#"["a b"]"#, "\"a b\" is no scope"),
        (r#"["a,b"]"#, "\"a,b\" is no scope"),
        ("мир", "\"мир\" is no scope"),
        ("[mcp]", "expected scopes with blanks or commas between them, e.g. mcp mcp:resolve"),
        (",", "expected scopes"),
        ("offline_access", "expected scopes"),
    ] {
        let error = scopes(text).error();
        assert!(error.starts_with(&format!("error: MCP_OAUTH2_SCOPES is \"{text}\": {rest}")), "{error}");
    }
}

/// RFC 6749, section 4.1.2: a code is valid for at most 10 minutes.
#[test]
fn lifetimes_and_switches() {
    let server_of = |name: &str, value: &str| server(&oauth2().env(name, value).ok()).clone();
    assert_eq!(server_of("MCP_OAUTH2_CODE_TTL", "600").code_ttl, Duration::from_secs(600));
    assert_eq!(server_of("MCP_OAUTH2_ACCESS_TTL", "1").access_ttl, Duration::from_secs(1));
    assert_eq!(server_of("MCP_OAUTH2_REFRESH_TTL", "31536000").refresh_ttl, Duration::from_secs(31_536_000));
    for (text, grace) in [("0", 0), ("600", 600)] {
        assert_eq!(server_of("MCP_OAUTH2_REFRESH_GRACE", text).refresh_grace, Duration::from_secs(grace));
    }
    for (text, granted) in [("true", true), ("ON", true), ("1", true), ("False", false), ("no", false), ("0", false)] {
        assert_eq!(server_of("MCP_OAUTH2_PASSWORD_GRANT", text).password_grant, granted, "{text}");
    }
    for (name, value, why) in [
        ("MCP_OAUTH2_CODE_TTL", "0", "expected a whole number of seconds from 1 to 600"),
        ("MCP_OAUTH2_CODE_TTL", "601", "expected a whole number of seconds from 1 to 600"),
        ("MCP_OAUTH2_ACCESS_TTL", "1h", "expected a whole number of seconds from 1 to 2592000"),
        ("MCP_OAUTH2_REFRESH_TTL", "-1", "expected a whole number of seconds from 1 to 31536000"),
        ("MCP_OAUTH2_REFRESH_GRACE", "601", "expected a whole number of seconds from 0 to 600"),
        ("MCP_OAUTH2_REFRESH_GRACE", "-1", "expected a whole number of seconds from 0 to 600"),
        ("MCP_OAUTH2_PASSWORD_GRANT", "maybe", "expected true or false"),
        ("MCP_OAUTH2_LOGIN", "password", "expected credentials or key"),
    ] {
        assert_eq!(oauth2().env(name, value).error(), format!("error: {name} is \"{value}\": {why}"));
        // A wrong value is an error in any mode.
        assert_eq!(Case::minimal().env(name, value).error(), format!("error: {name} is \"{value}\": {why}"));
    }
    let short = oauth2().env("MCP_OAUTH2_REFRESH_TTL", "60").ok().warnings;
    assert_eq!(short, ["MCP_OAUTH2_REFRESH_TTL is shorter than MCP_OAUTH2_ACCESS_TTL: refresh tokens are of no use"]);
    let nothing = oauth2().env("MCP_OAUTH2_SCOPES", "mcp:resolve").env("MCP_OAUTH2_DEFAULT_SCOPES", "mcp:resolve");
    let why = "MCP_OAUTH2_SCOPES lacks mcp, without which nobody may use what the 1C extension itself offers";
    assert_eq!(nothing.ok().warnings, [why]);
    let basic = Case::minimal().args("http").env("MCP_AUTH_MODE", "basic").env("MCP_OAUTH2_SCOPES", "mcp own:a").ok();
    assert!(matches!(&basic.auth, Auth::Basic { scopes } if scopes.to_string() == "mcp own:a"));
    assert_eq!(basic.warnings, [""; 0]);
    let unused = Case::minimal().env("MCP_OAUTH2_ACCESS_TTL", "60").ok().warnings;
    assert_eq!(unused, ["MCP_OAUTH2_ACCESS_TTL is ignored: the auth mode is not oauth2"]);
}

#[test]
fn networks_of_proxies() {
    let proxies = |text: &str| Case::minimal().env("MCP_TRUSTED_PROXIES", text);
    let expected = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"];
    for text in
        ["127.0.0.1 10.0.0.0/8 fd00::/8", "127.0.0.1,10.1.2.3/8,fd00::1/8", r#"["127.0.0.1","10.0.0.0/8","fd00::/8"]"#]
    {
        let found: Vec<_> = proxies(text).ok().http.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }
    let yaml =
        Case::minimal().yaml("server:\n  trusted_proxies:\n    - 127.0.0.1\n    - 10.0.0.0/8\n    - fd00::/8\n").ok();
    assert_eq!(yaml.http.trusted_proxies.len(), 3);
    assert_eq!(Case::minimal().yaml("server: {trusted_proxies: []}").ok().http.trusted_proxies.len(), 0);
    let warnings = proxies("0.0.0.0/0").ok().warnings;
    assert_eq!(warnings, ["MCP_TRUSTED_PROXIES trusts every address: any client can say that it is another one"]);
    for (text, rest) in [
        ("proxy.example.com", "\"proxy.example.com\" is no network; expected addresses or networks"),
        ("10.0.0.0/33", "\"10.0.0.0/33\" is no network"),
        ("*", "\"*\" is no network"),
        ("[127.0.0.1]", "expected addresses or networks with blanks or commas between them, e.g. 127.0.0.1 10.0.0.0/8"),
    ] {
        let error = proxies(text).error();
        assert!(error.starts_with(&format!("error: MCP_TRUSTED_PROXIES is \"{text}\": {rest}")), "{error}");
    }
}

#[test]
fn the_static_token() {
    let http = || Case::minimal().args("http");
    let token = |case: Case| match case.ok().auth {
        Auth::None { token: Some(token) } => token.expose_secret().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(token(http().env("MCP_BEARER_TOKEN", "0123456789abcdef")), "0123456789abcdef");
    assert_eq!(token(http().args("--bearer-token -123456789abcdef")), "-123456789abcdef");
    assert_eq!(token(http().yaml("mcp: {bearer_token: 0123456789abcdef}")), "0123456789abcdef");
    assert_eq!(http().env("MCP_BEARER_TOKEN", "0123456789abcdef").ok().warnings, [""; 0]);
    assert_eq!(
        http().env("MCP_BEARER_TOKEN", "0123456789abcde").ok().warnings,
        ["MCP_BEARER_TOKEN is short and could be guessed; 32 random characters are good"]
    );
    for mode in ["oauth2", "basic"] {
        let error = http().env("MCP_AUTH_MODE", mode).env("MCP_BEARER_TOKEN", "hunter2").error();
        let why = "it goes with auth mode none only; remove it, or do not set MCP_AUTH_MODE";
        assert_eq!(error, format!("error: MCP_BEARER_TOKEN (value not shown): {why}"));
    }
    let shown = format!("{:#?}", http().env("MCP_BEARER_TOKEN", "hunter2hunter2hunter2").ok());
    assert!(shown.contains("token") && !shown.contains("hunter2"), "{shown}");
    for bad in ["two words", "тайна", "hunter2\n", "hunter2,", "\"hunter2\""] {
        let error = http().env("MCP_BEARER_TOKEN", bad).error();
        assert!(error.starts_with("error: MCP_BEARER_TOKEN (value not shown): expected ASCII"), "{error}");
    }
}

/// An empty token is an error if it was meant as the guard, and is ignored if there is another guard or none is needed.
#[test]
fn an_empty_token_leaves_no_door_open() {
    let empty = "it is set but empty, and would keep nobody out; give a token, or do not set it";
    for (case, name) in [
        (Case::minimal().args("http").env("MCP_BEARER_TOKEN", ""), "MCP_BEARER_TOKEN"),
        (Case::minimal().args("check").env("MCP_BEARER_TOKEN", ""), "MCP_BEARER_TOKEN"),
        (Case::minimal().args("http --bearer-token="), "--bearer-token"),
        (Case::minimal().args("http").file(".env", "MCP_BEARER_TOKEN="), "MCP_BEARER_TOKEN in .env"),
        (Case::minimal().args("http").yaml("mcp: {bearer_token: ''}"), "mcp.bearer_token in gateway.yaml"),
    ] {
        let error = case.error();
        assert!(error.starts_with("error: ") && error.contains(name) && error.ends_with(empty), "{error}");
    }
    for case in [
        Case::minimal().args("stdio"),
        Case::minimal().args("http --auth-mode basic"),
        Case::minimal().args("http --auth-mode oauth2"),
        Case::minimal().args("http --enabled false --catalog trade --api-bearer-token 0123456789abcdef"),
    ] {
        assert_eq!(case.env("MCP_BEARER_TOKEN", "").ok().warnings, [""; 0]);
    }
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in "(sqlite:|postgres://|\\[|\")?.{0,40}", row in 0..5_usize) {
        let names =
            ["MCP_OAUTH2_STORE", "MCP_OAUTH2_SCOPES", "MCP_TRUSTED_PROXIES", "MCP_BEARER_TOKEN", "MCP_AUTH_MODE"];
        let _ = Case::minimal().args("http").env(names[row], &value).load();
    }
}
