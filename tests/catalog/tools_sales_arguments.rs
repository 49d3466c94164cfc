//! The arguments of the tools about sales and stock: ceilings, what is mended, what is refused, and whom
//! costs are told.

use crate::fixtures::sales_asked::{check, complete, figures, mended, quarter};
use crate::fixtures::sales_figures;
use crate::support::tools::Doors;
use onec_mcp::catalog::Limits;
use onec_mcp::demo::trade::company;
use serde_json::{Value, json};

/// Each is refused with a message that has all these texts in it.
async fn refused(doors: &Doors, tool: &str, base: &Value, cases: &[(Value, &[&str])]) {
    for (more, texts) in cases {
        let mut arguments = base.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let message = doors.refused(tool, arguments).await;
        assert!(texts.iter().all(|text| message.contains(text)), "{tool} {more}: {message}");
    }
}

#[tokio::test]
async fn high_row_limits_become_the_ceiling() {
    let doors = Doors::open().await;
    for (tool, field) in [("sales_report", "top"), ("top_products", "top"), ("stock_balance", "top")] {
        let mut arguments = if tool == "stock_balance" { json!({}) } else { json!({ "period": quarter() }) };
        arguments[field] = json!(999_999);
        mended(&doors, tool, arguments, json!({ field: 5000 })).await;
    }
    let small = Doors::limited(Limits::default().max_rows(3)).await;
    let id = &company().customers[0].id;
    for (tool, field) in [
        ("sales_report", "top"),
        ("top_products", "top"),
        ("stock_balance", "top"),
        ("customer_summary", "top_products"),
    ] {
        let mut arguments = if tool == "stock_balance" { json!({}) } else { json!({ "period": quarter() }) };
        if tool == "customer_summary" {
            arguments["customer_id"] = json!(id);
        }
        for asked in [None, Some(4), Some(3), Some(2)] {
            if let Some(asked) = asked {
                arguments[field] = json!(asked);
            }
            let (answer, sent) = small.ask_sent(tool, arguments.clone()).await;
            assert_eq!(sent[field], asked.unwrap_or(3).min(3), "{tool}");
            assert_eq!(answer, figures(tool, &sent), "{tool}");
        }
    }
}

#[tokio::test]
async fn what_models_get_wrong_is_mended() {
    let doors = Doors::open().await;
    let (period, warehouse) = (quarter(), &company().warehouses[0].id);
    let arguments = json!({
        "period": period.to_string(), "filters": json!({ "warehouse_ids": [warehouse] }).to_string(), "top": "5",
        "group_by": "month", "measures": "[\"profit\"]", "sort": { "field": "profit", "dir": "desc" },
    });
    let sort = json!([{ "field": "profit", "dir": "desc" }]);
    let more = json!({ "filters": { "warehouse_ids": [warehouse] }, "top": 5, "group_by": ["month"], "measures": ["profit"], "sort": sort });
    mended(&doors, "sales_report", arguments, more).await;
    for nothing in [json!(""), Value::Null, json!([]), json!({})] {
        let arguments =
            json!({ "period": period, "filters": nothing, "top": nothing, "sort": nothing, "group_by": nothing });
        mended(&doors, "sales_report", arguments, json!({})).await;
        mended(&doors, "stock_balance", json!({ "date": nothing, "filters": nothing, "measures": nothing }), json!({}))
            .await;
        mended(&doors, "top_products", json!({ "period": period, "by": nothing, "top": nothing }), json!({})).await;
    }
    let one = json!({ "period": period, "filters": { "warehouse_ids": warehouse, "product_status": "active" } });
    let more = json!({ "filters": { "warehouse_ids": [warehouse], "product_status": ["active"] } });
    mended(&doors, "sales_report", one, more).await;
    let id = &company().customers[0].id;
    let arguments = json!({ "period": period.to_string(), "customer_id": id, "top_products": "2" });
    mended(&doors, "customer_summary", arguments, json!({ "customer_id": id, "top_products": 2 })).await;
    let (answer, sent) = doors.ask_sent("stock_balance", json!({ "sort": [{ "field": "qty" }] })).await;
    let more = json!({ "sort": [{ "field": "qty", "dir": "asc" }] });
    assert_eq!((&sent, &answer), (&complete("stock_balance", &more), &figures("stock_balance", &sent)));
}

