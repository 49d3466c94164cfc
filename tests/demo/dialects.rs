//! One company stands behind both dialects of the stand-in infobase: the same question has the same
//! answer in each, and the documents bear it out.

use crate::fixtures::company::Trade;
use http::Method;
use onec_mcp::demo::trade::{Date, company};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::runtime::Runtime;

async fn rpc(trade: &Trade, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut reply = trade.answer("rpc", request).await;
    assert!(reply.get("error").is_none(), "{reply}");
    reply["result"].take()
}

/// The texts of a tool's answer.
async fn tool(trade: &Trade, name: &str, arguments: Value) -> Vec<String> {
    let result = rpc(trade, "tools/call", json!({ "name": name, "arguments": arguments })).await;
    assert_eq!(result["isError"], false, "{name} {arguments}: {result}");
    let content = result["content"].as_array().unwrap();
    content.iter().map(|one| one["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The codes in the lines of a search, and how many it says there are.
async fn searched(trade: &Trade, arguments: Value) -> (Vec<String>, usize) {
    let text = tool(trade, "search_catalog", arguments).await.remove(0);
    let mut lines = text.lines();
    let total = lines.next().unwrap().strip_prefix("Найдено: ").unwrap().split_once(',').unwrap().0;
    let codes = lines.map(|line| line.split_once(' ').unwrap().0.to_owned());
    (codes.collect(), total.parse().unwrap())
}

async fn resolved(trade: &Trade, entity: &str, query: &str) -> Vec<Value> {
    let body = json!({ "query": query, "limit": 100 });
    trade.answer(&format!("resolve/{entity}"), body).await["candidates"].as_array().unwrap().clone()
}

/// Of roubles and kopecks as people read them.
fn kopecks(money: &str) -> i64 {
    let (roubles, rest) = money.split_once(',').unwrap();
    assert_eq!(rest.len(), 2, "{money}");
    format!("{roubles}{rest}").parse().unwrap()
}

fn hundredths(number: &Value) -> i64 {
    (number.as_f64().unwrap() * 100.0).round() as i64
}

#[tokio::test]
async fn stock_is_the_same_for_each_product_and_warehouse() {
    let mut shelves = 0;
    for today in ["2024-10-01", "2025-03-17", "2026-02-28", "2026-10-05"] {
        let trade = Trade::quick(today).await;
        for (at, warehouse) in company().warehouses.iter().enumerate() {
            let mut left = BTreeMap::<usize, i64>::new();
            let today = today.parse::<Date>().unwrap();
            for one in company().purchases.iter().filter(|one| one.date <= today && one.warehouse == at) {
                for line in &one.lines {
                    *left.entry(line.product).or_default() += line.quantity * if one.is_return { -1 } else { 1 };
                }
            }
            for one in company().sales.iter().filter(|one| one.date <= today && one.warehouse == at) {
                for line in &one.lines {
                    *left.entry(line.product).or_default() -= line.quantity * if one.is_return { -1 } else { 1 };
                }
            }
            left.retain(|_, left| *left != 0);
            let expected =
                left.iter().map(|(at, left)| (company().products[*at].code.clone(), *left)).collect::<BTreeMap<_, _>>();

            let texts = tool(&trade, "остатки_товаров", json!({ "Склад": warehouse.name })).await;
            let numbers = serde_json::from_str::<Value>(&texts[1]).unwrap();
            let told = numbers["Остатки"].as_array().unwrap().iter();
            let told = told.map(|row| (row["Код"].as_str().unwrap().to_owned(), row["Количество"].as_i64().unwrap()));
            assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "RPC, {today}, {}", warehouse.name);
            let prices = left.iter().map(|(at, left)| company().products[*at].list_price(today) * left);
            assert_eq!(hundredths(&numbers["Сумма"]), prices.sum::<i64>());

            let body = json!({ "filters": { "warehouse_ids": [warehouse.id] }, "group_by": ["product"] });
            let report = trade.answer("reports/stock", body).await;
            let code = |id: &Value| company().products.iter().find(|one| one.id == *id).unwrap().code.clone();
            let rows = report["rows"].as_array().unwrap().iter();
            let rows = rows.map(|row| (code(&row[0]["id"]), row[1].as_i64().unwrap())).collect::<BTreeMap<_, _>>();
            assert_eq!(rows, expected, "REST, {today}, {}", warehouse.name);

            let arguments = json!({ "catalog": "Products", "query": "", "warehouse": warehouse.code, "limit": 100 });
            let (codes, total) = searched(&trade, arguments).await;
            assert_eq!(codes.into_iter().collect::<BTreeSet<_>>(), expected.keys().cloned().collect());
            assert_eq!(total, expected.len());
            shelves += total;
        }
    }
    assert!(shelves > 200, "{shelves} prove little");
}

#[test]
fn sales_of_any_period_are_the_same() {
    let runtime = Runtime::new().unwrap();
    let trade = runtime.block_on(Trade::quick("2026-10-05"));
    let first = "2024-09-20".parse::<Date>().unwrap().days();
    let periods = (first..first + 760, prop_oneof![0..3, 0..500]);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(60) });
    let check = |(from, days)| {
        let (from, to) = (Date::from_days(from), Date::from_days(from + days));
        runtime.block_on(compare_sales(&trade, from, to));
        Ok(())
    };
    runner.run(&periods, check).unwrap();
}

