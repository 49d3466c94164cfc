//! Section 1 of the interface: every way to give a setting, who wins, and what is said of a bad one.

use super::case::{Case, base, login};
use crate::settings::{self, Account, LogLevel, Mode, Names, Settings, Stream, Target};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Clients on stdio show what comes on standard error as failures.
#[test]
fn the_log_is_quiet_on_stdio_unless_told_otherwise() {
    let level = |mode: &str, given: &str| {
        let case = Case::minimal().arg(mode);
        if given.is_empty() { case } else { case.arg("--log-level").arg(given) }.ok().log_level
    };
    for (mode, given, expected) in [
        ("stdio", "", LogLevel::Warning),
        ("http", "", LogLevel::Info),
        ("check", "", LogLevel::Info),
        ("stdio", "info", LogLevel::Info),
        ("stdio", "debug", LogLevel::Debug),
        ("http", "error", LogLevel::Error),
    ] {
        assert_eq!(level(mode, given), expected, "{mode} {given}");
    }
    let help = Case::empty().arg("--help").load().expect_err("help").text;
    let help: Vec<_> = help.split_whitespace().collect();
    assert!(help.join(" ").contains("[default: INFO; WARNING with stdio]"));
}

#[test]
fn defaults() {
    let settings = Case::minimal().ok();
    assert_eq!((settings.mode, settings.auth.mode(), settings.log_level), (Mode::Stdio, "none", LogLevel::Warning));
    assert_eq!((base(&settings), login(&settings)), ("http://localhost/base", ("admin", "s3cret")));
    let onec = &settings.onec;
    assert_eq!((onec.service_root.as_str(), onec.max_concurrency, onec.user_concurrency), ("mcp", 16, 8));
    for (most, of_one) in [("1", 1), ("2", 1), ("7", 3)] {
        let onec = Case::minimal().env("MCP_ONEC_MAX_CONCURRENCY", most).ok().onec;
        assert_eq!(onec.user_concurrency, of_one, "{most}");
    }
    assert_eq!((onec.timeout, onec.report_timeout), (Duration::from_secs(30), Duration::from_secs(120)));
    assert!(onec.tenant.is_none());
    assert_eq!((onec.keep_alive, onec.tls_verify, onec.ca.as_ref()), (Duration::from_secs(4), true, None));
    let http = &settings.http;
    assert_eq!((http.host.as_str(), http.port, http.drain_timeout), ("127.0.0.1", 8000, Duration::from_secs(10)));
    assert_eq!((http.max_connections, http.max_buffered), (10_000, 512 * 1024 * 1024));
    assert_eq!(http.cors_origins, ["*"]);
    assert!(http.public_url.is_none() && http.tls.is_none());
    assert_eq!(
        (settings.server_name.as_str(), settings.server_version.as_str()),
        ("1C Configuration Data Tools", "1.0.0")
    );
    let serving = &settings.serving;
    assert_eq!((serving.mcp, serving.rpc, serving.structured, serving.aliases), (true, true, true, true));
    assert!(serving.check);
    assert!(serving.catalog.is_none() && serving.list_cache.is_none() && serving.rest.is_none());
    assert!(serving.tool_scopes.is_empty() && settings.audit_log.is_none());
    assert_eq!(settings.warnings, [""; 0]);
}

#[test]
fn modes() {
    assert_eq!(Case::minimal().args("stdio").ok().mode, Mode::Stdio);
    assert_eq!(Case::minimal().args("http").ok().mode, Mode::Http);
    assert_eq!(Case::minimal().args("--port 1 check").ok().mode, Mode::Check);
    let error = Case::minimal().args("htp").error();
    assert!(error.contains("'htp'") && error.contains("stdio, http, check"), "{error}");
}

/// Everything at once, to compare one way with another.
fn everything(settings: &Settings) -> String {
    let unnamed = Settings { names: Names::default(), ..settings.clone() };
    format!("{unnamed:?} {:?}", settings.onec.tenant)
}

