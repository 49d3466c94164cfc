//! The figures of the stand-in infobase agree, with its documents and with each other.
//!
//! The documents are added up here anew, by plain loops, for filters chosen at random.

use crate::fixtures::company::Trade;
use onec_mcp::demo::trade::{Analytics, Company, Date, Folder, Sale, SaleLine, Status, company};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokio::runtime::Runtime;

const CASES: u32 = 40;

/// Checks for many random values, each with the infobase at hand.
fn check<S: Strategy>(strategy: &S, test: impl Fn(&dyn Fn(&str, Value) -> Value, S::Value)) {
    let runtime = Runtime::new().unwrap();
    let trade = runtime.block_on(Trade::start());
    let ask = |path: &str, body: Value| runtime.block_on(trade.answer(path, body));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    runner
        .run(strategy, |value| {
            test(&ask, value);
            Ok(())
        })
        .unwrap();
}

fn day() -> impl Strategy<Value = Date> {
    let first = "2024-09-20".parse::<Date>().unwrap().days();
    (first..first + 760).prop_map(Date::from_days)
}

fn period() -> impl Strategy<Value = (Date, Date)> {
    (day(), 0..500).prop_map(|(from, days)| (from, Date::from_days(from.days() + days)))
}

/// A few places in a list of so many, or no filter.
fn some(of: usize) -> impl Strategy<Value = Option<Vec<usize>>> {
    let places = prop::sample::subsequence((0..of).collect::<Vec<_>>(), 1..=of.min(6));
    prop_oneof![2 => Just(None), 1 => places.prop_map(Some)]
}

fn shuffled(all: &'static [&'static str], least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(all, least..=all.len().min(3)).prop_shuffle()
}

fn told(from: Date, to: Date) -> Value {
    json!({ "from": from.to_string(), "to": to.to_string() })
}

/// Puts the filter into the body, if there is one.
fn put(filters: &mut Value, name: &str, ids: Option<Vec<&str>>) {
    if let Some(ids) = ids {
        filters[name] = json!(ids);
    }
}

fn ids<'a, T>(chosen: &Option<Vec<usize>>, list: &'a [T], id: impl Fn(&'a T) -> &'a str) -> Option<Vec<&'a str>> {
    chosen.as_ref().map(|chosen| chosen.iter().map(|at| id(&list[*at])).collect())
}

fn holds(chosen: &Option<Vec<usize>>, at: usize) -> bool {
    chosen.as_ref().is_none_or(|chosen| chosen.contains(&at))
}

/// Whether a folder is one of those chosen, or below one.
fn below(chosen: &Option<Vec<usize>>, folders: &[Folder], folder: usize) -> bool {
    let Some(chosen) = chosen else { return true };
    let mut at = Some(folder);
    while let Some(folder) = at {
        if chosen.contains(&folder) {
            return true;
        }
        at = folders[folder].parent;
    }
    false
}

fn hundredths(number: &Value) -> i64 {
    let number = number.as_f64().unwrap_or_else(|| panic!("{number} is no number"));
    let rounded = (number * 100.0).round();
    assert!((rounded / 100.0 - number).abs() < 1e-9, "{number} has more than two decimals");
    rounded as i64
}

