//! What the tools about sales and stock shall answer, added up from the documents by plain loops.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

use crate::support::pivot_figures::{Entry, figure, money, report, told};
use onec_mcp::demo::trade::{Analytics, Company, Date, Folder, Status, company};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The answer to a body of `sales_report`.
pub(crate) fn sales_report(body: &Value) -> Value {
    let mut answer = report(&sold(body), body, false);
    answer.insert("period".into(), body["period"].clone());
    answer.insert("applied_filters".into(), applied(&body["filters"]));
    answer.into()
}

/// To one of `top_products`.
pub(crate) fn top_products(body: &Value) -> Value {
    best(body, body["by"].as_str().unwrap(), &body["top"]).into()
}

/// To one of `customer_summary`, for those who may see costs or may not.
pub(crate) fn customer_summary(body: &Value, cost: bool) -> Value {
    let company = company();
    let (id, to) = (&body["customer_id"], day(&body["period"]["to"]));
    let at = company.customers.iter().position(|one| id.as_str().unwrap().eq_ignore_ascii_case(&one.id)).unwrap();
    let narrowed = json!({ "period": body["period"], "filters": { "customer_ids": [id] } });
    let mut answer = best(&narrowed, "amount", &body["top_products"]);
    answer.insert("applied_filters".into(), json!({}));
    answer.insert("customer".into(), json!({ "id": company.customers[at].id, "label": company.customers[at].name }));
    let entries = sold(&narrowed);
    let all = entries.iter().collect::<Vec<_>>();
    let mut totals = Map::new();
    for name in ["amount", "qty", "receipts", "avg_check"]
        .into_iter()
        .chain(["cost", "profit", "margin"].into_iter().filter(|_| cost))
    {
        totals.insert(name.into(), told(name, figure(name, &all)));
    }
    let days = || {
        company.sales.iter().filter(|one| one.customer == at && !one.is_return && one.date <= to).map(|one| one.date)
    };
    totals.insert("first_sale".into(), days().min().map(|day| day.to_string()).into());
    totals.insert("last_sale".into(), days().max().map(|day| day.to_string()).into());
    // What is owed to each firm; one may owe here and have paid in advance there.
    let mut owed = vec![0; company.firms.len()];
    for sale in company.sales.iter().filter(|sale| sale.customer == at && sale.date <= to) {
        owed[sale.firm] += sign(sale.is_return) * sale.lines.iter().map(|line| line.amount).sum::<i64>();
    }
    for paid in company.cash.iter().filter(|one| one.analytics == Analytics::Customer(at) && one.date <= to) {
        owed[paid.firm] -= if paid.inflow { paid.amount } else { -paid.amount };
    }
    totals.insert("receivable".into(), money(owed.iter().filter(|one| **one > 0).sum()));
    totals.insert("advance".into(), money(-owed.iter().filter(|one| **one < 0).sum::<i64>()));
    answer.insert("totals".into(), totals.into());
    answer.into()
}

/// To one of `stock_balance`.
pub(crate) fn stock_balance(body: &Value, today: &str) -> Value {
    let company = company();
    let date = body["date"].as_str().unwrap_or(today);
    let (until, filters) = (day(&json!(date)), &body["filters"]);
    let mut entries = Vec::new();
    let mut add = |warehouse: usize, product: usize, qty: i64, amount: i64| {
        let one = &company.products[product];
        let fits = named(&filters["warehouse_ids"], &company.warehouses[warehouse].id)
            && below(&filters["product_ids"], &one.id, one.group, &company.product_groups)
            && named(&filters["product_status"], status(one.status));
        if fits {
            let mut cells = goods(company, product);
            let place = &company.warehouses[warehouse];
            cells.insert("warehouse", reference(&place.id, place.name));
            entries.push(Entry { cells, amount, qty, cost: 0, receipt: None, customer: 0 });
        }
    };
    for one in company.purchases.iter().filter(|one| one.date <= until) {
        for line in &one.lines {
            add(one.warehouse, line.product, sign(one.is_return) * line.quantity, sign(one.is_return) * line.amount);
        }
    }
    for one in company.sales.iter().filter(|one| one.date <= until) {
        for line in &one.lines {
            add(one.warehouse, line.product, -sign(one.is_return) * line.quantity, -sign(one.is_return) * line.cost);
        }
    }
    let mut answer = report(&entries, body, true);
    answer.insert("date".into(), date.into());
    answer.insert("applied_filters".into(), applied(filters));
    answer.into()
}

fn best(body: &Value, by: &str, top: &Value) -> Map<String, Value> {
    let sort = json!([{ "field": by, "dir": "desc" }]);
    let like = json!({ "group_by": ["product"], "measures": ["amount", "qty"], "sort": sort, "top": top });
    let mut answer = report(&sold(body), &like, false);
    answer.insert("period".into(), body["period"].clone());
    answer.insert("applied_filters".into(), applied(&body["filters"]));
    answer
}