#[test]
fn every_setting_each_way() {
    let rows = [
        ("MCP_ONEC_URL", "onec.base_url", "https://1c.example/trade"),
        ("MCP_ONEC_USERNAME", "onec.auth.username", "Администратор"),
        ("MCP_ONEC_PASSWORD", "onec.auth.password", "пароль"),
        ("MCP_ONEC_AUTH", "onec.auth.type", "Basic"),
        ("MCP_ONEC_SERVICE_ROOT", "onec.service_root", "/mcp/v2/"),
        ("MCP_ONEC_TIMEOUT_MS", "onec.timeout_ms", "1"),
        ("MCP_ONEC_REPORT_TIMEOUT_MS", "onec.report_timeout_ms", "3600000"),
        ("MCP_ONEC_MAX_CONCURRENCY", "onec.max_concurrency", "10000"),
        ("MCP_ONEC_KEEPALIVE_MS", "onec.keepalive_ms", "0"),
        ("MCP_ONEC_CA", "onec.ca", "cert.pem"),
        ("MCP_ONEC_TLS_VERIFY", "onec.tls_verify", "on"),
        ("MCP_USER_CONCURRENCY", "limits.user_concurrency", "3"),
        ("MCP_ONEC_RPC", "onec.rpc", "yes"),
        ("MCP_ONEC_TENANT_HEADER", "onec.tenant_header", "X-Tenant"),
        ("MCP_ONEC_TENANT_VALUE", "onec.tenant_value", "main"),
        ("MCP_CATALOG", "mcp.catalog", "Trade"),
        ("MCP_RESOLVE_LIMIT", "limits.resolve_limit", "1000"),
        ("MCP_MAX_ROWS", "limits.max_rows", "1"),
        ("MCP_DEFAULT_ROWS", "limits.default_rows", "100000"),
        ("MCP_STRUCTURED_CONTENT", "mcp.structured_content", "off"),
        ("MCP_TOOL_ALIASES", "mcp.tool_aliases", "False"),
        ("MCP_CHECK_ARGUMENTS", "mcp.check_arguments", "no"),
        ("MCP_TOOL_SCOPES", "mcp.tool_scopes", "get_*=own:scope отчёт*=mcp"),
        ("MCP_LIST_CACHE_MS", "mcp.list_cache_ms", "3600000"),
        ("MCP_ENABLED", "mcp.enabled", "True"),
        ("MCP_API_BEARER_TOKEN", "api.bearer_token", "0123456789abcdef"),
        ("MCP_HOST", "server.host", "0.0.0.0"),
        ("MCP_PORT", "server.port", "0"),
        ("MCP_CORS_ORIGINS", "server.cors_origins", r#"["https://a.example", "http://b.example:8080"]"#),
        ("MCP_PUBLIC_URL", "server.public_url", "https://mcp.example/gateway"),
        ("MCP_TLS_CERT", "server.tls_cert", "cert.pem"),
        ("MCP_TLS_KEY", "server.tls_key", "cert.key"),
        ("MCP_DRAIN_TIMEOUT_MS", "server.drain_timeout_ms", "0"),
        ("MCP_MAX_CONNECTIONS", "server.max_connections", "500"),
        ("MCP_MAX_BUFFERED", "server.max_buffered", "64"),
        ("MCP_TRUSTED_PROXIES", "server.trusted_proxies", "127.0.0.1, 10.0.0.0/8 fd00::/8"),
        ("MCP_AUTH_MODE", "auth.mode", "OAuth2"),
        ("MCP_OAUTH2_LOGIN", "oauth.login", "Key"),
        ("MCP_OAUTH2_STORE", "oauth.store", "sqlite:tokens.db"),
        ("MCP_OAUTH2_CODE_TTL", "oauth.code_ttl", "60"),
        ("MCP_OAUTH2_ACCESS_TTL", "oauth.access_ttl", "2"),
        ("MCP_OAUTH2_REFRESH_TTL", "oauth.refresh_ttl", "3"),
        ("MCP_OAUTH2_REFRESH_GRACE", "oauth.refresh_grace", "4"),
        ("MCP_OAUTH2_SCOPES", "oauth.scopes", "mcp own:scope"),
        ("MCP_OAUTH2_DEFAULT_SCOPES", "oauth.default_scopes", "own:scope"),
        ("MCP_OAUTH2_CLIENT_METADATA", "oauth.client_metadata", "False"),
        ("MCP_OAUTH2_PASSWORD_GRANT", "oauth.password_grant", "False"),
        ("MCP_SERVER_NAME", "mcp.server_name", "Мой сервер"),
        ("MCP_SERVER_VERSION", "mcp.server_version", "2.1"),
        ("MCP_LOG_LEVEL", "log.level", "warning"),
        ("MCP_AUDIT_LOG", "log.audit", "audit.jsonl"),
    ];
    let pair = Case::empty().certificate("cert");
    let part = |name| std::fs::read(pair.dir.join(name)).unwrap();
    let new = || Case::empty().args("http").file("cert.pem", part("cert.pem")).file("cert.key", part("cert.key"));
    let help = new().arg("--help").load().expect_err("help").text;
    let [mut flags, mut variables] = [new(), new()];
    let (mut dotenv, mut yaml) = (String::new(), String::new());
    for (variable, key, value) in rows {
        let flag = format!("--{}", variable.trim_start_matches("MCP_").to_lowercase().replace('_', "-"));
        flags = flags.arg(&flag).arg(value);
        variables = variables.env(variable, value);
        dotenv += &format!("{variable}={value}\n");
        yaml += &format!("{key}: {value}\n");
        assert!(
            help.contains(&format!("{flag} <")) && help.contains(&format!("[{variable}, {key}]")),
            "{flag} in --help"
        );
    }
    let others = 4; // --onec-token and --bearer-token, which do not go with the rows, --config, --env-file
    assert_eq!(help.matches(" <").count(), rows.len() + others);
    let settings = flags.ok();
    let expected = everything(&settings).replace(flags.dir.to_str().unwrap(), "");
    for case in [variables, new().file(".env", &dotenv), new().yaml(&yaml)] {
        assert_eq!(everything(&case.ok()).replace(case.dir.to_str().unwrap(), ""), expected);
    }
    assert_eq!(login(&settings), ("Администратор", "пароль"));
    let onec = &settings.onec;
    assert_eq!((onec.service_root.as_str(), onec.max_concurrency, onec.user_concurrency), ("mcp/v2", 10_000, 3));
    assert_eq!(settings.onec.tenant.unwrap().value, "main");
    assert_eq!((settings.http.port, settings.http.drain_timeout), (0, Duration::ZERO));
    assert_eq!((settings.http.max_connections, settings.http.max_buffered), (500, 64 * 1024 * 1024));
    assert_eq!(settings.http.cors_origins, ["https://a.example", "http://b.example:8080"]);
    assert_eq!(settings.http.tls.unwrap().key, flags.dir.join("cert.key"));
    assert_eq!(settings.log_level, LogLevel::Warning);
    assert_eq!(settings.audit_log, Some(flags.dir.join("audit.jsonl")));
    let serving = &settings.serving;
    assert_eq!(
        (serving.structured, serving.aliases, serving.check, serving.list_cache),
        (false, false, false, Some(Duration::from_secs(3600)))
    );
    let rules = [("get_*", "own:scope"), ("отчёт*", "mcp")].map(|(pattern, scope)| (pattern.into(), scope.into()));
    assert_eq!(serving.tool_scopes, rules);
    assert_eq!(serving.catalog.as_ref().map(settings::Catalog::name), Some("trade"));
    assert_eq!(serving.rest.as_ref().map(ExposeSecret::expose_secret), Some("0123456789abcdef"));
}

#[test]
fn yaml_in_sections_with_natural_types() {
    let yaml = "server:\n  port: 8088 # G\n  cors_origins:\n    - https://A.example:443/\nonec:\n  base_url: http://h/b\n  \
                auth: {type: basic, username: 42, password: 0123}\nmcp: {enabled: true}\nlog:\n";
    let settings = Case::empty().yaml(yaml).ok();
    assert_eq!((settings.http.port, login(&settings)), (8088, ("42", "0123")));
    assert_eq!(settings.http.cors_origins, ["https://a.example"]);
    // The list may also be the JSON text of the variable; an empty file is no error.
    let text = Case::minimal().yaml("server: {cors_origins: '[\"https://b.example\"]'}").ok();
    assert_eq!(text.http.cors_origins, ["https://b.example"]);
    assert_eq!(Case::minimal().yaml("\u{feff}").ok().http.port, 8000);
}

#[test]
fn the_first_way_wins() {
    let port = |case: Case| case.ok().http.port;
    let yaml = || Case::minimal().yaml("server: {port: 4}");
    let dotenv = || yaml().file(".env", "MCP_PORT=3\nMCP_UNRELATED=1");
    assert_eq!(port(yaml()), 4);
    assert_eq!(port(dotenv()), 3);
    assert_eq!(port(dotenv().env("MCP_PORT", "2")), 2);
    assert_eq!(port(dotenv().env("MCP_PORT", "2").args("--port 1")), 1);
    // docker-compose passes on variables nobody has set.
    assert_eq!(port(dotenv().env("MCP_PORT", "")), 3);
    assert_eq!(port(Case::minimal().file(".env", "MCP_PORT=1\nMCP_PORT=2")), 2);
}

#[test]
fn files_are_found() {
    let named = Case::minimal().file(".env", "MCP_PORT=1").file("prod.env", "MCP_PORT=2").args("--env-file prod.env");
    assert_eq!(named.ok().http.port, 2);
    let yaml = || Case::minimal().file("g.yaml", "server: {port: 5}");
    assert_eq!(yaml().env("CONFIG_PATH", "g.yaml").ok().http.port, 5);
    assert_eq!(yaml().file(".env", "CONFIG_PATH=g.yaml").ok().http.port, 5);
    let folder = Case::minimal();
    std::fs::create_dir(folder.dir.join(".env")).unwrap();
    assert_eq!(folder.ok().http.port, 8000, "a virtual environment of Python");

    assert_eq!(
        Case::minimal().args("--env-file no.env").error(),
        "error: --env-file is \"no.env\": there is no such file"
    );
    assert_eq!(
        Case::minimal().args("--config no.yaml").error(),
        "error: --config is \"no.yaml\": there is no such file"
    );
    let variable = Case::minimal().env("CONFIG_PATH", "no.yaml").error();
    assert_eq!(variable, "error: CONFIG_PATH is \"no.yaml\": there is no such file");
    let latin = Case::minimal().file(".env", b"MCP_ONEC_USERNAME=\xc0\xe4\xec\xe8\xed").error();
    assert!(latin.contains("\".env\": the file is not UTF-8"), "{latin}");
}

#[test]
fn dotenv_lines() {
    let text = concat!(
        "\u{feff}# settings\r\n\r\nexport MCP_ONEC_USERNAME = 'Иван Петров' # who\r\n",
        "MCP_SERVER_NAME=My  server # name\nMCP_CORS_ORIGINS=[\"https://a.example\", \"https://b.example\"]\n",
        "PRIVATE_KEY=\"-----BEGIN\nsome lines\n\"\nMCP_SERVER_VERSION=\"1 \\\"x\\\"\"\nMCP_ONEC_TENANT_VALUE=\n",
    );
    let settings = Case::minimal().env("MCP_ONEC_USERNAME", "").file(".env", text).ok();
    assert_eq!((login(&settings).0, settings.server_name.as_str()), ("Иван Петров", "My  server"));
    assert_eq!((settings.http.cors_origins.len(), settings.server_version.as_str()), (2, "1 \"x\""));
    assert_eq!(
        settings.warnings,
        [".env, line 7: ignored, because it is not NAME=value", ".env, line 8: ignored, because it is not NAME=value"]
    );
    for (line, password) in [
        ("a#b$HOME\\n\"'", "a#b$HOME\\n\"'"),
        ("'a b # $HOME ${HOME} \\n'", "a b # $HOME ${HOME} \\n"),
        ("\"a b # $HOME \\$x \\\\\"", "a b # $HOME $x \\"),
        ("", ""),
        ("''", ""),
        ("# none", ""),
    ] {
        let case = Case::minimal().without("MCP_ONEC_PASSWORD").file(".env", format!("MCP_ONEC_PASSWORD={line}"));
        assert_eq!(login(&case.ok()).1, password, "{line}");
    }
    for line in ["'hunter2", "\"hunter2\\q\"", "\"hunter2\" x", "'hunter2'x y"] {
        let error = Case::minimal().file(".env", format!("\nMCP_ONEC_PASSWORD={line}")).error();
        assert!(error.starts_with("error: MCP_ONEC_PASSWORD in .env, line 2: the quotes"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn empty_password_and_cyrillic() {
    let case = Case::minimal().env("MCP_ONEC_PASSWORD", "").env("MCP_ONEC_URL", "http://сервер/Торговля");
    let settings = case.yaml("onec: {auth: {password: other}}").ok();
    assert_eq!(login(&settings), ("admin", ""));
    let encoded = "/%D0%A2%D0%BE%D1%80%D0%B3%D0%BE%D0%B2%D0%BB%D1%8F";
    assert!(base(&settings).ends_with(encoded), "{}", base(&settings));
    let url = format!("http://h{encoded}");
    assert_eq!(base(&Case::minimal().env("MCP_ONEC_URL", &url).ok()), url);
    assert_eq!(login(&Case::minimal().args("--onec-password=").ok()).1, "");
    assert_eq!(login(&Case::minimal().args("--onec-password -x-").ok()).1, "-x-");
}

#[test]
fn bearer_and_demo() {
    let bearer = || Case::empty().env("MCP_ONEC_URL", "http://h/b").env("MCP_ONEC_AUTH", "bearer");
    let error = bearer().error();
    assert!(error.starts_with("error: MCP_ONEC_TOKEN is not set: bearer login to 1C needs a token"), "{error}");
    let settings = bearer().env("MCP_ONEC_TOKEN", "abc").env("MCP_ONEC_USERNAME", "u").ok();
    let Target::Infobase { account: Some(Account::Bearer(token)), .. } = &settings.onec.target else {
        panic!("bearer")
    };
    assert_eq!(token.expose_secret(), "abc");
    assert_eq!(settings.warnings, ["MCP_ONEC_USERNAME is ignored: the login to 1C is by bearer token"]);

    let demo = Case::empty().args("http --demo").ok();
    assert!(matches!(demo.onec.target, Target::Demo) && demo.warnings.is_empty());
    let warnings = Case::empty().args("--demo --onec-url http://h/b").ok().warnings;
    assert_eq!(warnings, ["--onec-url is ignored: --demo has an infobase and an account of its own"]);
}

#[test]
fn what_is_missing() {
    let without = |name: &str| Case::minimal().without(name).error();
    assert_eq!(
        without("MCP_ONEC_URL"),
        "error: MCP_ONEC_URL is not set: give the URL of the infobase, e.g. http://localhost/base, or try --demo, which \
         needs none (or give --onec-url, or onec.base_url in the configuration file)"
    );
    assert!(without("MCP_ONEC_USERNAME").starts_with("error: MCP_ONEC_USERNAME is not set: give the name"));
    assert!(without("MCP_ONEC_PASSWORD").starts_with("error: MCP_ONEC_PASSWORD is not set: give the password"));
    let tenant = Case::minimal().args("--onec-tenant-header X-Tenant").error();
    assert!(
        tenant.starts_with("error: MCP_ONEC_TENANT_VALUE is not set: --onec-tenant-header needs it too"),
        "{tenant}"
    );
    let tls = Case::minimal().file("k", "").args("--tls-key k").error();
    assert!(tls.starts_with("error: MCP_TLS_CERT is not set: --tls-key needs it too"), "{tls}");
}

/// `variable=value`, and how the message goes on after naming both.
const BAD: &[(&str, &str, &str)] = &[
    ("MCP_PORT", "80800", "expected a port number from 0 to 65535, where 0 picks a free one"),
    ("MCP_PORT", "-1", "expected a port number"),
    ("MCP_ONEC_TIMEOUT_MS", "0", "expected a whole number of milliseconds from 1 to 3600000"),
    ("MCP_ONEC_TIMEOUT_MS", "+5", "expected a whole number of milliseconds from 1 to 3600000"),
    ("MCP_ONEC_REPORT_TIMEOUT_MS", "3600001", "expected a whole number of milliseconds from 1 to 3600000"),
    ("MCP_DRAIN_TIMEOUT_MS", "10s", "expected a whole number of milliseconds from 0 to 3600000"),
    ("MCP_ONEC_MAX_CONCURRENCY", "10001", "expected a whole number from 1 to 10000"),
    ("MCP_MAX_CONNECTIONS", "0", "expected a whole number from 1 to 1000000"),
    ("MCP_MAX_BUFFERED", "1G", "expected a whole number of MiB from 1 to 1048576"),
    ("MCP_ONEC_AUTH", "digest", "expected basic or bearer"),
    (
        "MCP_ONEC_URL",
        "localhost/base",
        "expected a URL that begins with http:// or https:// and has a host, e.g. http://localhost/base",
    ),
    ("MCP_ONEC_URL", "http:///base", "expected a URL that begins with"),
    ("MCP_ONEC_URL", "ftp://h/base", "expected a URL that begins with"),
    ("MCP_ONEC_URL", "http://h:99999/base", "invalid port number; expected a URL"),
    (
        "MCP_PUBLIC_URL",
        "mcp.example.com",
        "expected a URL that begins with http:// or https:// and has a host, e.g. https://mcp.example.com",
    ),
    ("MCP_ONEC_SERVICE_ROOT", "a/../b", "expected the root URL of the HTTP service"),
    ("MCP_ONEC_TENANT_HEADER", "X Tenant", "expected the name of an HTTP header, e.g. X-Tenant"),
    ("MCP_ONEC_TENANT_HEADER", "authorization", "the gateway or HTTP itself sets that header"),
    ("MCP_ONEC_TENANT_HEADER", "Content-Type", "the gateway or HTTP itself sets that header"),
    ("MCP_ONEC_TENANT_HEADER", "X-MCP-Sub", "the gateway or HTTP itself sets that header"),
    ("MCP_ONEC_TENANT_VALUE", "главный\u{7}", "expected visible ASCII"),
    ("MCP_ONEC_USERNAME", "a:b", "expected a user name on one line, without a colon"),
    ("MCP_HOST", "127.0.0.1:8000", "expected an IP address or a host name such as localhost, without a port"),
    ("MCP_HOST", "*", "expected an IP address"),
    ("MCP_CORS_ORIGINS", "*", r#"expected a JSON array of origins, e.g. ["https://app.example.com"] or ["*"]"#),
    ("MCP_CORS_ORIGINS", r#"["https://a/b"]"#, "\"https://a/b\" is no origin; expected a JSON array"),
    ("MCP_LOG_LEVEL", "verbose", "expected DEBUG, INFO, WARNING or ERROR"),
    ("MCP_AUTH_MODE", "open", "expected none, oauth2 or basic"),
    ("MCP_TLS_CERT", "no.pem", "there is no such file; expected one in PEM format"),
    ("MCP_ONEC_RPC", "maybe", "expected true or false"),
    ("MCP_ENABLED", "maybe", "expected true or false"),
    ("MCP_RESOLVE_LIMIT", "0", "expected a whole number from 1 to 1000"),
    ("MCP_RESOLVE_LIMIT", "1001", "expected a whole number from 1 to 1000"),
    ("MCP_MAX_ROWS", "0", "expected a whole number from 1 to 100000"),
    ("MCP_MAX_ROWS", "5k", "expected a whole number from 1 to 100000"),
    ("MCP_LIST_CACHE_MS", "-1", "expected a whole number of milliseconds from 0 to 3600000"),
    (
        "MCP_TOOL_SCOPES",
        "get_*",
        "\"get_*\" is no rule; expected rules PATTERN=SCOPE with blanks or commas between them",
    ),
    ("MCP_TOOL_SCOPES", "=mcp", "\"=mcp\" is no rule"),
    ("MCP_TOOL_SCOPES", "a=", "\"a=\" is no rule"),
    ("MCP_TOOL_SCOPES", "a=мир", "\"a=мир\" is no rule"),
    ("MCP_TOOL_SCOPES", "a=x b=y a=z", "there are two rules for a"),
    ("MCP_TOOL_SCOPES", "[a=b]", "expected rules PATTERN=SCOPE"),
    ("MCP_AUDIT_LOG", "no/such/folder/a.log", "there is no such folder; expected the path of a file"),
    ("MCP_AUDIT_LOG", ".", "that is a folder; expected the path of a file"),
];

#[test]
fn bad_values_are_explained() {
    for &(variable, value, why) in BAD {
        let error = Case::minimal().args("http").env(variable, value).error();
        let expected = format!("error: {variable} is \"{}\": {why}", value.replace('\u{7}', "?"));
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
    for good in ["::1", "[::1]", "localhost", "0.0.0.0", "mcp-1.example.com"] {
        assert_eq!(Case::minimal().env("MCP_HOST", good).ok().http.host, good.trim_matches(['[', ']']));
    }
    let origins = r#"["HTTPS://A.Example:443/","vscode-webview://id","http://localhost:3000"]"#;
    let origins = Case::minimal().env("MCP_CORS_ORIGINS", origins).ok().http.cors_origins;
    assert_eq!(origins, ["https://a.example", "vscode-webview://id", "http://localhost:3000"]);
}

#[test]
fn the_error_names_the_setting_as_it_was_given() {
    let why = "\"x\": expected a port number from 0 to 65535, where 0 picks a free one";
    assert_eq!(Case::minimal().args("--port x").error(), format!("error: --port is {why}"));
    assert_eq!(Case::minimal().env("MCP_PORT", "x").error(), format!("error: MCP_PORT is {why}"));
    assert_eq!(Case::minimal().file(".env", "MCP_PORT=x").error(), format!("error: MCP_PORT in .env is {why}"));
    let yaml = Case::minimal().yaml("server: {port: x}").error();
    assert_eq!(yaml, format!("error: server.port in gateway.yaml is {why}"));
}

#[test]
fn unknown_names() {
    let yaml = |text: &str| Case::minimal().yaml(text).error();
    let known = |text: &str, nearest: &str| {
        let error = yaml(text);
        assert!(error.ends_with(&format!("; the nearest is {nearest}")), "{error}");
    };
    assert_eq!(
        yaml("server:\n  host: a\n  prot: 1"),
        "error: gateway.yaml, line 3: there is no setting server.prot; the nearest is server.port"
    );
    known("onec: {url: 'http://h'}", "onec.base_url");
    known("onec: {auth: {user: x}}", "onec.auth.username");
    known("servr: {port: 1}", "server.port");
    known("log: {levle: INFO}", "log.level");
    known("oauth: {scope: mcp}", "oauth.scopes");
    known("onec: {password: x}", "onec.auth.password");
    known("onec: {auth: {pass: x}}", "onec.auth.password");
    known("onec: {token: x}", "onec.auth.token");
    // What is secret goes nowhere but where it belongs.
    for key in ["onec.mcp_token", "onec.api_token", "token", "bearer_token"] {
        assert_eq!(yaml(&format!("{key}: hunter2")), format!("error: gateway.yaml, line 1: there is no setting {key}"));
    }

    let flag = Case::minimal().args("--onec-timeout 5").error();
    assert!(flag.contains("--onec-timeout-ms"), "{flag}");
    let case = Case::minimal().env("MCP_ONEC_PASWORD", "x").file(".env", "MCP_HOTS=x\nHOME=x");
    assert_eq!(
        case.ok().warnings,
        [
            "MCP_ONEC_PASWORD is ignored: there is no such setting; the nearest is MCP_ONEC_PASSWORD",
            "MCP_HOTS in .env is ignored: there is no such setting; the nearest is MCP_HOST"
        ]
    );
    for (name, hint) in [
        ("MCP_ONEC_USER", "; the nearest is MCP_ONEC_USERNAME"),
        ("MCP_ONEC_PASS", "; the nearest is MCP_ONEC_PASSWORD"),
        ("MCP_ONEC_TIMEOUT", "; the nearest is MCP_ONEC_TIMEOUT_MS"),
        ("MCP_ONEC_API_TOKEN", ""),
        ("MCP_TOKEN", ""),
    ] {
        let why = format!("{name} is ignored: there is no such setting{hint}");
        assert_eq!(Case::minimal().env(name, "x").ok().warnings, [why]);
    }
}

/// What was cut off may be a part of a secret, and so is not shown.
#[test]
fn comments_that_may_have_cut_a_value() {
    let yaml = "onec:\n  base_url: http://h/b\n  auth:\n    username: u # who\n    password: top #secret\n";
    let settings = Case::empty().file("c.yaml", yaml).args("--config c.yaml").ok();
    let [warning] = &*settings.warnings else { panic!("{:?}", settings.warnings) };
    assert!(warning.contains("c.yaml, line 5: what follows the # is a comment"), "{warning}");
    assert!(!warning.contains("top") && !warning.contains("secret"), "{warning}");
}

#[test]
fn malformed_yaml_names_the_line() {
    for (yaml, starts) in [
        ("server:\n  port: 1\n bad", "error: gateway.yaml, line "),
        ("onec:\n  timeout_ms: [1\nserver: 2", "error: "),
        ("server:\n\tport: 1", "error: gateway.yaml, line 2: not valid YAML ("),
        ("server: {port: 1}\nserver: {host: a}", "error: gateway.yaml, line 2: the key server is there twice"),
        ("server: {port: 1}\nserver.port: 2", "error: gateway.yaml, line 2: the key server.port is there twice"),
        ("server:\n  port: [1]", "error: server.port in gateway.yaml, line 2: expected a single value"),
        ("server: 8000", "error: server in gateway.yaml, line 1: expected keys below it"),
        ("- a", "error: gateway.yaml, line 1: expected sections of keys"),
        ("--- {}\n--- {}", "error: gateway.yaml, line 2: the file holds more than one YAML document"),
    ] {
        let error = Case::minimal().yaml(yaml).error();
        assert!(error.starts_with(starts), "{yaml:?}: {error}");
    }
}

/// What the messages speak of, one a line.
fn subjects(error: &str) -> Vec<&str> {
    let subject = |line| -> &str {
        let line: &str = line;
        let (kind, rest) = line.split_once(": ").unwrap();
        assert!(["error", "warning"].contains(&kind), "{error}");
        let end = [" is ", " are ", ": ", " (value", " and "].iter().filter_map(|end| rest.find(end)).min().unwrap();
        &rest[..end]
    };
    error.lines().map(subject).collect()
}

#[test]
fn all_problems_are_told_at_once() {
    let case = Case::empty()
        .args("http --log-level loud --port 80800")
        .env("MCP_OAUTH2_ACCESS_TTL", "1h")
        .env("MCP_ONEC_TIMEOUT_MS", "0")
        .env("MCP_CATALOG", "no.yaml")
        .env("MCP_TLS_CERT", "no.pem")
        .env("MCP_AUDIT_LOG", "no/such/a.log")
        .file(".env", "MCP_HOTS=x\nMCP_ONEC_PASSWORD='a\nMCP_RESOLVE_LIMIT=0\nMCP_SERVER_NAME=\"b")
        .yaml("onec: {base_url: nowhere, auth: {type: digest}}\nserver: {host: '*', cors_origins: x}\n");
    let expected = [
        "onec.base_url in gateway.yaml",
        "MCP_ONEC_PASSWORD in .env, line 2",
        "onec.auth.type in gateway.yaml",
        "MCP_ONEC_TIMEOUT_MS",
        "MCP_CATALOG",
        "MCP_RESOLVE_LIMIT in .env",
        "server.host in gateway.yaml",
        "--port",
        "server.cors_origins in gateway.yaml",
        "MCP_TLS_CERT",
        "MCP_OAUTH2_ACCESS_TTL",
        "MCP_SERVER_NAME in .env, line 4",
        "--log-level",
        "MCP_AUDIT_LOG",
        "MCP_HOTS in .env",
    ];
    let error = case.error();
    assert_eq!(subjects(&error), expected, "{error}");
    assert_eq!(case.error(), error, "the order is the same each time");
    assert!(error.ends_with("warning: MCP_HOTS in .env is ignored: there is no such setting; the nearest is MCP_HOST"));
}

#[test]
fn whatever_is_missing_is_told_at_once() {
    let url = "MCP_ONEC_URL";
    let account = ["MCP_ONEC_USERNAME", "MCP_ONEC_PASSWORD"];
    assert_eq!(subjects(&Case::empty().args("http").error()), [url, account[0], account[1]]);
    let bearer =
        Case::empty().args("--onec-auth bearer --onec-tenant-value x").file("k", "").args("--tls-key k").error();
    assert_eq!(subjects(&bearer), [url, "MCP_ONEC_TOKEN", "MCP_ONEC_TENANT_HEADER", "MCP_TLS_CERT"]);
    // With it come the contradictions.
    let contradictions = Case::minimal()
        .args("http --onec-rpc false --enabled false --auth-mode oauth2 --oauth2-scopes own:a")
        .env("MCP_BEARER_TOKEN", "0123456789abcdef")
        .error();
    assert_eq!(subjects(&contradictions), ["--onec-rpc", "--enabled"], "the modes of MCP do not count without MCP");
    let contradictions = Case::minimal()
        .args("http --auth-mode oauth2 --oauth2-scopes own:a --api-bearer-token 0123456789abcdef --catalog none")
        .env("MCP_BEARER_TOKEN", "0123456789abcdef")
        .error();
    let expected = ["--api-bearer-token", "MCP_BEARER_TOKEN", "MCP_OAUTH2_DEFAULT_SCOPES"];
    assert_eq!(subjects(&contradictions), expected, "{contradictions}");
}

/// Nothing is said that may only follow from what is said already.
#[test]
fn no_problem_is_told_for_another() {
    let only = |case: Case, subject: &str| {
        let error = case.error();
        assert_eq!(subjects(&error), [subject], "{error}");
    };
    let http = || Case::minimal().args("http");
    let bare = || Case::empty().args("http").env("MCP_ONEC_URL", "http://h/b");
    only(bare().env("MCP_AUTH_MODE", "oath2"), "MCP_AUTH_MODE");
    only(bare().args("--auth-mode oauth2").env("MCP_OAUTH2_LOGIN", "logins"), "MCP_OAUTH2_LOGIN");
    only(bare().env("MCP_ONEC_AUTH", "token"), "MCP_ONEC_AUTH");
    only(http().env("MCP_ONEC_RPC", "false").env("MCP_CATALOG", "no.yaml"), "MCP_CATALOG");
    only(
        http().env("MCP_API_BEARER_TOKEN", "a b").env("MCP_CATALOG", "trade").args("--enabled off"),
        "MCP_API_BEARER_TOKEN",
    );
    let scopes = || http().env("MCP_AUTH_MODE", "oauth2").env("MCP_OAUTH2_DEFAULT_SCOPES", "own:a");
    only(scopes().env("MCP_OAUTH2_SCOPES", "мир"), "MCP_OAUTH2_SCOPES");
    only(scopes().env("MCP_CATALOG", "no.yaml"), "MCP_CATALOG");
    only(http().file("c.pem", "").args("--tls-cert no.pem --tls-key c.pem"), "--tls-cert");
    only(http().args("--onec-tenant-header content-type --onec-tenant-value x"), "--onec-tenant-header");
    // A source that cannot be read may hold what seems to be missing, and a wrong name too.
    only(Case::empty().args("--env-file no.env"), "--env-file");
    only(Case::empty().args("--config no.yaml"), "--config");
    only(bare().yaml("onec: {auth: [1]}"), "onec.auth in gateway.yaml, line 1");
    only(
        bare().env("MCP_ONEC_USERNAME", "u").args("--onec-passwrd x"),
        "unexpected argument '--onec-passwrd' found; tip",
    );
    let key = bare().env("MCP_ONEC_PASSWORD", "").yaml("onec: {auth: {user: x}}").error();
    assert_eq!(
        key,
        "error: gateway.yaml, line 1: there is no setting onec.auth.user; the nearest is onec.auth.username"
    );
    let section = Case::empty().yaml("onc: {base_url: 'http://h', auth: {username: u, password: ''}}").error();
    assert_eq!(section.lines().count(), 1, "{section}");
    // But a wrong value is one, whatever is written elsewhere.
    let both = Case::minimal().args("--hots a").env("MCP_HOST", "*").yaml("server: {prot: 1, port: x}").error();
    assert_eq!(
        subjects(&both),
        ["unexpected argument '--hots' found; tip", "gateway.yaml, line 1", "MCP_HOST", "server.port in gateway.yaml"],
        "{both}"
    );
    // The mode decides what goes with what.
    only(Case::minimal().args("htp --auth-mode basic"), "invalid value 'htp' for '[MODE]'; [possible values");
}

#[test]
fn each_source_tells_all_its_problems() {
    let flags = Case::minimal().args("http --hots a --port x --port=1 --demmo --onec-rpc").error();
    let lines: Vec<_> = flags.lines().collect();
    for (line, part) in lines.iter().zip(["'--hots'", "'--demmo'", "'--onec-rpc", "'--port"]) {
        assert!(line.starts_with("error: ") && line.contains(part), "{part}: {flags}");
    }
    assert_eq!(lines.len(), 4, "{flags}");
    let yaml = Case::minimal().yaml(
        "server:\n  prot: 1\n  port: [1]\n  host: {a: b}\nservr: {a: {b: [c]}}\nlog: {level: {}}\nlimits: 1\nonec.url: x\n",
    );
    assert_eq!(
        yaml.error(),
        "error: limits in gateway.yaml, line 7: expected keys below it\n\
         error: gateway.yaml, line 2: there is no setting server.prot; the nearest is server.port\n\
         error: gateway.yaml, line 5: there is no setting servr; the nearest is server.port\n\
         error: gateway.yaml, line 8: there is no setting onec.url; the nearest is onec.base_url\n\
         error: server.host in gateway.yaml, line 4: expected a single value; one with special characters needs quotes\n\
         error: server.port in gateway.yaml, line 3: expected a single value; one with special characters needs quotes\n\
         error: log.level in gateway.yaml, line 6: expected a single value; one with special characters needs quotes"
    );
}

/// As for the proxy in Python, and on Windows.
#[test]
fn variables_in_any_case() {
    let settings = Case::minimal().env("mcp_port", "1").file(".env", "mcp_server_name=x\nMcp_Host=::1\n").ok();
    assert_eq!((settings.http.port, settings.server_name.as_str(), settings.http.host.as_str()), (1, "x", "::1"));
    assert_eq!(settings.warnings, [""; 0]);
}

/// Ways to give `hunter2` as a secret, each of them somehow wrong.
#[test]
fn secrets_are_never_shown() {
    let messages = [
        Case::minimal().arg("--onec-password").arg("hunter2\n").error(),
        Case::minimal().env("MCP_ONEC_AUTH", "bearer").env("MCP_ONEC_TOKEN", "hunter2 ").error(),
        Case::minimal().args("--onec-passwrod=hunter2").error(),
        Case::minimal().args("--onec-passwrod hunter2").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "htp://u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:p@hunter2@h:x/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:12/hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://h/b?token=hunter2").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://h/b#hunter2").error(),
        Case::minimal().yaml("onec: {auth: {password: [hunter2]}}").error(),
        Case::minimal().yaml("onec: {auth: {password: {hunter2: 1}}}").error(),
        Case::minimal().yaml("onec: {auth: {password: *hunter2}}").error(),
        Case::minimal().yaml("onec: {auth: {password: !hunter2 x}}").error(),
        Case::minimal().yaml("onec: {auth: {password: \"hunter2\\q\"}}").error(),
        Case::minimal().yaml("onec: {auth: {password: @hunter2}}").error(),
        Case::minimal().yaml("onec: {auth: {password: 'hunter2").error(),
        Case::minimal().without("MCP_ONEC_PASSWORD").yaml("onec: {auth: {password: \"a\\n\", token: hunter2}}").error(),
        Case::minimal().yaml("onec:\n  auth:\n    password: hunter2: x\n").error(),
        Case::minimal().yaml("onec:\n  auth: hunter2\n").error(),
        Case::minimal().args("http --catalog none").yaml("api:\n  bearer_token: hunter2\n").error(),
    ];
    for message in messages {
        assert!(!message.contains("hunter2"), "{message}");
    }
    // The environment has no part in --help, and no Debug shows what the program does know.
    let case = Case::minimal().env("MCP_ONEC_PASSWORD", "hunter2");
    assert_eq!(login(&case.ok()).1, "hunter2");
    assert!(!format!("{:#?}", case.ok()).contains("hunter2"));
    assert!(!case.args("--help").load().expect_err("help").text.contains("hunter2"));
    let bearer = Case::minimal().env("MCP_ONEC_AUTH", "bearer").env("MCP_ONEC_TOKEN", "hunter2").ok();
    assert!(!format!("{bearer:?}").contains("hunter2"));
    // What is no secret is shown, so the search above would have found it.
    assert!(
        Case::minimal().env("MCP_SERVER_NAME", "hunter2").load().is_ok_and(|s| format!("{s:?}").contains("hunter2"))
    );
    assert!(Case::minimal().env("MCP_PORT", "hunter2").error().contains("hunter2"));
    assert_eq!(
        Case::minimal().arg("--onec-password").arg("a\n").error(),
        "error: --onec-password (value not shown): there is a line break or another control character in it"
    );
    assert_eq!(
        Case::minimal().env("MCP_ONEC_URL", "http://u:p@h/b").error(),
        "error: MCP_ONEC_URL is \"http://***@h/b\": a URL must not hold a login; use MCP_ONEC_USERNAME and \
         MCP_ONEC_PASSWORD for that of 1C"
    );
}

#[test]
fn help_and_version() {
    for (flag, text) in [("--help", "Usage: gateway [OPTIONS] [MODE]"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let stop = Case::empty().args(flag).load().expect_err("not a start");
        assert_eq!((stop.code, stop.stream), (0, Stream::Stdout));
        assert!(stop.text.contains(text), "{}", stop.text);
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    let dir = Case::empty();
    let none: [(OsString, OsString); 0] = [];
    let flag = settings::load(["gateway".into(), "--onec-url".into(), bad()], none, &dir.dir).unwrap_err();
    assert_eq!(flag.text, "error: --onec-url is not valid UTF-8");
    let env = settings::load(["gateway"], [("MCP_ONEC_URL", bad())], &dir.dir).unwrap_err();
    assert_eq!((env.code, env.text.as_str()), (2, "error: MCP_ONEC_URL is not valid UTF-8"));
    let others: [(OsString, OsString); 2] = [(bad(), "x".into()), ("HOME".into(), bad())];
    assert!(settings::load(["gateway", "--demo"], others, &dir.dir).is_ok());
}

/// Bytes of which some begin like the real thing.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "MCP_PORT",
        "MCP_ONEC_PASSWORD",
        "=",
        "'",
        "\"",
        "$",
        "{",
        "}",
        "\\",
        "#",
        " ",
        "\n",
        "\n  ",
        "export ",
        ":",
        ": ",
        "- ",
        "[",
        "]",
        "&a",
        "*a",
        "<<",
        "!x",
        "|",
        "server",
        "onec",
        "auth",
        "port",
        "cors_origins",
        "limits",
        "1e999",
        "ё",
        "~",
    ]);
    let text = prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in content()) {
        let _ = Case::minimal().file(".env", &bytes).load();
        let _ = Case::minimal().file("g.yaml", &bytes).args("--config g.yaml").load();
    }

    #[test]
    fn no_value_makes_it_panic(value in ".{0,40}", row in 0..BAD.len()) {
        let _ = Case::minimal().env(BAD[row].0, &value).load();
    }
}

#[test]
fn certificates_of_1c() {
    let https = || Case::minimal().env("MCP_ONEC_URL", "https://localhost/base").certificate("ca");
    let settings = https().env("MCP_ONEC_CA", "ca.pem").ok();
    assert!(settings.onec.ca.as_ref().is_some_and(|path| path.ends_with("ca.pem")) && settings.onec.tls_verify);
    assert_eq!(settings.warnings, [""; 0]);
    let error = https().args("--onec-ca none.pem").error();
    assert!(error.contains("--onec-ca is \"none.pem\": there is no such file"), "{error}");

    let settings = https().env("MCP_ONEC_TLS_VERIFY", "false").env("MCP_ONEC_CA", "ca.pem").ok();
    assert!(!settings.onec.tls_verify);
    assert!(settings.warnings[0].contains("takes any certificate") && settings.warnings[1].contains("is ignored"));
    let error = https().env("MCP_ONEC_TLS_VERIFY", "maybe").error();
    assert!(error.contains("expected true or false"), "{error}");

    let settings = Case::minimal().certificate("ca").env("MCP_ONEC_CA", "ca.pem").ok();
    assert!(settings.warnings[0].contains("MCP_ONEC_CA is ignored"), "{:?}", settings.warnings);
    assert_eq!(Case::minimal().env("MCP_ONEC_TLS_VERIFY", "false").ok().warnings, [""; 0], "there is nothing to check");
}

/// What is wrong within files is told with all the rest, under the names that the user wrote.
#[test]
fn files_are_looked_into_at_once() {
    let pem = "expected certificates in PEM format, with the lines BEGIN CERTIFICATE and END CERTIFICATE";
    let case = Case::minimal().certificate("a").certificate("b").file("none.pem", "nothing").args("http --port x");
    let all = case
        .args("--onec-ca none.pem --tls-cert a.pem --tls-key b.key --auth-mode oauth2 --oauth2-store sqlite:no/t.db")
        .args("--audit-log no/a.log");
    let error = all.error();
    let place = |name: &str| all.dir.join(name).display().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(
        lines,
        [
            format!("error: --onec-ca is \"none.pem\": {pem}"),
            "error: --port is \"x\": expected a port number from 0 to 65535, where 0 picks a free one".to_owned(),
            format!("error: --tls-cert is \"a.pem\": the key in {} is that of another certificate", place("b.key")),
            format!(
                "error: --oauth2-store (value not shown): cannot use the file {}: there is no folder {}",
                place("no/t.db"),
                place("no")
            ),
            "error: --audit-log is \"no/a.log\": there is no such folder; expected the path of a file".to_owned(),
        ]
    );
    let yaml = Case::minimal().file("c", "x").args("http").yaml("onec: {ca: c}").error();
    assert_eq!(yaml, format!("error: onec.ca in gateway.yaml is \"c\": {pem}"));

    // Whatever the mode is.
    let pair = |cert: &str, key: &str| {
        let case = Case::minimal().certificate("a").certificate("b").file("none.pem", "nothing");
        case.args("check").arg("--tls-cert").arg(cert).arg("--tls-key").arg(key)
    };
    pair("a.pem", "a.key").ok();
    for (cert, key, why) in [
        ("none.pem", "a.key", "there is no certificate in PEM format in it"),
        ("a.key", "a.key", "there is no certificate in PEM format in it"),
        ("a.pem", "none.pem", "there is no private key in PEM format in "),
        ("a.pem", "b.pem", "there is no private key in PEM format in "),
        ("b.pem", "a.key", "is that of another certificate"),
    ] {
        let error = pair(cert, key).error();
        assert!(error.starts_with(&format!("error: --tls-cert is \"{cert}\": ")) && error.contains(why), "{error}");
    }
}

#[test]
fn how_long_connections_to_1c_are_kept() {
    let keep = |text: &str| Case::minimal().env("MCP_ONEC_KEEPALIVE_MS", text);
    assert_eq!(keep("0").ok().onec.keep_alive, Duration::ZERO);
    assert_eq!(keep("15000").ok().onec.keep_alive, Duration::from_secs(15));
    for wrong in ["-1", "5 s", "3600001"] {
        assert!(keep(wrong).error().contains("whole number of milliseconds"), "{wrong}");
    }
}

/// As the configurator, the browser and the 1C side's own documentation show it.
#[test]
fn the_infobase_url_as_it_is_copied() {
    for (url, root, kept, taken) in [
        ("http://h/base/hs", "mcp", "http://h/base", "/hs"),
        ("http://h/base/hs/", "mcp", "http://h/base", "/hs"),
        ("http://h/base/hs/mcp", "mcp", "http://h/base", "/hs/mcp"),
        ("http://h/base/hs/mcp/", "mcp", "http://h/base", "/hs/mcp"),
        ("http://h/base/hs/mcp/health", "mcp", "http://h/base", "/hs/mcp/health"),
        ("http://h/base/hs/mcp/rpc", "mcp", "http://h/base", "/hs/mcp/rpc"),
        ("http://h/base/hs/own/v2", "own/v2", "http://h/base", "/hs/own/v2"),
        ("http://h/base/hs/агент", "агент", "http://h/base", "/hs/%D0%B0%D0%B3%D0%B5%D0%BD%D1%82"),
        ("http://h/a/base/1234/hs/mcp", "mcp", "http://h/a/base/1234", "/hs/mcp"),
        ("http://h/hs/mcp", "mcp", "http://h/", "hs/mcp"),
        ("http://h/base/ru_RU/", "mcp", "http://h/base", "/ru_RU"),
        ("http://h/base/en_US", "mcp", "http://h/base", "/en_US"),
    ] {
        let settings = Case::minimal().env("MCP_ONEC_URL", url).env("MCP_ONEC_SERVICE_ROOT", root).ok();
        assert_eq!(base(&settings), kept, "{url}");
        let notes = &settings.notes;
        assert!(notes.len() == 1 && notes[0].contains(&format!(": {taken} is taken off its end")), "{url}: {notes:?}");
        assert_eq!(settings.warnings, [""; 0]);
    }
    for url in [
        "http://h/base",
        "http://h/a/base/1234",
        "http://h/ru_RU",
        "http://h/hs1/base",
        "http://h/base/ru",
        "http://h/base/RU_ru",
        "http://h/base/hs2",
        "http://h",
    ] {
        let settings = Case::minimal().env("MCP_ONEC_URL", url).ok();
        assert_eq!(base(&settings).trim_end_matches('/'), url);
        assert_eq!((settings.notes.len(), settings.warnings.len()), (0, 0), "{url}");
    }
    // Another service than the settings say: it may be part of a base's address.
    let settings = Case::minimal().env("MCP_ONEC_URL", "http://h/base/hs/other").ok();
    assert_eq!(base(&settings), "http://h/base/hs/other");
    assert!(settings.warnings[0].contains("MCP_ONEC_SERVICE_ROOT"), "{:?}", settings.warnings);
}