#[tokio::test]
async fn what_cannot_be_mended_is_refused_and_1c_is_not_asked() {
    let doors = Doors::open().await;
    let period = json!({ "period": quarter() });
    let id = json!("0b6d7a0e-8f3c-11ee-b9d1-0242ac120002");
    let many = (0..501).map(|at| format!("0b6d7a0e-8f3c-11ee-b9d1-{at:012}")).collect::<Vec<_>>();
    refused(&doors, "sales_report", &json!({}), &[(json!({}), &["period", "from, to"])]).await;
    for tool in ["sales_report", "top_products", "customer_summary"] {
        let base = json!({ "period": quarter(), "customer_id": id });
        let base = if tool == "customer_summary" { base } else { period.clone() };
        let cases: &[(Value, &[&str])] = &[
            (json!({ "period": { "from": "2026-07-01" } }), &["period.to", "required"]),
            (json!({ "period": { "from": "2026-07-02", "to": "2026-07-01" } }), &["period.from", "period.to"]),
            (json!({ "period": { "from": "01.07.2026", "to": "2026-07-01" } }), &["period.from", "2026-03-31"]),
            (json!({ "perod": 1 }), &["perod", "did you mean period?"]),
        ];
        refused(&doors, tool, &base, cases).await;
    }
    for (tool, base) in [("sales_report", &period), ("stock_balance", &json!({}))] {
        let cases: &[(Value, &[&str])] = &[
            (json!({ "group_by": ["colour"] }), &["group_by[0]", "allowed: warehouse", "product_group"]),
            (json!({ "group_by": [[]] }), &["group_by[0]"]),
            (json!({ "group_by": ["product", "product"] }), &["group_by", "without repeated"]),
            (json!({ "measures": ["weight"] }), &["measures[0]", "allowed:", "amount"]),
            (json!({ "filters": { "customers": [id] } }), &["filters.customers", "no such argument"]),
            (json!({ "filters": { "warehouse_ids": ["Main"] } }), &["filters.warehouse_ids[0]", "UUID"]),
            (json!({ "filters": { "product_status": ["old"] } }), &["filters.product_status[0]", "phasing_out"]),
            (
                json!({ "sort": [{ "field": "amount", "dir": "up" }], "measures": ["amount"] }),
                &["sort[0].dir", "asc, desc"],
            ),
            (json!({ "sort": [{ "dir": "asc" }] }), &["sort[0].field", "required"]),
            (json!({ "sort": [{ "field": "product_group" }] }), &["sort[0].field", "product_group", "warehouse"]),
            (json!({ "sort": vec![json!({ "field": "warehouse" }); 11] }), &["sort", "at most 10"]),
            (json!({ "sort": [{ "field": "warehouse", "by": 1 }] }), &["sort[0].by", "no such argument"]),
            (json!({ "measures": ["qty"], "sort": [{ "field": "amount" }] }), &["sort[0].field", "amount", "qty"]),
            (json!({ "filters": { "warehouse_ids": [id, id] } }), &["filters.warehouse_ids", "without repeated"]),
            (json!({ "filters": { "warehouse_ids": many } }), &["filters.warehouse_ids", "at most 500"]),
            (json!({ "filters": "all" }), &["filters", "an object"]),
            (json!({ "top": 1.5 }), &["top", "whole number"]),
            (json!({ "top": "many" }), &["top", "whole number"]),
        ];
        refused(&doors, tool, base, cases).await;
    }
    let cases: &[(Value, &[&str])] = &[(json!({ "filters": { "customer_cohort": "old" } }), &["new, returning"])];
    refused(&doors, "sales_report", &period, cases).await;
    let cases: &[(Value, &[&str])] =
        &[(json!({ "by": "profit" }), &["by", "amount, qty"]), (json!({ "top": "all" }), &["top"])];
    refused(&doors, "top_products", &period, cases).await;
    let cases: &[(Value, &[&str])] = &[
        (json!({ "customer_id": "Romashka" }), &["customer_id", "UUID"]),
        (json!({ "customer_id": id, "top_products": "all" }), &["top_products"]),
        (json!({}), &["customer_id", "required"]),
    ];
    refused(&doors, "customer_summary", &period, cases).await;
    refused(&doors, "stock_balance", &json!({}), &[(json!({ "date": "today" }), &["date", "2026-03-31"])]).await;
}

#[tokio::test]
async fn costs_are_for_those_who_may_see_them() {
    let id = &company().customers[0].id;
    for (scopes, cost) in [("mcp:report:sales", false), ("mcp:report:sales mcp:report:cost", true)] {
        let doors = Doors::of("onec:Anna", scopes).await;
        let (answer, sent) =
            doors.ask_sent("customer_summary", json!({ "period": quarter(), "customer_id": id })).await;
        assert_eq!(answer, sales_figures::customer_summary(&sent, cost));
        let shown = doors.shown("sales_report").await.to_string();
        for measure in ["cost", "profit", "margin"] {
            assert_eq!(shown.contains(&format!("\"{measure}\"")), cost, "{measure}");
            let more = json!({ "measures": [measure], "sort": [{ "field": measure, "dir": "desc" }] });
            if cost {
                assert!(check(&doors, "sales_report", more).await > 1);
                continue;
            }
            let before = doors.infobase.calls();
            for got in doors.raw("sales_report", &complete("sales_report", &more)).await {
                assert_eq!(got.status, 403);
                assert!(got.text.contains("mcp:report:cost"), "{got:?}");
            }
            assert_eq!(doors.infobase.calls(), before);
        }
    }
}
