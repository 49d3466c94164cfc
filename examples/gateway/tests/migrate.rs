//! Users of other gateways: their settings count as they are. `docs/migrate.md` says how, and its files and
//! commands are what is tried here.
#![cfg(unix)]

use super::case::{Case, base, login};
use crate::settings::{Account, Auth, LogLevel, Login, OAuth2, Settings, Store, Target};
use crate::support::document::{Block, blocks, compare, document, run, section};
use crate::support::gateway::Gateway;
use onec_mcp::demo::Infobase;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::time::Duration;

const LANGUAGES: [(&str, [&str; 2]); 2] = [
    ("docs/migrate.md", ["## From the proxy in Python", "## From the gateway in Go"]),
    ("docs/migrate.ru.md", ["## С прокси на Python", "## Со шлюза на Go"]),
];

/// The blocks of a section.
fn told(name: &str, heading: &str) -> Vec<Block> {
    blocks(section(&document(name), heading))
}

/// The settings file of a section.
fn file(language: &str, blocks: &[Block]) -> String {
    let mut files = blocks.iter().filter(|block| block.language == language);
    let file = files.next().expect("a file").text.clone();
    assert!(files.next().is_none(), "one file");
    file
}

fn python(name: &str) -> String {
    let (_, [heading, _]) = LANGUAGES.into_iter().find(|(other, _)| *other == name).unwrap();
    file("ini", &told(name, heading))
}

fn go(name: &str) -> String {
    let (_, [_, heading]) = LANGUAGES.into_iter().find(|(other, _)| *other == name).unwrap();
    file("yaml", &told(name, heading))
}

fn oauth2(settings: &Settings) -> &OAuth2 {
    match &settings.auth {
        Auth::OAuth2(oauth) => oauth,
        other => panic!("{other:?}"),
    }
}

/// With the settings that a file of the Go gateway must have, and these lines.
fn with(lines: &str) -> Case {
    Case::minimal().args("http").yaml(lines)
}

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
        // What belongs to OAuth waits until it is on again.
        let [unused] = settings.warnings.as_slice() else { panic!("{:?}", settings.warnings) };
        assert!(unused.contains("no use here"), "{unused}");
    }
}

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The example of a file in the README, but for paths that are not there.
#[test]
fn the_file_of_the_readme() {
    for (name, heading) in [("README.md", "## Settings"), ("README.ru.md", "## Настройки")] {
        let yaml = file("yaml", &told(name, heading));
        let case =
            Case::empty().args("http").yaml(&yaml.replace("/var/log/onec-mcp/", "").replace("/var/lib/onec-mcp/", ""));
        let settings = case.ok();
        assert_eq!((settings.warnings.as_slice(), settings.notes.as_slice()), (&[][..], &[][..]), "{name}");
        assert_eq!(oauth2(&settings).login, Login::Credentials);
    }
}

/// Whatever the file says itself counts, and other sources before it.
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
    // A file with none of the keys is one of this gateway.
    let own = with("oauth: {enabled: true, access_ttl: 60}").ok();
    assert!(own.serving.rpc && own.serving.catalog.is_none() && own.notes.is_empty());
    assert_eq!(oauth2(&own).login, Login::Credentials);
}

/// That gateway has it on by default: a file that does not speak of it must not open the door.
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
    // A key that only that gateway has, wherever it stands; one that both have below oauth; an empty switch.
    for lines in [
        "onec: {default_tenant: a}",
        "admin: {enabled: true}",
        "oauth: {default_scopes: [mcp]}",
        "oauth: {enabled: , access_token_ttl: 1h}",
    ] {
        assert_eq!(mode(lines), "oauth2", "{lines}");
        assert_eq!(with(lines).args("--auth-mode none").ok().auth.mode(), "none", "{lines}");
        assert_eq!(with(lines).env("MCP_AUTH_MODE", "basic").ok().auth.mode(), "basic", "{lines}");
        // On stdio nobody logs in, and REST has a token of its own.
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
    // Others are told as ever.
    assert!(!Case::empty().args("http").error().contains("tenants"));

    // A token of clients is none for 1C.
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
        // Less than a thousandth of a second is nothing.
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
    // What is too long is told as it stands there.
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

/// They are named in one warning, and what they hold is not shown.
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
    // Empty ones are nothing to warn of.
    let empty = with("oauth: {dev_access_key: '', rate_limit: }\nadmin:\n").ok().warnings;
    assert_eq!(empty, [""; 0]);
    // An unknown one is an error still.
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
    // Each of them reads the built-in catalog.
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

#[test]
fn the_settings_of_the_python_proxy() {
    for (name, _) in LANGUAGES {
        let dotenv = python(name);
        let flags = "--onec-url http://localhost/base --onec-username admin --onec-password password \
                     --onec-service-root mcp --host 127.0.0.1 --port 8000 --log-level INFO --auth-mode OAUTH2 \
                     --public-url https://mcp.example.com";
        let variables = dotenv.lines().filter_map(|line| line.split_once('='));
        let rest = variables.clone().filter(|(name, _)| {
            !flags.contains(&format!("--{} ", name.trim_start_matches("MCP_").to_lowercase().replace('_', "-")))
        });
        let env = |case: Case, (name, value): (&str, &str)| case.env(name, value);
        let lower = dotenv.lines().map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            format!("{}={value} \r\n", name.to_lowercase())
        });
        for case in [
            Case::empty().args("http").file(".env", &dotenv),
            Case::empty().args("http --env-file my.env").file("my.env", lower.collect::<String>()),
            variables.clone().fold(Case::empty().args("http"), env),
            rest.fold(Case::empty().args("http").args(flags), env),
        ] {
            let settings = case.ok();
            assert_eq!((base(&settings), login(&settings)), ("http://localhost/base", ("admin", "password")));
            assert_eq!(settings.onec.service_root, "mcp");
            let http = &settings.http;
            assert_eq!((http.host.as_str(), http.port), ("127.0.0.1", 8000));
            assert_eq!(http.cors_origins, ["http://localhost:3000", "https://app.example.com"]);
            assert_eq!(http.public_url.as_ref().unwrap().as_str(), "https://mcp.example.com/");
            assert_eq!((settings.server_name.as_str(), settings.server_version.as_str()), ("1C-MCP-Proxy", "1.0.0"));
            assert_eq!(settings.log_level, LogLevel::Info);
            let oauth = oauth2(&settings);
            let seconds = [oauth.code_ttl, oauth.access_ttl, oauth.refresh_ttl].map(|ttl| ttl.as_secs());
            assert_eq!(
                (oauth.login, oauth.password_grant, seconds),
                (Login::Credentials, true, [120, 3600, 1_209_600])
            );
            assert!(settings.serving.rpc && settings.serving.catalog.is_none());
            assert_eq!((settings.warnings.as_slice(), settings.notes.as_slice()), (&[][..], &[][..]));
        }
    }
}

