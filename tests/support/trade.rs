//! The facts about the built-in tools, written down a second time.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use onec_mcp::catalog::Limits;
use serde_json::{Value, json};

pub(crate) const UUID: &str = "0b6d7a0e-8f3c-11ee-b9d1-0242ac120002";
const OTHER: &str = "A1B2C3D4-0000-4000-8000-000000000001";

/// One tool.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) path: &'static str,
    pub(crate) required: &'static [&'static str],
    pub(crate) arguments: &'static [(&'static str, Kind)],
}

/// What an argument takes.
pub(crate) enum Kind {
    Text,
    Texts,
    Uuid,
    Ids,
    Flag(bool),
    Whole,
    Count {
        default: Option<u64>,
        ceiling: Ceiling,
    },
    Day,
    Period,
    /// A period of days or moments.
    Moments,
    /// `Document.X` or `Catalog.X`.
    Type,
    One(&'static [&'static str], Option<&'static str>),
    Some(&'static [&'static str], &'static [&'static str]),
    Sort,
}

pub(crate) enum Ceiling {
    Resolve,
    Rows,
    Fixed(u64),
}

impl Kind {
    pub(crate) fn ceiling(&self, limits: Limits) -> Option<u64> {
        match self {
            Self::Count { ceiling: Ceiling::Resolve, .. } => Some(limits.resolve_limit),
            Self::Count { ceiling: Ceiling::Rows, .. } => Some(limits.max_rows),
            Self::Count { ceiling: Ceiling::Fixed(number), .. } => Some(*number),
            _ => None,
        }
    }

    /// What 1C is sent if the argument is absent.
    pub(crate) fn default(&self, limits: Limits) -> Option<Value> {
        match self {
            Self::Count { default, .. } => {
                let ceiling = self.ceiling(limits)?;
                let rows = |ceiling: &Ceiling| matches!(ceiling, Ceiling::Rows).then_some(limits.default_rows);
                let Self::Count { ceiling: kind, .. } = self else { return None };
                Some(json!(default.or(rows(kind)).unwrap_or(ceiling).min(ceiling)))
            }
            Self::Flag(value) => Some(json!(value)),
            Self::One(_, default) => default.map(Value::from),
            Self::Some(_, default) => (!default.is_empty()).then(|| json!(default)),
            _ => None,
        }
    }

    /// Values that are sent as they are.
    pub(crate) fn good(&self) -> Vec<Value> {
        match self {
            Self::Text => vec![json!("Север"), json!("1")],
            Self::Texts => vec![json!(["_$Data$_.Update"]), json!(["a", "b"])],
            Self::Uuid => vec![json!(UUID), json!(OTHER)],
            Self::Ids => vec![json!([UUID]), json!([UUID, OTHER])],
            Self::Flag(_) => vec![json!(true), json!(false)],
            Self::Whole => vec![json!(1), json!(123_456)],
            Self::Count { .. } => vec![json!(1), json!(2)],
            Self::Day => vec![json!("2026-02-28")],
            Self::Period => vec![json!({ "from": "2026-01-01", "to": "2026-12-31" })],
            Self::Moments => vec![
                json!({ "from": "2026-01-01", "to": "2026-12-31" }),
                json!({ "from": "2026-01-01T08:00:00", "to": "2026-01-01T18:30:00" }),
                json!({ "from": "2026-01-01T08:00:00Z", "to": "2026-01-01T18:30:00Z" }),
                json!({ "from": "2026-01-01T08:00:00+03:00", "to": "2026-01-01T18:30:00+03:00" }),
            ],
            Self::Type => vec![json!("Document.SalesInvoice"), json!("Catalog.Номенклатура")],
            Self::One(values, _) => values.iter().map(|value| json!(value)).collect(),
            Self::Some(values, _) => values.iter().map(|value| json!([value])).chain([json!(values)]).collect(),
            Self::Sort => vec![],
        }
    }