/// More of something came back on such a day than was sold.
#[tokio::test]
async fn sales_of_a_day_of_returns_are_negative_in_both() {
    let trade = Trade::quick("2026-10-05").await;
    let sold = |day: Date| company().sales.iter().any(|one| one.date == day && !one.is_return);
    let mut days = company().sales.iter().filter(|one| one.is_return && !sold(one.date)).map(|one| one.date);
    let day = days.next().expect("a day of returns alone");
    compare_sales(&trade, day, day).await;
    let period = json!({ "period_from": day.to_string(), "period_to": day.to_string() });
    let text = tool(&trade, "sales_report", period).await.remove(0);
    assert!(text.contains("документов: 0\n") && text.contains("\nИтого: -"), "{text}");
}

async fn compare_sales(trade: &Trade, from: Date, to: Date) {
    let mut expected = BTreeMap::<&str, (i64, i64)>::new();
    let (mut documents, mut sum) = (0, 0);
    for sale in company().sales.iter().filter(|sale| (from..=to).contains(&sale.date)) {
        let sign = if sale.is_return { -1 } else { 1 };
        documents += i64::from(!sale.is_return);
        for line in &sale.lines {
            let row = expected.entry(company().products[line.product].name).or_default();
            *row = (row.0 + sign * line.quantity, row.1 + sign * line.amount);
            sum += sign * line.amount;
        }
    }
    let expected = expected.into_iter().map(|(name, row)| (name.to_owned(), row)).collect::<BTreeMap<_, _>>();

    let period = json!({ "period_from": from.to_string(), "period_to": to.to_string() });
    let text = tool(trade, "sales_report", period).await.remove(0);
    let mut lines = text.lines().collect::<Vec<_>>();
    assert_eq!(lines.remove(0), format!("Продажи с {from} по {to}, документов: {documents}"));
    let total = lines.pop().unwrap().strip_prefix("Итого: ").unwrap().strip_suffix(" руб.").unwrap();
    assert_eq!(kopecks(total), sum, "{text}");
    let row = |line: &&str| {
        let (name, figures) = line.rsplit_once(": ").unwrap();
        let (quantity, amount) = figures.strip_suffix(" руб.").unwrap().split_once(", ").unwrap();
        let quantity = quantity.split_once(' ').unwrap().0.parse::<i64>().unwrap();
        (name.to_owned(), (quantity, kopecks(amount)))
    };
    assert_eq!(lines.iter().map(row).collect::<BTreeMap<_, _>>(), expected, "RPC, {from} to {to}");
    assert!(lines.iter().map(row).is_sorted_by_key(|(_, (_, amount))| -amount), "{text}");

    let body = json!({
        "period": { "from": from.to_string(), "to": to.to_string() }, "group_by": ["product"],
        "measures": ["qty", "amount", "receipts"], "sort": [{ "field": "amount", "dir": "desc" }],
    });
    let report = trade.answer("reports/sales", body).await;
    let rows = report["rows"].as_array().unwrap().iter();
    let names = rows.clone().map(|row| row[0]["label"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let rows = rows.map(|row| (row[1].as_i64().unwrap(), hundredths(&row[2])));
    assert_eq!(names.iter().cloned().zip(rows).collect::<BTreeMap<_, _>>(), expected, "REST, {from} to {to}");
    assert_eq!(names, lines.iter().map(|line| row(line).0).collect::<Vec<_>>(), "in the same order");
    assert_eq!(report["totals"]["receipts"], documents);
    assert_eq!(hundredths(&report["totals"]["amount"]), sum);
}

#[tokio::test]
async fn every_product_is_found_by_both() {
    let trade = Trade::quick("2026-10-05").await;
    for product in &company().products {
        for query in [product.name, product.name_en, product.article, &product.code, &product.id] {
            let (codes, _) = searched(&trade, json!({ "catalog": "Products", "query": query, "limit": 100 })).await;
            assert!(codes.contains(&product.code), "RPC: {query}");
            let candidates = resolved(&trade, "product", query).await;
            assert!(candidates.iter().any(|one| one["id"] == product.id.as_str()), "REST: {query}");
        }
    }
}

#[tokio::test]
async fn a_search_finds_the_same_entries_in_the_same_order() {
    let trade = Trade::quick("2026-10-05").await;
    let queries = [
        "чай",
        "Чайник",
        "coffee",
        "TEA",
        "кофе",
        "черный",
        "к",
        "e",
        "500",
        "-2",
        "зч-",
        "Thermo",
        "мёд",
        "нет такого",
    ];
    for query in queries {
        for (catalog, entity) in [("Номенклатура", "product"), ("Warehouses", "warehouse"), ("Customers", "customer")]
        {
            let (codes, total) = searched(&trade, json!({ "catalog": catalog, "query": query, "limit": 100 })).await;
            let candidates = resolved(&trade, entity, query).await;
            let code = |one: &Value| match one.get("code") {
                Some(code) => code.as_str().unwrap().to_owned(),
                None => company().customers.iter().find(|own| own.id == one["id"]).unwrap().code.clone(),
            };
            assert_eq!(codes, candidates.iter().map(code).collect::<Vec<_>>(), "{entity} {query}");
            assert_eq!(total, candidates.len());
        }
    }
    for query in ["coffee", "чай"] {
        assert!(resolved(&trade, "product", query).await.len() > 2, "{query}");
    }
}

#[tokio::test]
async fn the_configuration_has_all_that_the_documents_are_of() {
    let trade = Trade::quick("2026-10-05").await;
    // A refusal names all types of documents.
    let body = json!({ "doc_type": "нет", "number": "1" }).to_string();
    let (status, _, text) = trade.send(Method::POST, "admin/find_document", None, &body).await;
    assert_eq!(status, 400);
    let types = text.split_once("Допустимые: ").unwrap().1.split_once('"').unwrap().0.split(", ").collect::<Vec<_>>();
    assert_eq!(types.len(), 6);
    for name in types {
        let found = tool(&trade, "get_metadata", json!({ "name": format!("Документ.{name}") })).await.remove(0);
        assert!(found.starts_with(&format!("Документ.{name} (Document.")), "{found}");
        let english = found.split_once("(Document.").unwrap().1.split_once(')').unwrap().0;
        let body = json!({ "doc_type": english, "number": "-000001" });
        assert_eq!(trade.answer("admin/find_document", body).await["rows"].as_array().unwrap().len(), 1, "{english}");
    }
    let tree = rpc(&trade, "resources/read", json!({ "uri": "onec://metadata/tree" })).await;
    let tree = serde_json::from_str::<Value>(tree["contents"][0]["text"].as_str().unwrap()).unwrap();
    let catalogs = tree["Справочники"].as_array().unwrap();
    let names = catalogs.iter().map(|one| one["Имя"].as_str().unwrap()).collect::<Vec<_>>();
    let expected = [
        "Номенклатура",
        "Контрагенты",
        "Склады",
        "Организации",
        "КаналыПродаж",
        "Продавцы",
        "Кассы",
        "СтатьиЗатрат",
        "ДенежныеОперации",
    ];
    assert_eq!(names, expected);
    for name in names {
        trade.answer("admin/eventlog", json!({ "object_type": format!("Catalog.{name}") })).await;
    }
}

#[tokio::test]
async fn resources_speak_of_the_same_company() {
    let trade = Trade::quick("2026-10-05").await;
    let read = async |uri: &str| {
        let read = rpc(&trade, "resources/read", json!({ "uri": uri })).await;
        read["contents"][0]["text"].as_str().unwrap().to_owned()
    };
    let sales = company().sales.iter().filter(|sale| !sale.is_return).count();
    let [products, customers, warehouses] =
        [company().products.len(), company().customers.len(), company().warehouses.len()];
    let about = read("onec://company/about").await;
    let counts = format!(
        "Номенклатуры: {products}, контрагентов: {customers}, складов: {warehouses}, документов реализации: {sales}, "
    );
    assert!(about.contains(&counts), "{about}");

    // The last sale without a discount was at the price of the price list.
    let csv = read("onec://company/price-list").await;
    let mut known = 0;
    for line in csv.lines().skip(1) {
        let fields = line.split(';').collect::<Vec<_>>();
        let at = company().products.iter().position(|one| one.code == fields[0]).unwrap();
        let summer = "2026-08-01".parse::<Date>().unwrap();
        let recent = company().sales.iter().filter(|sale| sale.date >= summer && !sale.is_return);
        let lines = recent.flat_map(|sale| &sale.lines).filter(|line| line.product == at);
        if let Some(highest) = lines.map(|line| line.price).max() {
            let price = kopecks(fields[4]);
            assert!((price * 80 / 100..=price).contains(&highest), "{line}: {highest}");
            known += usize::from(highest == price);
        }
    }
    assert!(known > 10, "{known}");
}
