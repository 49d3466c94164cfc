//! `mcp:report:cost`: without it costs, profits and margins are neither shown nor told, however a call
//! names them, and whatever was remembered for those who hold it.

use crate::fixtures::callers::{Heard, Lab, Over, all, all_but, somebody};
use crate::support::hidden_invariants as invariants;
use crate::support::hidden_invariants::Careless;
use crate::support::mcp::MODERN;
use onec_mcp::catalog::{Catalog, CatalogLayer, Limits, Tool, Tools};
use onec_mcp::demo::trade::company;
use onec_mcp::rpc::{Method, Params, Request, Version};
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, Identity, Scopes};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use tower::ServiceExt;

const COST: &str = "mcp:report:cost";
const SECRET: [&str; 3] = ["cost", "profit", "margin"];
const WAYS: [Over; 4] =
    [Over::Http("2025-11-25"), Over::Http(MODERN), Over::Stdio("2025-11-25"), Over::Stdio("2025-03-26")];
const DIMENSIONS: [&str; 11] = [
    "warehouse",
    "customer",
    "product",
    "seller",
    "sales_channel",
    "day",
    "week",
    "month",
    "cohort",
    "product_group",
    "customer_group",
];
const MEASURES: [&str; 5] = ["amount", "qty", "receipts", "avg_check", "customers"];

fn who(scopes: &str) -> (Identity, String) {
    let (sub, told) = somebody();
    (Identity::new(sub, Scopes::parse(scopes)), told)
}

async fn call(lab: &Lab, over: Over, scopes: &str, name: &str, arguments: &Value) -> (Heard, usize) {
    let (who, told) = who(scopes);
    let heard = lab.ask(over, Some(&who), "tools/call", json!({ "name": name, "arguments": arguments })).await;
    (heard, lab.called(Some(&told)).len())
}