    /// Values that cannot be mended.
    pub(crate) fn bad(&self) -> Vec<Value> {
        match self {
            Self::Text => vec![json!(["a"]), json!({ "a": 1 })],
            Self::Texts => vec![json!({ "a": 1 }), json!([{}]), json!(["a", "a"]), json!([""])],
            Self::Uuid => vec![json!("Север"), json!(["x"]), json!("0b6d7a0e-8f3c-11ee-b9d1")],
            Self::Ids => vec![json!(["Север"]), json!([UUID, UUID]), json!({ "a": 1 }), json!([null]), json!([""])],
            Self::Flag(_) => vec![json!("perhaps"), json!(2), json!([true])],
            Self::Whole => vec![json!(0), json!(-1), json!(1.5), json!("many"), json!({ "a": 1 })],
            Self::Count { .. } => vec![json!(1.5), json!("many"), json!({ "a": 1 })],
            Self::Day => {
                vec![json!("28.02.2026"), json!("2026-02-30"), json!("2026-02-28T10:00:00Z"), json!({ "a": 1 })]
            }
            Self::Period => vec![
                json!({ "from": "2026-01-01" }),
                json!({ "to": "2026-01-01" }),
                json!({ "from": "yesterday", "to": "2026-01-01" }),
                json!({ "from": "2026-01-01T08:00:00Z", "to": "2026-01-02" }),
                json!("this month"),
                json!(["2026-01-01", "2026-01-31"]),
            ],
            Self::Moments => vec![
                json!({ "from": "2026-01-01" }),
                json!({ "from": "yesterday", "to": "today" }),
                json!({ "from": "01.01.2026", "to": "2026-01-31" }),
            ],
            Self::Type => vec![json!("SalesInvoice"), json!("Report.Sales"), json!("Document."), json!("")],
            Self::One(..) => vec![json!("something else"), json!(["x"]), json!({ "a": 1 })],
            Self::Some(values, _) => {
                vec![json!(["something else"]), json!([values[0], values[0]]), json!({ "a": 1 })]
            }
            Self::Sort => vec![
                json!([{ "field": "colour" }]),
                json!([{ "dir": "asc" }]),
                json!([{ "field": "colour", "dir": "sideways" }]),
                json!([{ "by": "colour" }]),
            ],
        }
    }
}

/// What is sent if nothing more than these arguments is said: `filters` and the period of a history are always
/// there.
pub(crate) fn always(row: &Row) -> Vec<(&'static str, Value)> {
    let filters = row.arguments.iter().any(|(path, _)| path.starts_with("filters."));
    let whole = || json!({ "from": "1980-01-01", "to": "2999-12-31" });
    let history = (row.name == "object_history").then(|| ("period", whole()));
    filters.then(|| ("filters", json!({}))).into_iter().chain(history).collect()
}

/// The fewest arguments that a tool takes.
pub(crate) fn minimal(row: &Row) -> Value {
    let mut arguments = json!({});
    for name in row.required {
        let (_, kind) = row.arguments.iter().find(|(path, _)| path == name).unwrap();
        set(&mut arguments, name, kind.good()[0].clone());
    }
    if row.name == "find_document" {
        set(&mut arguments, "number", json!("000-1"));
    }
    arguments
}

/// Puts a value at a path, making the objects on the way.
pub(crate) fn set(arguments: &mut Value, path: &str, value: Value) {
    *path.split('.').fold(arguments, |parent, name| &mut parent[name]) = value;
}

const QUERY: (&str, Kind) = ("query", Kind::Text);
const GROUPS: (&str, Kind) = ("include_groups", Kind::Flag(false));
const LIMIT: (&str, Kind) = ("limit", Kind::Count { default: Some(10), ceiling: Ceiling::Resolve });
const PERIOD: (&str, Kind) = ("period", Kind::Period);
const DATE: (&str, Kind) = ("date", Kind::Day);
const TOP: (&str, Kind) = ("top", Kind::Count { default: None, ceiling: Ceiling::Rows });
const SORT: (&str, Kind) = ("sort", Kind::Sort);
const CUSTOMERS: (&str, Kind) = ("filters.customer_ids", Kind::Ids);
const SUPPLIERS: (&str, Kind) = ("filters.supplier_ids", Kind::Ids);
const WAREHOUSES: (&str, Kind) = ("filters.warehouse_ids", Kind::Ids);
const FIRMS: (&str, Kind) = ("filters.firm_ids", Kind::Ids);
const CASH: (&str, Kind) = ("filters.cash_ids", Kind::Ids);
const STATUS: (&str, Kind) = ("filters.product_status", Kind::Some(&["new", "active", "phasing_out", "excluded"], &[]));

const fn group_by(values: &'static [&'static str], default: &'static [&'static str]) -> (&'static str, Kind) {
    ("group_by", Kind::Some(values, default))
}

const fn measures(values: &'static [&'static str], default: &'static [&'static str]) -> (&'static str, Kind) {
    ("measures", Kind::Some(values, default))
}

const fn limit(default: u64, ceiling: u64) -> (&'static str, Kind) {
    ("limit", Kind::Count { default: Some(default), ceiling: Ceiling::Fixed(ceiling) })
}

