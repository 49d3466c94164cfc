//! Rows, totals and figures out of the lines of documents, by plain loops.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper that fails fails its test")]

use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A line of a document, with all that it may be grouped by: the cell and its label.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) cells: BTreeMap<&'static str, (Value, String)>,
    pub(crate) amount: i64,
    pub(crate) qty: i64,
    pub(crate) cost: i64,
    pub(crate) receipt: Option<String>,
    pub(crate) customer: usize,
}

/// Columns, rows and totals. Where `nothing` says so, a row of zeros is none.
pub(crate) fn report(entries: &[Entry], body: &Value, nothing: bool) -> Map<String, Value> {
    let texts = |name: &str| body[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>();
    let (asked, measures) = (texts("group_by"), texts("measures"));
    let beside = |name: &str| name.strip_suffix("_group").is_some_and(|leaf| asked.contains(&leaf));
    let dimensions = asked.iter().copied().filter(|name| !beside(name)).collect::<Vec<_>>();
    let mut rows = BTreeMap::<Vec<String>, Vec<&Entry>>::new();
    for entry in entries {
        rows.entry(dimensions.iter().map(|name| entry.cells[name].0.to_string()).collect()).or_default().push(entry);
    }
    let mut rows = rows.into_values().collect::<Vec<_>>();
    rows.retain(|row| !nothing || figure("qty", row) != Some(0) || figure("amount", row) != Some(0));
    let label = |row: &[&Entry], name: &str| row[0].cells[name].1.clone();
    rows.sort_by(|a, b| {
        let mut order = Ordering::Equal;
        for by in body["sort"].as_array().into_iter().flatten() {
            let name = by["field"].as_str().unwrap();
            let next = match a[0].cells.contains_key(name) {
                true => label(a, name).cmp(&label(b, name)),
                false => figure(name, a).cmp(&figure(name, b)),
            };
            order = order.then(if by["dir"] == "desc" { next.reverse() } else { next });
        }
        dimensions.iter().fold(order, |order, name| order.then_with(|| label(a, name).cmp(&label(b, name))))
    });
    rows.truncate(usize::try_from(body["top"].as_u64().unwrap()).unwrap());
    let kind = |name: &str| match name {
        "day" | "week" | "month" => "date",
        "cohort" => "string",
        _ => "ref",
    };
    let columns = dimensions.iter().map(|name| json!({ "name": name, "type": kind(name) }));
    let columns = columns.chain(measures.iter().map(|name| json!({ "name": name, "type": "number" })));
    let rows = rows.iter().map(|row| {
        let cells = dimensions.iter().map(|name| row[0].cells[name].0.clone());
        cells.chain(measures.iter().map(|name| told(name, figure(name, row)))).collect::<Value>()
    });
    let all = entries.iter().collect::<Vec<_>>();
    let totals =
        measures.iter().map(|name| ((*name).to_owned(), told(name, figure(name, &all)))).collect::<Map<_, _>>();
    Map::from_iter([
        ("columns".to_owned(), columns.collect()),
        ("rows".to_owned(), rows.collect()),
        ("totals".to_owned(), totals.into()),
    ])
}

/// A count, or hundredths.
pub(crate) fn figure(name: &str, entries: &[&Entry]) -> Option<i64> {
    let (mut amount, mut qty, mut cost) = (0, 0, 0);
    let (mut receipts, mut customers) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        amount += entry.amount;
        qty += entry.qty;
        cost += entry.cost;
        receipts.extend(entry.receipt.as_ref());
        customers.insert(entry.customer);
    }
    let count = receipts.len() as i64;
    Some(match name {
        "amount" => amount,
        "qty" => qty,
        "cost" => cost,
        "profit" => amount - cost,
        "receipts" => count,
        "customers" => customers.len() as i64,
        "avg_check" if count == 0 => return None,
        "avg_check" => (amount as f64 / count as f64).round() as i64,
        "margin" if amount == 0 => return None,
        "margin" => ((amount - cost) as f64 * 10_000.0 / amount as f64).round() as i64,
        other => panic!("no measure {other}"),
    })
}

pub(crate) fn told(name: &str, figure: Option<i64>) -> Value {
    match figure {
        None => Value::Null,
        Some(count) if ["qty", "receipts", "customers"].contains(&name) => count.into(),
        Some(hundredths) => money(hundredths),
    }
}

pub(crate) fn money(hundredths: i64) -> Value {
    if hundredths % 100 == 0 { json!(hundredths / 100) } else { json!(hundredths as f64 / 100.0) }
}