/// A report over a quarter, with these arguments besides.
fn report(more: &Value) -> Value {
    let mut arguments = json!({ "period": { "from": "2026-07-01", "to": "2026-09-30" }, "group_by": ["month"] });
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

/// How often a text speaks of what costs; articles of expenses have nothing to do with it.
fn told(text: &Value) -> usize {
    let text = text.to_string().to_lowercase().replace("cost_article", "").replace("cost article", "");
    ["cost", "profit", "margin", "себестоим", "прибыл"].iter().map(|word| text.matches(word).count()).sum()
}

#[tokio::test]
async fn lists_tell_of_it_to_its_holders_alone() {
    let lab = Lab::start().await;
    // Twice, so that what was remembered for one caller comes up for the other.
    for over in WAYS.into_iter().chain([Over::Sse]).cycle().take(10) {
        for (scopes, holds) in [(all(), true), (all_but(COST), false)] {
            let heard = lab.ask(over, Some(&who(&scopes).0), "tools/list", json!({})).await;
            let tools = heard.result()["tools"].as_array().unwrap();
            let report = tools.iter().find(|tool| tool["name"] == "sales_report").unwrap();
            let own: Vec<_> =
                MEASURES.into_iter().chain(if holds { &SECRET[..] } else { &[] }.iter().copied()).collect();
            let properties = &report["inputSchema"]["properties"];
            assert_eq!(properties["measures"]["items"]["enum"], json!(own), "{over:?}");
            assert_eq!(properties["measures"]["default"], json!(["amount", "qty"]));
            let fields: Vec<_> = DIMENSIONS.into_iter().chain(own).collect();
            assert_eq!(properties["sort"]["items"]["properties"]["field"]["enum"], json!(fields), "{over:?}");
            assert_eq!(told(&heard.json) > 0, holds, "{over:?}: {}", heard.json);
        }
    }
}

/// Ways in which models write arguments, all of which name a value.
fn forms(word: &str) -> Vec<Value> {
    let quoted = format!("\"{word}\"");
    vec![
        json!({ "measures": [word] }),
        json!({ "measures": ["amount", word] }),
        json!({ "measures": word }),
        json!({ "measures": format!("[{quoted}]") }),
        json!({ "measures": format!(" [\n\"amount\", {quoted} ] ") }),
        json!({ "measures": json!([word]).to_string().replace(word, &escaped(word)) }),
        json!({ "measures": [word], "sort": [{ "field": word, "dir": "desc" }] }),
        json!({ "measures": [word], "sort": { "field": word } }),
        json!({ "measures": [word], "sort": format!("[{{\"field\":{quoted}}}]") }),
        json!({ "measures": [word], "sort": format!("{{\"field\":{quoted},\"dir\":\"asc\"}}") }),
    ]
}

/// Others that cannot be mended, and must not pass for all that.
fn crooked(word: &str) -> Vec<Value> {
    vec![
        json!({ "sort": [{ "field": word }] }),
        json!({ "sort": format!("[{{\"field\":\"{}\"}}]", escaped(word)) }),
        json!({ "sort": [[{ "field": word }]] }),
        json!({ "sort": word }),
        json!({ "measures": [word.to_uppercase()] }),
        json!({ "measures": format!(" {word} ") }),
        json!({ "measures": [[word]] }),
        json!({ "measures": format!("[[\"{word}\"]]") }),
        json!({ "measures": format!("['{word}']") }),
        json!({ "measures": format!("amount, {word}") }),
        json!({ "measures": json!(json!([word]).to_string()).to_string() }),
        json!({ "measures": { word: true } }),
        json!({ "measures": [{ "field": word }] }),
        json!({ "Measures": [word] }),
        json!({ "measures[]": [word] }),
        json!({ "sort.field": word }),
    ]
}

/// Each letter as JSON may write it.
fn escaped(word: &str) -> String {
    word.bytes().map(|byte| format!("\\u{byte:04x}")).collect()
}

#[tokio::test]
async fn calls_that_name_it_need_both_scopes() {
    let lab = Lab::start().await;
    for (over, word) in WAYS.into_iter().flat_map(|over| SECRET.map(|word| (over, word))) {
        for arguments in forms(word).iter().chain(&crooked(word)) {
            for scopes in [&all_but(COST), "mcp:report:sales"] {
                let (heard, asked) = call(&lab, over, scopes, "sales_report", &report(arguments)).await;
                let text = heard.refused(over);
                assert!(text.contains("mcp:report:cost mcp:report:sales"), "{over:?} {arguments}: {text}");
                assert_eq!(asked, 0, "{over:?} {arguments}");
                if let Some(challenge) = heard.challenge {
                    assert!(challenge.contains("scope=\"mcp:report:cost mcp:report:sales\""), "{challenge}");
                }
            }
            // Whoever lacks the other one is told of both as well.
            let (heard, _) = call(&lab, over, COST, "sales_report", &report(arguments)).await;
            let text = heard.refused(over);
            assert!(text.contains("mcp:report:cost mcp:report:sales"), "{over:?} {arguments}: {text}");
        }
        // All the arguments as one text.
        let text = json!(report(&json!({ "measures": [word] })).to_string());
        let (heard, asked) = call(&lab, over, &all_but(COST), "sales_report", &text).await;
        assert!(!heard.is_good() && asked == 0, "{heard:?}");
    }
}

#[tokio::test]
async fn with_it_they_work() {
    let lab = Lab::start().await;
    let scopes = "mcp:report:sales mcp:report:cost";
    for (over, word) in WAYS.into_iter().zip(SECRET.into_iter().cycle()) {
        for arguments in forms(word) {
            let (heard, asked) = call(&lab, over, scopes, "sales_report", &report(&arguments)).await;
            let answer = &heard.result()["structuredContent"];
            assert_eq!(asked, 1, "{over:?} {arguments} {heard:?}");
            let columns: Vec<_> = answer["columns"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
            assert!(columns.contains(&&json!(word)), "{columns:?}");
            assert!(answer["totals"][word].as_f64().is_some_and(|figure| figure > 0.0), "{answer}");
        }
        let arguments = report(&json!({ "measures": ["amount", "cost", "profit", "margin"] }));
        let (heard, _) = call(&lab, over, scopes, "sales_report", &arguments).await;
        let totals = &heard.result()["structuredContent"]["totals"];
        let figure = |name: &str| (totals[name].as_f64().unwrap() * 100.0).round();
        assert_eq!(figure("profit"), figure("amount") - figure("cost"));
        assert_eq!(figure("margin"), (figure("profit") / figure("amount") * 10_000.0).round());
    }
}

/// Words that are none must not be told of either: not as what is allowed, not as what was meant.
#[tokio::test]
async fn errors_keep_it_to_themselves() {
    let lab = Lab::start().await;
    for over in WAYS {
        for arguments in [
            json!({ "measures": ["profi"] }),
            json!({ "measures": ["costs"] }),
            json!({ "measures": 7 }),
            json!({ "measures": {"a": 1} }),
            json!({ "sort": [{ "field": "margn" }] }),
            json!({ "sort": [{}] }),
            json!({ "sort": [{ "field": 1 }] }),
            json!({ "mesures": ["amount"] }),
            json!({ "sort": [{ "field": "qty" }], "measures": ["amount"] }),
        ] {
            let arguments = report(&arguments);
            let (heard, asked) = call(&lab, over, &all_but(COST), "sales_report", &arguments).await;
            let text = heard.result()["content"][0]["text"].as_str().unwrap();
            assert_eq!((&heard.result()["isError"], asked), (&json!(true), 0), "{arguments} {text}");
            // What the caller wrote may come back.
            let own = ["profi\"", "\"costs\""].iter().fold(text.to_owned(), |text, own| text.replace(own, ""));
            assert_eq!(told(&json!(own)), 0, "{arguments} {text}");
        }
        let (heard, _) = call(&lab, over, &all(), "sales_report", &report(&json!({ "measures": ["profi"] }))).await;
        assert!(heard.result()["content"][0]["text"].as_str().unwrap().contains("profit"), "{heard:?}");
    }
}

#[tokio::test]
async fn totals_of_a_customer() {
    let lab = Lab::start().await;
    let customer = company().sales.iter().find(|sale| !sale.is_return && *sale.date.to_string() > *"2026-07");
    let customer = &company().customers[customer.unwrap().customer].id;
    let arguments = json!({ "customer_id": customer, "period": { "from": "2026-07-01", "to": "2026-09-30" } });
    for over in WAYS {
        let mut amounts = Vec::new();
        for (scopes, holds) in [("mcp:report:sales mcp:report:cost", true), ("mcp:report:sales", false)] {
            let (heard, _) = call(&lab, over, scopes, "customer_summary", &arguments).await;
            let totals = &heard.result()["structuredContent"]["totals"];
            assert!(SECRET.iter().all(|word| totals[word].is_number() == holds), "{totals}");
            assert_eq!(told(&heard.json) > 0, holds, "{heard:?}");
            amounts.push(totals["amount"].clone());
        }
        assert!(amounts[0].as_f64().is_some_and(|amount| amount > 0.0) && amounts[0] == amounts[1]);
    }
}

/// 1C shows a warehouse of production to holders alone; so does what is remembered.
#[tokio::test]
async fn production_warehouses_stay_hidden_in_the_cache() {
    let lab = Lab::start().await;
    let hidden = company().warehouses.iter().find(|warehouse| warehouse.production).unwrap();
    let query = json!({ "query": hidden.name });
    let before = lab.infobase.requests().len();
    for over in WAYS.into_iter().cycle().take(3 * WAYS.len()) {
        for (scopes, holds) in [("mcp:resolve", false), ("mcp:resolve mcp:report:cost", true), (&all_but(COST), false)]
        {
            let (heard, _) = call(&lab, over, scopes, "resolve_warehouse", &query).await;
            let candidates = heard.result()["structuredContent"]["candidates"].as_array().unwrap();
            assert_eq!(candidates.iter().any(|found| found["id"] == hidden.id), holds, "{over:?} {scopes}: {heard:?}");
            assert_eq!(heard.json.to_string().contains(&hidden.id), holds);
        }
    }
    let asked = lab.infobase.requests().into_iter().skip(before).filter(|asked| asked.path == "resolve/warehouse");
    assert_eq!(asked.count(), 3, "each set of scopes asks 1C once");
}

static TRADE: LazyLock<Tools> = LazyLock::new(|| Tools::trade(Limits::default()).unwrap());

/// What a caller with these scopes gets for a call of this tool, where 1C sends `sent`: the text and the structure, which
/// are the same.
async fn shown(tools: &Tools, tool: &Tool, scopes: &str, sent: &str) -> Value {
    let period = json!({ "from": "2026-07-01", "to": "2026-07-31" });
    let known = [
        ("query", json!("x")),
        ("period", period),
        ("customer_id", json!("0b6d7a0e-8f3c-11ee-b9d1-0242ac120002")),
        ("object_type", json!("Document.Sale")),
        ("doc_type", json!("Sale")),
        ("number", json!("1")),
    ];
    let properties = &tool.input_schema()["properties"];
    let arguments: serde_json::Map<_, _> = known
        .into_iter()
        .filter(|(name, _)| !properties[name].is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let onec = Careless(sent.to_owned());
    let layer = CatalogLayer::new(Catalog::new(tools.clone()), onec.clone());
    let policy = ScopePolicy::everything("mcp");
    let gateway = Gateway::builder(onec).scopes(policy).catalog(layer).build();
    let params = Params::parse(&json!({ "name": tool.name(), "arguments": arguments }).to_string().into()).unwrap();
    let mut request = Request::new(Method::ToolsCall, params, Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse(scopes)));
    let answer = gateway.oneshot(request).await.unwrap().outcome.unwrap();
    let mut got: Value = serde_json::from_slice(answer.json()).unwrap();
    assert_eq!(got["isError"], Value::Null, "{}: {got}", tool.name());
    let structured = got["structuredContent"].take();
    let text: Value = serde_json::from_str(got["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, structured);
    structured
}

/// With the members that the tool's output schema wants, further in where it wants others of these names.
fn completed(tool: &Tool, mut sent: Value) -> Value {
    let schema = tool.output_schema().cloned().unwrap_or_default();
    let is_typed = |name: &str| !schema["properties"][name]["type"].is_null();
    if sent["totals"].is_array() && is_typed("totals") || sent["columns"].is_array() && !is_typed("columns") {
        sent = json!({ "inner": sent });
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let empty = if schema["properties"][name]["type"] == "array" { json!([]) } else { json!({}) };
        sent.as_object_mut().unwrap().entry(name.to_owned()).or_insert(empty);
    }
    sent
}

/// Each figure that is a secret has 777 in it; beside it, what those without the scope get.
fn careless_answers() -> Vec<(Value, Value)> {
    let product = json!({ "id": "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002", "label": "Profit" });
    let column = |name: &str| json!({ "name": name, "type": "number" });
    vec![
        (
            json!({ "columns": [column("product"), column("cost"), column("amount"), column("Margin")],
                "rows": [[product, 77701, 10, 77702], [null, 77703, 20, 77704]],
                "totals": { "amount": 30, "cost": 77705, "profit": 77706, "margin": 77707 } }),
            json!({ "columns": [column("product"), column("amount")], "rows": [[product, 10], [null, 20]],
                "totals": { "amount": 30 } }),
        ),
        (
            json!({ "rows": [[77701, "а"]], "totals": { "Валовая прибыль": 77702, "СЕБЕСТОИМОСТЬ": 77703, "Сумма": 1 },
                "columns": [column("Себестоимость"), column("Товар")] }),
            json!({ "rows": [["а"]], "totals": { "Сумма": 1 }, "columns": [column("Товар")] }),
        ),
        (
            json!({ "columns": ["amount", "profit"], "rows": [[1, 77701], [2, 77702], [3]], "totals": [6, 77703] }),
            json!({ "columns": ["amount"], "rows": [[1], [2], [3]], "totals": [6] }),
        ),
        (
            json!({ "totals": { "months": [{ "month": "07", "amount": 1, "cost": 77701 }], "all": { "PROFIT": { "x": 77702 } } },
                "rows": [{ "amount": 1, " margin ": 77703 }], "columns": [] }),
            json!({ "totals": { "months": [{ "month": "07", "amount": 1 }], "all": {} }, "rows": [{ "amount": 1 }], "columns": [] }),
        ),
        (
            json!({ "totals": [{ "name": "cost", "value": 77701 }, { "name": "amount", "value": 1 }, { "title": "Маржа, %", "v": 77702 }] }),
            json!({ "totals": [{ "name": "amount", "value": 1 }] }),
        ),
        (
            json!({ "columns": [column("Показатель"), column("Значение")],
                "rows": [["Себестоимость", 77701], ["Сумма", 1], ["gross_profit", 77702]] }),
            json!({ "columns": [column("Показатель"), column("Значение")], "rows": [["Сумма", 1]] }),
        ),
        (
            json!({ "columns": [{ "name": "c1", "title": "Рентабельность (%)" }, { "name": "c2", "title": "Сумма" }],
                "rows": [{ "group": product, "rows": [[77701, 1], [77702, 2, 77703]] }] }),
            json!({ "columns": [{ "name": "c2", "title": "Сумма" }], "rows": [{ "group": product, "rows": [[1], [2]] }] }),
        ),
        (
            json!({ "fields": ["cost", "amount"], "data": [[77701, 1], [77702, 2]] }),
            json!({ "fields": ["amount"], "data": [[1], [2]] }),
        ),
        (
            json!({ "ｃｏｓｔ": 77701, "coſt": 77702, "𝐩rofit": 77703, "m\u{61}rgin.total": 77704, "applied_filters": { "measures": ["amount", "cost"] } }),
            json!({ "applied_filters": { "measures": ["amount"] } }),
        ),
        (
            json!({ "candidates": [{ "id": "1", "label": "Маржа", "cost": 77701 }] }),
            json!({ "candidates": [{ "id": "1", "label": "Маржа" }] }),
        ),
        // What only looks like it.
        (
            json!({ "costs": 1, "cost_article": 2, "profitable": 3, "label": "cost", "Прибыльность": 4 }),
            json!({ "costs": 1, "cost_article": 2, "profitable": 3, "label": "cost", "Прибыльность": 4 }),
        ),
    ]
}

/// Whatever 1C sends, and through whichever tool.
#[tokio::test]
async fn what_1c_sends_all_the_same_is_taken_out() {
    let tools = Tools::trade(Limits::default()).unwrap();
    for tool in tools.iter() {
        for (sent, left) in careless_answers() {
            let (sent, left) = (completed(tool, sent), completed(tool, left));
            let all_but_cost = all_but(COST);
            for text in
                [sent.to_string(), serde_json::to_string_pretty(&sent).unwrap(), escaped_names(&sent.to_string())]
            {
                assert_eq!(shown(&tools, tool, &all_but_cost, &text).await, left, "{}: {text}", tool.name());
                assert_eq!(shown(&tools, tool, &all(), &text).await, sent, "{}: {text}", tool.name());
            }
        }
    }
}

/// In whatever order the members come, and nothing else is written anew.
#[tokio::test]
async fn the_rest_stays_as_it_is() {
    let tool = TRADE.get("customer_summary").unwrap();
    let sent = r#"{"rows": [[77701, 1.10, -0]], "totals": {"b": 1e2, "cost": 77702, "a": "\u0041\/"}, "columns": [{"name": "cost"}, {"name": "amount"}, {"name": "c"}]}"#;
    let onec = Careless(sent.to_owned());
    let layer = CatalogLayer::new(Catalog::new(TRADE.clone()), onec.clone());
    let gateway = Gateway::builder(onec).scopes(ScopePolicy::default()).catalog(layer).build();
    let arguments = json!({
        "customer_id": "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002", "period": { "from": "2026-07-01", "to": "2026-07-31" },
    });
    let params = json!({ "name": tool.name(), "arguments": arguments }).to_string();
    let mut request = Request::new(Method::ToolsCall, Params::parse(&params.into()).unwrap(), Version::V2025_11_25);
    request.extensions.insert(Identity::new("me", Scopes::parse(tool.scope())));
    let answer = gateway.oneshot(request).await.unwrap().outcome.unwrap();
    let text = String::from_utf8(answer.json().to_vec()).unwrap();
    let left = r#"{"rows":[[1.10,-0]],"totals":{"b":1e2,"a":"A/"},"columns":[{"name":"amount"},{"name":"c"}]}"#;
    assert!(text.ends_with(&format!("\"structuredContent\":{left}}}")), "{text}");
}

/// The same JSON with letters of the names as escapes.
fn escaped_names(json: &str) -> String {
    ["cost", "profit", "Маржа"].into_iter().fold(json.to_owned(), |json, name| {
        let first = name.chars().next().unwrap();
        json.replace(&format!("\"{name}"), &format!("\"\\u{:04x}{}", u32::from(first), &name[first.len_utf8()..]))
    })
}

/// Names come from the catalog alone: from the guards of any of its tools, in whatever language.
#[tokio::test]
async fn a_catalog_says_what_is_hidden() {
    let schema = |measures: Value| json!({ "type": "object", "properties": { "measures": { "type": "array", "items": { "enum": measures } } } });
    let tool = |name: &str, schema: Value, guarded: Value| json!({ "name": name, "description": name, "scope": "hr:read", "path": name, "input_schema": schema, "guarded": guarded });
    let guard = json!([{ "field": "measures", "values": ["payroll"], "names": ["ФОТ", "Оклад"], "scope": "hr:pay" }]);
    let file = json!({ "tools": [
        tool("guarded", schema(json!(["people", "payroll"])), guard),
        tool("other", schema(json!(["people"])), json!([])),
        tool("open", schema(json!(["people", "payroll"])), json!([])),
    ] });
    let tools = Tools::read(&file, "test", Limits::default()).unwrap();
    let sent = json!({ "totals": { "people": 1, "payroll": 2, "фот": 3, "Оклад": 4, "cost": 5 } }).to_string();
    for (name, left) in [
        ("guarded", json!({ "totals": { "people": 1, "cost": 5 } })),
        ("other", json!({ "totals": { "people": 1, "cost": 5 } })),
        // It lets all its callers ask for it.
        ("open", json!({ "totals": { "people": 1, "payroll": 2, "cost": 5 } })),
    ] {
        assert_eq!(shown(&tools, tools.get(name).unwrap(), "hr:read", &sent).await, left, "{name}");
        let all = shown(&tools, tools.get(name).unwrap(), "hr:read hr:pay", &sent).await;
        assert_eq!(all.to_string(), sent, "{name}");
    }
    for wrong in [json!([]), json!("ФОТ"), json!([1])] {
        let mut file = file.clone();
        file["tools"][0]["guarded"][0]["names"] = wrong;
        let error = Tools::read(&file, "test", Limits::default()).unwrap_err().to_string();
        assert!(error.contains("guarded[0].names"), "{error}");
    }
}

/// JSON in which some members and columns are secret: their figures are 777, all others are not.
fn any_answer() -> impl Strategy<Value = Value> {
    let name = || prop::sample::select(vec!["cost", "Profit", "маржа", "gross_margin", "amount", "qty", "Товар", "id"]);
    let figure = |name: &str| if ["amount", "qty", "Товар", "id"].contains(&name) { json!(1) } else { json!(777) };
    let object = prop::collection::hash_map(name(), Just(()), 0..5)
        .prop_map(move |names| names.into_keys().map(|name| (name.to_owned(), figure(name))).collect::<Value>());
    let table =
        (prop::collection::vec(name(), 1..6), 0..4_usize, any::<bool>()).prop_map(move |(names, rows, objects)| {
            let row = || match objects {
                true => names.iter().map(|name| ((*name).to_owned(), figure(name))).collect::<Value>(),
                false => names.iter().map(|name| figure(name)).collect::<Value>(),
            };
            let columns = names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
            json!({ "columns": columns, "rows": (0..rows).map(|_| row()).collect::<Vec<_>>() })
        });
    prop_oneof![object, table].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (prop::sample::select(vec!["totals", "by_month", "data", "rows"]), inner.clone(), inner)
                .prop_map(|(name, one, other)| json!({ (name): one, "more": [other] })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_figure_slips_through(inner in any_answer()) {
        let tool = TRADE.get("customer_summary").unwrap();
        let sent = json!({ "inner": inner });
        let count = |value: &Value| value.to_string().matches('1').count();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let got = runtime.block_on(shown(&TRADE, tool, "mcp:report:sales", &sent.to_string()));
        prop_assert!(!got.to_string().contains("777"), "{sent} {got}");
        prop_assert_eq!(count(&got), count(&sent), "nothing else is lost: {} {}", sent, got);
        let all = runtime.block_on(shown(&TRADE, tool, "mcp:report:sales mcp:report:cost", &sent.to_string()));
        prop_assert_eq!(all, sent);
    }

    #[test]
    fn any_bytes(bytes in any::<Vec<u8>>()) {
        invariants::hidden(&bytes);
    }

    #[test]
    fn any_answer_of_names(text in r#"\{("(columns|rows|totals|c\\u006fst|Маржа, %|amount|x)":("cost"|"amount"|1|\[\[?"?(cost|1)"?\]?\]|\{"(margin|x)":(1|"cost")\}),?){0,5}\}"#) {
        invariants::hidden(text.replace(",}", "}").as_bytes());
    }
}
