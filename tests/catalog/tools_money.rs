//! The tools about money, asked at every door: each argument, value, default and ceiling, each
//! mending and each refusal, and the figures of the documents.

use crate::fixtures::money_tool::{MoneyTool, Subject};
use crate::support::tools::Doors;
use onec_mcp::catalog::Limits;
use onec_mcp::demo::trade::company;
use serde_json::{Value, json};

fn year() -> Value {
    json!({ "period": { "from": "2025-09-15", "to": "2026-09-14" } })
}

fn cash_balance() -> Subject {
    let desks = &company().desks;
    Subject {
        name: "cash_balance",
        path: "reports/cash_balance",
        required: json!({}),
        dimensions: &["cash", "firm"],
        measures: &["balance"],
        defaults: json!({ "group_by": ["cash"], "measures": ["balance"] }),
        filters: vec![("cash_ids", vec![vec![&desks[0].id], vec![&desks[1].id, &desks[2].id]])],
    }
}

fn cash_flow() -> Subject {
    let all = company();
    let (desks, operations, articles, groups) = (&all.desks, &all.operations, &all.cost_articles, &all.cost_groups);
    Subject {
        name: "cash_flow",
        path: "reports/cash_flow",
        required: year(),
        dimensions: &["account", "operation", "analytics", "firm", "day", "week", "month"],
        measures: &["inflow", "outflow", "net"],
        defaults: json!({ "group_by": ["operation"], "measures": ["inflow", "outflow", "net"] }),
        filters: vec![
            ("cash_ids", vec![vec![&desks[2].id], vec![&desks[0].id, &desks[1].id]]),
            ("operation_ids", vec![vec![&operations[0].id], vec![&operations[1].id, &operations[2].id]]),
            // An article, the folder of all, and an article beside a folder of others.
            (
                "cost_article_ids",
                vec![vec![&articles[3].id], vec![&groups[0].id], vec![&articles[0].id, &groups[3].id]],
            ),
            ("customer_ids", vec![vec![&all.customers[0].id], vec![&all.customers[3].id, &all.customers[20].id]]),
        ],
    }
}

fn receivables() -> Subject {
    let (customers, groups, firms) = (&company().customers, &company().customer_groups, &company().firms);
    Subject {
        name: "receivables_balance",
        path: "reports/receivables",
        required: json!({}),
        dimensions: &["customer", "firm"],
        measures: &["receivable", "advance", "net"],
        defaults: json!({ "group_by": ["customer"], "measures": ["receivable", "advance", "net"] }),
        filters: vec![
            // A customer, the folder of all, and a customer beside a folder of others.
            ("customer_ids", vec![vec![&customers[0].id], vec![&groups[0].id], vec![&customers[1].id, &groups[3].id]]),
            ("firm_ids", vec![vec![&firms[0].id], vec![&firms[0].id, &firms[1].id]]),
        ],
    }
}

fn payables() -> Subject {
    let (customers, groups, firms) = (&company().customers, &company().customer_groups, &company().firms);
    Subject {
        name: "payables_balance",
        path: "reports/payables",
        required: json!({}),
        dimensions: &["supplier", "firm"],
        measures: &["payable", "advance", "net"],
        defaults: json!({ "group_by": ["supplier"], "measures": ["payable", "advance", "net"] }),
        filters: vec![
            ("supplier_ids", vec![vec![&groups[1].id], vec![&groups[5].id], vec![&customers[20].id, &groups[6].id]]),
            ("firm_ids", vec![vec![&firms[0].id], vec![&firms[0].id, &firms[1].id]]),
        ],
    }
}

fn purchases() -> Subject {
    let mut subject = payables();
    subject.name = "purchases_report";
    subject.path = "reports/purchases";
    subject.required = year();
    subject.dimensions = &["supplier", "firm", "day", "week", "month"];
    subject.measures = &["amount", "qty"];
    subject.defaults = json!({ "group_by": ["supplier", "month"], "measures": ["amount"] });
    subject
}

fn every() -> [Subject; 5] {
    [cash_balance(), cash_flow(), receivables(), payables(), purchases()]
}

