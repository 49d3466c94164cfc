//! The stand-in infobase's REST dialect: what it takes, what it refuses, whom it lets in.

use crate::fixtures::company::Trade;
use http::Method;
use onec_mcp::demo::trade::{Date, Folder, company};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PERIOD: (&str, &str) = ("2026-07-01", "2026-09-30");

fn period() -> Value {
    json!({ "from": PERIOD.0, "to": PERIOD.1 })
}

/// Each path with the scope that it needs and a body that it takes.
fn paths() -> Vec<(&'static str, &'static str, Value)> {
    let query = || json!({ "query": "а" });
    let customer = &company().customers[0].id;
    vec![
        ("resolve/customer", "mcp:resolve", query()),
        ("resolve/warehouse", "mcp:resolve", query()),
        ("resolve/product", "mcp:resolve", query()),
        ("resolve/sales_channel", "mcp:resolve", query()),
        ("resolve/cash", "mcp:report:money", query()),
        ("resolve/cost_article", "mcp:report:money", query()),
        ("resolve/operation", "mcp:report:money", query()),
        ("reports/sales", "mcp:report:sales", json!({ "period": period() })),
        ("reports/top_products", "mcp:report:sales", json!({ "period": period() })),
        ("reports/customer_summary", "mcp:report:sales", json!({ "period": period(), "customer_id": customer })),
        ("reports/stock", "mcp:report:stock", json!({})),
        ("reports/cash_balance", "mcp:report:money", json!({})),
        ("reports/cash_flow", "mcp:report:money", json!({ "period": period() })),
        ("reports/receivables", "mcp:report:money", json!({})),
        ("reports/payables", "mcp:report:money", json!({})),
        ("reports/purchases", "mcp:report:money", json!({ "period": period() })),
        ("admin/eventlog", "mcp:admin:eventlog", json!({})),
        ("admin/find_document", "mcp:admin:eventlog", json!({ "doc_type": "РеализацияТоваров", "number": "1" })),
    ]
}

const SCOPES: &[&str] = &[
    "mcp",
    "mcp:resolve",
    "mcp:report:sales",
    "mcp:report:stock",
    "mcp:report:money",
    "mcp:report:cost",
    "mcp:admin:eventlog",
];

#[tokio::test]
async fn each_path_wants_its_scope() {
    let trade = Trade::start().await;
    for (path, needed, body) in paths() {
        for scope in SCOPES {
            let (status, answer) = trade.ask(path, Some(scope), &body).await;
            if *scope == needed {
                assert_eq!(status, 200, "{path} with {scope}: {answer}");
            } else {
                assert_eq!((status, &answer["error"]), (403, &json!("forbidden")), "{path} with {scope}");
                assert!(answer["message"].as_str().unwrap().ends_with(needed), "{answer}");
            }
        }
        let all = SCOPES.join(",");
        for (scopes, status) in [(None, 200), (Some(all.as_str()), 200), (Some(""), 403)] {
            assert_eq!(trade.ask(path, scopes, &body).await.0, status, "{path} with {scopes:?}");
        }
    }
}

#[tokio::test]
async fn costs_are_for_those_who_may_see_them() {
    let trade = Trade::start().await;
    let (some, more) = (Some("mcp:report:sales"), Some("mcp:report:sales,mcp:report:cost"));
    for measure in ["cost", "profit", "margin"] {
        let body = json!({ "period": period(), "measures": ["amount", measure] });
        let (status, answer) = trade.ask("reports/sales", some, &body).await;
        assert_eq!((status, &answer["error"]), (403, &json!("forbidden")), "{measure}");
        assert!(answer["message"].as_str().unwrap().ends_with("mcp:report:cost"), "{answer}");
        assert_eq!(trade.ask("reports/sales", more, &body).await.0, 200);
    }
    let body = json!({ "period": period(), "customer_id": company().customers[0].id });
    for (scopes, tells) in [(some, false), (more, true), (None, true)] {
        let (_, answer) = trade.ask("reports/customer_summary", scopes, &body).await;
        for measure in ["cost", "profit", "margin"] {
            assert_eq!(answer["totals"].get(measure).is_some(), tells, "{scopes:?} {answer}");
        }
    }
    let body = json!({ "query": "производственный" });
    for (scopes, found) in [(Some("mcp:resolve"), 0), (Some("mcp:resolve, mcp:report:cost"), 1), (None, 1)] {
        let (_, answer) = trade.ask("resolve/warehouse", scopes, &body).await;
        assert_eq!(answer["candidates"].as_array().unwrap().len(), found, "{scopes:?}");
    }
}

