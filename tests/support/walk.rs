//! A walk through everything that can be asked of a gateway with the demo and the built-in catalog.
//!
//! Needs `trade` and `wire` beside it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper that fails fails its test")]

use crate::support::trade::{Kind, Row, TABLE, minimal, set};
use crate::support::wire::Wire;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Everything that can be asked without waiting.
pub(crate) async fn walk(mut wire: Wire) {
    hello(&mut wire).await;
    let outputs = tools(&mut wire).await;
    for row in TABLE {
        catalog_tool(&mut wire, row, &outputs[row.name]).await;
    }
    own_tools(&mut wire).await;
    resources_and_prompts(&mut wire).await;
    mistakes(&mut wire).await;
    if wire.is_modern() {
        wire.listen().await;
    }
}

pub(crate) async fn hello(wire: &mut Wire) {
    if wire.is_modern() {
        let about = wire.result("server/discover", json!({})).await;
        assert!(about["capabilities"]["tools"].is_object(), "{about}");
        return;
    }
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": wire.version, "capabilities": {}, "clientInfo": client });
    let about = wire.result("initialize", params).await;
    assert_eq!(about["protocolVersion"], wire.version);
    wire.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    for (method, params) in [
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "debug" })),
        ("resources/subscribe", json!({ "uri": "onec://company/about" })),
        ("resources/unsubscribe", json!({ "uri": "onec://company/about" })),
    ] {
        assert_eq!(wire.result(method, params).await, json!({}), "{method}");
    }
}

/// The output schemas of the tools.
async fn tools(wire: &mut Wire) -> HashMap<String, Value> {
    let list = wire.result("tools/list", json!({})).await;
    let tools = list["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 8 + TABLE.len() - 1);
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        let of_any_client = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        assert!((1..=64).contains(&name.len()) && name.chars().all(of_any_client), "{name}");
    }
    tools.iter().map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool["outputSchema"].clone())).collect()
}

async fn call(wire: &mut Wire, name: &str, arguments: &Value) -> Value {
    wire.result("tools/call", json!({ "name": name, "arguments": arguments })).await
}

/// With good arguments, few and many, and with bad ones.
async fn catalog_tool(wire: &mut Wire, row: &Row, output: &Value) {
    let mut few = minimal(row);
    if row.name == "customer_summary" {
        let found = call(wire, "resolve_customer", &json!({ "query": "о" })).await;
        set(&mut few, "customer_id", found["structuredContent"]["candidates"][0]["id"].clone());
    }
    if row.name == "find_document" {
        set(&mut few, "doc_type", json!("РеализацияТоваров"));
    }
    let mut many = few.clone();
    for (path, kind) in row.arguments {
        let given = few.pointer(&format!("/{}", path.replace('.', "/"))).is_some();
        // The demo has no such ids, and a number or a period finds a document, not both.
        let wrong = matches!(kind, Kind::Ids | Kind::Uuid) || row.name == "find_document";
        if let Some(good) = kind.good().first().filter(|_| !given && !wrong) {
            set(&mut many, path, good.clone());
        }
    }
    for arguments in [few, many] {
        let told = call(wire, row.name, &arguments).await;
        assert_ne!(told["isError"], true, "{} {arguments}: {told}", row.name);
        let content = &told["structuredContent"];
        let text = told["content"][0]["text"].as_str().unwrap();
        assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), content, "{}", row.name);
        jsonschema::validate(output, content).unwrap_or_else(|error| panic!("{}: {error}: {content}", row.name));
    }
    let mut bad = minimal(row);
    let (path, kind) = row.arguments.first().unwrap();
    set(&mut bad, path, kind.bad()[0].clone());
    let mut unknown = minimal(row);
    set(&mut unknown, "colour", json!("red"));
    for arguments in [bad, unknown] {
        let told = call(wire, row.name, &arguments).await;
        assert_eq!(told["isError"], true, "{} {arguments}: {told}", row.name);
        assert!(told["structuredContent"].is_null(), "{told}");
    }
}

/// Those of the extension, one of them by the name that replaces its Cyrillic one.
async fn own_tools(wire: &mut Wire) {
    let list = wire.result("tools/list", json!({})).await;
    let stock = list["tools"].as_array().unwrap().iter().find(|tool| tool["title"] == "Остатки товаров").unwrap();
    for (name, arguments, fails) in [
        ("get_metadata", json!({ "name": "Справочник.Номенклатура" }), false),
        ("search_catalog", json!({ "catalog": "Номенклатура", "query": "кофе" }), false),
        ("product_image", json!({ "code": "000000101" }), false),
        (stock["name"].as_str().unwrap(), json!({ "Склад": "Магазин на Лесной" }), false),
        ("whoami", json!({}), false),
        ("fail_with_exception", json!({ "message": "Нет прав" }), true),
    ] {
        let told = call(wire, name, &arguments).await;
        assert_eq!(told["isError"] == true, fails, "{name}: {told}");
    }
}

async fn resources_and_prompts(wire: &mut Wire) {
    let list = wire.result("resources/list", json!({})).await;
    for resource in list["resources"].as_array().unwrap() {
        wire.result("resources/read", json!({ "uri": resource["uri"] })).await;
    }
    wire.result("resources/templates/list", json!({})).await;
    wire.result("prompts/list", json!({})).await;
    for (name, arguments) in [
        ("analyze_sales", json!({ "period_from": "2026-01-01", "period_to": "2026-03-31" })),
        ("describe_object", json!({ "name": "Справочник.Номенклатура" })),
        ("company_overview", json!({})),
    ] {
        wire.result("prompts/get", json!({ "name": name, "arguments": arguments })).await;
    }
    let argument = json!({ "name": "name", "value": "С" });
    let of = json!({ "type": "ref/prompt", "name": "describe_object" });
    wire.result("completion/complete", json!({ "ref": of, "argument": argument })).await;
}

/// Errors of the protocol.
async fn mistakes(wire: &mut Wire) {
    let mut asked = vec![
        ("no/such", json!({})),
        ("resources/read", json!({ "uri": "onec://no/such" })),
        ("prompts/get", json!({ "name": "no_such" })),
        ("prompts/get", json!({ "name": "describe_object", "arguments": {} })),
        ("tools/call", json!({ "name": "no_such", "arguments": {} })),
        ("tools/call", json!({})),
    ];
    // Each era knows methods that the other does not.
    asked.push((if wire.is_modern() { "ping" } else { "server/discover" }, json!({})));
    for (method, params) in asked {
        let answer = wire.ask(method, params.clone()).await;
        assert!(answer["error"]["message"].is_string(), "{method} {params}: {answer}");
    }
}
