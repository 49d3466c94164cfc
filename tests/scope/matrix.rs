//! Each tool, for callers with each scope alone, with none, with all, and for nobody, over every
//! transport: who sees it, who may call it, what 1C is told, and what the audit trail says.

use crate::fixtures::callers::{Asked, EACH, Heard, Lab, Over, all, somebody};
use crate::fixtures::trail;
use crate::support::mcp::{LEGACY, MODERN};
use onec_mcp::demo::trade::company;
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};

/// What 1C has in the RPC dialect besides, all of it behind `mcp`: as clients see it, and in 1C.
const OWN: [(&str, &str); 7] = [
    ("get_metadata", "get_metadata"),
    ("search_catalog", "search_catalog"),
    ("fail_with_exception", "fail_with_exception"),
    ("product_image", "product_image"),
    ("ostatki_tovarov_9bz3e7", "остатки_товаров"),
    ("list_warehouses", "list_warehouses"),
    ("whoami", "whoami"),
];

/// The 19 tools in their order: name, scope, path, and arguments that 1C answers.
fn table() -> [(&'static str, &'static str, &'static str, Value); 19] {
    let (find, quarter) = (json!({ "query": "а" }), json!({ "from": "2026-07-01", "to": "2026-09-30" }));
    let period = json!({ "period": quarter });
    let customer = &company().customers.iter().find(|customer| !customer.supplier).unwrap().id;
    [
        ("resolve_customer", "mcp:resolve", "resolve/customer", find.clone()),
        ("resolve_warehouse", "mcp:resolve", "resolve/warehouse", find.clone()),
        ("resolve_product", "mcp:resolve", "resolve/product", find.clone()),
        ("resolve_sales_channel", "mcp:resolve", "resolve/sales_channel", find.clone()),
        ("resolve_cash", "mcp:report:money", "resolve/cash", find.clone()),
        ("resolve_cost_article", "mcp:report:money", "resolve/cost_article", find.clone()),
        ("resolve_operation", "mcp:report:money", "resolve/operation", find),
        ("sales_report", "mcp:report:sales", "reports/sales", period.clone()),
        ("top_products", "mcp:report:sales", "reports/top_products", period.clone()),
        (
            "customer_summary",
            "mcp:report:sales",
            "reports/customer_summary",
            json!({ "customer_id": customer, "period": quarter }),
        ),
        ("stock_balance", "mcp:report:stock", "reports/stock", json!({})),
        ("cash_balance", "mcp:report:money", "reports/cash_balance", json!({})),
        ("cash_flow", "mcp:report:money", "reports/cash_flow", period.clone()),
        ("receivables_balance", "mcp:report:money", "reports/receivables", json!({})),
        ("payables_balance", "mcp:report:money", "reports/payables", json!({})),
        ("purchases_report", "mcp:report:money", "reports/purchases", period),
        ("event_log", "mcp:admin:eventlog", "admin/eventlog", json!({})),
        (
            "object_history",
            "mcp:admin:eventlog",
            "admin/eventlog",
            json!({ "object_type": "Document.РеализацияТоваров" }),
        ),
        (
            "find_document",
            "mcp:admin:eventlog",
            "admin/find_document",
            json!({ "doc_type": "РеализацияТоваров", "number": "1" }),
        ),
    ]
}

/// The names that a holder of these scopes is shown.
fn shown(scopes: &str) -> Vec<&'static str> {
    let holds = |scope: &str| scopes.split(' ').any(|own| own == scope);
    let own = OWN.iter().filter(|_| holds("mcp")).map(|(name, _)| *name);
    table().into_iter().filter(|(_, scope, ..)| holds(scope)).map(|(name, ..)| name).chain(own).collect()
}

fn names(list: &Value) -> Vec<&str> {
    let tools = list["tools"].as_array().unwrap_or_else(|| panic!("{list}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn call(name: &str, arguments: &Value) -> Value {
    json!({ "name": name, "arguments": arguments })
}

/// Exactly the headers that say who calls, each once.
#[track_caller]
fn assert_told(asked: &[Asked], sub: &str, scopes: &str) {
    let scopes: Vec<_> = scopes.split(' ').collect();
    for asked in asked {
        assert_eq!((&*asked.sub, &*asked.scopes), (&[sub.to_owned()][..], &[scopes.join(",")][..]), "{asked:?}");
    }
}

async fn list(lab: &Lab, over: Over, scopes: &str) {
    let (sub, told) = somebody();
    let who = Identity::new(&*sub, Scopes::parse(scopes));
    let heard = lab.ask(over, Some(&who), "tools/list", json!({})).await;
    assert_eq!(names(heard.result()), shown(scopes), "{over:?} {scopes:?}");
    assert_told(&lab.asked(Some(&told)), &told, scopes);
    let events = trail::of(Some(&sub));
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["event"], &events[0]["count"]), (&json!("mcp.tool.list"), &json!(shown(scopes).len())));
}

