//! The catalog behind access keys, as users meet it: each of the demo's keys logs in on the page, sees
//! its tools and calls them; and a process on standard streams, where nobody is asked.

use crate::fixtures::ask::{Answer, ask, bearer, form, get, post, token_request};
use crate::support::gateway::{Gateway, command};
use onec_mcp::demo::{self, trade::company};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const CALLBACK: &str = "http://127.0.0.1:4321/cb";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ALL: &str =
    "mcp mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";

/// Tools, their scopes, and arguments that 1C answers.
fn table() -> Vec<(&'static str, &'static str, Value)> {
    let (find, period) = (json!({ "query": "а" }), json!({ "from": "2026-07-01", "to": "2026-09-30" }));
    let customer = &company().customers.iter().find(|customer| !customer.supplier).unwrap().id;
    let report = json!({ "period": period });
    vec![
        ("resolve_customer", "mcp:resolve", find.clone()),
        ("resolve_warehouse", "mcp:resolve", find.clone()),
        ("resolve_product", "mcp:resolve", find.clone()),
        ("resolve_sales_channel", "mcp:resolve", find.clone()),
        ("resolve_cash", "mcp:report:money", find.clone()),
        ("resolve_cost_article", "mcp:report:money", find.clone()),
        ("resolve_operation", "mcp:report:money", find),
        ("sales_report", "mcp:report:sales", report.clone()),
        ("top_products", "mcp:report:sales", report.clone()),
        ("customer_summary", "mcp:report:sales", json!({ "customer_id": customer, "period": period })),
        ("stock_balance", "mcp:report:stock", json!({})),
        ("cash_balance", "mcp:report:money", json!({})),
        ("cash_flow", "mcp:report:money", report.clone()),
        ("receivables_balance", "mcp:report:money", json!({})),
        ("payables_balance", "mcp:report:money", json!({})),
        ("purchases_report", "mcp:report:money", report),
        ("event_log", "mcp:admin:eventlog", json!({})),
        ("object_history", "mcp:admin:eventlog", json!({ "object_type": "Document.РеализацияТоваров" })),
        ("find_document", "mcp:admin:eventlog", json!({ "doc_type": "РеализацияТоваров", "number": "1" })),
        ("get_metadata", "mcp", json!({ "name": "Справочник.Номенклатура" })),
        ("search_catalog", "mcp", json!({ "catalog": "Склады", "query": "а" })),
        ("product_image", "mcp", json!({ "code": "000000101" })),
        ("list_warehouses", "mcp", json!({})),
        ("whoami", "mcp", json!({})),
    ]
}