/// Its example file has the lifetimes beside mode none, as they are by default.
#[test]
fn what_is_as_by_default_is_nothing_to_warn_of() {
    let none = python("docs/migrate.md").replace("=oauth2", "=none");
    let settings = Case::empty().file(".env", &none).ok();
    assert_eq!(settings.warnings, [""; 0]);
    let other = none.replace("ACCESS_TTL=3600", "ACCESS_TTL=60");
    let why = "MCP_OAUTH2_ACCESS_TTL in .env is ignored: the auth mode is not oauth2";
    assert_eq!(Case::empty().file(".env", other).ok().warnings, [why]);
}

/// Where the demo infobase is, as its account knows it.
fn replaced(text: &str, url: &str, demo: &Infobase) -> String {
    let text = text.replace(url, demo.url());
    let text = text
        .replace("=admin\n", &format!("={}\n", demo.username()))
        .replace("=password\n", &format!("={}\n", demo.password()));
    text.replace("mcp_user", demo.username()).replace("\"secret\"", &format!("'{}'", demo.password()))
}

/// Runs the commands of a section against a gateway, and compares what they print.
async fn walk(blocks: &[Block], address: &str, gateway: &Gateway) -> usize {
    let shown: Vec<_> = blocks.iter().filter(|block| ["bash", "json"].contains(&&*block.language)).collect();
    let first = shown.iter().position(|block| block.language == "bash").unwrap();
    let (commands, replies): (Vec<_>, Vec<_>) = shown[first..].iter().partition(|block| block.language == "bash");
    let printed = run(&commands, address, gateway).await;
    for (reply, printed) in replies.iter().zip(&printed) {
        compare(reply, printed, gateway);
    }
    assert_eq!(commands.len(), replies.len());
    replies.len()
}

#[tokio::test]
async fn the_python_proxy_is_replaced() {
    for (name, [heading, _]) in LANGUAGES {
        let demo = Infobase::start().await.unwrap();
        let case = Case::empty().file("my.env", replaced(&python(name), "http://localhost/base", &demo));
        let gateway = Gateway::start(&["--env-file", case.dir.join("my.env").to_str().unwrap()]).await;
        assert_eq!(walk(&told(name, heading), "http://127.0.0.1:8000", &gateway).await, 2, "{name}");
        demo.stop().await;
    }
}

#[tokio::test]
async fn the_go_gateway_is_replaced() {
    for (name, [_, heading]) in LANGUAGES {
        let demo = Infobase::start().await.unwrap();
        let yaml = replaced(&go(name), "https://1c.example.com/base", &demo).replace("0.0.0.0", "127.0.0.1");
        // As that gateway wants it, which knows of no /hs.
        let yaml = yaml.replace(demo.url(), &format!("{}/hs", demo.url().trim_end_matches('/')));
        let case = Case::empty();
        let yaml = yaml.replace("data/oauth.db", case.dir.join("data/oauth.db").to_str().unwrap());
        let case = case.file("off.yml", yaml.replace("enabled: true\n  public_url", "enabled: false\n  public_url"));
        let case = case.file("on.yml", yaml.replace("register_per_minute: 30", "register_per_minute: 1"));
        let start = async |name| Gateway::start(&["--config", case.dir.join(name).to_str().unwrap()]).await;
        let gateway = start("off.yml").await;
        assert_eq!(walk(&told(name, heading), "http://127.0.0.1:8088", &gateway).await, 2, "{name}");
        assert!(!case.dir.join("data").exists());
        // With OAuth the token of before opens nothing, and the file for tokens is there with its folder.
        let gateway = start("on.yml").await;
        let ask = Block {
            language: "bash".into(),
            text: "curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8088/mcp -d '{}' \
                   -H 'Authorization: Bearer 0123456789abcdef0123456789abcdef' -H 'Content-Type: application/json'\n\
                   curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8088/oauth/register -X POST\n\
                   curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:8088/oauth/register -X POST\n\
                   curl -s http://127.0.0.1:8088/.well-known/oauth-protected-resource/mcp | grep -o '\"resource\":\"[^\"]*\"'"
                .into(),
        };
        let printed = run(&[&ask], "http://127.0.0.1:8088", &gateway).await;
        assert_eq!(printed[0], "401 201 429 \"resource\":\"https://mcp.example.com/mcp\"\n");
        assert!(case.dir.join("data/oauth.db").is_file());
        demo.stop().await;
    }
}
