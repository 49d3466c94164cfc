//! What reaches 1C for each tool, whole, whoever calls; and what is told of 1C's own refusals and of
//! answers that are too long.

use crate::fixtures::doors::{Door, Doors, NOTHING};
use crate::fixtures::tool_arguments::{completed, good};
use crate::support::fault::{Act, ok, status};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::Limits;
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Credentials, Identity, Scopes};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCOPES: &str =
    "mcp mcp:admin:eventlog mcp:report:cost mcp:report:money mcp:report:sales mcp:report:stock mcp:resolve";
const SCOPES_SENT: &str =
    "mcp,mcp:admin:eventlog,mcp:report:cost,mcp:report:money,mcp:report:sales,mcp:report:stock,mcp:resolve";

/// What a client may try: to be somebody else, and to get something of its own to 1C.
const FORGED: &[(&str, &str)] = &[
    ("x-mcp-sub", "director"),
    ("x-mcp-scopes", "mcp:report:cost"),
    ("X-MCP-Scopes", "mcp:admin:eventlog"),
    ("x-mcp-user", "director"),
    ("x-mcp_sub", "director"),
    ("cookie", "ibsession=1"),
    ("ibsession", "start"),
    ("forwarded", "for=10.0.0.1"),
    ("x-tenant", "other"),
    ("accept-language", "de"),
];

/// The paths below the service root, written down a second time.
const PATHS: [(&str, &str); 19] = [
    ("resolve_customer", "resolve/customer"),
    ("resolve_warehouse", "resolve/warehouse"),
    ("resolve_product", "resolve/product"),
    ("resolve_sales_channel", "resolve/sales_channel"),
    ("resolve_cash", "resolve/cash"),
    ("resolve_cost_article", "resolve/cost_article"),
    ("resolve_operation", "resolve/operation"),
    ("sales_report", "reports/sales"),
    ("top_products", "reports/top_products"),
    ("customer_summary", "reports/customer_summary"),
    ("stock_balance", "reports/stock"),
    ("cash_balance", "reports/cash_balance"),
    ("cash_flow", "reports/cash_flow"),
    ("receivables_balance", "reports/receivables"),
    ("payables_balance", "reports/payables"),
    ("purchases_report", "reports/purchases"),
    ("event_log", "admin/eventlog"),
    ("object_history", "admin/eventlog"),
    ("find_document", "admin/find_document"),
];

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A caller, and what 1C is told of them.
struct Caller {
    identity: Option<Identity>,
    login: String,
    headers: Vec<(&'static str, &'static str)>,
}

fn nobody() -> Caller {
    Caller { identity: None, login: basic("Служба", "пароль"), headers: vec![] }
}

fn callers() -> [Caller; 3] {
    let key = Identity::new("Директор №1", Scopes::parse(SCOPES)).with_client("client");
    let own = Identity::new("onec:Иванов", Scopes::parse(SCOPES)).with_credentials(Credentials::new("Иванов", "п:1"));
    let told = |subject| vec![("x-mcp-scopes", SCOPES_SENT), ("x-mcp-sub", subject)];
    let director = "%D0%94%D0%B8%D1%80%D0%B5%D0%BA%D1%82%D0%BE%D1%80%20%E2%84%961";
    [
        nobody(),
        Caller { identity: Some(key), login: basic("Служба", "пароль"), headers: told(director) },
        Caller {
            identity: Some(own),
            login: basic("Иванов", "п:1"),
            headers: told("onec:%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2"),
        },
    ]
}

async fn script(act: Act, limits: Limits) -> Doors {
    Doors::new([act], limits, None, CacheLayer::new().max_entries(0)).await
}

/// The last request that 1C got is this one, with nothing else in it.
fn is_whole(doors: &Doors, tool: &str, body: &str, caller: &Caller) {
    let seen = doors.last();
    let (_, path) = PATHS.into_iter().find(|(name, _)| *name == tool).unwrap();
    assert_eq!(seen.line, format!("POST /base/hs/mcp/{path} HTTP/1.1"));
    let (length, host) = (body.len().to_string(), doors.server.addr.to_string());
    let mut headers = vec![
        ("accept", "application/json"),
        ("authorization", &*caller.login),
        ("content-length", &*length),
        ("content-type", "application/json"),
        ("host", &*host),
    ];
    headers.extend(&caller.headers);
    let got = seen.headers.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>();
    assert_eq!(got, headers, "{tool}");
    assert_eq!(seen.body, body, "{tool}");
}

#[tokio::test]
async fn the_whole_request_of_each_tool_for_each_caller() {
    let listed = Doors::open(Limits::default()).await.listed().await;
    let mut asked = BTreeSet::new();
    for caller in callers() {
        // Who is known comes by a policy; without one everybody may do everything.
        let policy = caller.identity.as_ref().map(|_| ScopePolicy::everything("mcp"));
        let cache = CacheLayer::new().max_entries(0);
        let doors = Doors::new([ok(NOTHING)], Limits::default(), policy, cache).await;
        let mut requests = 0;
        for (tool, arguments) in good() {
            let schema = &listed.iter().find(|shown| shown["name"] == tool).unwrap()["inputSchema"];
            let body = completed(schema, arguments.clone()).to_string();
            for door in doors.of(tool) {
                let told = match door {
                    // Its own token, and the client's, which stays here.
                    Door::Rest => doors.call_as(door, tool, &arguments, caller.identity.clone(), FORGED).await,
                    Door::Mcp(_) => {
                        let headers = [FORGED, &[("authorization", "Bearer of-the-client")]].concat();
                        doors.call_as(door, tool, &arguments, caller.identity.clone(), &headers).await
                    }
                };
                assert_eq!((told.status, &told.error), (200, &None), "{tool} {door:?}: {told:?}");
                assert_eq!(
                    serde_json::from_str::<Value>(&told.text).unwrap(),
                    serde_json::from_str::<Value>(NOTHING).unwrap()
                );
                requests += 1;
                assert_eq!(doors.server.seen().len(), requests, "{tool} {door:?}");
                // Whoever bears the token of the REST face is nobody in particular.
                let known = if door == Door::Rest { &nobody() } else { &caller };
                is_whole(&doors, tool, &body, known);
            }
            asked.insert(tool);
        }
    }
    assert_eq!(asked, PATHS.iter().map(|(tool, _)| *tool).collect());
}