async fn register(address: &str) -> String {
    let client = json!({ "client_name": "a client", "redirect_uris": [CALLBACK] });
    let answer = ask(address, "POST /register", &[("Content-Type", "application/json")], &client.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

/// Types a key on the login page; where the browser is sent.
async fn log_in(address: &str, client: &str, key: &str, scope: &str) -> Answer {
    let request = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", scope),
    ];
    let page = get(address, &format!("/authorize?{}", form(&request))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap();
    let typed = [("csrf", csrf), ("key", key), ("action", "allow")];
    post(address, "/authorize", &[("Cookie", cookie)], &[&request[..], &typed].concat()).await
}

/// Access token and granted scopes, by the flow of a browser.
async fn token(address: &str, client: &str, key: &str, scope: &str) -> Option<(String, String)> {
    let answer = log_in(address, client, key, scope).await;
    let location = url::Url::parse(answer.header("location")?).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code")?.1.into_owned();
    let own = [("grant_type", "authorization_code"), ("client_id", client), ("code", &code)];
    let form = [&own[..], &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]].concat();
    let answer = token_request(address, &form).await.json();
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    Some((text("access_token"), text("scope")))
}

async fn rpc(address: &str, token: &str, more: &[(&str, &str)], method: &str, params: Value) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let authorization = bearer(token);
    let own = [
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", "2025-11-25"),
        ("Authorization", &authorization),
    ];
    ask(address, "POST /mcp", &[&own, more].concat(), &body).await
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

const KEYS: [&str; 7] = ["--demo", "--catalog", "trade", "--auth-mode", "oauth2", "--oauth2-login", "key"];

#[tokio::test]
async fn each_key_opens_what_it_is_for() {
    let gateway = Gateway::start(&KEYS).await;
    let address = &gateway.address;
    let client = register(address).await;
    for (key, sub, granted, tools) in [
        ("demo-key-director", "director", ALL, 26),
        ("demo-key-sales", "Менеджер по продажам", "mcp:report:sales mcp:report:stock mcp:resolve", 8),
        ("demo-key-tools", "tools", "mcp", 7),
    ] {
        let (token, scope) = token(address, &client, key, ALL).await.unwrap();
        let mut scopes: Vec<_> = scope.split(' ').collect();
        scopes.sort_unstable();
        assert_eq!(scopes.join(" "), granted, "{key}");
        let shown = names(&rpc(address, &token, &[], "tools/list", json!({})).await.json());
        assert_eq!(shown.len(), tools, "{key} {shown:?}");
        let ordered: Vec<_> = table().into_iter().filter(|(_, scope, _)| scopes.contains(scope)).collect();
        // Those of the catalog in their order, before 1C's own, of which the table has not all.
        let known = shown.iter().filter(|name| ordered.iter().any(|(known, ..)| known == *name));
        assert!(known.eq(ordered.iter().map(|(name, ..)| name)), "{shown:?}");
        for (name, needed, arguments) in table() {
            let answer = rpc(address, &token, &[], "tools/call", json!({ "name": name, "arguments": arguments })).await;
            assert_eq!(shown.iter().any(|shown| shown == name), scopes.contains(&needed), "{key} {name}");
            if scopes.contains(&needed) {
                let json = answer.json();
                let good = json["result"].is_object() && json["result"]["isError"] != json!(true);
                assert!(answer.status == 200 && good, "{key} {name} {}", answer.body);
                continue;
            }
            assert_eq!(answer.status, 403, "{key} {name} {}", answer.body);
            let challenge = answer.header("www-authenticate").unwrap();
            let expected = format!("error=\"insufficient_scope\", scope=\"{needed}\", resource_metadata=\"{address}/");
            assert!(challenge.contains(&expected), "{challenge}");
        }
        if granted.split(' ').any(|scope| scope == "mcp") {
            // What 1C was told, whatever the client says of itself.
            for name in ["X-MCP-Scopes", "x-mcp-scopes", "X-Mcp-Sub", "X_MCP_Sub"] {
                let answer =
                    rpc(address, &token, &[(name, "smuggled")], "tools/call", json!({ "name": "whoami" })).await;
                let answer = answer.json();
                let told = text(&answer);
                assert!(told.contains(&format!("Кто вызывает: {sub}\n")), "{told}");
                assert!(told.ends_with(&format!("Разрешения: {}", granted.replace(' ', ","))), "{told}");
            }
        }
    }
}

/// A key without rights opens nothing, and a wrong one nothing either.
#[tokio::test]
async fn keys_open_no_more_than_they_are_for() {
    let gateway = Gateway::start(&KEYS).await;
    let address = &gateway.address;
    let client = register(address).await;
    for key in ["ключ-без-прав", "demo-key-Director", ""] {
        assert!(token(address, &client, key, ALL).await.is_none(), "{key}");
    }
    assert!(token(address, &client, "demo-key-tools", "mcp:report:money").await.is_none());
}

/// Nobody gets more than was asked for; what a refusal names is what to ask for next.
#[tokio::test]
async fn a_refusal_says_all_that_the_next_login_needs() {
    let gateway = Gateway::start(&KEYS).await;
    let address = &gateway.address;
    let client = register(address).await;
    let (narrow, scope) = token(address, &client, "demo-key-director", "mcp:report:sales").await.unwrap();
    assert_eq!(scope, "mcp:report:sales");
    let list = rpc(address, &narrow, &[], "tools/list", json!({})).await;
    assert_eq!(names(&list.json()), ["sales_report", "top_products", "customer_summary"]);
    let shown = list.body.to_lowercase();
    assert!(["cost", "profit", "margin"].iter().all(|word| !shown.contains(word)), "{shown}");

    let arguments = json!({ "period": { "from": "2026-07-01", "to": "2026-09-30" }, "measures": ["profit"] });
    let call = json!({ "name": "sales_report", "arguments": arguments });
    let answer = rpc(address, &narrow, &[], "tools/call", call.clone()).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"mcp:report:cost mcp:report:sales\""), "{challenge}");
    // Which is what the client then asks for.
    let (both, _) = token(address, &client, "demo-key-director", "mcp:report:cost mcp:report:sales").await.unwrap();
    let answer = rpc(address, &both, &[], "tools/call", call).await.json();
    assert!(answer["result"]["structuredContent"]["totals"]["profit"].is_number(), "{answer}");
}