/// A body, and what its refusal speaks of.
async fn refused(trade: &Trade, path: &str, body: Value, about: &str) {
    let (status, answer) = trade.ask(path, None, &body).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")), "{path} {body}: {answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(about) && message.chars().any(|letter| ('а'..='я').contains(&letter)), "{message}");
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let trade = Trade::start().await;
    for (path, _, body) in paths() {
        let mut strange = body.clone();
        strange["unheard_of"] = json!(1);
        refused(&trade, path, strange, "unheard_of").await;
        if path.starts_with("reports/") && path != "reports/customer_summary" {
            for filters in [json!({ "unheard_of": ["x"] }), json!([]), json!({ "firms": null })] {
                let mut strange = body.clone();
                strange["filters"] = filters;
                refused(&trade, path, strange, "").await;
            }
        }
        for name in body.as_object().unwrap().keys() {
            let mut less = body.clone();
            less.as_object_mut().unwrap().remove(name);
            refused(&trade, path, less, name).await;
        }
        for text in ["", "[]", "null", "{", "\"x\""] {
            let (status, _, answer) = trade.send(Method::POST, path, None, text).await;
            assert!(status == 400 && answer.contains("invalid_request"), "{path} {text}: {status} {answer}");
        }
        assert_eq!(trade.send(Method::GET, path, None, "").await.0, 405, "{path}");
    }
    for path in ["resolve/", "resolve/firm", "reports/", "reports/profit", "admin/users"] {
        assert_eq!(trade.send(Method::POST, path, None, "{}").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn each_wrong_value_is_named() {
    let trade = Trade::start().await;
    let group = &company().customer_groups[0].id;
    let sales = |name: &str, value: Value| {
        let mut body = json!({ "period": period() });
        body[name] = value;
        body
    };
    for (name, value) in [
        ("period", json!("2026")),
        ("period", json!({ "from": "2026-07-01" })),
        ("period", json!({ "from": "2026-07-01", "to": "2026-02-30" })),
        ("period", json!({ "from": "2026-07-01", "to": "01.08.2026" })),
        ("period", json!({ "from": "2026-07-01", "to": "2026-06-30" })),
        ("period", json!({ "from": "2026-07-01", "to": "2026-07-30", "till": "2026-07-30" })),
        ("group_by", json!([])),
        ("group_by", json!("customer")),
        ("group_by", json!(["firm"])),
        ("group_by", json!(["day", "day"])),
        ("measures", json!(["inflow"])),
        ("measures", json!([1])),
        ("top", json!(0)),
        ("top", json!("5")),
        ("sort", json!({})),
        ("sort", json!([{ "dir": "asc" }])),
        ("sort", json!([{ "field": "product" }])),
        ("sort", json!([{ "field": "amount", "dir": "up" }])),
        ("sort", json!([{ "field": "amount", "by": "asc" }])),
        ("filters", json!({ "customer_ids": [] })),
        ("filters", json!({ "customer_ids": "x" })),
        ("filters", json!({ "customer_ids": ["00000000-0000-0000-0000-000000000000"] })),
        ("filters", json!({ "warehouse_ids": [group] })),
        ("filters", json!({ "customer_cohort": "old" })),
        ("filters", json!({ "customer_cohort": ["new"] })),
        ("filters", json!({ "product_status": ["fresh"] })),
    ] {
        refused(&trade, "reports/sales", sales(name, value), "").await;
    }
    refused(&trade, "reports/top_products", sales("by", json!("profit")), "profit").await;
    refused(&trade, "reports/top_products", sales("filters", json!({ "customer_ids": [group] })), "группы").await;
    refused(&trade, "reports/stock", json!({ "date": "yesterday" }), "date").await;
    refused(&trade, "resolve/product", json!({ "query": "  " }), "query").await;
    refused(&trade, "resolve/product", json!({ "query": "а", "limit": 0 }), "limit").await;
    refused(&trade, "resolve/product", json!({ "query": "а", "include_groups": "yes" }), "include_groups").await;
    refused(&trade, "admin/eventlog", json!({ "level": ["fatal"] }), "fatal").await;
    refused(&trade, "admin/eventlog", json!({ "limit": 501 }), "500").await;
    refused(&trade, "admin/eventlog", json!({ "period": { "from": "2026-07-01T25:00", "to": "2026-07-02" } }), "from")
        .await;
    refused(&trade, "admin/eventlog", json!({ "object_type": "Document.Счёт" }), "Счёт").await;
    refused(&trade, "admin/find_document", json!({ "doc_type": "РеализацияТоваров" }), "number").await;
    refused(&trade, "admin/find_document", json!({ "doc_type": "Счёт", "number": "1" }), "Счёт").await;
    let many = json!({ "doc_type": "SalesInvoice", "number": "1", "limit": 101 });
    refused(&trade, "admin/find_document", many, "100").await;
}

async fn labels(trade: &Trade, entity: &str, body: Value) -> Vec<String> {
    let answer = trade.answer(&format!("resolve/{entity}"), body).await;
    let candidates = answer["candidates"].as_array().unwrap();
    candidates.iter().map(|one| one["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn entries_are_found_by_a_part_of_their_name() {
    let trade = Trade::start().await;
    for query in ["чёрный", "черный", "ЧЕРНЫЙ", " Чай чёрн"] {
        let found = labels(&trade, "product", json!({ "query": query })).await;
        assert!(found.contains(&"Чай чёрный, 100 г".to_owned()), "{query}: {found:?}");
    }
    assert_eq!(labels(&trade, "customer", json!({ "query": "зеленая мышь" })).await, [""; 0]);
    assert_eq!(labels(&trade, "cash", json!({ "query": "р1" })).await, ["Расчётный счёт"]);
    assert_eq!(labels(&trade, "warehouse", json!({ "query": "маг" })).await[0], "Магазин на Лесной");
    assert_eq!(labels(&trade, "cost_article", json!({ "query": "201" })).await, ["Зарплата"]);
    assert_eq!(labels(&trade, "operation", json!({ "query": "оплата" })).await.len(), 2);
    let all = labels(&trade, "product", json!({ "query": "к" })).await;
    assert_eq!(all.len(), 10, "as many as there are unless told");
    assert_eq!(labels(&trade, "product", json!({ "query": "к", "limit": 3 })).await, all[..3]);
}

#[tokio::test]
async fn products_are_found_by_article_and_id_and_tell_all_about_themselves() {
    let trade = Trade::start().await;
    let product = company().products.iter().find(|one| one.article == "СТ-250").unwrap();
    for query in ["ст-250", product.id.as_str(), product.id.to_uppercase().as_str(), product.code.as_str()] {
        let answer = trade.answer("resolve/product", json!({ "query": query })).await;
        let expected = json!({
            "id": product.id,
            "label": "Стакан двойной Thermo, 250 мл",
            "archived": false,
            "code": product.code,
            "status": { "code": "new", "label": "Новинка" },
            "status_changed_at": "2026-06-01",
            "markets": ["EU", "OTHER"],
            "eu_certification": { "code": "certified", "label": "Сертифицирован" },
        });
        assert_eq!(answer, json!({ "candidates": [expected] }), "{query}");
    }
    let answer = trade.answer("resolve/customer", json!({ "query": "василек" })).await;
    let customer = &company().customers[0];
    let expected = json!({
        "id": customer.id, "label": "ООО «Василёк»", "archived": false, "phone": "+7 4822 555-01-10", "city": "Тверь",
    });
    assert_eq!(answer, json!({ "candidates": [expected] }));
}

#[tokio::test]
async fn folders_are_found_on_demand_and_archived_entries_come_last() {
    let trade = Trade::start().await;
    for (entity, query, folder) in
        [("product", "кофе", "Кофе"), ("customer", "поставщики", "Поставщики"), ("cost_article", "расходы", "Расходы")]
    {
        assert!(!labels(&trade, entity, json!({ "query": query })).await.contains(&folder.to_owned()));
        let body = json!({ "query": query, "include_groups": true });
        let answer = trade.answer(&format!("resolve/{entity}"), body).await;
        assert_eq!(answer["candidates"][0]["label"], folder, "an exact match comes first");
        assert_eq!(answer["candidates"][0]["is_group"], true);
    }
    for (entity, query) in
        [("product", "кофеварка"), ("customer", "ооо"), ("warehouse", "склад"), ("cost_article", "е")]
    {
        let answer = trade.answer(&format!("resolve/{entity}"), json!({ "query": query, "limit": 100 })).await;
        let archived = answer["candidates"].as_array().unwrap().iter().map(|one| one["archived"].as_bool().unwrap());
        let archived = archived.collect::<Vec<_>>();
        assert!(archived.len() > 1 && archived.is_sorted() && archived.last() == Some(&true), "{entity}: {answer}");
    }
    // Only these catalogues have folders.
    refused(&trade, "resolve/cash", json!({ "query": "к", "include_groups": true }), "include_groups").await;
}

#[tokio::test]
async fn sales_channels_come_with_their_parents() {
    let trade = Trade::start().await;
    let answer = trade.answer("resolve/sales_channel", json!({ "query": "ozon" })).await;
    let candidates = answer["candidates"].as_array().unwrap();
    let named = candidates.iter().map(|one| (one["label"].as_str().unwrap(), one["parent"]["label"].as_str()));
    let expected = [("Интернет", None), ("Маркетплейсы", Some("Интернет")), ("Ozon", Some("Маркетплейсы"))];
    assert_eq!(named.collect::<Vec<_>>(), expected);
    assert_eq!(labels(&trade, "sales_channel", json!({ "query": "ozon", "limit": 2 })).await.len(), 2);
}

#[tokio::test]
async fn reports_have_their_defaults_columns_and_order() {
    let trade = Trade::start().await;
    let columns = |answer: &Value| {
        let columns = answer["columns"].as_array().unwrap().iter();
        columns.map(|one| format!("{} {}", one["name"], one["type"]).replace('"', "")).collect::<Vec<_>>()
    };
    let settled = |party: &str, owed: &str| {
        [format!("{party} ref"), format!("{owed} number"), "advance number".to_owned(), "net number".to_owned()]
    };
    for (path, expected) in [
        ("reports/sales", &["warehouse ref", "customer ref", "amount number", "qty number"][..]),
        ("reports/top_products", &["product ref", "amount number", "qty number"]),
        ("reports/stock", &["warehouse ref", "product ref", "qty number"]),
        ("reports/cash_balance", &["cash ref", "currency string", "balance number"]),
        ("reports/cash_flow", &["operation ref", "currency string", "inflow number", "outflow number", "net number"]),
        ("reports/receivables", &settled("customer", "receivable").each_ref().map(String::as_str)),
        ("reports/payables", &settled("supplier", "payable").each_ref().map(String::as_str)),
        ("reports/purchases", &["supplier ref", "month date", "amount number"]),
    ] {
        let body = paths().into_iter().find(|known| known.0 == path).unwrap().2;
        let answer = trade.answer(path, body.clone()).await;
        assert_eq!(columns(&answer), expected, "{path}");
        match body.get("period") {
            Some(period) => assert_eq!(&answer["period"], period, "{path}"),
            None => assert_eq!(answer["date"], "2026-10-05", "{path}: today"),
        }
    }
    let stock = trade.answer("reports/stock", json!({ "group_by": ["product_group", "warehouse", "product"] })).await;
    assert_eq!(columns(&stock), ["warehouse ref", "product ref", "qty number"], "the group is dropped");
    let rows = stock["rows"].as_array().unwrap();
    let order = rows.iter().map(|row| (row[0]["label"].as_str().unwrap(), row[1]["label"].as_str().unwrap()));
    assert!(order.is_sorted() && rows.len() > 50);
}

#[tokio::test]
async fn a_folder_beside_its_leaf_is_no_column_but_sorts() {
    let (company, trade) = (company(), Trade::start().await);
    for dir in ["asc", "desc"] {
        let sort = json!([{ "field": "product_group", "dir": dir }]);
        let body = json!({ "period": period(), "group_by": ["product_group", "product"], "sort": sort });
        let answer = trade.answer("reports/sales", body).await;
        assert_eq!(answer["columns"][0]["name"], "product");
        let folder = |row: &Value| {
            let product = company.products.iter().find(|product| product.id == row[0]["id"]).unwrap();
            company.product_groups[product.group].name
        };
        let mut folders = answer["rows"].as_array().unwrap().iter().map(folder).collect::<Vec<_>>();
        if dir == "desc" {
            folders.reverse();
        }
        assert!(folders.is_sorted() && folders.first() != folders.last(), "{folders:?}");
    }
}

#[tokio::test]
async fn rows_are_sorted_as_asked_and_cut_while_totals_stay() {
    let trade = Trade::start().await;
    let body = |sort: Value, top: Value| json!({ "period": period(), "group_by": ["month", "seller"], "measures": ["amount", "receipts"], "sort": sort, "top": top });
    let down = json!([{ "field": "amount", "dir": "desc" }]);
    let all = trade.answer("reports/sales", body(down.clone(), Value::Null)).await;
    let amounts = all["rows"].as_array().unwrap().iter().map(|row| row[2].as_f64().unwrap()).collect::<Vec<_>>();
    assert!(amounts.len() > 6 && amounts.is_sorted_by(|a, b| a >= b), "{amounts:?}");
    let three = trade.answer("reports/sales", body(down, json!(3))).await;
    assert_eq!(three["rows"].as_array().unwrap()[..], all["rows"].as_array().unwrap()[..3]);
    assert_eq!(three["totals"], all["totals"]);
    let two = json!([{ "field": "month", "dir": "desc" }, { "field": "receipts" }]);
    let sorted = trade.answer("reports/sales", body(two, Value::Null)).await;
    let keys =
        sorted["rows"].as_array().unwrap().iter().map(|row| (row[0].as_str().unwrap(), row[3].as_i64().unwrap()));
    let keys = keys.collect::<Vec<_>>();
    assert!(keys.is_sorted_by(|a, b| a.0 > b.0 || (a.0 == b.0 && a.1 <= b.1)), "{keys:?}");
}

#[tokio::test]
async fn filters_are_told_and_analytics_have_their_kind() {
    let trade = Trade::start().await;
    let company = company();
    let group = |folders: &'static [Folder], at: usize| json!({ "id": folders[at].id, "label": folders[at].name });
    let body = json!({
        "period": { "from": "2024-10-01", "to": "2026-09-30" },
        "group_by": ["analytics"],
        "filters": {
            "customer_ids": [company.customers[20].id, company.customers[0].id],
            "cost_article_ids": [company.cost_groups[2].id],
        },
    });
    let answer = trade.answer("reports/cash_flow", body).await;
    let rows = answer["rows"].as_array().unwrap();
    let kinds = rows.iter().map(|row| row[0]["kind"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(kinds, BTreeSet::from(["cost_article", "customer", "supplier"]));
    assert_eq!(answer["applied_filters"]["cost_article_ids"], json!([group(&company.cost_groups, 2)]));
    assert_eq!(answer["applied_filters"]["customer_ids"][1]["label"], "ООО «Василёк»");
}

#[tokio::test]
async fn the_event_log_tells_what_the_documents_did() {
    let trade = Trade::start().await;
    let names = |answer: &Value| {
        let columns = answer["columns"].as_array().unwrap().iter();
        columns.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let today = trade.answer("admin/eventlog", json!({})).await;
    assert_eq!(names(&today), ["date", "level", "event", "user", "session", "object", "comment"]);
    assert_eq!(today["period"], json!({ "from": "2026-10-05", "to": "2026-10-05" }));
    let rows = today["rows"].as_array().unwrap();
    assert!(rows.len() >= 3 && rows.iter().all(|row| row[0].as_str().unwrap().starts_with("2026-10-05T")), "{today}");

    let sale = company().sales.iter().rfind(|sale| !sale.is_return).unwrap();
    let day = json!({ "from": sale.date.to_string(), "to": sale.date.to_string() });
    let posts = json!({ "period": day, "events": ["_$Data$_.Post"], "user": "Продавец", "level": ["information"] });
    let answer = trade.answer("admin/eventlog", posts).await;
    let row = answer["rows"].as_array().unwrap().iter().find(|row| row[5]["id"] == sale.id.as_str()).unwrap();
    assert!(row[5]["label"].as_str().unwrap().contains(&sale.number));
    let own = json!({ "period": day, "session": row[4], "limit": 500 });
    let session = trade.answer("admin/eventlog", own).await;
    let rows = session["rows"].as_array().unwrap();
    assert!(rows.iter().all(|one| one[4] == row[4] && one[3] == "Продавец"));
    assert_eq!(rows.last().unwrap()[2], "_$Session$_.Start", "the oldest comes last");
    let at = row[0].as_str().unwrap();
    let moment = json!({ "period": { "from": at, "to": format!("{at}Z") }, "events": ["_$Data$_.Post"] });
    assert_eq!(trade.answer("admin/eventlog", moment).await["rows"].as_array().unwrap().len(), 1);

    let ever = json!({ "from": "2024-01-01", "to": "2026-12-31" });
    for level in ["error", "warning", "information", "note"] {
        let body = json!({ "period": ever, "level": [level], "limit": 5 });
        let answer = trade.answer("admin/eventlog", body).await;
        let rows = answer["rows"].as_array().unwrap();
        assert!(rows.len() == 5 && rows.iter().all(|row| row[1] == level), "{answer}");
    }
    assert_eq!(trade.answer("admin/eventlog", json!({ "period": ever })).await["rows"].as_array().unwrap().len(), 100);

    let body = json!({ "object_type": "Document.РеализацияТоваров", "object_id": sale.id });
    let history = trade.answer("admin/eventlog", body).await;
    assert_eq!(names(&history), ["date", "event", "user", "session", "object", "comment"]);
    let events = history["rows"].as_array().unwrap().iter().map(|row| row[1].as_str().unwrap()).collect::<Vec<_>>();
    assert!(events.starts_with(&["_$Data$_.Post", "_$Data$_.New"]), "{events:?}");
    let body = json!({ "object_type": "Catalog.Номенклатура", "events": ["_$Data$_.Update"], "limit": 2 });
    assert_eq!(trade.answer("admin/eventlog", body).await["rows"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn today_ends_balances_and_the_event_log() {
    let trade = Trade::on("2025-06-30").await;
    let ever = json!({ "from": "2024-01-01", "to": "2026-12-31" });
    let log = trade.answer("admin/eventlog", json!({ "period": ever, "limit": 500 })).await;
    let rows = log["rows"].as_array().unwrap();
    assert!(rows[0][0].as_str().unwrap().starts_with("2025-06-30T"), "{}", rows[0]);
    let stock = trade.answer("reports/stock", json!({})).await;
    assert_eq!(stock, trade.answer("reports/stock", json!({ "date": "2025-06-30" })).await);
    assert_ne!(stock["totals"], trade.answer("reports/stock", json!({ "date": "2026-09-30" })).await["totals"]);
}

#[tokio::test]
async fn documents_are_found_by_number_or_by_day() {
    let trade = Trade::start().await;
    let company = company();
    let sale = company.sales.iter().filter(|sale| !sale.is_return).nth(3).unwrap();
    let body = json!({ "doc_type": "Document.РеализацияТоваров", "number": sale.number.to_lowercase() });
    let answer = trade.answer("admin/find_document", body).await;
    let customer = &company.customers[sale.customer];
    let amount = sale.lines.iter().map(|line| line.amount).sum::<i64>();
    let row = &answer["rows"][0];
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&row[0]["id"], &row[1], &row[2]),
        (&json!(sale.id), &json!(sale.number), &json!(sale.date.to_string()))
    );
    assert_eq!((row[3].as_f64().unwrap() * 100.0).round() as i64, amount);
    assert_eq!(row[4], json!({ "id": customer.id, "label": customer.name }));
    for kind in ["SalesInvoice", "CustomerReturn", "PurchaseInvoice", "SupplierReturn", "CashReceipt", "CashPayment"] {
        let body = json!({ "doc_type": kind, "period": { "from": "2024-10-01", "to": "2026-09-30" } });
        let answer = trade.answer("admin/find_document", body).await;
        let rows = answer["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 20, "{kind}");
        assert!(rows.is_sorted_by(|a, b| a[2].as_str() >= b[2].as_str()), "{kind}: the newest first");
    }
}

#[tokio::test]
async fn tests_see_what_reached_the_infobase() {
    let trade = Trade::start().await;
    let body = json!({ "query": "чай" });
    trade.ask("resolve/product", Some("mcp:resolve"), &body).await;
    let caller = &trade.infobase.callers()[0];
    assert_eq!((caller.tool.as_str(), caller.user.as_str()), ("resolve/product", trade.infobase.username()));
    assert_eq!((caller.sub.as_deref(), caller.scopes.as_deref()), (Some("director"), Some("mcp:resolve")));
    assert_eq!((trade.infobase.calls().started(), trade.infobase.calls().finished()), (1, 1));
    let request = &trade.infobase.requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "resolve/product"));
    assert_eq!(
        (&request.body[..], &request.headers["x-mcp-scopes"]),
        (body.to_string().as_bytes(), &"mcp:resolve".parse().unwrap())
    );
    assert!(!request.headers.contains_key("authorization"), "a test may print it");
    for number in 0..120 {
        trade.ask("resolve/cash", None, &json!({ "query": format!("{number}") })).await;
    }
    let requests = trade.infobase.requests();
    assert_eq!(requests.len(), 100);
    assert_eq!(requests[99].body, r#"{"query":"119"}"#);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn dates_are_read_as_they_are_written(days in -100_000..100_000_i32, text in "[0-9]{4}-[0-9]{2}-[0-9]{2}|.{0,12}") {
        let date = Date::from_days(days);
        prop_assert_eq!(date.to_string().parse(), Ok(date));
        if let Ok(date) = text.parse::<Date>() {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}
