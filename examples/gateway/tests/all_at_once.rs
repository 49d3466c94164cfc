//! Section 1 of the interface: all errors in the settings are reported at once, and none twice.

use super::case::Case;

/// The subjects of the messages, one a line.
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
    // With it come the contradictions between settings.
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

/// An error that may only follow from another one is not reported.
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
    // A source that cannot be read may hold a setting that seems to be missing, also under a wrong name.
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
    // A wrong value is always an error.
    let both = Case::minimal().args("--hots a").env("MCP_HOST", "*").yaml("server: {prot: 1, port: x}").error();
    assert_eq!(
        subjects(&both),
        ["unexpected argument '--hots' found; tip", "gateway.yaml, line 1", "MCP_HOST", "server.port in gateway.yaml"],
        "{both}"
    );
    // The mode decides which settings go together.
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

/// Errors in files are reported with all others, under the names that the user wrote.
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

    // In any mode.
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