/// The lines of sales and returns that the filters leave.
fn sold(body: &Value) -> Vec<Entry> {
    let company = company();
    let (from, to) = (day(&body["period"]["from"]), day(&body["period"]["to"]));
    let filters = &body["filters"];
    let mut entries = Vec::new();
    for sale in company.sales.iter().filter(|sale| from <= sale.date && sale.date <= to) {
        let customer = &company.customers[sale.customer];
        let before = company.sales.iter().any(|one| one.customer == sale.customer && !one.is_return && one.date < from);
        let cohort = if before { "returning" } else { "new" };
        let channel = &company.sales_channels[sale.channel];
        let fits = below(&filters["customer_ids"], &customer.id, customer.group, &company.customer_groups)
            && named(&filters["warehouse_ids"], &company.warehouses[sale.warehouse].id)
            && below(&filters["sales_channel_ids"], &channel.id, sale.channel, &company.sales_channels)
            && filters["customer_cohort"].as_str().is_none_or(|wanted| wanted == cohort);
        let date = sale.date.to_string();
        let monday = Date::from_days(sale.date.days() - (sale.date.days() + 3).rem_euclid(7)).to_string();
        for line in &sale.lines {
            if !fits || !named(&filters["product_status"], status(company.products[line.product].status)) {
                continue;
            }
            let group = &company.customer_groups[customer.group];
            let (place, seller) = (&company.warehouses[sale.warehouse], &company.sellers[sale.seller]);
            let mut cells = goods(company, line.product);
            cells.insert("warehouse", reference(&place.id, place.name));
            cells.insert("customer", reference(&customer.id, customer.name));
            cells.insert("customer_group", reference(&group.id, group.name));
            cells.insert("seller", reference(&seller.id, seller.name));
            cells.insert("sales_channel", reference(&channel.id, channel.name));
            for (name, text) in [("cohort", cohort), ("day", &date), ("week", &monday)] {
                cells.insert(name, (text.into(), text.to_owned()));
            }
            let month = format!("{}-01", &date[..7]);
            cells.insert("month", (month.clone().into(), month));
            let sign = sign(sale.is_return);
            let (amount, qty, cost) = (sign * line.amount, sign * line.quantity, sign * line.cost);
            let receipt = (!sale.is_return).then(|| sale.id.clone());
            entries.push(Entry { cells, amount, qty, cost, receipt, customer: sale.customer });
        }
    }
    entries
}

fn goods(company: &Company, product: usize) -> BTreeMap<&'static str, (Value, String)> {
    let product = &company.products[product];
    let group = &company.product_groups[product.group];
    BTreeMap::from([
        ("product", reference(&product.id, product.name)),
        ("product_group", reference(&group.id, group.name)),
    ])
}

/// The filters with a reference in place of each id.
fn applied(filters: &Value) -> Value {
    let company = company();
    let mut names = BTreeMap::new();
    names.extend(company.customers.iter().map(|one| (&*one.id, one.name)));
    names.extend(company.products.iter().map(|one| (&*one.id, one.name)));
    names.extend(company.warehouses.iter().map(|one| (&*one.id, one.name)));
    for folders in [&company.customer_groups, &company.product_groups, &company.sales_channels] {
        names.extend(folders.iter().map(|one| (&*one.id, one.name)));
    }
    let mut applied = json!({});
    for (name, value) in filters.as_object().into_iter().flatten() {
        applied[name] = match name.ends_with("_ids") {
            true => value
                .as_array()
                .unwrap()
                .iter()
                .map(|id| reference(id.as_str().unwrap(), names[id.as_str().unwrap()]).0)
                .collect(),
            false => value.clone(),
        };
    }
    applied
}

/// Whether a list has this text; no list has all.
fn named(list: &Value, text: &str) -> bool {
    list.as_array().is_none_or(|list| list.iter().any(|one| one == text))
}

/// Whether a list has this entry, or a folder that it is in.
fn below(list: &Value, id: &str, folder: usize, folders: &[Folder]) -> bool {
    let mut at = Some(folder);
    let mut found = named(list, id);
    while let Some(folder) = at {
        found = found || named(list, &folders[folder].id);
        at = folders[folder].parent;
    }
    found
}

fn reference(id: &str, label: &str) -> (Value, String) {
    (json!({ "id": id, "label": label }), label.to_owned())
}

fn status(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Active => "active",
        Status::PhasingOut => "phasing_out",
        Status::Excluded => "excluded",
    }
}

fn day(text: &Value) -> Date {
    text.as_str().unwrap().parse().unwrap()
}

fn sign(is_return: bool) -> i64 {
    if is_return { -1 } else { 1 }
}