fn column(answer: &Value, name: &str) -> usize {
    let columns = answer["columns"].as_array().unwrap();
    columns.iter().position(|column| column["name"] == name).unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// What a cell of a dimension is known by.
fn key(cell: &Value) -> String {
    cell.get("id").unwrap_or(cell).as_str().unwrap_or_default().to_owned()
}

/// The rows by their dimensions; each stands once.
fn rows(answer: &Value, dimensions: &[&str]) -> BTreeMap<Vec<String>, Vec<Value>> {
    let at = dimensions.iter().map(|name| column(answer, name)).collect::<Vec<_>>();
    let mut all = BTreeMap::new();
    for row in answer["rows"].as_array().unwrap() {
        let row = row.as_array().unwrap();
        let keys = at.iter().map(|at| key(&row[*at])).collect();
        assert!(all.insert(keys, row.clone()).is_none(), "a row stands twice in {answer}");
    }
    all
}

/// A measure of each row.
fn measure(answer: &Value, dimensions: &[&str], name: &str) -> BTreeMap<Vec<String>, i64> {
    let at = column(answer, name);
    rows(answer, dimensions).into_iter().map(|(keys, row)| (keys, hundredths(&row[at]))).collect()
}

fn total(answer: &Value, name: &str) -> i64 {
    hundredths(&answer["totals"][name])
}

fn rounded(dividend: i64, divisor: i64) -> i64 {
    let half = divisor.abs() / 2 + divisor.abs() % 2;
    let up = dividend.abs() % divisor.abs() >= half;
    (dividend.abs() / divisor.abs() + i64::from(up)) * dividend.signum() * divisor.signum()
}

fn monday(date: Date) -> Date {
    (0..7).map(|back| Date::from_days(date.days() - back)).find(|day| day.days().rem_euclid(7) == 4).unwrap()
}

fn time(dimension: &str, date: Date) -> String {
    match dimension {
        "day" => date.to_string(),
        "week" => monday(date).to_string(),
        "month" => format!("{}-01", &date.to_string()[..7]),
        other => panic!("no dimension {other}"),
    }
}

fn sign(is_return: bool) -> i64 {
    if is_return { -1 } else { 1 }
}

fn first_sale(company: &Company, customer: usize) -> Option<Date> {
    company.sales.iter().filter(|sale| sale.customer == customer && !sale.is_return).map(|sale| sale.date).min()
}

fn cohort(company: &Company, customer: usize, from: Date) -> &'static str {
    if first_sale(company, customer).is_some_and(|first| first < from) { "returning" } else { "new" }
}

fn status(code: Status) -> &'static str {
    match code {
        Status::New => "new",
        Status::Active => "active",
        Status::PhasingOut => "phasing_out",
        Status::Excluded => "excluded",
    }
}

const SALES: &[&str] = &[
    "warehouse",
    "customer",
    "product",
    "seller",
    "sales_channel",
    "day",
    "week",
    "month",
    "cohort",
    "product_group",
    "customer_group",
];

fn sale_key(company: &Company, dimension: &str, sale: &Sale, line: &SaleLine, from: Date) -> String {
    match dimension {
        "warehouse" => company.warehouses[sale.warehouse].id.clone(),
        "customer" => company.customers[sale.customer].id.clone(),
        "customer_group" => company.customer_groups[company.customers[sale.customer].group].id.clone(),
        "product" => company.products[line.product].id.clone(),
        "product_group" => company.product_groups[company.products[line.product].group].id.clone(),
        "seller" => company.sellers[sale.seller].id.clone(),
        "sales_channel" => company.sales_channels[sale.channel].id.clone(),
        "cohort" => cohort(company, sale.customer, from).to_owned(),
        other => time(other, sale.date),
    }
}

