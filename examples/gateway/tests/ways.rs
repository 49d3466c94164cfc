//! Section 1 of the interface: every source of a setting, and which one counts.

use super::case::{Case, login};
use crate::settings::{self, LogLevel, Names, Settings, Stream};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Returns all settings as one text, to compare the sources.
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
    // docker-compose passes on variables without a value.
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

/// As in the proxy in Python, and on Windows.
#[test]
fn variables_in_any_case() {
    let settings = Case::minimal().env("mcp_port", "1").file(".env", "mcp_server_name=x\nMcp_Host=::1\n").ok();
    assert_eq!((settings.http.port, settings.server_name.as_str(), settings.http.host.as_str()), (1, "x", "::1"));
    assert_eq!(settings.warnings, [""; 0]);
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

#[test]
fn help_and_version() {
    for (flag, text) in [("--help", "Usage: gateway [OPTIONS] [MODE]"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let stop = Case::empty().args(flag).load().expect_err("not a start");
        assert_eq!((stop.code, stop.stream), (0, Stream::Stdout));
        assert!(stop.text.contains(text), "{}", stop.text);
    }
}

/// Bytes, some of which begin like a valid file.
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
}
