//! For users of other gateways: their settings work unchanged. The files and commands under test are those of
//! `docs/migrate.md`.
#![cfg(unix)]

use super::case::{Case, base, login};
use crate::settings::{Auth, LogLevel, Login, OAuth2, Settings};
use crate::support::document::{Block, blocks, compare, document, run, section};
use crate::support::gateway::Gateway;
use onec_mcp::demo::DemoInfobase;
use std::time::Duration;

pub(super) const LANGUAGES: [(&str, [&str; 2]); 2] = [
    ("docs/migrate.md", ["## From the proxy in Python", "## From the gateway in Go"]),
    ("docs/migrate.ru.md", ["## С прокси на Python", "## Со шлюза на Go"]),
];

/// Returns the code blocks of a section.
pub(super) fn told(name: &str, heading: &str) -> Vec<Block> {
    blocks(section(&document(name), heading))
}

/// Returns the settings file of a section.
pub(super) fn file(language: &str, blocks: &[Block]) -> String {
    let mut files = blocks.iter().filter(|block| block.language == language);
    let file = files.next().expect("a file").text.clone();
    assert!(files.next().is_none(), "one file");
    file
}

pub(super) fn python(name: &str) -> String {
    let (_, [heading, _]) = LANGUAGES.into_iter().find(|(other, _)| *other == name).unwrap();
    file("ini", &told(name, heading))
}

pub(super) fn go(name: &str) -> String {
    let (_, [_, heading]) = LANGUAGES.into_iter().find(|(other, _)| *other == name).unwrap();
    file("yaml", &told(name, heading))
}

pub(super) fn oauth2(settings: &Settings) -> &OAuth2 {
    match &settings.auth {
        Auth::OAuth2(oauth) => oauth,
        other => panic!("{other:?}"),
    }
}

/// Returns a case with the required settings of a file of the gateway in Go, and these lines.
pub(super) fn with(lines: &str) -> Case {
    Case::minimal().args("http").yaml(lines)
}

pub(super) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The example of a file in the README, without paths that do not exist.
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

/// The example file of the proxy in Python has the lifetimes beside mode none, with the default values.
#[test]
fn what_is_as_by_default_is_nothing_to_warn_of() {
    let none = python("docs/migrate.md").replace("=oauth2", "=none");
    let settings = Case::empty().file(".env", &none).ok();
    assert_eq!(settings.warnings, [""; 0]);
    let other = none.replace("ACCESS_TTL=3600", "ACCESS_TTL=60");
    let why = "MCP_OAUTH2_ACCESS_TTL in .env is ignored: the auth mode is not oauth2";
    assert_eq!(Case::empty().file(".env", other).ok().warnings, [why]);
}

/// Returns a text with the address and account of the demo infobase.
fn replaced(text: &str, url: &str, demo: &DemoInfobase) -> String {
    let text = text.replace(url, demo.url());
    let text = text
        .replace("=admin\n", &format!("={}\n", demo.username()))
        .replace("=password\n", &format!("={}\n", demo.password()));
    text.replace("mcp_user", demo.username()).replace("\"secret\"", &format!("'{}'", demo.password()))
}

/// Runs the commands of a section against a gateway, and compares their output.
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
        let demo = DemoInfobase::start().await.unwrap();
        let case = Case::empty().file("my.env", replaced(&python(name), "http://localhost/base", &demo));
        let gateway = Gateway::start(&["--env-file", case.dir.join("my.env").to_str().unwrap()]).await;
        assert_eq!(walk(&told(name, heading), "http://127.0.0.1:8000", &gateway).await, 2, "{name}");
        demo.stop().await;
    }
}

#[tokio::test]
async fn the_go_gateway_is_replaced() {
    for (name, [_, heading]) in LANGUAGES {
        let demo = DemoInfobase::start().await.unwrap();
        let yaml = replaced(&go(name), "https://1c.example.com/base", &demo).replace("0.0.0.0", "127.0.0.1");
        // In the form of that gateway, which does not add /hs itself.
        let yaml = yaml.replace(demo.url(), &format!("{}/hs", demo.url().trim_end_matches('/')));
        let case = Case::empty();
        let yaml = yaml.replace("data/oauth.db", case.dir.join("data/oauth.db").to_str().unwrap());
        let case = case.file("off.yml", yaml.replace("enabled: true\n  public_url", "enabled: false\n  public_url"));
        let case = case.file("on.yml", yaml.replace("register_per_minute: 30", "register_per_minute: 1"));
        let start = async |name| Gateway::start(&["--config", case.dir.join(name).to_str().unwrap()]).await;
        let gateway = start("off.yml").await;
        assert_eq!(walk(&told(name, heading), "http://127.0.0.1:8088", &gateway).await, 2, "{name}");
        assert!(!case.dir.join("data").exists());
        // With OAuth the old token is rejected, and the token file and its folder exist.
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
