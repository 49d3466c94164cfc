//! Section 1 of the interface: messages for wrong and for missing settings.

use super::case::Case;
use proptest::prelude::*;

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

/// `variable=value`, and the rest of the message after both names.
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
    // A secret goes only to its own setting.
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

/// The cut text may be a part of a secret, and so is not shown.
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

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in ".{0,40}", row in 0..BAD.len()) {
        let _ = Case::minimal().env(BAD[row].0, &value).load();
    }
}
