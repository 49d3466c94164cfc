//! Good arguments for each of the built-in tools, and the places of a schema where one may stand.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use serde_json::{Value, json};
use std::collections::BTreeSet;

const A: &str = "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002";
const B: &str = "a1b2c3d4-0000-4000-8000-000000000001";

/// Calls with every argument that their tools take. Lists begin with what the call sorts by.
#[rustfmt::skip]
pub(crate) fn good() -> Vec<(&'static str, Value)> {
    let period = || json!({ "from": "2026-01-01", "to": "2026-03-31" });
    let sort = |group: &str, measure: &str| json!([{ "field": measure, "dir": "desc" }, { "field": group, "dir": "asc" }]);
    let plain = || json!({ "query": "Север", "limit": 3 });
    let groups = || json!({ "query": "Север", "limit": 3, "include_groups": true });
    vec![
        ("resolve_customer", groups()),
        ("resolve_warehouse", plain()),
        ("resolve_product", groups()),
        ("resolve_sales_channel", plain()),
        ("resolve_cash", plain()),
        ("resolve_cost_article", groups()),
        ("resolve_operation", plain()),
        ("sales_report", json!({
            "period": period(),
            "filters": { "customer_ids": [A, B], "warehouse_ids": [B], "sales_channel_ids": [A],
                         "customer_cohort": "new", "product_status": ["active", "phasing_out"] },
            "group_by": ["product", "month"], "measures": ["profit", "qty"], "sort": sort("product", "profit"), "top": 20,
        })),
        ("top_products", json!({
            "period": period(), "filters": { "customer_ids": [A, B], "warehouse_ids": [B] }, "by": "qty", "top": 3,
        })),
        ("customer_summary", json!({ "customer_id": A, "period": period(), "top_products": 4 })),
        ("stock_balance", json!({
            "date": "2026-02-28",
            "filters": { "product_ids": [A], "warehouse_ids": [B, A], "product_status": ["new"] },
            "group_by": ["product_group"], "measures": ["amount", "qty"], "sort": sort("product_group", "amount"), "top": 7,
        })),
        ("cash_balance", json!({
            "date": "2026-02-28", "filters": { "cash_ids": [A] }, "group_by": ["firm", "cash"],
            "measures": ["balance"], "sort": sort("firm", "balance"), "top": 7,
        })),
        ("cash_flow", json!({
            "period": period(),
            "filters": { "cash_ids": [A], "operation_ids": [A, B], "cost_article_ids": [B], "customer_ids": [A] },
            "group_by": ["analytics", "week"], "measures": ["net", "inflow"], "sort": sort("analytics", "net"), "top": 7,
        })),
        ("receivables_balance", json!({
            "date": "2026-02-28", "filters": { "customer_ids": [A], "firm_ids": [A, B] }, "group_by": ["firm"],
            "measures": ["advance"], "sort": sort("firm", "advance"), "top": 7,
        })),
        ("payables_balance", json!({
            "date": "2026-02-28", "filters": { "supplier_ids": [A], "firm_ids": [A, B] }, "group_by": ["firm"],
            "measures": ["payable", "net"], "sort": sort("firm", "payable"), "top": 7,
        })),
        ("purchases_report", json!({
            "period": period(), "filters": { "supplier_ids": [A, B], "firm_ids": [B] }, "group_by": ["day", "firm"],
            "measures": ["qty"], "sort": sort("day", "qty"), "top": 7,
        })),
        ("event_log", json!({
            "level": ["error", "note"], "events": ["_$Data$_.Update", "_$Session$_.Start"], "user": "Администратор",
            "session": 5, "period": { "from": "2026-01-01T08:00:00", "to": "2026-01-02" }, "limit": 30,
        })),
        ("object_history", json!({
            "object_type": "Document.SalesInvoice", "object_id": A, "events": ["_$Data$_.New"], "period": period(),
            "limit": 30,
        })),
        ("find_document", json!({ "doc_type": "Document.SalesInvoice", "number": "000-1", "limit": 30 })),
        ("find_document", json!({ "doc_type": "Document.SalesInvoice", "period": period(), "limit": 30 })),
    ]
}

/// The arguments of `tool` that have something at `pointer`, or all but that.
pub(crate) fn call(tool: &str, has: impl Fn(&Value) -> bool) -> Value {
    let (_, arguments) = good().into_iter().find(|(name, value)| *name == tool && has(value)).expect("no such call");
    arguments
}

/// An argument as the schema knows it.
pub(crate) struct Place<'a> {
    /// Where it stands in [`good`] arguments; the first one of an array.
    pub(crate) pointer: String,
    pub(crate) schema: &'a Value,
    pub(crate) required: bool,
}

impl Place<'_> {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.schema["type"] == kind
    }

    /// As errors name it: `sort[0].field`.
    pub(crate) fn field(&self) -> String {
        self.pointer[1..].replace("/0", "[0]").replace('/', ".")
    }

    /// The values that it, or its items, may have.
    pub(crate) fn choices(&self) -> Option<Vec<&str>> {
        let list = self.schema.pointer("/items/enum").or_else(|| self.schema.get("enum"))?.as_array()?;
        Some(list.iter().map(|value| value.as_str().unwrap()).collect())
    }
}

/// Every argument of a schema, those within others included.
pub(crate) fn places(schema: &Value) -> Vec<Place<'_>> {
    let mut all = Vec::new();
    gather(schema, "", &mut all);
    all
}

fn gather<'a>(schema: &'a Value, above: &str, all: &mut Vec<Place<'a>>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{above}/{name}");
        let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        gather(member, &pointer, all);
        if let Some(items) = member.get("items") {
            gather(items, &format!("{pointer}/0"), all);
        }
        all.push(Place { pointer, schema: member, required });
    }
}

pub(crate) fn pointers(schema: &Value) -> BTreeSet<String> {
    places(schema).into_iter().map(|place| place.pointer).collect()
}

/// The same with another value at a pointer.
pub(crate) fn with(arguments: &Value, pointer: &str, value: Value) -> Value {
    let (above, name) = pointer.rsplit_once('/').unwrap();
    let mut changed = arguments.clone();
    changed.pointer_mut(above).unwrap()[name] = value;
    changed
}

/// The same without what is at a pointer.
pub(crate) fn without(arguments: &Value, pointer: &str) -> Value {
    let (above, name) = pointer.rsplit_once('/').unwrap();
    let mut changed = arguments.clone();
    changed.pointer_mut(above).unwrap().as_object_mut().unwrap().remove(name).expect("nothing is there");
    changed
}

/// With the defaults that the schema tells.
pub(crate) fn completed(schema: &Value, mut value: Value) -> Value {
    if let Value::Array(items) = &mut value {
        for item in items {
            *item = completed(&schema["items"], item.take());
        }
    }
    if let Value::Object(map) = &mut value {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(default) = member.get("default") {
                map.entry(name.clone()).or_insert_with(|| default.clone());
            }
            if let Some(value) = map.get_mut(name) {
                *value = completed(member, value.take());
            }
        }
    }
    value
}
