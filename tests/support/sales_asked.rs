//! Asking the tools about sales and stock, and comparing with the documents.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use crate::support::sales_figures;
use crate::support::tools::{Doors, TODAY};
use serde_json::{Value, json};

pub(crate) fn quarter() -> Value {
    json!({ "from": "2026-07-01", "to": "2026-09-30" })
}

/// `more` over what a tool is sent if nothing else is said.
pub(crate) fn complete(tool: &str, more: &Value) -> Value {
    let mut all = match tool {
        "sales_report" => json!({
            "period": quarter(), "filters": {}, "group_by": ["warehouse", "customer"], "measures": ["amount", "qty"],
            "top": 200,
        }),
        "top_products" => json!({ "period": quarter(), "filters": {}, "by": "amount", "top": 10 }),
        "customer_summary" => json!({ "period": quarter(), "top_products": 5 }),
        _ => json!({ "filters": {}, "group_by": ["warehouse", "product"], "measures": ["qty"], "top": 200 }),
    };
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// What the documents say to a body.
pub(crate) fn figures(tool: &str, body: &Value) -> Value {
    match tool {
        "sales_report" => sales_figures::sales_report(body),
        "top_products" => sales_figures::top_products(body),
        "customer_summary" => sales_figures::customer_summary(body, true),
        _ => sales_figures::stock_balance(body, TODAY),
    }
}

/// Asks with these arguments beside the period; how many rows came.
pub(crate) async fn check(doors: &Doors, tool: &str, more: Value) -> usize {
    let mut arguments = more.clone();
    if tool != "stock_balance" && arguments["period"].is_null() {
        arguments["period"] = quarter();
    }
    let (answer, sent) = doors.ask_sent(tool, arguments).await;
    assert_eq!(sent, complete(tool, &more), "{tool} {more}");
    assert_eq!(answer, figures(tool, &sent), "{tool} {more}");
    answer["rows"].as_array().unwrap().len()
}

/// Asks with arguments that are mended to these.
pub(crate) async fn mended(doors: &Doors, tool: &str, arguments: Value, more: Value) {
    let (answer, sent) = doors.ask_sent(tool, arguments.clone()).await;
    assert_eq!(sent, complete(tool, &more), "{tool} {arguments}");
    assert_eq!(answer, figures(tool, &sent), "{tool} {arguments}");
}