#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    Row { name: "resolve_customer", scope: "mcp:resolve", path: "resolve/customer", required: &["query"],
          arguments: &[QUERY, LIMIT, GROUPS] },
    Row { name: "resolve_warehouse", scope: "mcp:resolve", path: "resolve/warehouse", required: &["query"],
          arguments: &[QUERY, LIMIT] },
    Row { name: "resolve_product", scope: "mcp:resolve", path: "resolve/product", required: &["query"],
          arguments: &[QUERY, LIMIT, GROUPS] },
    Row { name: "resolve_sales_channel", scope: "mcp:resolve", path: "resolve/sales_channel", required: &["query"],
          arguments: &[QUERY, LIMIT] },
    Row { name: "resolve_cash", scope: "mcp:report:money", path: "resolve/cash", required: &["query"],
          arguments: &[QUERY, LIMIT] },
    Row { name: "resolve_cost_article", scope: "mcp:report:money", path: "resolve/cost_article", required: &["query"],
          arguments: &[QUERY, LIMIT, GROUPS] },
    Row { name: "resolve_operation", scope: "mcp:report:money", path: "resolve/operation", required: &["query"],
          arguments: &[QUERY, LIMIT] },
    Row { name: "sales_report", scope: "mcp:report:sales", path: "reports/sales", required: &["period"],
          arguments: &[
              PERIOD, CUSTOMERS, WAREHOUSES, ("filters.sales_channel_ids", Kind::Ids),
              ("filters.customer_cohort", Kind::One(&["new", "returning"], None)), STATUS,
              group_by(&["warehouse", "customer", "product", "seller", "sales_channel", "day", "week", "month", "cohort",
                         "product_group", "customer_group"], &["warehouse", "customer"]),
              measures(&["amount", "qty", "receipts", "avg_check", "customers", "cost", "profit", "margin"],
                       &["amount", "qty"]),
              TOP, SORT,
          ] },
    Row { name: "top_products", scope: "mcp:report:sales", path: "reports/top_products", required: &["period"],
          arguments: &[
              PERIOD, CUSTOMERS, WAREHOUSES, ("by", Kind::One(&["amount", "qty"], Some("amount"))),
              ("top", Kind::Count { default: Some(10), ceiling: Ceiling::Rows }),
          ] },
    Row { name: "customer_summary", scope: "mcp:report:sales", path: "reports/customer_summary",
          required: &["customer_id", "period"],
          arguments: &[
              ("customer_id", Kind::Uuid), PERIOD,
              ("top_products", Kind::Count { default: Some(5), ceiling: Ceiling::Rows }),
          ] },
    Row { name: "stock_balance", scope: "mcp:report:stock", path: "reports/stock", required: &[],
          arguments: &[
              DATE, ("filters.product_ids", Kind::Ids), WAREHOUSES, STATUS,
              group_by(&["warehouse", "product", "product_group"], &["warehouse", "product"]),
              measures(&["qty", "amount"], &["qty"]), TOP, SORT,
          ] },
    Row { name: "cash_balance", scope: "mcp:report:money", path: "reports/cash_balance", required: &[],
          arguments: &[
              DATE, CASH, group_by(&["cash", "firm"], &["cash"]), measures(&["balance"], &["balance"]), TOP, SORT,
          ] },
    Row { name: "cash_flow", scope: "mcp:report:money", path: "reports/cash_flow", required: &["period"],
          arguments: &[
              PERIOD, CASH, ("filters.operation_ids", Kind::Ids), ("filters.cost_article_ids", Kind::Ids), CUSTOMERS,
              group_by(&["account", "operation", "analytics", "firm", "day", "week", "month"], &["operation"]),
              measures(&["inflow", "outflow", "net"], &["inflow", "outflow", "net"]), TOP, SORT,
          ] },
    Row { name: "receivables_balance", scope: "mcp:report:money", path: "reports/receivables", required: &[],
          arguments: &[
              DATE, CUSTOMERS, FIRMS, group_by(&["customer", "firm"], &["customer"]),
              measures(&["receivable", "advance", "net"], &["receivable", "advance", "net"]), TOP, SORT,
          ] },
    Row { name: "payables_balance", scope: "mcp:report:money", path: "reports/payables", required: &[],
          arguments: &[
              DATE, SUPPLIERS, FIRMS, group_by(&["supplier", "firm"], &["supplier"]),
              measures(&["payable", "advance", "net"], &["payable", "advance", "net"]), TOP, SORT,
          ] },
    Row { name: "purchases_report", scope: "mcp:report:money", path: "reports/purchases", required: &["period"],
          arguments: &[
              PERIOD, SUPPLIERS, FIRMS,
              group_by(&["supplier", "firm", "day", "week", "month"], &["supplier", "month"]),
              measures(&["amount", "qty"], &["amount"]), TOP, SORT,
          ] },
    Row { name: "event_log", scope: "mcp:admin:eventlog", path: "admin/eventlog", required: &[],
          arguments: &[
              ("level", Kind::Some(&["error", "warning", "information", "note"], &[])), ("events", Kind::Texts),
              ("user", Kind::Text), ("session", Kind::Whole), ("period", Kind::Moments), limit(100, 500),
          ] },
    Row { name: "object_history", scope: "mcp:admin:eventlog", path: "admin/eventlog", required: &["object_type"],
          arguments: &[
              ("object_type", Kind::Type), ("object_id", Kind::Uuid), ("events", Kind::Texts),
              ("period", Kind::Moments), limit(100, 500),
          ] },
    Row { name: "find_document", scope: "mcp:admin:eventlog", path: "admin/find_document", required: &["doc_type"],
          arguments: &[("doc_type", Kind::Text), ("number", Kind::Text), PERIOD, limit(20, 100)] },
];
