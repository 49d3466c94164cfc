//! `mcp:report:cost`: without it costs, profits and margins are neither shown nor told, however a call
//! names them, and whatever was remembered for those who hold it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

#[path = "support/callers.rs"]
mod callers;
#[path = "support/mcp.rs"]
mod mcp;

use callers::{Heard, Lab, Over, all, all_but, somebody};
use mcp::MODERN;
use onec_mcp::demo::trade::company;
use onec_mcp::{Identity, Scopes};
use serde_json::{Value, json};

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
