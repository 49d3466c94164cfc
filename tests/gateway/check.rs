//! `gateway check` before a 1C that is not as it should be: what it says, what it tries, and that it leaves
//! nothing behind.

use crate::support::fault::{Act, Faulty, ok, result, status};
use crate::support::gateway::{Gateway, command};
use crate::support::https::{self, params, self_signed};
use rcgen::date_time_ymd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

const HEALTHY: &str = r#"{"status":"ok"}"#;
const TOOLS: &str = r#"{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}"#;

/// Whether it passed, and what it printed.
async fn check(args: &[&str]) -> (bool, String) {
    let mut command = command();
    command.arg("check").args(args).stdin(Stdio::null());
    let output = command.output().await.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// The same of a 1C that does this, one after the other.
async fn check_of(script: impl Into<Vec<Act>>, args: &[&str]) -> (bool, String) {
    let server = Faulty::start(script).await;
    let url = format!("http://{}/base", server.addr);
    check(&[&["--onec-url", &url, "--onec-username", "u", "--onec-password", ""], args].concat()).await
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn has(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(report.lines().any(|told| told.starts_with(line)), "no line {line:?} in\n{report}");
    }
}

#[tokio::test]
async fn it_creates_nothing() {
    let folder = folder("nothing");
    let (database, log) = (folder.join("tokens.db"), folder.join("audit.jsonl"));
    let store = format!("sqlite:{}", database.display());
    let args = ["--demo", "--auth-mode", "oauth2", "--oauth2-store", &store, "--audit-log", log.to_str().unwrap()];
    let (passed, report) = check(&args).await;
    assert!(passed, "{report}");
    assert_eq!(report.matches("not there yet").count(), 2, "{report}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{report}");

    // What is there stays as it is.
    std::fs::write(&log, "a line\n").unwrap();
    std::fs::write(&database, "no database").unwrap();
    let (passed, report) = check(&args).await;
    assert!(!passed);
    has(&report, &["ok    audit log: ", "FAIL  token store: --oauth2-store: cannot use the file"]);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "a line\n");
    assert_eq!(std::fs::read_to_string(&database).unwrap(), "no database");
    std::fs::write(&database, "SQLite format 3\0and more").unwrap();
    assert!(check(&args).await.0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "no companion of a database either");
}

#[tokio::test]
async fn it_says_what_it_waits_for_and_fears_nothing_that_did_not_run() {
    for act in [Act::Hang, Act::Reset] {
        let (passed, report) = check_of([act], &["--onec-timeout-ms", "300"]).await;
        assert!(!passed);
        has(&report, &["...   waiting for 1C, up to 0.3 s", "FAIL  1C address: 1C ", "-     tools/list: not tried"]);
        assert!(report.contains("up to 0.3 s") && !report.contains("run"), "{report}");
    }
}

#[tokio::test]
async fn an_extension_without_rpc() {
    for code in [404, 405] {
        let (passed, report) = check_of([ok(HEALTHY), status(code, "")], &[]).await;
        assert!(!passed);
        has(
            &report,
            &["ok    HTTP service", &format!("FAIL  tools/list: the HTTP service is well, but has no rpc ({code})")],
        );
        assert!(report.contains("MCP_ONEC_RPC=false"), "{report}");
    }
}