/// Without the groups that stand beside their leaves.
fn kept(dimensions: Vec<&'static str>) -> Vec<&'static str> {
    let beside = |group, leaf| dimensions.contains(&group) && dimensions.contains(&leaf);
    let (product, customer) = (beside("product_group", "product"), beside("customer_group", "customer"));
    let dropped = |name: &&str| (product && *name == "product_group") || (customer && *name == "customer_group");
    dimensions.iter().copied().filter(|name| !dropped(name)).collect()
}

#[derive(Default, Debug)]
struct Sold {
    amount: i64,
    qty: i64,
    cost: i64,
    receipts: BTreeSet<String>,
    customers: BTreeSet<usize>,
}

impl Sold {
    fn add(&mut self, sale: &Sale, line: &SaleLine) {
        self.amount += sign(sale.is_return) * line.amount;
        self.qty += sign(sale.is_return) * line.quantity;
        self.cost += sign(sale.is_return) * line.cost;
        self.customers.insert(sale.customer);
        if !sale.is_return {
            self.receipts.insert(sale.id.clone());
        }
    }

    fn check(&self, figure: impl Fn(&str) -> Value) {
        let profit = self.amount - self.cost;
        let receipts = self.receipts.len() as i64;
        assert_eq!(hundredths(&figure("amount")), self.amount);
        assert_eq!(figure("qty"), self.qty);
        assert_eq!(figure("receipts"), receipts);
        assert_eq!(figure("customers"), self.customers.len() as i64);
        assert_eq!(hundredths(&figure("cost")), self.cost);
        assert_eq!(hundredths(&figure("profit")), profit);
        match receipts {
            0 => assert_eq!(figure("avg_check"), Value::Null),
            _ => assert_eq!(hundredths(&figure("avg_check")), rounded(self.amount, receipts)),
        }
        match self.amount {
            0 => assert_eq!(figure("margin"), Value::Null),
            _ => assert_eq!(hundredths(&figure("margin")), rounded(profit * 10_000, self.amount)),
        }
    }
}

#[test]
fn sales_are_those_of_the_documents() {
    let company = company();
    let chosen = (
        (some(company.customer_groups.len()), some(company.customers.len())),
        some(company.warehouses.len()),
        some(company.sales_channels.len()),
        prop::option::weighted(0.3, prop::sample::select(&["new", "returning"][..])),
        prop::option::weighted(0.3, prop::sample::subsequence(&["new", "active", "phasing_out", "excluded"][..], 1..4)),
    );
    check(&(period(), chosen, shuffled(SALES, 1)), |ask, ((from, to), chosen, dimensions)| {
        let ((groups, customers), warehouses, channels, cohorts, statuses) = chosen;
        let mut filters = json!({});
        let mut wanted = ids(&groups, &company.customer_groups, |one| &one.id);
        if let Some(more) = ids(&customers, &company.customers, |one| &one.id) {
            wanted.get_or_insert_default().extend(more);
        }
        put(&mut filters, "customer_ids", wanted);
        put(&mut filters, "warehouse_ids", ids(&warehouses, &company.warehouses, |one| &one.id));
        put(&mut filters, "sales_channel_ids", ids(&channels, &company.sales_channels, |one| &one.id));
        put(&mut filters, "product_status", statuses.clone());
        if let Some(cohort) = cohorts {
            filters["customer_cohort"] = cohort.into();
        }
        let measures = ["amount", "qty", "receipts", "avg_check", "customers", "cost", "profit", "margin"];
        let body =
            json!({ "period": told(from, to), "filters": filters, "group_by": dimensions, "measures": measures });
        let answer = ask("reports/sales", body);
        let dimensions = kept(dimensions);

        let mut expected = BTreeMap::<Vec<String>, Sold>::new();
        let mut whole = Sold::default();
        for sale in company.sales.iter().filter(|sale| from <= sale.date && sale.date <= to) {
            let of_group =
                groups.is_some() && below(&groups, &company.customer_groups, company.customers[sale.customer].group);
            let named = customers.is_some() && holds(&customers, sale.customer);
            let fits = ((groups.is_none() && customers.is_none()) || of_group || named)
                && holds(&warehouses, sale.warehouse)
                && below(&channels, &company.sales_channels, sale.channel)
                && cohorts.is_none_or(|wanted| cohort(company, sale.customer, from) == wanted);
            for line in sale.lines.iter().filter(|_| fits) {
                let state = status(company.products[line.product].status);
                if statuses.as_ref().is_none_or(|statuses| statuses.contains(&state)) {
                    let keys = dimensions.iter().map(|one| sale_key(company, one, sale, line, from)).collect();
                    expected.entry(keys).or_default().add(sale, line);
                    whole.add(sale, line);
                }
            }
        }
        let rows = rows(&answer, &dimensions);
        assert_eq!(answer["columns"].as_array().unwrap().len(), dimensions.len() + measures.len());
        assert_eq!(rows.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (keys, sold) in &expected {
            sold.check(|name| rows[keys][column(&answer, name)].clone());
        }
        whole.check(|name| answer["totals"][name].clone());
        for additive in ["amount", "qty", "cost", "profit"] {
            let sum = measure(&answer, &dimensions, additive).values().sum::<i64>();
            assert_eq!(sum, total(&answer, additive), "{additive}");
        }
        assert_eq!(answer["period"], told(from, to));
    });
}

#[test]
fn groups_contain_their_leaves_and_cohorts_partition_the_customers() {
    let company = company();
    check(&period(), |ask, (from, to)| {
        let sales = |group_by: &str, filters: Value| {
            let measures = ["amount", "customers"];
            let body =
                json!({ "period": told(from, to), "group_by": [group_by], "measures": measures, "filters": filters });
            ask("reports/sales", body)
        };
        for (leaf, group) in [("product", "product_group"), ("customer", "customer_group")] {
            let mut sums = BTreeMap::<Vec<String>, i64>::new();
            for (keys, amount) in measure(&sales(leaf, json!({})), &[leaf], "amount") {
                let product = company.products.iter().find(|one| one.id == keys[0]);
                let customer = company.customers.iter().find(|one| one.id == keys[0]);
                let product = product.map(|one| company.product_groups[one.group].id.clone());
                let customer = customer.map(|one| company.customer_groups[one.group].id.clone());
                *sums.entry(vec![product.or(customer).unwrap()]).or_default() += amount;
            }
            assert_eq!(measure(&sales(group, json!({})), &[group], "amount"), sums);
        }
        let all = sales("cohort", json!({}));
        for figure in ["amount", "customers"] {
            let parts =
                ["new", "returning"].map(|one| total(&sales("customer", json!({ "customer_cohort": one })), figure));
            assert_eq!(parts.iter().sum::<i64>(), total(&all, figure), "{figure}");
        }
        // The folder above all customers has all that there is.
        let everybody = json!({ "customer_ids": [company.customer_groups[0].id] });
        assert_eq!(total(&sales("customer", everybody), "amount"), total(&all, "amount"));
    });
}

#[test]
fn stock_is_purchases_less_sales() {
    let company = company();
    let chosen = (some(company.product_groups.len()), some(company.warehouses.len()));
    let dimensions = shuffled(&["warehouse", "product", "product_group"], 1);
    check(&(day(), chosen, dimensions), |ask, (date, (groups, warehouses), dimensions)| {
        let mut filters = json!({});
        put(&mut filters, "product_ids", ids(&groups, &company.product_groups, |one| &one.id));
        put(&mut filters, "warehouse_ids", ids(&warehouses, &company.warehouses, |one| &one.id));
        let body = json!({
            "date": date.to_string(), "filters": filters, "group_by": dimensions, "measures": ["qty", "amount"],
        });
        let answer = ask("reports/stock", body);
        let dimensions = kept(dimensions);

        let mut moves = Vec::new();
        for purchase in company.purchases.iter().filter(|one| one.date <= date) {
            let sign = sign(purchase.is_return);
            let lines = purchase.lines.iter();
            moves.extend(lines.map(|one| (purchase.warehouse, one.product, sign * one.quantity, sign * one.amount)));
        }
        for sale in company.sales.iter().filter(|one| one.date <= date) {
            let sign = -sign(sale.is_return);
            let lines = sale.lines.iter();
            moves.extend(lines.map(|one| (sale.warehouse, one.product, sign * one.quantity, sign * one.cost)));
        }
        let mut expected = BTreeMap::<Vec<String>, (i64, i64)>::new();
        for (warehouse, product, quantity, amount) in moves {
            let group = company.products[product].group;
            if holds(&warehouses, warehouse) && below(&groups, &company.product_groups, group) {
                let key = |dimension: &&str| match *dimension {
                    "warehouse" => company.warehouses[warehouse].id.clone(),
                    "product" => company.products[product].id.clone(),
                    _ => company.product_groups[group].id.clone(),
                };
                let sums = expected.entry(dimensions.iter().map(key).collect()).or_default();
                *sums = (sums.0 + quantity, sums.1 + amount);
            }
        }
        expected.retain(|_, sums| *sums != (0, 0));
        assert!(expected.values().all(|(quantity, amount)| *quantity > 0 && *amount > 0), "{expected:?}");
        let quantities = measure(&answer, &dimensions, "qty").into_iter().map(|(keys, qty)| (keys, qty / 100));
        let amounts = measure(&answer, &dimensions, "amount");
        let found = quantities.map(|(keys, qty)| (keys.clone(), (qty, amounts[&keys]))).collect::<BTreeMap<_, _>>();
        assert_eq!(found, expected);
        assert_eq!(total(&answer, "amount"), expected.values().map(|sums| sums.1).sum::<i64>());
        assert_eq!(answer["totals"]["qty"], expected.values().map(|sums| sums.0).sum::<i64>());
    });
}

#[test]
fn the_reports_explain_each_other() {
    let company = company();
    check(&day(), |ask, date| {
        let ever = json!({ "from": "2000-01-01", "to": date.to_string() });
        let date = date.to_string();
        let sales = ask("reports/sales", json!({ "period": ever, "measures": ["amount", "cost", "profit"] }));
        let purchases = ask("reports/purchases", json!({ "period": ever }));
        let stock = ask("reports/stock", json!({ "date": date, "measures": ["amount"] }));
        assert_eq!(total(&stock, "amount"), total(&purchases, "amount") - total(&sales, "cost"));
        assert_eq!(total(&sales, "profit"), total(&sales, "amount") - total(&sales, "cost"));

        let paid = |operation: usize| {
            let filters = json!({ "operation_ids": [company.operations[operation].id] });
            ask("reports/cash_flow", json!({ "period": ever, "filters": filters }))
        };
        let receivables = ask("reports/receivables", json!({ "date": date }));
        assert_eq!(total(&receivables, "net"), total(&sales, "amount") - total(&paid(0), "inflow"));
        let payables = ask("reports/payables", json!({ "date": date }));
        assert_eq!(total(&payables, "net"), total(&purchases, "amount") - total(&paid(1), "outflow"));
        for (report, owed) in [(&receivables, "receivable"), (&payables, "payable")] {
            assert_eq!(total(report, "net"), total(report, owed) - total(report, "advance"));
            assert!(total(report, owed) >= 0 && total(report, "advance") >= 0);
        }
        // What one desk gave another one got.
        assert_eq!(total(&paid(3), "inflow"), total(&paid(3), "outflow"));
    });
}

#[test]
fn settlements_are_expanded_by_counterparty_and_firm() {
    let company = company();
    let chosen = (some(company.customers.len()), some(company.firms.len()), any::<bool>());
    check(
        &(day(), chosen, shuffled(&["party", "firm"], 1)),
        |ask, (date, (parties, firms, owed_to_us), dimensions)| {
            let (path, ids_name, party, owed) = match owed_to_us {
                true => ("reports/receivables", "customer_ids", "customer", "receivable"),
                false => ("reports/payables", "supplier_ids", "supplier", "payable"),
            };
            let dimensions =
                dimensions.into_iter().map(|one| if one == "party" { party } else { one }).collect::<Vec<_>>();
            let mut filters = json!({});
            put(&mut filters, ids_name, ids(&parties, &company.customers, |one| &one.id));
            put(&mut filters, "firm_ids", ids(&firms, &company.firms, |one| &one.id));
            let answer = ask(path, json!({ "date": date.to_string(), "filters": filters, "group_by": dimensions }));

            let mut balances = BTreeMap::<(usize, usize), i64>::new();
            for sale in company.sales.iter().filter(|one| owed_to_us && one.date <= date) {
                let amount = sale.lines.iter().map(|line| line.amount).sum::<i64>();
                *balances.entry((sale.customer, sale.firm)).or_default() += sign(sale.is_return) * amount;
            }
            for purchase in company.purchases.iter().filter(|one| !owed_to_us && one.date <= date) {
                let amount = purchase.lines.iter().map(|line| line.amount).sum::<i64>();
                *balances.entry((purchase.supplier, purchase.firm)).or_default() += sign(purchase.is_return) * amount;
            }
            for paid in company.cash.iter().filter(|one| one.date <= date) {
                match paid.analytics {
                    Analytics::Customer(at) if owed_to_us => {
                        *balances.entry((at, paid.firm)).or_default() -= paid.amount
                    }
                    Analytics::Supplier(at) if !owed_to_us => {
                        *balances.entry((at, paid.firm)).or_default() -= paid.amount
                    }
                    _ => {}
                }
            }
            let mut expected = BTreeMap::<Vec<String>, (i64, i64)>::new();
            for ((at, firm), balance) in balances {
                if holds(&parties, at) && holds(&firms, firm) && balance != 0 {
                    let key = |name: &&str| {
                        if *name == "firm" { company.firms[firm].id.clone() } else { company.customers[at].id.clone() }
                    };
                    let sums = expected.entry(dimensions.iter().map(key).collect()).or_default();
                    *sums = (sums.0 + balance.max(0), sums.1 - balance.min(0));
                }
            }
            let advances = measure(&answer, &dimensions, "advance");
            let nets = measure(&answer, &dimensions, "net");
            let found = measure(&answer, &dimensions, owed).into_iter().map(|(keys, owed)| {
                assert_eq!(nets[&keys], owed - advances[&keys]);
                (keys.clone(), (owed, advances[&keys]))
            });
            assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
            assert_eq!(total(&answer, owed), expected.values().map(|sums| sums.0).sum::<i64>());
            assert_eq!(total(&answer, "advance"), expected.values().map(|sums| sums.1).sum::<i64>());
        },
    );
}

#[test]
fn cash_flow_is_that_of_the_documents_and_explains_the_balances() {
    let company = company();
    let chosen = (
        some(company.desks.len()),
        some(company.operations.len()),
        some(company.cost_groups.len()),
        some(company.customers.len()),
    );
    let dimensions = shuffled(&["account", "operation", "analytics", "firm", "day", "week", "month"], 1);
    check(&(period(), chosen, dimensions), |ask, ((from, to), (desks, operations, groups, partners), dimensions)| {
        let mut filters = json!({});
        put(&mut filters, "cash_ids", ids(&desks, &company.desks, |one| &one.id));
        put(&mut filters, "operation_ids", ids(&operations, &company.operations, |one| &one.id));
        put(&mut filters, "cost_article_ids", ids(&groups, &company.cost_groups, |one| &one.id));
        put(&mut filters, "customer_ids", ids(&partners, &company.customers, |one| &one.id));
        let body = json!({ "period": told(from, to), "filters": filters, "group_by": dimensions });
        let answer = ask("reports/cash_flow", body);
        let mut expected = BTreeMap::<Vec<String>, (i64, i64)>::new();
        for one in company.cash.iter().filter(|one| from <= one.date && one.date <= to) {
            let (what, joined) = match one.analytics {
                Analytics::Customer(at) | Analytics::Supplier(at) => {
                    (company.customers[at].id.clone(), partners.is_some() && holds(&partners, at))
                }
                Analytics::CostArticle(at) => {
                    let article = &company.cost_articles[at];
                    (article.id.clone(), groups.is_some() && below(&groups, &company.cost_groups, article.group))
                }
                Analytics::Desk(at) => (company.desks[at].id.clone(), false),
                _ => (String::new(), false),
            };
            let fits = holds(&desks, one.desk) && holds(&operations, one.operation);
            if !fits || !(joined || (groups.is_none() && partners.is_none())) {
                continue;
            }
            let key = |name: &&str| match *name {
                "account" => company.desks[one.desk].id.clone(),
                "operation" => company.operations[one.operation].id.clone(),
                "analytics" => what.clone(),
                "firm" => company.firms[one.firm].id.clone(),
                other => time(other, one.date),
            };
            let mut keys = dimensions.iter().map(key).collect::<Vec<_>>();
            keys.push(company.desks[one.desk].currency.to_owned());
            let sums = expected.entry(keys).or_default();
            *(if one.inflow { &mut sums.0 } else { &mut sums.1 }) += one.amount;
        }
        let mut columns = dimensions;
        columns.push("currency");
        let (inflows, nets) = (measure(&answer, &columns, "inflow"), measure(&answer, &columns, "net"));
        let found = measure(&answer, &columns, "outflow").into_iter().map(|(keys, outflow)| {
            assert_eq!(nets[&keys], inflows[&keys] - outflow);
            (keys.clone(), (inflows[&keys], outflow))
        });
        assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
        let currencies = expected.keys().map(|keys| keys.last().unwrap()).collect::<BTreeSet<_>>();
        match currencies.len() {
            0 | 1 => assert_eq!(total(&answer, "net"), expected.values().map(|sums| sums.0 - sums.1).sum::<i64>()),
            _ => assert!(answer.get("totals").is_none(), "roubles and euros in one sum: {answer}"),
        }

        let flow = ask("reports/cash_flow", json!({ "period": told(from, to), "group_by": ["account", "firm"] }));
        let balance = |date: Date| {
            let body = json!({ "date": date.to_string(), "group_by": ["cash", "firm"] });
            measure(&ask("reports/cash_balance", body), &["cash", "firm"], "balance")
        };
        let (before, after) = (balance(Date::from_days(from.days() - 1)), balance(to));
        let flows = measure(&flow, &["account", "firm"], "net");
        for keys in before.keys().chain(after.keys()).chain(flows.keys()) {
            let of = |all: &BTreeMap<Vec<String>, i64>| all.get(keys).copied().unwrap_or_default();
            assert_eq!(of(&after), of(&before) + of(&flows), "{keys:?}");
            assert!(of(&after) >= 0, "{keys:?}");
        }
    });
}

#[test]
fn purchases_are_those_of_the_documents() {
    let company = company();
    let chosen = (some(company.customer_groups.len()), some(company.firms.len()));
    let dimensions = shuffled(&["supplier", "firm", "day", "week", "month"], 1);
    check(&(period(), chosen, dimensions), |ask, ((from, to), (groups, firms), dimensions)| {
        let mut filters = json!({});
        put(&mut filters, "supplier_ids", ids(&groups, &company.customer_groups, |one| &one.id));
        put(&mut filters, "firm_ids", ids(&firms, &company.firms, |one| &one.id));
        let measures = ["amount", "qty"];
        let body =
            json!({ "period": told(from, to), "filters": filters, "group_by": dimensions, "measures": measures });
        let answer = ask("reports/purchases", body);
        let mut expected = BTreeMap::<Vec<String>, (i64, i64)>::new();
        for one in company.purchases.iter().filter(|one| from <= one.date && one.date <= to) {
            let group = company.customers[one.supplier].group;
            if !below(&groups, &company.customer_groups, group) || !holds(&firms, one.firm) {
                continue;
            }
            let key = |name: &&str| match *name {
                "supplier" => company.customers[one.supplier].id.clone(),
                "firm" => company.firms[one.firm].id.clone(),
                other => time(other, one.date),
            };
            let sums = expected.entry(dimensions.iter().map(key).collect()).or_default();
            sums.0 += sign(one.is_return) * one.lines.iter().map(|line| line.amount).sum::<i64>();
            sums.1 += sign(one.is_return) * one.lines.iter().map(|line| line.quantity).sum::<i64>() * 100;
        }
        expected.retain(|_, sums| *sums != (0, 0));
        let quantities = measure(&answer, &dimensions, "qty");
        let found = measure(&answer, &dimensions, "amount").into_iter();
        let found = found.map(|(keys, amount)| (keys.clone(), (amount, quantities[&keys])));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
        assert_eq!(total(&answer, "amount"), expected.values().map(|sums| sums.0).sum::<i64>());
    });
}

#[test]
fn the_best_products_and_the_summary_of_a_customer_repeat_the_sales_report() {
    let company = company();
    let chosen = (0..20_usize, prop::sample::select(&["amount", "qty"][..]), 1..8_usize);
    check(&(period(), chosen), |ask, ((from, to), (customer, by, top))| {
        let id = &company.customers[customer].id;
        let measures = ["amount", "qty", "receipts", "avg_check", "cost", "profit", "margin"];
        let period = told(from, to);
        let filters = json!({ "customer_ids": [id] });
        let sort = json!([{ "field": by, "dir": "desc" }]);
        let sales = ask(
            "reports/sales",
            json!({ "period": period, "filters": filters, "group_by": ["product"], "measures": measures, "sort": sort }),
        );
        let rows = sales["rows"].as_array().unwrap();
        let first =
            |count: usize| rows.iter().take(count).map(|row| json!([row[0], row[1], row[2]])).collect::<Vec<_>>();
        let best = ask("reports/top_products", json!({ "period": period, "filters": filters, "by": by, "top": top }));
        assert_eq!(best["rows"], json!(first(top)));
        assert_eq!(best["totals"], json!({ "amount": sales["totals"]["amount"], "qty": sales["totals"]["qty"] }));
        let summary =
            ask("reports/customer_summary", json!({ "customer_id": id, "period": period, "top_products": top }));
        if by == "amount" {
            assert_eq!(summary["rows"], json!(first(top)));
        }
        for name in measures {
            assert_eq!(summary["totals"][name], sales["totals"][name], "{name}");
        }
        let debts = ask("reports/receivables", json!({ "date": to.to_string(), "filters": filters }));
        for name in ["receivable", "advance"] {
            assert_eq!(summary["totals"][name], debts["totals"][name], "{name}");
        }
        let known = company.sales.iter().filter(|one| one.customer == customer && !one.is_return && one.date <= to);
        let days = known.map(|one| one.date.to_string()).collect::<BTreeSet<_>>();
        assert_eq!(summary["totals"]["first_sale"], json!(days.first()));
        assert_eq!(summary["totals"]["last_sale"], json!(days.last()));
    });
}

#[test]
fn the_documents_are_those_of_two_years_and_make_sense() {
    let company = company();
    let (first, last) = ("2024-10-01".parse::<Date>().unwrap(), "2026-09-30".parse::<Date>().unwrap());
    let mut ids = BTreeSet::new();
    let mut at = Vec::new();
    for one in &company.sales {
        assert!(ids.insert(&one.id) && !one.lines.is_empty());
        assert!(
            one.lines
                .iter()
                .all(|line| line.quantity > 0 && line.amount == line.quantity * line.price && line.cost > 0)
        );
        at.push((one.date, one.time));
    }
    assert!(at.is_sorted());
    let purchases = company.purchases.iter().map(|one| (&one.id, one.date, one.time));
    let cash = company.cash.iter().map(|one| (&one.id, one.date, one.time));
    for (id, date, time) in purchases.chain(cash) {
        assert!(ids.insert(id));
        at.push((date, time));
    }
    assert!(at.iter().all(|(date, time)| (first..=last).contains(date) && *time < 86_400));
    assert!(company.cash.iter().all(|one| one.amount > 0));
    let returns = company.sales.iter().filter(|one| one.is_return).count();
    assert!(returns > 10 && company.purchases.iter().filter(|one| one.is_return).count() > 5);
    let months = company.sales.iter().map(|one| one.date.to_string()[..7].to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(months.len(), 24, "there are sales in each month");
    // The same on each machine.
    assert_eq!(company.sales[0].id, "6600d8ad-9333-8ece-972f-8a8e21024f3b");
    let amounts = company.sales.iter().flat_map(|one| &one.lines).map(|line| line.amount);
    assert_eq!((amounts.sum::<i64>(), company.sales.len(), company.cash.len()), (1_340_459_096, 506, 956));
    assert_eq!(company.products.len(), 40);
}

#[tokio::test]
async fn a_channel_holds_all_below_it_and_a_customer_is_new_on_its_first_day() {
    let trade = Trade::start().await;
    let company = company();
    // The Internet, and two marketplaces two levels below it.
    let (internet, below) = (2, [8, 10, 11]);
    assert!(below.iter().all(|at| company.sales.iter().any(|sale| sale.channel == *at)));
    let of = |ids: Vec<&str>| json!({ "period": told(day_of("2024-10-01"), day_of("2026-09-30")), "filters": { "sales_channel_ids": ids } });
    let whole = trade.answer("reports/sales", of(vec![&company.sales_channels[internet].id])).await;
    let parts =
        trade.answer("reports/sales", of(below.map(|at| company.sales_channels[at].id.as_str()).to_vec())).await;
    assert_eq!(whole["totals"], parts["totals"]);
    assert!(total(&whole, "amount") > 0);

    for customer in (0..company.customers.len()).filter(|at| !company.customers[*at].supplier) {
        let first = first_sale(company, customer).unwrap();
        let next = Date::from_days(first.days() + 1);
        for (from, expected) in [(first, "new"), (next, "returning")] {
            let body = json!({
                "period": told(from, day_of("2026-09-30")),
                "filters": { "customer_ids": [company.customers[customer].id] },
                "group_by": ["cohort"],
            });
            let answer = trade.answer("reports/sales", body).await;
            for row in answer["rows"].as_array().unwrap() {
                assert_eq!(row[0], expected, "{} from {from}", company.customers[customer].name);
            }
        }
    }
}

fn day_of(text: &str) -> Date {
    text.parse().unwrap()
}

/// A shelf's goods: what was paid for each piece, the oldest first.
type Shelf = VecDeque<i64>;

#[test]
fn goods_are_sold_at_what_was_paid_for_them_first_in_first_out() {
    let company = company();
    let mut shelves = BTreeMap::<(usize, usize), Shelf>::new();
    let mut moves = Vec::new();
    for one in &company.purchases {
        for line in &one.lines {
            let came = if one.is_return { -line.quantity } else { line.quantity };
            moves.push((one.date, one.time, (one.warehouse, line.product), came, line.amount, false));
        }
    }
    for one in &company.sales {
        for line in &one.lines {
            let came = if one.is_return { line.quantity } else { -line.quantity };
            moves.push((one.date, one.time, (one.warehouse, line.product), came, line.cost, one.is_return));
        }
    }
    moves.sort();
    // What customers return has the price of the sale it came from: such shelves are not followed further.
    let (mut mixed, mut compared) = (BTreeSet::new(), 0);
    for (date, _, shelf, came, amount, is_return) in moves {
        if is_return {
            mixed.insert(shelf);
        }
        if mixed.contains(&shelf) {
            continue;
        }
        let goods = shelves.entry(shelf).or_default();
        if came > 0 {
            assert_eq!(amount % came, 0, "each piece costs the same");
            goods.extend((0..came).map(|_| amount / came));
        } else {
            let cost = (0..-came).map(|_| goods.pop_front().expect("only what is there is sold")).sum::<i64>();
            assert_eq!(cost, amount, "{date} {shelf:?}");
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}