/// Balances of a day in the past, of the first day, of one before all documents, and of today.
async fn at_the_end_of_days(tool: &MoneyTool) {
    for date in ["2026-03-31", "2025-01-01", "2024-10-01", "2026-10-05"] {
        let all = tool.subject.dimensions;
        tool.check(json!({ "date": date, "group_by": all })).await;
    }
    let nothing = tool.answer(json!({ "date": "2024-09-30" })).await;
    assert_eq!(nothing["rows"], json!([]));
    let zeros = tool.subject.measures.iter().map(|name| ((*name).to_owned(), json!(0))).collect::<Value>();
    assert_eq!(nothing["totals"], zeros);
    for absent in [json!(""), Value::Null] {
        tool.mended(json!({ "date": absent }), json!({})).await;
    }
    for date in ["2026-02-30", "31.03.2026", "2026-03-31T10:00:00Z", "yesterday"] {
        tool.refused(json!({ "date": date }), "date", &[date, "a date of the calendar as 2026-03-31"]).await;
    }
    tool.refused(json!({ "date": 20_260_331 }), "date", &["20260331", "a text in quotes"]).await;
}

/// A day, a quarter and everything; the first and the last day are included.
async fn over_periods(tool: &MoneyTool) {
    let period = |from: &str, to: &str| json!({ "period": { "from": from, "to": to } });
    for (from, to) in [("2024-10-01", "2024-10-01"), ("2026-04-01", "2026-06-30"), ("2000-01-01", "2099-12-31")] {
        tool.check(period(from, to)).await;
    }
    let nothing = tool.answer(period("2024-09-01", "2024-09-30")).await;
    assert_eq!(nothing["rows"], json!([]));
    let quarter = period("2026-04-01", "2026-06-30");
    tool.mended(json!({ "period": quarter["period"].to_string() }), quarter).await;

    for (given, field, says) in [
        (json!({}), "period", "required and missing; it must be an object with from, to"),
        (json!({ "period": "" }), "period", "it must be an object"),
        (json!({ "period": 2026 }), "period", "2026 does not fit; it must be an object"),
        (json!({ "period": { "to": "2026-06-30" } }), "period.from", "required and missing; it must be a text"),
        (json!({ "period": { "from": "2026-06-30" } }), "period.to", "required and missing; it must be a text"),
        (period("2026-04-31", "2026-06-30"), "period.from", "a date of the calendar as 2026-03-31"),
        (
            period("2026-04-01", "June"),
            "period.to",
            "\"June\" does not fit; it must be a date of the calendar as 2026-03-31",
        ),
        (period("2026-06-30", "2026-06-29"), "period.from", "comes after period.to, which is \"2026-06-29\""),
        (
            json!({ "period": { "from": "2026-04-01", "to": "2026-06-30", "till": "2026-06-30" } }),
            "period.till",
            "there is no such argument; known here: from, to",
        ),
    ] {
        tool.refused_whole(given, field, &[says]).await;
    }
}

#[tokio::test]
async fn cash_balance_is_what_came_less_what_went() {
    let tool = MoneyTool::start(cash_balance()).await;
    tool.walk().await;
    at_the_end_of_days(&tool).await;
    tool.assert_all_was_used().await;

    // Roubles and euros are not added up; the money of one currency is.
    assert_eq!(tool.answer(json!({})).await.get("totals"), None);
    let euros = tool.answer(json!({ "filters": { "cash_ids": [company().desks[2].id] } })).await;
    assert_eq!(euros["rows"][0][2], euros["totals"]["balance"]);
}

