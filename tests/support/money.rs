//! What the money tools must answer: the documents of the demo company added up by plain loops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use onec_mcp::demo::trade::{Analytics, CashMovement, Date, Folder, company};
use serde_json::{Map, Value, json};

use crate::support::tools::TODAY;

/// By what a cell is ordered, and the cell.
type Cell = (String, Value);

/// One addend: the row it belongs to and its figures, in hundredths.
struct Fact {
    cells: BTreeMap<&'static str, Cell>,
    figures: BTreeMap<&'static str, i64>,
}

/// The whole answer of a tool to a body in which no default is missing.
pub(crate) fn answer(tool: &str, body: &Value) -> Value {
    let facts = match tool {
        "cash_balance" | "cash_flow" => cash(tool == "cash_balance", body),
        "receivables_balance" => settlements(body, "customer", "receivable"),
        "payables_balance" => settlements(body, "supplier", "payable"),
        "purchases_report" => purchases(body),
        other => panic!("{other} is not about money"),
    };
    let mut answer = table(facts, body, tool.starts_with("cash_"));
    match body.get("period") {
        Some(period) => answer.insert("period".to_owned(), period.clone()),
        None => answer.insert("date".to_owned(), body.get("date").cloned().unwrap_or_else(|| TODAY.into())),
    };
    let filters = body["filters"].as_object().into_iter().flatten();
    let applied = filters.map(|(name, ids)| (name.clone(), texts(ids).iter().map(|id| named(id)).collect()));
    answer.insert("applied_filters".to_owned(), Value::Object(applied.collect()));
    answer.into()
}

pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The reference to whatever has this id.
fn named(id: &str) -> Value {
    static LABELS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
        let all = company();
        let items = all.firms.iter().chain(&all.operations).map(|one| (&*one.id, one.name));
        let folders = all.customer_groups.iter().chain(&all.cost_groups).map(|one| (&*one.id, one.name));
        let partners = all.customers.iter().map(|one| (&*one.id, one.name));
        let desks = all.desks.iter().map(|one| (&*one.id, one.name));
        let articles = all.cost_articles.iter().map(|one| (&*one.id, one.name));
        items.chain(folders).chain(partners).chain(desks).chain(articles).collect()
    });
    json!({ "id": id, "label": LABELS[id] })
}

fn reference(id: &str) -> Cell {
    let cell = named(id);
    (cell["label"].as_str().unwrap().to_owned(), cell)
}

fn of_kind(kind: &str, id: &str) -> Cell {
    let (label, mut cell) = reference(id);
    cell["kind"] = kind.into();
    (label, cell)
}

fn text(text: impl Into<String>) -> Cell {
    let text = text.into();
    (text.clone(), text.into())
}

