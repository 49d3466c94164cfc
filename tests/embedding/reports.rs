//! A tool in Rust beside those of 1C, over MCP and REST.

use crate::house::tools;
use crate::lab::{Lab, call, claims, list, names, signed};
use serde_json::json;

#[tokio::test]
async fn a_tool_in_rust_is_one_of_the_catalog() {
    let lab = Lab::new().await;
    let token = lab.log_in("/api/v1/1c/trade").await;
    let mcp = "/api/v1/1c/trade/mcp";
    let tools = names(&lab.post(mcp, Some(&token), &list()).await);
    for tool in ["house_orders", "sales_report", "whoami"] {
        assert!(tools.iter().any(|name| name == tool), "{tool}: {tools:?}");
    }
    // Mended: a language model would write it so.
    let answer = lab.post(mcp, Some(&token), &call("house_orders", &json!({ "paid": "false" }))).await.json();
    assert_eq!(answer["result"]["structuredContent"], tools::orders());
    let unfit = lab.post(mcp, Some(&token), &call("house_orders", &json!({ "payed": true }))).await.json();
    assert_eq!(unfit["result"]["isError"], true);
    assert!(unfit["result"]["content"][0]["text"].as_str().unwrap().contains("paid"), "{unfit}");
}

/// The same tools as plain HTTP endpoints, for callers whom the house's tokens name.
#[tokio::test]
async fn reports_for_programs() {
    let lab = Lab::new().await;
    let rest = "/api/v1/1c/rest";
    let token = signed(&claims("trade", "mcp:report:sales"));
    let unpaid = lab.post(&format!("{rest}/house_orders"), Some(&token), &json!({ "paid": false })).await;
    assert_eq!((unpaid.status, unpaid.json()), (200, tools::orders()));
    let paid = lab.post(&format!("{rest}/house_orders"), Some(&token), &json!({ "paid": true })).await;
    assert_eq!(paid.json(), json!({ "orders": [] }));
    let period = json!({ "from": "2026-01-01", "to": "2026-01-31" });
    let sales = lab.post(&format!("{rest}/reports/sales"), Some(&token), &json!({ "period": period })).await;
    assert_eq!(sales.status, 200, "{sales:?}");
    assert!(sales.json()["rows"].is_array());
    let refused = lab.post(&format!("{rest}/reports/stock"), Some(&token), &json!({})).await;
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("insufficient_scope")));
    assert_eq!(lab.post(&format!("{rest}/house_orders"), None, &json!({})).await.status, 401);
}