#[tokio::test]
async fn cash_flow_is_the_movements_of_the_period() {
    let tool = MoneyTool::start(cash_flow()).await;
    tool.walk().await;
    over_periods(&tool).await;
    tool.assert_all_was_used().await;

    // Folders of customers are not taken here.
    let folder = json!({ "filters": { "customer_ids": [company().customer_groups[0].id] } });
    tool.refused_by_onec(folder, "Отбор «customer_ids» не принимает группы").await;

    // An article or a partner: what fits either is there, and other filters still hold.
    let all = company();
    let (article, partner) = (&all.cost_articles[0].id, &all.customers[20].id);
    let of = |filters: Value| {
        let mut given = year();
        given["group_by"] = json!(["analytics", "account"]);
        given["filters"] = filters;
        given
    };
    let either = tool.answer(of(json!({ "cost_article_ids": [article], "customer_ids": [partner] }))).await;
    let articles = tool.answer(of(json!({ "cost_article_ids": [article] }))).await;
    let partners = tool.answer(of(json!({ "customer_ids": [partner] }))).await;
    let outflow = |answer: &Value| (answer["totals"]["outflow"].as_f64().unwrap() * 100.0).round();
    assert!(outflow(&articles) > 0.0 && outflow(&partners) > 0.0);
    assert_eq!(outflow(&either), outflow(&articles) + outflow(&partners));
    let narrowed = json!({
        "cost_article_ids": [all.cost_groups[0].id], "customer_ids": [partner],
        "cash_ids": [all.desks[1].id], "operation_ids": [all.operations[1].id],
    });
    let narrowed = tool.answer(of(narrowed)).await;
    assert_eq!(narrowed["rows"].as_array().unwrap().len(), 1, "{narrowed}");
    assert_eq!(narrowed["rows"][0][0], json!({ "id": partner, "label": all.customers[20].name, "kind": "supplier" }));
}

#[tokio::test]
async fn receivables_are_sales_less_payments() {
    let tool = MoneyTool::start(receivables()).await;
    tool.walk().await;
    at_the_end_of_days(&tool).await;
    tool.assert_all_was_used().await;
}

#[tokio::test]
async fn payables_are_purchases_less_payments() {
    let tool = MoneyTool::start(payables()).await;
    tool.walk().await;
    at_the_end_of_days(&tool).await;
    tool.assert_all_was_used().await;
}

#[tokio::test]
async fn purchases_are_those_of_the_period_less_returns() {
    let tool = MoneyTool::start(purchases()).await;
    tool.walk().await;
    over_periods(&tool).await;
    tool.assert_all_was_used().await;
}

#[tokio::test]
async fn what_models_get_wrong_is_mended() {
    for subject in every() {
        let tool = MoneyTool::start(subject).await;
        tool.mendings().await;
    }
}

#[tokio::test]
async fn what_cannot_be_mended_is_refused() {
    for subject in every() {
        let tool = MoneyTool::start(subject).await;
        tool.refusals().await;
    }
}

#[tokio::test]
async fn the_ceiling_of_rows_is_the_one_that_was_set() {
    for subject in every() {
        let limits = Limits::default().max_rows(3);
        let tool = MoneyTool::behind(subject, Doors::limited(limits).await, 3);
        let all = tool.subject.dimensions;
        for arguments in [json!({}), json!({ "top": 2 }), json!({ "top": 3 }), json!({ "top": 4 })] {
            let mut arguments = arguments;
            arguments["group_by"] = json!(all);
            let rows = tool.answer(arguments.clone()).await["rows"].as_array().unwrap().len();
            assert!((1..=3).contains(&rows), "{arguments}: {rows}");
        }
        assert_eq!(tool.shown_default().await, 3);
    }
}

#[tokio::test]
async fn a_known_caller_gets_the_same_and_1c_is_told_who_it_is() {
    for subject in every() {
        let tool = MoneyTool::behind(subject, Doors::of("treasurer", "mcp:report:money").await, 5000);
        tool.check(json!({})).await;
    }
}

#[tokio::test]
async fn who_lacks_the_scope_is_told_which_one_and_1c_is_not_asked() {
    let doors = Doors::of("seller", "mcp:report:sales mcp:report:stock mcp:resolve mcp:report:cost").await;
    for subject in every() {
        for got in doors.raw(subject.name, &subject.required).await {
            assert_eq!(got.status, 403, "{got:?}");
            let error = &got.json()["error"];
            assert_eq!(error["message"], "Not allowed: this needs the scopes mcp:report:money", "{error}");
        }
    }
    // At most 1C told which tools of its own it has; no report ran.
    let came = doors.infobase.requests();
    assert!(came.iter().all(|one| one.path == "rpc"), "{came:?}");
    assert_eq!(doors.infobase.calls().started(), 0);
}