#[tokio::test]
async fn a_remembered_answer_is_asked_for_once_for_all_doors() {
    for (tool, arguments) in good() {
        let doors = Doors::new([ok(NOTHING)], Limits::default(), None, CacheLayer::new()).await;
        let mut texts = BTreeSet::new();
        for door in doors.of(tool) {
            texts.insert(doors.call(door, tool, &arguments).await.text);
        }
        let requests = if tool.starts_with("resolve_") { 1 } else { doors.of(tool).len() };
        assert_eq!((texts.len(), doors.server.seen().len()), (1, requests), "{tool}");
    }
}

#[tokio::test]
async fn what_1c_itself_refuses() {
    let text = "Контрагент не найден: проверьте customer_ids";
    let long = "я".repeat(5000);
    let bodies = [
        (json!({ "error": "invalid", "message": text }).to_string().into_bytes(), Some(text)),
        (format!("\u{feff}{}", json!({ "message": text })).into_bytes(), Some(text)),
        (text.as_bytes().to_vec(), Some(text)),
        (encoding_rs::WINDOWS_1251.encode(text).0.into_owned(), Some(text)),
        (vec![], None),
        (long.clone().into_bytes(), Some(&long[..4096])),
    ];
    for (body, expected) in bodies {
        let doors = script(status(400, body), Limits::default()).await;
        for (at, (tool, arguments)) in good().into_iter().enumerate() {
            for door in doors.of(tool) {
                let told = doors.call(door, tool, &arguments).await;
                let kind = match door {
                    Door::Mcp(_) => (200, Some("isError")),
                    Door::Rest => (400, Some("onec_error")),
                };
                assert_eq!((told.status, told.error.as_deref()), kind, "{tool} {door:?}: {told:?}");
                match expected {
                    Some(text) => assert!(told.text.starts_with(text), "{tool} {door:?}: {told:?}"),
                    None => assert!(told.text.contains("400"), "{tool} {door:?}: {told:?}"),
                }
                assert!(told.text.len() <= 4096 + 8, "{}", told.text.len());
            }
            // A refusal is not remembered, nor is a call tried again.
            let all = good().iter().take(at + 1).map(|(tool, _)| doors.of(tool).len()).sum::<usize>();
            assert_eq!(doors.server.seen().len(), all, "{tool}");
        }
    }
}

/// The most rows or candidates that a tool passes on.
fn ceiling(tool: &str, limits: Limits) -> u64 {
    match tool {
        "event_log" | "object_history" => 500,
        "find_document" => 100,
        _ if tool.starts_with("resolve_") => limits.resolve_limit,
        _ => limits.max_rows,
    }
}

#[tokio::test]
async fn a_1c_that_sends_more_than_the_ceiling() {
    for limits in [Limits::default().resolve_limit(3).max_rows(6), Limits::default().resolve_limit(12).max_rows(700)] {
        for (tool, arguments) in good() {
            let most = ceiling(tool, limits);
            let answer = |count: u64| match tool.starts_with("resolve_") {
                true => {
                    let one = json!({ "id": "1", "label": "Север", "archived": false });
                    json!({ "candidates": (0..count).map(|_| one.clone()).collect::<Vec<_>>() })
                }
                false => json!({ "columns": [], "rows": (0..count).map(|at| json!([at])).collect::<Vec<_>>() }),
            };
            for count in [0, most - 1, most] {
                let doors = script(ok(answer(count).to_string()), limits).await;
                for door in doors.of(tool) {
                    let told = doors.call(door, tool, &arguments).await;
                    assert_eq!((told.status, &told.error), (200, &None), "{tool} {door:?} {count}: {told:?}");
                    assert_eq!(serde_json::from_str::<Value>(&told.text).unwrap(), answer(count), "{tool} {door:?}");
                }
            }
            for count in [most + 1, most * 3] {
                let doors = script(ok(answer(count).to_string()), limits).await;
                for door in doors.of(tool) {
                    let told = doors.call(door, tool, &arguments).await;
                    let (kind, says) = match door {
                        Door::Mcp(_) => ((200, Some("isError")), "limit_exceeded: "),
                        Door::Rest => ((400, Some("limit_exceeded")), "Narrow the request"),
                    };
                    assert_eq!((told.status, told.error.as_deref()), kind, "{tool} {door:?} {count}: {told:?}");
                    for word in [says, &format!(" {count} rows"), &format!(" {most}")] {
                        assert!(told.text.contains(word), "{tool} {door:?}: no {word:?} in {told:?}");
                    }
                }
            }
        }
    }
}