/// A process whose input is this; the answers to its requests.
async fn piped(args: &[&str], requests: &[(&str, Value)]) -> Vec<Value> {
    let mut child = command()
        .arg("stdio")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut lines = BufReader::new(output).lines();
    let hello =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let mut answers = Vec::new();
    for (method, params) in [("initialize", hello)].iter().chain(requests) {
        let line = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string() + "\n";
        input.write_all(line.as_bytes()).await.unwrap();
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.unwrap().unwrap();
        answers.push(serde_json::from_str(&line.unwrap()).unwrap());
    }
    answers.split_off(1)
}

#[tokio::test]
async fn without_authentication_everything_is_open_and_nothing_told() {
    let infobase = demo::DemoInfobase::builder().today("2026-10-05".parse().unwrap()).start().await.unwrap();
    let login = ["--onec-username", infobase.username(), "--onec-password", infobase.password()];
    let args = [&["--onec-url", infobase.url(), "--catalog", "trade"][..], &login].concat();
    let meta = json!({ "X-MCP-Sub": "director", "X-MCP-Scopes": "mcp" });
    let requests: Vec<_> = table()
        .into_iter()
        .map(|(name, _, arguments)| ("tools/call", json!({ "name": name, "arguments": arguments, "_meta": meta })))
        .chain([("tools/list", json!({ "_meta": meta }))])
        .collect();
    let mut answers = piped(&args, &requests).await;
    let shown = names(&answers.pop().unwrap());
    assert_eq!(shown.len(), 26, "{shown:?}");
    assert!(table().iter().all(|(name, ..)| shown.iter().any(|shown| shown == name)), "{shown:?}");
    for (answer, (name, ..)) in answers.iter().zip(table()) {
        assert!(answer["result"].is_object() && answer["result"]["isError"] != json!(true), "{name} {answer}");
    }
    let asked = infobase.requests();
    assert!(asked.len() > table().len());
    for asked in asked {
        assert!(asked.headers.keys().all(|name| !name.as_str().starts_with("x-mcp-")), "{asked:?}");
        assert_eq!(asked.user, infobase.username());
    }
    let period = json!({ "from": "2026-07-01", "to": "2026-09-30" });
    let report = json!({ "name": "sales_report", "arguments": { "period": period, "measures": ["profit", "margin"] } });
    let who = json!({ "name": "whoami", "_meta": meta });
    let answers = piped(&["--demo", "--catalog", "trade"], &[("tools/call", report), ("tools/call", who)]).await;
    assert!(answers[0]["result"]["structuredContent"]["totals"]["profit"].is_number(), "{}", answers[0]);
    assert_eq!(text(&answers[1]).lines().count(), 1, "{}", answers[1]);
}
