//! The catalog as an administrator meets it: over MCP and REST, read again on SIGHUP, tried by the
//! doctor.

use crate::fixtures::ask::{self, Answer, PASSWORD, USER, ask, basic, bearer, get};
use crate::support::fault::{Faulty, ok, result, status};
use crate::support::gateway::{Gateway, command};
use onec_mcp::alias::alias;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A catalog with one tool.
fn own(description: &str, scope: &str) -> String {
    format!(
        "tools:\n  - name: repairs_report\n    title: Repairs\n    description: {description}\n    scope: {scope}\n    \
         path: reports/repairs\n    rest: /repairs/report\n    input_schema: {{type: object}}\n"
    )
}

/// A file of one test, and what is in it.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

async fn rpc(address: &str, method: &str, params: Value, headers: &[(&str, &str)]) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let own = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
    ask(address, "POST /mcp", &[&own, headers].concat(), &body).await.json()
}

async fn tools(address: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let list = rpc(address, "tools/list", json!({}), headers).await;
    names(&list)
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn rest(address: &str, line: &str, token: &str) -> Answer {
    ask(address, line, &[("Authorization", &bearer(token)), ("Content-Type", "application/json")], "{}").await
}

async fn check(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = command().arg("check").args(args).stdin(Stdio::null()).output().await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

/// Sends SIGHUP, and waits for a line of the log; all lines up to it.
#[cfg(unix)]
async fn hang_up(gateway: &mut Gateway, expected: &str) -> String {
    let pid = gateway.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    let wait = async {
        let mut seen = String::new();
        while let Some(line) = gateway.log.next_line().await.unwrap() {
            seen = seen + &line + "\n";
            if line.contains(expected) {
                return seen;
            }
        }
        panic!("the gateway ended without {expected}: {seen}");
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect(expected)
}

/// The base is right, and a path of one's own is not: the log says which, of which tool.
#[tokio::test]
async fn a_path_that_1c_lacks() {
    let path = file("lacks.yaml", &own("What was repaired.", "mcp"));
    let onec = Faulty::start([ok(r#"{"status":"ok"}"#), status(401, ""), status(404, "Not found")]).await;
    let url = format!("http://{}/base", onec.addr);
    let args = ["--onec-url", &url, "--onec-username", "u", "--onec-password", "", "--onec-rpc", "false"];
    let mut gateway = Gateway::start(&[&args[..], &["--catalog", path.to_str().unwrap()]].concat()).await;
    // The look that each start takes at 1C.
    tokio::time::timeout(Duration::from_secs(10), onec.reached(2)).await.expect("a look");
    let answer = rpc(&gateway.address, "tools/call", json!({ "name": "repairs_report" }), &[]).await;
    let told = answer["error"]["message"].as_str().unwrap();
    assert!(told.starts_with("1C's HTTP service answers, but has no such path (404). "), "{told}");
    assert!(!told.contains("reports/repairs") && !told.contains("case matters"), "{told}");
    let warned = async {
        loop {
            let line = gateway.log.next_line().await.unwrap().expect("a line");
            if line.contains("WARN") && line.contains("a call of 1C failed") {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(Duration::from_secs(10), warned).await.expect("no warning");
    assert!(line.contains("tool=\"repairs_report\"") && line.contains("/base/hs/mcp/reports/repairs"), "{line}");
}

#[cfg(unix)]
#[tokio::test]
async fn sighup_reads_the_catalog_again_and_a_bad_one_changes_nothing() {
    let path = file("sighup.yaml", &own("What was repaired.", "mcp"));
    let name = path.to_str().unwrap();
    let args = ["--demo", "--catalog", name, "--onec-rpc", "false", "--api-bearer-token", TOKEN];
    let mut gateway = Gateway::start(&args).await;
    let address = gateway.address.clone();
    assert_eq!(tools(&address, &[]).await, ["repairs_report"]);

    file("sighup.yaml", &own("What was repaired.", "mcp").replace("path:", "pth:"));
    let line = hang_up(&mut gateway, "the catalog stays as it was").await;
    assert!(line.contains(name) && line.contains("repairs_report") && line.contains("pth"), "{line}");
    assert_eq!(tools(&address, &[]).await, ["repairs_report"]);

    file("sighup.yaml", &format!("extends: trade\n{}", own("What was mended.", "mcp")));
    let line = hang_up(&mut gateway, "was read again").await;
    assert!(line.contains("20 tools, 19 added, 0 removed, 1 changed"), "{line}");
    assert_eq!(tools(&address, &[]).await.len(), 20);
    assert_eq!(rest(&address, "GET /reports/sales", TOKEN).await.status, 405);

    file("sighup.yaml", &own("What was mended.", "mcp").replace("/repairs/", "/mended/"));
    let line = hang_up(&mut gateway, "was read again").await;
    assert!(line.contains("1 tools, 0 added, 19 removed, 1 changed"), "{line}");
    // REST paths come and go with the catalog.
    let known = rest(&address, "GET /", TOKEN).await.json();
    assert!(known["endpoints"]["/mended/report"].is_string() && known["endpoints"]["/repairs/report"].is_null());
    assert_eq!(rest(&address, "GET /mended/report", TOKEN).await.status, 405);
    let gone = rest(&address, "GET /repairs/report", TOKEN).await;
    assert_eq!((gone.status, gone.body.as_str()), (404, ""));
}

/// As large as a catalog may be: read beside what serves others.
#[cfg(unix)]
#[tokio::test]
async fn nobody_waits_while_the_catalog_is_read_again() {
    let tool = |at: usize| {
        own("What was repaired.", "mcp")
            .replace("tools:\n", "")
            .replace("repairs_report", &format!("repairs_{at}"))
            .replace("/repairs/", &format!("/repairs_{at}/"))
    };
    let whole = format!("tools:\n{}", (0..1000).map(tool).collect::<String>());
    let path = file("large.yaml", &whole);
    let mut gateway = Gateway::start(&["--demo", "--catalog", path.to_str().unwrap(), "--onec-rpc", "false"]).await;
    file("large.yaml", &whole.replace("was repaired", "was mended"));
    let (address, start) = (gateway.address.clone(), Instant::now());
    let (mut worst, mut last) = (Duration::ZERO, start);
    let others = async {
        // Each time over a connection of its own.
        loop {
            assert_eq!(get(&address, "/livez").await.status, 200);
            worst = worst.max(last.elapsed());
            last = Instant::now();
        }
    };
    let line = tokio::select! {
        line = hang_up(&mut gateway, "was read again") => line,
        () = others => unreachable!("it never ends"),
    };
    let took = start.elapsed();
    let worst = worst.max(last.elapsed());
    assert!(line.contains("1000 changed"), "{line}");
    assert!(worst < took / 2, "{worst:?} of {took:?}");
}

/// Whoever puts a pipe in the place of a file does not stop the gateway from hearing the next SIGHUP.
#[cfg(unix)]
#[tokio::test]
async fn sighup_does_not_wait_for_a_pipe() {
    let (path, log) = (file("piped.yaml", &own("What was repaired.", "mcp")), file("piped.jsonl", ""));
    let args = ["--demo", "--catalog", path.to_str().unwrap(), "--audit-log", log.to_str().unwrap()];
    let mut gateway = Gateway::start(&args).await;
    for pipe in [&path, &log] {
        std::fs::remove_file(pipe).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    let told = hang_up(&mut gateway, "the catalog stays as it was").await;
    assert!(told.contains("that is no regular file"), "{told}");
    std::fs::remove_file(&path).unwrap();
    file("piped.yaml", &own("What was mended.", "mcp"));
    hang_up(&mut gateway, "1 changed").await;
    let (code, told) = check(&["--demo", "--audit-log", log.to_str().unwrap()]).await;
    assert!(code == Some(1) && told.contains("FAIL  audit log") && told.contains("a pipe that nobody reads"), "{told}");
    // The doctor creates nothing.
    std::fs::remove_file(&log).unwrap();
    let (code, told) = check(&["--demo", "--audit-log", log.to_str().unwrap()]).await;
    assert!(code == Some(0) && !log.exists(), "{told}");
}

/// Whoever rotates the file of the audit trail renames it and sends SIGHUP.
#[cfg(unix)]
#[tokio::test]
async fn sighup_opens_the_audit_log_anew() {
    let catalog = file("audited.yaml", &own("What was repaired.", "mcp"));
    let (log, rotated) = (file("trail.jsonl", ""), file("trail.jsonl.1", ""));
    let args = ["--demo", "--catalog", catalog.to_str().unwrap(), "--audit-log", log.to_str().unwrap()];
    let mut gateway = Gateway::start(&args).await;
    let address = gateway.address.clone();
    let call = async |name: &str| rpc(&address, "tools/call", json!({ "name": name, "arguments": {} }), &[]).await;
    call("whoami").await;
    std::fs::rename(&log, &rotated).unwrap();
    hang_up(&mut gateway, "was read again").await;
    call("get_metadata").await;
    let pid = gateway.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    assert!(gateway.child.wait().await.unwrap().success());
    let text = [rotated, log].map(|path| std::fs::read_to_string(path).unwrap());
    // What was on its way when the file was renamed may be in either.
    assert!(text.concat().contains("\"whoami\"") && text[1].contains("\"get_metadata\""), "{text:?}");
    for line in text.concat().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["event"].is_string()), "{line}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn rules_change_with_the_catalog() {
    let path = file("rules.yaml", &own("What was repaired.", "own:a"));
    let args = ["--demo", "--auth-mode", "basic", "--oauth2-scopes", "mcp own:a", "--catalog", path.to_str().unwrap()];
    let mut gateway = Gateway::start(&args).await;
    let address = gateway.address.clone();
    let login = basic(USER, PASSWORD);
    let headers = [("Authorization", &*login)];
    let shown = |list: Vec<String>| list.contains(&"repairs_report".to_owned());
    assert!(shown(tools(&address, &headers).await));
    file("rules.yaml", &own("What was repaired.", "own:b"));
    let log = hang_up(&mut gateway, "was read again").await;
    assert!(log.contains("nobody can get own:b yet"), "{log}");
    assert!(!shown(tools(&address, &headers).await));
    let call = rpc(&address, "tools/call", json!({ "name": "repairs_report" }), &headers).await;
    assert!(call.to_string().contains("own:b"), "{call}");
    file("rules.yaml", &own("What was repaired.", "mcp"));
    hang_up(&mut gateway, "was read again").await;
    assert!(shown(tools(&address, &headers).await));
}

#[cfg(unix)]
#[tokio::test]
async fn sighup_does_not_end_a_server_on_stdio() {
    for args in [&["stdio", "--demo"][..], &["stdio", "--demo", "--catalog", "trade"]] {
        let mut child =
            command().args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut lines = BufReader::new(output).lines();
        for _ in 0..2 {
            input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await.unwrap();
            let line = tokio::time::timeout(Duration::from_secs(10), lines.next_line()).await.unwrap().unwrap();
            assert!(line.unwrap().contains("\"result\":{}"));
            let pid = child.id().unwrap().to_string();
            assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        }
        drop(input);
        let end = tokio::time::timeout(Duration::from_secs(10), child.wait()).await.unwrap().unwrap();
        assert!(end.success(), "{args:?}: {end}");
    }
}

#[tokio::test]
async fn rest_endpoints_stand_beside_everything_else() {
    for mode in ["none", "oauth2", "basic"] {
        let args = ["--demo", "--catalog", "trade", "--api-bearer-token", TOKEN, "--auth-mode", mode];
        let gateway = Gateway::start(&args).await;
        let address = &gateway.address;
        for path in ["/openapi.json", "/reports/sales", "/resolve/customer", "/reports/no_such_report"] {
            for token in ["", "guess"] {
                let answer = rest(address, &format!("POST {path}"), token).await;
                assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("unauthorized")), "{mode} {path}");
            }
        }
        let unknown = rest(address, "POST /reports/no_such_report", TOKEN).await;
        assert_eq!((unknown.status, &unknown.json()["error"]), (404, &json!("not_found")), "{mode}");
        let unfit = rest(address, "POST /reports/sales", TOKEN).await;
        assert_eq!((unfit.status, &unfit.json()["error"]), (400, &json!("validation_error")), "{mode}");
        assert_eq!(rest(address, "GET /openapi.json", TOKEN).await.json()["openapi"], "3.1.0", "{mode}");
        // The token opens these doors and no others, and no other token opens them.
        assert_eq!(get(address, "/nowhere").await.body, "", "{mode}");
        let mcp = rest(address, "POST /mcp", TOKEN).await.status;
        assert_eq!(mcp == 401, mode != "none", "{mode}");
        let metadata = get(address, "/.well-known/oauth-authorization-server").await.status;
        assert_eq!(metadata == 200, mode == "oauth2", "{mode}");

        let question = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")];
        let preflight = ask(address, "OPTIONS /reports/sales", &question, "").await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (200, Some("https://app.example"))
        );
        let known = get(address, "/").await.json();
        assert!(known["endpoints"]["/reports/cash_flow"].is_string() && known["endpoints"]["/mcp"].is_string());
        assert_eq!(get(address, "/info").await.json()["rest"]["openapi"], "/openapi.json");
    }
    let without = Gateway::start(&["--demo", "--catalog", "trade"]).await;
    let answer = rest(&without.address, "POST /reports/sales", TOKEN).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
    assert!(get(&without.address, "/info").await.json()["rest"].is_null());
}

#[tokio::test]
async fn rest_alone() {
    let args = ["--demo", "--catalog", "trade", "--api-bearer-token", TOKEN, "--enabled", "false"];
    let gateway = Gateway::start(&args).await;
    for path in ["/mcp", "/mcp/", "/sse", "/sse/messages/"] {
        assert_eq!(get(&gateway.address, path).await.status, 404, "{path}");
    }
    assert_eq!(rest(&gateway.address, "POST /reports/sales", TOKEN).await.status, 400);
    assert_eq!(get(&gateway.address, "/health").await.status, 200);
    assert!(get(&gateway.address, "/").await.json()["endpoints"]["/mcp"].is_null());
    assert_eq!(get(&gateway.address, "/info").await.json()["transports"], json!({}));
}

#[tokio::test]
async fn a_catalog_alone_or_beside_the_extension() {
    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    // One name is in both: the catalog's counts.
    for (rpc_on, count) in [("true", 8 + 19 - 1), ("false", 19)] {
        let mut child = command()
            .args(["stdio", "--demo", "--catalog", "trade", "--onec-rpc", rpc_on])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut lines = BufReader::new(output).lines();
        let talk = ask::schema::Talk::default();
        let mut answers = Vec::new();
        for (method, params) in [("initialize", &hello), ("tools/list", &json!({})), ("prompts/list", &json!({}))] {
            let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string() + "\n";
            input.write_all(asked.as_bytes()).await.unwrap();
            let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap();
            let answer = serde_json::from_str::<Value>(&line.unwrap()).unwrap();
            talk.says(asked.as_bytes());
            talk.hears(&answer);
            answers.push(answer);
        }
        let about = &answers[0]["result"];
        let instructions = about["instructions"].as_str().unwrap();
        assert!(instructions.contains("resolve_") && instructions.contains("today"), "{instructions}");
        let capabilities: Vec<_> = about["capabilities"].as_object().unwrap().keys().collect();
        assert_eq!(capabilities.len() == 1, rpc_on == "false", "{capabilities:?}");
        assert!(capabilities.contains(&&"tools".to_owned()));
        assert_eq!(names(&answers[1]).len(), count, "{rpc_on}");
        let prompts = answers[2]["result"]["prompts"].as_array().is_some_and(|prompts| !prompts.is_empty());
        assert_eq!(prompts, rpc_on == "true", "{}", answers[2]);
    }
}

/// Rules for the 1C extension's own tools, by the names that 1C gave them.
#[tokio::test]
async fn scopes_by_pattern_and_names_for_every_client() {
    let login = basic(USER, PASSWORD);
    let headers = [("Authorization", &*login)];
    let rules = "get_*=own:read остатки*=own:read";
    let args = ["--demo", "--auth-mode", "basic", "--oauth2-scopes", "mcp", "--tool-scopes", rules];
    let gateway = Gateway::start(&args).await;
    let shown = tools(&gateway.address, &headers).await;
    assert!(shown.len() == 6 && !shown.contains(&"get_metadata".to_owned()), "{shown:?}");
    let call = rpc(&gateway.address, "tools/call", json!({ "name": "get_metadata" }), &headers).await;
    assert!(call.to_string().contains("own:read"), "{call}");
    let ascii = |names: &[String]| names.iter().filter(|name| name.is_ascii()).count();
    for (aliases, expected) in [("true", 8), ("false", 7)] {
        let gateway = Gateway::start(&["--demo", "--tool-aliases", aliases]).await;
        let shown = tools(&gateway.address, &[]).await;
        assert_eq!((shown.len(), ascii(&shown)), (8, expected), "{shown:?}");
        // Names of arguments, too.
        let list = rpc(&gateway.address, "tools/list", json!({}), &[]).await;
        let tools = list["result"]["tools"].as_array().unwrap();
        let properties = tools.iter().filter_map(|tool| tool["inputSchema"]["properties"].as_object());
        let raw = properties.flat_map(|properties| properties.keys()).filter(|name| !name.is_ascii()).count();
        assert_eq!(raw > 0, aliases == "false", "{list}");
    }
}

/// What is checked before 1C is called, as the gateway is set up.
#[tokio::test]
async fn arguments_that_do_not_fit_and_consents_do_not_reach_1c() {
    let both = json!({
        "tools": [
            { "name": "count", "inputSchema": { "type": "object", "properties": { "n": { "type": "integer" } } } },
            { "name": "execute_code", "inputSchema": { "type": "object", "properties": {
                "code": { "type": "string" }, "_confirmation": { "type": "boolean" }
            } } },
        ],
        "content": [],
    });
    let unfit = json!({ "name": "count", "arguments": { "n": "x" } });
    let run = json!({ "name": "execute_code", "arguments": { "code": "1", "_confirmation": true } });
    for check in [true, false] {
        let server = Faulty::start([result(&both.to_string())]).await;
        let url = format!("http://{}/base", server.addr);
        let args = ["--onec-url", &url, "--onec-username", "u", "--onec-password", ""];
        let off: &[&str] = if check { &[] } else { &["--check-arguments", "false"] };
        let gateway = Gateway::start(&[&args, off].concat()).await;
        let calls = || -> Vec<Value> {
            let asked = server.seen().into_iter().filter_map(|seen| serde_json::from_str::<Value>(&seen.body).ok());
            asked.filter(|asked| asked["method"] == "tools/call").map(|asked| asked["params"].clone()).collect()
        };
        tools(&gateway.address, &[]).await;
        let answer = rpc(&gateway.address, "tools/call", unfit.clone(), &[]).await.to_string();
        match check {
            true => {
                assert!(answer.contains("isError") && answer.contains("whole number") && calls().is_empty(), "{answer}")
            }
            false => assert_eq!(json!(calls()), json!([unfit]), "{answer}"),
        }
        let before = calls().len();
        // A client that takes no stream, on which it could be asked.
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": run }).to_string();
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
        let answer = ask(&gateway.address, "POST /mcp", &headers, &body).await.body;
        assert!(answer.contains("isError") && answer.contains("elicitation"), "{answer}");
        assert_eq!(calls().len(), before, "{answer}");
    }
}

/// Whether names that clients refuse have aliases or not, what cannot be read in a name goes.
#[tokio::test]
async fn names_that_deceive_never_go_out_raw() {
    let name = "find\u{202e}\u{7}";
    // A list as well as the answer to a call.
    let both =
        json!({ "tools": [{ "name": name, "inputSchema": { "type": "object" } }, { "name": "Отчёт" }], "content": [] });
    for (aliases, other) in [("true", &*alias("Отчёт")), ("false", "Отчёт")] {
        let server = Faulty::start([result(&both.to_string())]).await;
        let url = format!("http://{}/base", server.addr);
        let account = ["--onec-url", &url, "--onec-username", "u", "--onec-password", ""];
        let gateway = Gateway::start(&[&account[..], &["--tool-aliases", aliases]].concat()).await;
        assert_eq!(tools(&gateway.address, &[]).await, [&*alias(name), other]);
        let answer = rpc(&gateway.address, "tools/call", json!({ "name": alias(name) }), &[]).await;
        assert_eq!(answer["result"]["content"], json!([]), "{answer}");
        let asked: Vec<Value> = server.seen().iter().filter_map(|seen| serde_json::from_str(&seen.body).ok()).collect();
        let called = asked.iter().find(|asked| asked["method"] == "tools/call").expect("1C was not called");
        assert_eq!(called["params"]["name"], name);
    }
}

#[tokio::test]
async fn the_challenge_asks_for_the_scopes_that_come_by_default() {
    let gateway = Gateway::start(&["--demo", "--catalog", "trade", "--auth-mode", "oauth2"]).await;
    let answer = get(&gateway.address, "/mcp").await;
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"mcp:report:sales mcp:report:stock mcp:resolve\""), "{challenge}");
}

#[tokio::test]
async fn the_demo_shows_three_keys() {
    let mut child = command()
        .args(["http", "--demo", "--port", "0", "--catalog", "trade", "--auth-mode", "oauth2", "--oauth2-login", "key"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut keys = Vec::new();
    while let Some(line) = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.unwrap().unwrap() {
        if line.contains("listening on") {
            break;
        }
        if line.contains("demo login: key") {
            keys.push(line);
        }
    }
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys.iter().all(|line| line.contains("mcp")), "{keys:?}");
    // A client that asks for what comes by default gets nothing for this one.
    for line in keys {
        let asks = line.contains("must ask for a scope of this key");
        assert_eq!(asks, line.contains("demo-key-tools"), "{line}");
    }
}

#[tokio::test]
async fn a_bad_catalog_stops_the_start() {
    let path = file("bad.yaml", &own("What was repaired.", "mcp").replace("title:", "titel:"));
    let output = command().args(["http", "--demo", "--catalog"]).arg(&path).output().await.unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    for part in [path.to_str().unwrap(), "repairs_report", "titel", "title"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[tokio::test]
async fn the_doctor_tries_the_catalog() {
    let (code, report) = check(&["--demo", "--catalog", "trade"]).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("ok    catalog: 19 tools (trade)\n"), "{report}");
    assert!(report.contains("ok    tools/list: 8 tools\n"), "{report}");
    assert!(report.contains("ok    REST dialect: 1C answers resolve/customer\n"), "{report}");
    let (_, report) = check(&["--demo", "--catalog", "trade", "--onec-rpc", "false"]).await;
    assert!(!report.contains("tools/list") && report.contains("ok    REST dialect"), "{report}");

    let path = file("doctor.yaml", &own("What was repaired.", "mcp"));
    let (code, report) = check(&["--demo", "--catalog", path.to_str().unwrap()]).await;
    assert!(code == Some(0) && report.contains("ok    catalog: 1 tools ("), "{report}");
    assert!(report.contains("note  REST dialect: ") && report.contains(" is not tried, as "), "{report}");
}

#[tokio::test]
async fn the_doctor_tells_an_extension_without_the_rest_dialect() {
    let health = || ok(r#"{"status":"ok"}"#);
    for (answer, expected) in [
        (status(404, "Not found"), "FAIL  REST dialect: resolve/customer: the HTTP service has no such path (404)"),
        (status(500, "Ошибка"), "FAIL  REST dialect: resolve/customer: The code in 1C failed (500)"),
        (ok("<html>"), "FAIL  REST dialect: "),
    ] {
        // Asked once more, since it lists none.
        let none = || result(r#"{"tools":[]}"#);
        let onec = Faulty::start([health(), none(), none(), answer]).await;
        let url = format!("http://{}/base", onec.addr);
        let args = ["--catalog", "trade", "--onec-username", "mcp", "--onec-password", "", "--onec-url", &url];
        let (code, report) = check(&args).await;
        assert_eq!(code, Some(1), "{report}");
        assert!(report.contains("ok    tools/list: 0 tools\n") && report.contains(expected), "{report}");
    }
}

#[tokio::test]
async fn the_doctor_tells_an_extension_without_tools_of_its_own() {
    let health = ok(r#"{"status":"ok"}"#);
    let onec = Faulty::start([health, status(404, "Not found"), ok(r#"{"candidates":[]}"#)]).await;
    let url = format!("http://{}/base", onec.addr);
    let args = ["--catalog", "trade", "--onec-username", "mcp", "--onec-password", "", "--onec-url", &url];
    let (code, report) = check(&args).await;
    assert!(
        code == Some(1) && report.contains("FAIL  tools/list: the HTTP service is well, but has no rpc (404)"),
        "{report}"
    );
    assert!(report.contains("set MCP_ONEC_RPC=false") && report.contains("ok    REST dialect"), "{report}");
}

#[tokio::test]
async fn the_doctor_tries_the_audit_log() {
    let path = file("audit.jsonl", "");
    let (code, report) = check(&["--demo", "--audit-log", path.to_str().unwrap()]).await;
    assert!(code == Some(0) && report.contains("ok    audit log: "), "{report}");
}
