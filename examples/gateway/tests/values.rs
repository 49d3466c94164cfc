//! Section 1 of the interface: the defaults of settings, and the meaning of some.

use super::case::{Case, base, login};
use crate::settings::{Account, LogLevel, Mode, Target};
use secrecy::ExposeSecret;
use std::time::Duration;

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

/// Clients on stdio show output on standard error as errors.
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
fn modes() {
    assert_eq!(Case::minimal().args("stdio").ok().mode, Mode::Stdio);
    assert_eq!(Case::minimal().args("http").ok().mode, Mode::Http);
    assert_eq!(Case::minimal().args("--port 1 check").ok().mode, Mode::Check);
    let error = Case::minimal().args("htp").error();
    assert!(error.contains("'htp'") && error.contains("stdio, http, check"), "{error}");
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

#[test]
fn how_long_connections_to_1c_are_kept() {
    let keep = |text: &str| Case::minimal().env("MCP_ONEC_KEEPALIVE_MS", text);
    assert_eq!(keep("0").ok().onec.keep_alive, Duration::ZERO);
    assert_eq!(keep("15000").ok().onec.keep_alive, Duration::from_secs(15));
    for wrong in ["-1", "5 s", "3600001"] {
        assert!(keep(wrong).error().contains("whole number of milliseconds"), "{wrong}");
    }
}

/// URLs as the configurator, the browser and the documentation of the 1C side show them.
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
    // Another service than in the settings may be part of an infobase's address.
    let settings = Case::minimal().env("MCP_ONEC_URL", "http://h/base/hs/other").ok();
    assert_eq!(base(&settings), "http://h/base/hs/other");
    assert!(settings.warnings[0].contains("MCP_ONEC_SERVICE_ROOT"), "{:?}", settings.warnings);
}