/// One call of a tool that needs `needed`, and all that comes of it. `known` is its name in 1C.
async fn once(lab: &Lab, over: Over, scopes: &str, needed: &str, name: &str, known: &str, arguments: &Value) -> Heard {
    let (sub, told) = somebody();
    let who = Identity::new(&*sub, Scopes::parse(scopes));
    let heard = lab.ask(over, Some(&who), "tools/call", call(name, arguments)).await;
    let case = format!("{over:?} {scopes:?} {name}: {heard:?}");
    let asked = lab.called(Some(&told));
    let events = trail::of(Some(&sub));
    let ended = events.last().unwrap();
    assert_eq!((&ended["event"], &ended["tool"]), (&json!("mcp.tool.call"), &json!(known)), "{case}");
    if scopes.split(' ').any(|own| own == needed) {
        assert_eq!((asked.len(), events.len()), (1, 1), "{case}");
        assert_told(&asked, &told, scopes);
        assert_eq!(ended["ok"], heard.is_good(), "{case}");
        return heard;
    }
    assert_eq!(asked, [], "{case}");
    let text = heard.refused(over);
    assert!(text.contains(needed), "{case}");
    if over.steps_up() {
        let challenge = heard.challenge.as_deref().unwrap();
        assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
        assert!(challenge.contains(&format!("scope=\"{needed}\"")), "{challenge}");
    }
    assert_eq!((&ended["ok"], &ended["reason"]), (&json!(false), &json!("insufficient_scope")), "{case}");
    let denied = &events[0];
    assert_eq!((events.len(), &denied["event"], &denied["tool"]), (2, &json!("oauth.scope.denied"), &json!(known)));
    assert_eq!((&denied["required"], &denied["have"]), (&json!(needed), &json!(scopes)), "{case}");
    heard
}

async fn calls(lab: &Lab, over: Over, scopes: &str) {
    for (name, scope, path, arguments) in table() {
        let heard = once(lab, over, scopes, scope, name, name, &arguments).await;
        let may = scopes.split(' ').any(|own| own == scope);
        assert_eq!(heard.is_good(), may, "{over:?} {scopes:?} {name}: {heard:?}");
        if may {
            let last = lab.infobase.requests().pop().unwrap();
            assert_eq!(last.path, path);
            let answer = &heard.json["result"]["structuredContent"];
            let rows = answer.get("candidates").or(answer.get("rows"));
            assert!(rows.is_some_and(Value::is_array), "{name}: {heard:?}");
        }
    }
    for (name, known) in OWN {
        let arguments = match name {
            "search_catalog" => json!({ "catalog": "Склады", "query": "а" }),
            "get_metadata" => json!({ "name": "Справочник.Номенклатура" }),
            _ => json!({}),
        };
        once(lab, over, scopes, "mcp", name, known, &arguments).await;
    }
}

/// Everything over one transport.
async fn matrix(over: Over) {
    trail::listen();
    // Nothing is remembered from caller to caller: each call that is allowed must be seen at 1C.
    let lab = Lab::with(None).await;
    let everything = all();
    for scopes in EACH.into_iter().chain(["", &everything]) {
        list(&lab, over, scopes).await;
        calls(&lab, over, scopes).await;
    }
}

#[tokio::test]
async fn http_of_2025_11_25() {
    matrix(Over::Http("2025-11-25")).await;
}

#[tokio::test]
async fn http_of_2026_07_28() {
    matrix(Over::Http(MODERN)).await;
}

#[tokio::test]
async fn http_before_step_up() {
    matrix(Over::Http("2025-06-18")).await;
}

#[tokio::test]
async fn stdio_of_2025_11_25() {
    matrix(Over::Stdio("2025-11-25")).await;
}

#[tokio::test]
async fn stdio_of_2026_07_28() {
    matrix(Over::Stdio(MODERN)).await;
}

/// One who may do some things, over everything there is.
#[tokio::test]
async fn every_revision_and_transport() {
    trail::listen();
    let lab = Lab::with(None).await;
    let versions = LEGACY.into_iter().chain([MODERN]);
    let ways = versions.flat_map(|version| [Over::Http(version), Over::Stdio(version)]).chain([Over::Sse]);
    let scopes = "mcp mcp:report:stock";
    for over in ways {
        list(&lab, over, scopes).await;
        once(&lab, over, scopes, "mcp:report:stock", "stock_balance", "stock_balance", &json!({})).await.result();
        once(&lab, over, scopes, "mcp:resolve", "resolve_customer", "resolve_customer", &json!({})).await;
    }
}

/// Where a transport was mounted without asking who calls, nobody gets anything.
#[tokio::test]
async fn nobody() {
    trail::listen();
    let lab = Lab::with(None).await;
    for over in [Over::Http("2025-11-25"), Over::Http(MODERN), Over::Http("2025-03-26"), Over::Stdio("2025-11-25")] {
        let before = lab.infobase.requests();
        let list = lab.ask(over, None, "tools/list", json!({})).await;
        assert!(list.json["result"].is_null() && list.json["error"].is_object(), "{over:?} {list:?}");
        for (name, scope) in table().iter().map(|row| (row.0, row.1)).chain(OWN.map(|(name, _)| (name, "mcp"))) {
            trail::of(None);
            let heard = lab.ask(over, None, "tools/call", call(name, &json!({}))).await;
            assert!(heard.refused(over).contains(scope), "{over:?} {name}: {heard:?}");
            let events = trail::of(None);
            let told: Vec<_> =
                events.iter().map(|event| (&event["event"], &event["required"], &event["reason"])).collect();
            let (denied, ended) = (json!("oauth.scope.denied"), json!("mcp.tool.call"));
            let expected =
                [(&denied, &json!(scope), &Value::Null), (&ended, &Value::Null, &json!("insufficient_scope"))];
            assert_eq!(told, expected, "{over:?} {name}");
        }
        assert_eq!(lab.infobase.requests(), before, "{over:?}");
    }
}