/// The day, the Monday of its week and the first of its month. 2024-01-01 was a Monday.
fn time(date: Date) -> [(&'static str, Cell); 3] {
    let monday = "2024-01-01".parse::<Date>().unwrap().days();
    let week = Date::from_days(date.days() - (date.days() - monday).rem_euclid(7));
    let month = format!("{}-01", &date.to_string()[..7]);
    [("day", text(date.to_string())), ("week", text(week.to_string())), ("month", text(month))]
}

/// Whether a filter, if it is there at all, has this id or that of a folder above.
fn passes(body: &Value, filter: &str, id: &str, folders: &[Folder], folder: Option<usize>) -> bool {
    let Some(wanted) = body["filters"].get(filter) else { return true };
    let mut of = vec![id];
    let mut above = folder;
    while let Some(at) = above {
        of.push(&folders[at].id);
        above = folders[at].parent;
    }
    texts(wanted).iter().any(|wanted| of.contains(wanted))
}

fn plain(body: &Value, filter: &str, id: &str) -> bool {
    passes(body, filter, id, &[], None)
}

fn partner(body: &Value, filter: &str, at: usize) -> bool {
    let (company, one) = (company(), &company().customers[at]);
    passes(body, filter, &one.id, &company.customer_groups, Some(one.group))
}

fn day(body: &Value, pointer: &str) -> Date {
    body.pointer(pointer).map_or(TODAY, |day| day.as_str().unwrap()).parse().unwrap()
}

fn cash(balance: bool, body: &Value) -> Vec<Fact> {
    let company = company();
    let (first, last) = match balance {
        true => (Date::from_days(0), day(body, "/date")),
        false => (day(body, "/period/from"), day(body, "/period/to")),
    };
    let fits = |one: &&CashMovement| {
        (first..=last).contains(&one.date)
            && plain(body, "cash_ids", &company.desks[one.desk].id)
            && plain(body, "operation_ids", &company.operations[one.operation].id)
            && purpose(body, one.analytics)
    };
    let fact = |one: &CashMovement| {
        let desk = &company.desks[one.desk];
        let mut cells = BTreeMap::from(time(one.date));
        cells.insert("cash", reference(&desk.id));
        cells.insert("account", reference(&desk.id));
        cells.insert("currency", text(desk.currency));
        cells.insert("firm", reference(&company.firms[one.firm].id));
        cells.insert("operation", reference(&company.operations[one.operation].id));
        let analytics = match one.analytics {
            Analytics::Customer(at) => of_kind("customer", &company.customers[at].id),
            Analytics::Supplier(at) => of_kind("supplier", &company.customers[at].id),
            Analytics::CostArticle(at) => of_kind("cost_article", &company.cost_articles[at].id),
            Analytics::Desk(at) => of_kind("cash", &company.desks[at].id),
            _ => (String::new(), Value::Null),
        };
        cells.insert("analytics", analytics);
        let (inflow, outflow) = if one.inflow { (one.amount, 0) } else { (0, one.amount) };
        let net = inflow - outflow;
        let figures = match balance {
            true => BTreeMap::from([("balance", net)]),
            false => BTreeMap::from([("inflow", inflow), ("outflow", outflow), ("net", net)]),
        };
        Fact { cells, figures }
    };
    company.cash.iter().filter(fits).map(fact).collect()
}

/// Expense articles or partners: one of the two is enough.
fn purpose(body: &Value, analytics: Analytics) -> bool {
    let company = company();
    let (by_article, by_partner) =
        (body["filters"].get("cost_article_ids").is_some(), body["filters"].get("customer_ids").is_some());
    if !by_article && !by_partner {
        return true;
    }
    match analytics {
        Analytics::CostArticle(at) => {
            let one = &company.cost_articles[at];
            by_article && passes(body, "cost_article_ids", &one.id, &company.cost_groups, Some(one.group))
        }
        Analytics::Customer(at) | Analytics::Supplier(at) => {
            by_partner && plain(body, "customer_ids", &company.customers[at].id)
        }
        _ => false,
    }
}

fn signed(minus: bool, amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.sum::<i64>() * if minus { -1 } else { 1 }
}

/// What was sold to each customer, or bought from each supplier, less what was paid.
fn balances(of_customers: bool, last: Date) -> BTreeMap<(usize, usize), i64> {
    let mut balances = BTreeMap::new();
    let mut add = |date: Date, at: usize, firm: usize, amount: i64| {
        if date <= last {
            *balances.entry((at, firm)).or_default() += amount;
        }
    };
    for one in company().sales.iter().filter(|_| of_customers) {
        add(one.date, one.customer, one.firm, signed(one.is_return, one.lines.iter().map(|line| line.amount)));
    }
    for one in company().purchases.iter().filter(|_| !of_customers) {
        add(one.date, one.supplier, one.firm, signed(one.is_return, one.lines.iter().map(|line| line.amount)));
    }
    for one in &company().cash {
        match one.analytics {
            Analytics::Customer(at) if of_customers => {
                add(one.date, at, one.firm, signed(one.inflow, [one.amount].into_iter()))
            }
            Analytics::Supplier(at) if !of_customers => {
                add(one.date, at, one.firm, signed(!one.inflow, [one.amount].into_iter()))
            }
            _ => {}
        }
    }
    balances
}

/// The sign of the balance of each partner with each firm says whether it is a debt or an advance.
fn settlements(body: &Value, who: &'static str, debt: &'static str) -> Vec<Fact> {
    let company = company();
    let mut facts = Vec::new();
    for ((at, firm), balance) in balances(who == "customer", day(body, "/date")) {
        let firm = &company.firms[firm].id;
        if partner(body, &format!("{who}_ids"), at) && plain(body, "firm_ids", firm) {
            let (owed, advance) = if balance > 0 { (balance, 0) } else { (0, -balance) };
            let cells = BTreeMap::from([(who, reference(&company.customers[at].id)), ("firm", reference(firm))]);
            let figures = BTreeMap::from([(debt, owed), ("advance", advance), ("net", balance)]);
            facts.push(Fact { cells, figures });
        }
    }
    facts
}

fn purchases(body: &Value) -> Vec<Fact> {
    let company = company();
    let period = day(body, "/period/from")..=day(body, "/period/to");
    let mut facts = Vec::new();
    for one in company.purchases.iter().filter(|one| period.contains(&one.date)) {
        let firm = &company.firms[one.firm].id;
        if partner(body, "supplier_ids", one.supplier) && plain(body, "firm_ids", firm) {
            let mut cells = BTreeMap::from(time(one.date));
            cells.insert("supplier", reference(&company.customers[one.supplier].id));
            cells.insert("firm", reference(firm));
            let amount = signed(one.is_return, one.lines.iter().map(|line| line.amount));
            let pieces = signed(one.is_return, one.lines.iter().map(|line| line.quantity));
            facts.push(Fact { cells, figures: BTreeMap::from([("amount", amount), ("qty", 100 * pieces)]) });
        }
    }
    facts
}

/// Hundredths as 1C writes them: a whole number without a point.
fn number(hundredths: i64) -> Value {
    if hundredths % 100 == 0 { json!(hundredths / 100) } else { json!(hundredths as f64 / 100.0) }
}

type Row = (Vec<Cell>, BTreeMap<&'static str, i64>);

/// Columns, rows in their order and, unless they mix currencies, totals.
fn table(facts: Vec<Fact>, body: &Value, money_of_desks: bool) -> Map<String, Value> {
    let (mut dimensions, measures) = (texts(&body["group_by"]), texts(&body["measures"]));
    if money_of_desks {
        dimensions.push("currency");
    }
    let mut rows = BTreeMap::<String, Row>::new();
    let mut sums = BTreeMap::<&str, i64>::new();
    for fact in &facts {
        let cells = dimensions.iter().map(|name| fact.cells[name].clone()).collect::<Vec<_>>();
        let (_, figures) = rows.entry(format!("{cells:?}")).or_insert_with(|| (cells, BTreeMap::new()));
        for (name, figure) in &fact.figures {
            *figures.entry(name).or_default() += figure;
            *sums.entry(name).or_default() += figure;
        }
    }
    let mut rows = rows.into_values().filter(|(_, figures)| figures.values().any(|one| *one != 0)).collect::<Vec<_>>();
    let currencies = rows.iter().map(|(cells, _)| cells.last().unwrap().0.clone()).collect::<BTreeSet<_>>();
    rows.sort_by(|one, other| order(one, other, body, &dimensions));
    rows.truncate(usize::try_from(body["top"].as_u64().unwrap()).unwrap());
    let row = |(cells, figures): Row| {
        let cells = cells.into_iter().map(|(_, cell)| cell);
        cells.chain(measures.iter().map(|name| number(figures[name]))).collect::<Value>()
    };
    let names = dimensions.iter().chain(&measures);
    let columns = names.map(|name| json!({ "name": name, "type": kind(name) })).collect::<Value>();
    let mut answer = Map::from_iter([("columns".to_owned(), columns)]);
    answer.insert("rows".to_owned(), rows.into_iter().map(row).collect());
    if !money_of_desks || currencies.len() < 2 {
        let total = |name: &&str| ((*name).to_owned(), number(sums.get(name).copied().unwrap_or_default()));
        answer.insert("totals".to_owned(), Value::Object(measures.iter().map(total).collect()));
    }
    answer
}

/// As asked for, then by the labels from left to right.
fn order(one: &Row, other: &Row, body: &Value, dimensions: &[&str]) -> Ordering {
    for by in body["sort"].as_array().into_iter().flatten() {
        let field = by["field"].as_str().unwrap();
        let order = match dimensions.iter().position(|name| *name == field) {
            Some(at) => one.0[at].0.cmp(&other.0[at].0),
            None => one.1[field].cmp(&other.1[field]),
        };
        let order = if by["dir"] == "desc" { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    let labels = |row: &Row| row.0.iter().map(|cell| cell.0.clone()).collect::<Vec<_>>();
    labels(one).cmp(&labels(other))
}

fn kind(column: &str) -> &'static str {
    match column {
        "cash" | "firm" | "account" | "operation" | "analytics" | "customer" | "supplier" => "ref",
        "day" | "week" | "month" => "date",
        "currency" => "string",
        _ => "number",
    }
}