/// Clients see an empty list of each; whoever runs the gateway wants to know which it is.
#[tokio::test]
async fn extensions_that_list_no_tools() {
    let unknown = || ok(r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32601,"message":"Метод не найден"}}"#);
    let (none, refused) = (|| result(r#"{"tools":[]}"#), status(401, ""));

    let (passed, report) = check_of([ok(HEALTHY), none(), none(), refused.clone()], &[]).await;
    assert!(passed, "{report}");
    has(&report, &["ok    tools/list: 0 tools", "note  tools/list: the extension answers, but with none"]);
    assert!(report.contains("registered") && !report.contains("too old"), "{report}");

    for catalog in [&[][..], &["--catalog", "trade"]] {
        let (passed, report) = check_of([ok(HEALTHY), unknown()], catalog).await;
        assert!(!passed);
        has(
            &report,
            &["ok    HTTP service", "FAIL  tools/list: the extension knows neither tools/list nor any other list"],
        );
        assert!(report.contains("too old. Update it") && report.contains("MCP_ONEC_RPC=false"), "{report}");
        assert!(!report.contains("ok    tools/list"), "{report}");
    }

    // One with resources or prompts only is not old.
    let resources = result(r#"{"resources":[]}"#);
    let script = [ok(HEALTHY), unknown(), unknown(), resources, refused.clone()];
    let (passed, report) = check_of(script, &[]).await;
    assert!(passed, "{report}");
    has(&report, &["note  tools/list: the extension has no tools at all (-32601), but answers resources/list"]);
    let prompts = result(r#"{"prompts":[]}"#);
    let script = [ok(HEALTHY), unknown(), unknown(), unknown(), unknown(), prompts, refused];
    let (passed, report) = check_of(script, &[]).await;
    assert!(passed && report.contains("but answers prompts/list"), "{report}");
}

#[tokio::test]
async fn an_extension_without_access_keys() {
    let keys = ["--auth-mode", "oauth2", "--oauth2-login", "key"];
    for code in [404, 405] {
        let script = [ok(HEALTHY), result(TOOLS), status(401, ""), status(code, "")];
        let (passed, report) = check_of(script, &keys).await;
        assert!(!passed);
        has(&report, &["ok    tools/list: 1 tools", "FAIL  access keys: the extension does not check access keys"]);
        assert!(report.contains("MCP_OAUTH2_LOGIN=credentials"), "{report}");
    }
    let script = [ok(HEALTHY), result(TOOLS), status(401, ""), status(500, "Деление на 0")];
    let (_, report) = check_of(script, &keys).await;
    has(&report, &["FAIL  access keys: The code in 1C failed (500)"]);
}

#[tokio::test]
async fn words_of_1c_cannot_steer_the_terminal() {
    let said = "Сбой\u{1b}[2J \u{202e}txt.exe\u{2066}\u{200f}\u{7}\u{9b}1m\r\nok    login";
    let (passed, report) = check_of([status(500, said)], &[]).await;
    assert!(!passed && report.contains("Сбой[2J txt.exe1m ok login"), "{report}");
    for char in report.chars() {
        assert!(
            char == '\n' || !char.is_control() && !"\u{202e}\u{2066}\u{200f}".contains(char),
            "{char:?} in {report}"
        );
    }
}

/// What answers may be anything: only 1C's own service has looked at a login.
#[tokio::test]
async fn a_login_is_right_only_where_1c_has_answered() {
    let statuses = [400, 403, 404, 405, 409, 429, 500, 502, 503, 504].map(|code| status(code, ""));
    let pages = ["<html>Welcome</html>", "", "[]", r#"{"status":"starting"}"#].map(ok);
    for act in statuses.into_iter().chain(pages) {
        for mode in [&[][..], &["--auth-mode", "basic"]] {
            let (passed, report) = check_of([act.clone()], mode).await;
            assert!(!passed);
            has(
                &report,
                &[
                    "ok    1C address: a web server answers",
                    "-     login: not known: ",
                    "FAIL  HTTP service: ",
                    "-     tools/list: not tried",
                    "-     without a login: not known: ",
                ],
            );
            assert!(!report.contains("ok    login"), "{report}");
        }
    }
    // Without an account, too.
    let server = Faulty::start([status(404, "")]).await;
    let url = format!("http://{}/base", server.addr);
    let (passed, report) = check(&["--onec-url", &url, "--auth-mode", "basic"]).await;
    assert!(!passed);
    has(&report, &["ok    1C address: a web server answers", "FAIL  HTTP service: 1C has no such service (404)"]);
}

/// Whether 1C lets anybody in is looked at whatever else is wrong, as long as somebody answers.
#[tokio::test]
async fn strangers_are_tried_after_any_failure() {
    let open = "note  without a login: 1C lets anybody in without a login";
    let basic = ["--auth-mode", "basic"];
    for script in [
        vec![ok(HEALTHY), status(404, ""), ok(HEALTHY)],
        vec![ok(HEALTHY), status(500, "Сбой"), ok(HEALTHY)],
        vec![status(401, ""), ok(HEALTHY)],
        vec![status(404, ""), ok(HEALTHY)],
    ] {
        let (passed, report) = check_of(script.clone(), &[]).await;
        assert!(!passed);
        has(&report, &[open]);
        let (passed, report) = check_of(script, &basic).await;
        assert!(!passed);
        has(&report, &["FAIL  without a login: 1C lets anybody in without a login"]);
    }
    let (_, report) = check_of([ok(HEALTHY), status(404, ""), status(401, "")], &[]).await;
    has(&report, &["FAIL  tools/list", "ok    without a login: 1C refuses"]);
    for mode in [&[][..], &basic] {
        let (passed, report) = check_of([Act::Reset], mode).await;
        assert!(!passed);
        has(&report, &["FAIL  1C address: ", "-     login: not tried", "-     without a login: not tried"]);
    }
}

/// Where the gateway could not listen.
#[tokio::test]
async fn the_address_to_listen_on() {
    let (passed, report) = check(&["--demo", "--port", "0"]).await;
    assert!(passed, "{report}");
    has(&report, &["ok    listener: http://127.0.0.1:0"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (passed, report) = check(&["--demo", "--port", &port]).await;
    assert!(passed, "it may be the gateway itself: {report}");
    has(&report, &[&format!("note  listener: http://127.0.0.1:{port} is in use")]);
    // Documentation has these to itself: RFC 5737, RFC 2606.
    for host in ["192.0.2.1", "no-such-host.invalid"] {
        let (passed, report) = check(&["--demo", "--port", "0", "--host", host]).await;
        assert!(!passed);
        has(&report, &[&format!("FAIL  listener: cannot listen on http://{host}:0: ")]);
    }
}

/// The folder that a start makes is none that is missing. What is missing is told in the user's words.
#[tokio::test]
async fn a_store_whose_folder_a_start_would_make() {
    let server = Faulty::start([ok("{}"), ok(HEALTHY)]).await;
    for (path, expected, line) in [
        (
            "data/oauth.db",
            true,
            "ok    token store: the file DIR/data/oauth.db (not there yet: it will be made, with its folder)",
        ),
        (
            "no/such/oauth.db",
            false,
            "FAIL  token store: oauth.db_path in config.yml: cannot use the file DIR/no/such/oauth.db: ",
        ),
    ] {
        let folder = folder("go");
        let yaml = format!(
            "server: {{port: 0}}\noauth: {{enabled: true, db_path: {path}}}\nonec:\n  base_url: http://{}/base\n  \
             auth: {{username: u, password: ''}}\n",
            server.addr
        );
        std::fs::write(folder.join("config.yml"), yaml).unwrap();
        let mut command = command();
        command.arg("check").env("CONFIG_PATH", "config.yml").current_dir(&folder).stdin(Stdio::null());
        let report = String::from_utf8(command.output().await.unwrap().stdout).unwrap();
        has(&report, &[&line.replace("DIR", folder.to_str().unwrap())]);
        assert_eq!(!report.contains("FAIL  token store"), expected, "{report}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{report}");
    }
}

/// Wrong in another place than one would look at first.
#[tokio::test]
async fn causes_belong_to_their_steps() {
    let moved = |to: &str| {
        let head = format!("HTTP/1.1 302 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        Act::Raw(head.into())
    };
    for (act, line) in [
        (
            moved("https://127.0.0.1/base/hs/mcp/health"),
            "FAIL  1C address: The web server sends calls on from http to https (302; to https://127.0.0.1/base",
        ),
        (
            moved("https://sso.example.com/login?back=x"),
            "FAIL  1C address: The web server sends calls on to another address (302; to https://sso.example.com/login)",
        ),
        (status(403, "Начало сеанса с информационной базой запрещено"), "FAIL  login: 1C starts no sessions"),
        (status(500, "Не обнаружено свободной лицензии!"), "FAIL  login: 1C has no free licence (500)"),
        (status(409, ""), "FAIL  HTTP service: The web server's 1C module and the 1C server are of different versions"),
        (ok("<html>Welcome</html>"), "FAIL  HTTP service: The HTTP service answers, but does not say that it is well"),
        (
            ok(r#"{"status":"starting"}"#),
            "FAIL  HTTP service: The HTTP service answers, but does not say that it is well",
        ),
    ] {
        let (passed, report) = check_of([act], &[]).await;
        assert!(!passed);
        has(&report, &[line]);
    }
}

#[tokio::test]
async fn a_publication_that_lets_anybody_in() {
    let script = [ok(HEALTHY), result(TOOLS), ok(HEALTHY)];
    let (passed, report) = check_of(script.clone(), &[]).await;
    assert!(passed, "it is no obstacle: {report}");
    has(&report, &["note  without a login: 1C lets anybody in without a login"]);
    let (_, report) = check_of([ok(HEALTHY), result(TOOLS), status(401, "")], &[]).await;
    has(&report, &["ok    without a login: 1C refuses"]);

    let server = Faulty::start([ok(HEALTHY)]).await;
    let url = format!("http://{}/base", server.addr);
    let mut gateway = Gateway::start(&["--onec-url", &url, "--onec-username", "u", "--onec-password", ""]).await;
    let warned = async {
        while let Some(line) = gateway.log.next_line().await.unwrap() {
            if line.contains("WARN") && line.contains("1C lets anybody in without a login") {
                return;
            }
        }
        panic!("no warning");
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), warned).await.expect("no warning");
}

const CATALOG: &str = r#"
tools:
  - name: rates
    description: Rates of currencies
    scope: own
    path: own/rates
    annotations: {readOnlyHint: true}
    input_schema:
      type: object
      required: [currency, day, kind]
      properties:
        currency: {type: string, enum: [EUR, USD]}
        day: {type: string, format: date}
        kind: {type: string}
  - name: rates_of_today
    description: The same path
    scope: own
    path: own/rates
    annotations: {readOnlyHint: true}
    input_schema: {type: object}
  - name: pay
    description: Pays
    scope: own
    path: own/pay
    input_schema: {type: object}
  - name: by_id
    description: By identifier
    scope: own
    path: own/by-id
    annotations: {readOnlyHint: true}
    input_schema: {type: object, required: [id], properties: {id: {type: string, pattern: "^[0-9]{9}$"}}}
"#;

#[tokio::test]
async fn paths_of_a_catalog_of_ones_own() {
    let folder = folder("catalog");
    let file = folder.join("own.yaml");
    std::fs::write(&file, CATALOG).unwrap();
    let args = ["--catalog", file.to_str().unwrap(), "--onec-rpc", "false"];
    for (act, expected, line) in [
        (ok("{}"), true, "ok    REST dialect: 1C answers own/rates"),
        (status(400, "Нет такой валюты"), true, "ok    REST dialect: 1C answers own/rates, and does not take made-up"),
        (status(404, ""), false, "FAIL  REST dialect: own/rates: the HTTP service has no such path (404)"),
        (status(500, "Сбой"), false, "FAIL  REST dialect: own/rates: The code in 1C failed (500)"),
        (
            Act::Reset,
            false,
            "FAIL  REST dialect: own/rates: 1C broke the connection before its answer was complete. If",
        ),
    ] {
        let server = Faulty::start([ok(HEALTHY), act, status(401, "")]).await;
        let url = format!("http://{}/base", server.addr);
        let account = ["--onec-url", &url, "--onec-username", "u", "--onec-password", ""];
        let (passed, report) = check(&[&account[..], &args].concat()).await;
        assert_eq!(passed, expected, "{report}");
        has(
            &report,
            &[
                line,
                "note  REST dialect: own/pay is not tried, as pay may change something",
                "note  REST dialect: own/by-id is not tried, as arguments for by_id cannot be made up",
            ],
        );
        let asked: Vec<_> = server.seen().into_iter().filter(|seen| seen.line.contains("/own/")).collect();
        assert_eq!(asked.len(), 1, "one call for each path: {asked:?}");
        let body: serde_json::Value = serde_json::from_str(&asked.first().unwrap().body).unwrap();
        assert_eq!((body["currency"].as_str(), body["day"].as_str()), (Some("EUR"), Some("2026-01-01")));
    }
}

/// An address as browsers and the configurator show it.
#[tokio::test]
async fn what_does_not_belong_to_the_infobases_url_is_taken_off() {
    let server = Faulty::start([ok(HEALTHY), result(TOOLS), status(401, "")]).await;
    let url = format!("http://{}/base/hs/mcp/", server.addr);
    let (passed, report) = check(&["--onec-url", &url, "--onec-username", "u", "--onec-password", ""]).await;
    assert!(passed, "{report}");
    has(&report, &["note  settings: --onec-url: /hs/mcp is taken off its end"]);
    assert!(server.seen().iter().all(|seen| seen.line.contains(" /base/hs/mcp/") && !seen.line.contains("hs/mcp/hs")));
}

/// What a start says before it listens.
async fn start(args: &[&str]) -> Vec<String> {
    let account = ["--onec-username", "u", "--onec-password", ""];
    let mut command = command();
    command.args(["http", "--port", "0"]).args(account).args(args).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let until = async {
        let mut lines = Vec::new();
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains("listening on") {
                return lines;
            }
            lines.push(line);
        }
        panic!("it ended: {lines:?}");
    };
    tokio::time::timeout(Duration::from_secs(30), until).await.expect("it does not listen")
}

fn logged(lines: &[String], level: &str, words: &str) -> bool {
    lines.iter().any(|line| line.contains(level) && line.contains(words))
}

/// As above, told at each start.
#[tokio::test]
async fn a_start_says_what_it_takes_off_the_infobases_url() {
    let server = Faulty::start([ok(HEALTHY)]).await;
    let url = format!("http://{}/base", server.addr);
    let lines = start(&["--onec-url", &format!("{url}/hs/mcp")]).await;
    let words =
        format!("--onec-url: /hs/mcp is taken off its end, as it does not belong to the infobase's address: {url}");
    assert!(logged(&lines, "INFO", &words), "{lines:?}");
    assert!(!start(&["--onec-url", &url]).await.iter().any(|line| line.contains("taken off")));
}

#[tokio::test]
async fn certificates_of_1c() {
    let (server, pem) = self_signed(params("127.0.0.1")).await;
    let mut late = params("127.0.0.1");
    late.not_before = date_time_ymd(2020, 1, 1);
    late.not_after = date_time_ymd(2021, 1, 1);
    let (expired, old) = self_signed(late).await;
    let folder = folder("certificates");
    let file = |name: &str, pem: &str| {
        let file = folder.join(name);
        std::fs::write(&file, pem).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (good, old) = (file("good.pem", &pem), file("old.pem", &old));
    let url = |server: &https::Https| format!("https://{}/base", server.addr);
    let (url, expired) = (url(&server), url(&expired));
    let account = ["--onec-username", "u", "--onec-password", ""];
    let of = async |args: &[&str]| check(&[&account, args].concat()).await;
    for (args, cause, cure) in [
        (vec!["--onec-url", &url], "its certificate is self-signed and not trusted here", "MCP_ONEC_CA"),
        (vec!["--onec-url", &url, "--onec-ca", &old], "its certificate is self-signed", "MCP_ONEC_CA"),
        (vec!["--onec-url", &expired], "its certificate has expired (", "Renew the certificate"),
        (vec!["--onec-url", &expired, "--onec-ca", &old], "its certificate has expired (", "this machine's clock"),
    ] {
        let (passed, report) = of(&args).await;
        assert!(!passed && report.contains(cure), "{report}");
        has(&report, &[&format!("FAIL  1C address: 1C cannot be reached: {cause}"), "-     tools/list: not tried"]);
    }
    for args in [
        vec!["--onec-url", &url, "--onec-ca", &good],
        vec!["--onec-url", &url, "--onec-tls-verify", "false"],
        vec!["--onec-url", &expired, "--onec-tls-verify", "false"],
    ] {
        let (passed, report) = of(&args).await;
        assert!(passed, "{report}");
        has(&report, &["ok    1C address", "ok    tools/list: 1 tools"]);
    }
    let words = "--onec-tls-verify takes any certificate for that of 1C";
    let lines = start(&["--onec-url", &url, "--onec-tls-verify", "false"]).await;
    assert!(logged(&lines, "WARN", words), "{lines:?}");
    let lines = start(&["--onec-url", &url, "--onec-ca", &good]).await;
    assert!(!lines.iter().any(|line| line.contains("certificate")), "{lines:?}");
}

/// Why nobody answers, or not as one should.
#[tokio::test]
async fn addresses_where_there_is_no_1c() {
    let (server, _) = self_signed(params("127.0.0.1")).await;
    // Bound and not listening: nobody else gets the port meanwhile.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    for (url, cause, cure) in [
        (
            "http://no-such-host.invalid/base".to_owned(),
            "1C cannot be reached: the host name in its URL cannot be resolved",
            "MCP_ONEC_URL",
        ),
        (
            format!("http://{}/base", closed.local_addr().unwrap()),
            "1C cannot be reached: the connection was refused",
            "Check that the web server",
        ),
        (
            format!("http://{}/base", server.addr),
            "1C cannot be reached: plain http was spoken to a port that speaks https",
            "Write https:// in MCP_ONEC_URL",
        ),
        (
            format!("https://{plain_address}/base"),
            "1C cannot be reached: https was spoken to a port that speaks plain http",
            "Write http:// in MCP_ONEC_URL",
        ),
    ] {
        let (passed, report) = check(&["--onec-url", &url, "--onec-username", "u", "--onec-password", ""]).await;
        assert!(!passed && report.contains(cure), "{report}");
        has(&report, &[&format!("FAIL  1C address: {cause}"), "-     login: not tried", "-     tools/list: not tried"]);
    }
}

/// Whoever reads such a list reads for ever.
#[tokio::test]
async fn a_list_of_tools_that_leads_in_a_circle_is_a_failure() {
    let page = |next: &str| {
        result(&format!(r#"{{"tools":[{{"name":"a","inputSchema":{{"type":"object"}}}}],"nextCursor":"{next}"}}"#))
    };
    for script in [vec![ok(HEALTHY), page("2"), page("2")], vec![ok(HEALTHY), page("2"), page("3"), page("2")]] {
        let (passed, report) = check_of(script, &[]).await;
        assert!(!passed);
        has(&report, &["FAIL  tools/list: "]);
        assert!(report.contains("the next one") || report.contains("its pages come again"), "{report}");
    }
    let whole = result(TOOLS);
    let (passed, report) = check_of([ok(HEALTHY), page("2"), whole, status(401, "")], &[]).await;
    assert!(passed, "{report}");
    has(&report, &["ok    tools/list: 2 tools"]);
}
