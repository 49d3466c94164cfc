//! Sales: `reports/sales`, `reports/top_products` and `reports/customer_summary`.
//!
//! Figures are net of returns. Only sales are receipts, so the average receipt is the net amount divided by the
//! number of sales.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::access::COST;
use super::context::Context;
use super::date::Date;
use super::entry::EntryKind;
use super::filters::{Chosen, Filters};
use super::measure::{Measure, Sums, decimal};
use super::model::{Company, Sale, SaleLine};
use super::pivot::{Dimension, Key, Plan, Spec, Table, totals};
use super::request::{Members, Period, RequestError, invalid, unknown};
use super::settlements;

const SPEC: Spec = Spec {
    dimensions: &[
        Dimension::WAREHOUSE,
        Dimension::CUSTOMER,
        Dimension::PRODUCT,
        Dimension::SELLER,
        Dimension::CHANNEL,
        Dimension::DAY,
        Dimension::WEEK,
        Dimension::MONTH,
        Dimension::COHORT,
        Dimension::PRODUCT_GROUP,
        Dimension::CUSTOMER_GROUP,
    ],
    usual: &[Dimension::WAREHOUSE, Dimension::CUSTOMER],
    measures: &[
        Measure::Amount,
        Measure::Qty,
        Measure::Receipts,
        Measure::AvgCheck,
        Measure::Customers,
        Measure::Cost,
        Measure::Profit,
        Measure::Margin,
    ],
    usual_measures: &[Measure::Amount, Measure::Qty],
};

/// Returns `reports/sales`.
pub(super) fn report(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let period = body.period()?;
    let plan = Plan::read(body, &SPEC)?;
    if plan.measures.iter().any(|measure| measure.tells_cost()) {
        context.access.want(COST)?;
    }
    let company = context.company;
    let mut filters = Filters::of(company, body)?;
    let chosen = Sold {
        period,
        customers: filters.branches("customer_ids", EntryKind::Customer)?,
        warehouses: filters.entries("warehouse_ids", EntryKind::Warehouse)?,
        channels: filters.branches("sales_channel_ids", EntryKind::Channel)?,
        products: filters.statuses()?,
        cohort: filters.word("customer_cohort", &[NEW, RETURNING])?,
        known: Known::of(company, period),
    };
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    chosen.count(company, &mut table);
    Ok(answer(table, period, applied))
}

/// Returns `reports/top_products`.
pub(super) fn top_products(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let period = body.period()?;
    let by = match body.text("by")? {
        None | Some("amount") => 1,
        Some("qty") => 2,
        Some(other) => return Err(unknown("by", other, &["amount", "qty"])),
    };
    let plan = best(by, body.count("top", usize::MAX)?.unwrap_or(10));
    let company = context.company;
    let mut filters = Filters::of(company, body)?;
    let customers = filters.entries("customer_ids", EntryKind::Customer)?;
    let warehouses = filters.entries("warehouse_ids", EntryKind::Warehouse)?;
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    Sold { customers, warehouses, ..Sold::within(company, period) }.count(company, &mut table);
    Ok(answer(table, period, applied))
}

/// Returns `reports/customer_summary`: its rows are the products bought most, all else is in its totals.
pub(super) fn customer_summary(
    context: &Context<'_>,
    body: &mut Members<'_>,
) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let period = body.period()?;
    let id = body.text("customer_id")?.ok_or_else(|| invalid("Не указано обязательное поле «customer_id»"))?;
    let customer = company.place(EntryKind::Customer, id);
    let customer = customer.ok_or_else(|| invalid("Клиент из поля «customer_id» не найден"))?;
    let plan = best(1, body.count("top_products", usize::MAX)?.unwrap_or(5));
    let sold = Sold { customers: Chosen::one(customer), ..Sold::within(company, period) };
    let mut table = Table::new(company, &plan);
    sold.count(company, &mut table);
    let mut answer = answer(table, period, Map::new());
    let cost = context.access.holds(COST);
    let measures = SPEC.measures.iter().filter(|one| **one != Measure::Customers && (cost || !one.tells_cost()));
    let mut totals = totals(&measures.copied().collect::<Vec<_>>(), &sold.sums(company));
    let days = company.sales.iter().filter(|sale| sale.customer == customer && !sale.is_return);
    let days = days.map(|sale| sale.date).filter(|day| *day <= period.to).collect::<Vec<_>>();
    totals.insert("first_sale".to_owned(), days.first().map(Date::to_string).into());
    totals.insert("last_sale".to_owned(), days.last().map(Date::to_string).into());
    let (receivable, advance) = settlements::of_customer(company, customer, period.to);
    totals.insert("receivable".to_owned(), decimal(receivable));
    totals.insert("advance".to_owned(), decimal(advance));
    answer.insert("totals".to_owned(), totals.into());
    answer.insert("customer".to_owned(), company.reference(EntryKind::Customer, customer));
    Ok(answer)
}

/// The sales of a product, net of returns.
pub(in crate::demo) struct Turnover {
    pub(in crate::demo) quantity: i64,
    pub(in crate::demo) amount: i64,
}

/// Returns the sales from one day to another by product, the number of receipts, and the total amount.
pub(in crate::demo) fn by_product(company: &Company, from: Date, to: Date) -> (BTreeMap<usize, Turnover>, usize, i64) {
    let sold = Sold::within(company, Period { from, to });
    let mut rows = BTreeMap::<_, Sums>::new();
    for (at, sale, line) in sold.lines(company) {
        add(rows.entry(line.product).or_default(), at, sale, line);
    }
    let whole = sold.sums(company);
    let rows = rows.into_iter().map(|(at, sums)| (at, Turnover { quantity: sums.qty, amount: sums.amount }));
    (rows.collect(), whole.receipts.len(), whole.amount)
}

/// Returns the plan for products sorted by a column, the highest first.
fn best(column: usize, top: usize) -> Plan {
    let measures = vec![Measure::Amount, Measure::Qty];
    let dimensions = vec![Dimension::PRODUCT];
    Plan { dimensions, beside: Vec::new(), measures, sort: vec![(column, true)], top: Some(top) }
}

fn answer(table: Table<'_>, period: Period, applied: Map<String, Value>) -> Map<String, Value> {
    let mut answer = table.answer();
    answer.insert("period".to_owned(), period.json());
    answer.insert("applied_filters".to_owned(), applied.into());
    answer
}

const NEW: &str = "new";
const RETURNING: &str = "returning";

/// The customers from before the period; all others that bought in it are new. All earlier sales count for
/// that, whatever the filters.
struct Known(Vec<usize>);

impl Known {
    fn of(company: &Company, period: Period) -> Self {
        let before = company.sales.iter().filter(|sale| sale.date < period.from && !sale.is_return);
        Self(before.map(|sale| sale.customer).collect())
    }

    fn cohort(&self, customer: usize) -> &'static str {
        if self.0.contains(&customer) { RETURNING } else { NEW }
    }
}

/// The sales of a report.
struct Sold {
    period: Period,
    customers: Chosen,
    warehouses: Chosen,
    channels: Chosen,
    products: Chosen,
    cohort: Option<&'static str>,
    known: Known,
}

impl Sold {
    fn within(company: &Company, period: Period) -> Self {
        let all = || Chosen::all();
        let known = Known::of(company, period);
        Self { period, customers: all(), warehouses: all(), channels: all(), products: all(), cohort: None, known }
    }

    fn lines<'a>(&'a self, company: &'a Company) -> impl Iterator<Item = (usize, &'a Sale, &'a SaleLine)> {
        let sales = company.sales.iter().enumerate().filter(|(_, sale)| {
            self.period.holds(sale.date)
                && self.customers.holds(sale.customer)
                && self.warehouses.holds(sale.warehouse)
                && self.channels.holds(sale.channel)
                && self.cohort.is_none_or(|cohort| self.known.cohort(sale.customer) == cohort)
        });
        let lines = sales.flat_map(|(at, sale)| sale.lines.iter().map(move |line| (at, sale, line)));
        lines.filter(|(_, _, line)| self.products.holds(line.product))
    }

    fn count(&self, company: &Company, table: &mut Table<'_>) {
        for (at, sale, line) in self.lines(company) {
            table.add(|dimension| self.key(company, dimension, sale, line), |sums| add(sums, at, sale, line));
        }
    }

    fn sums(&self, company: &Company) -> Sums {
        let mut sums = Sums::default();
        self.lines(company).for_each(|(at, sale, line)| add(&mut sums, at, sale, line));
        sums
    }

    fn key(&self, company: &Company, dimension: Dimension, sale: &Sale, line: &SaleLine) -> Key {
        let group = |kind, at| {
            let group = company.hierarchy(kind).and_then(|(of, _, own)| Some((of, *own.get(at)?)));
            group.map_or(Key::Nothing, |(of, at)| Key::Entry(of, at))
        };
        match dimension {
            Dimension::WAREHOUSE => Key::Entry(EntryKind::Warehouse, sale.warehouse),
            Dimension::CUSTOMER => Key::Entry(EntryKind::Customer, sale.customer),
            Dimension::CUSTOMER_GROUP => group(EntryKind::Customer, sale.customer),
            Dimension::PRODUCT => Key::Entry(EntryKind::Product, line.product),
            Dimension::PRODUCT_GROUP => group(EntryKind::Product, line.product),
            Dimension::SELLER => Key::Entry(EntryKind::Seller, sale.seller),
            Dimension::CHANNEL => Key::Entry(EntryKind::Channel, sale.channel),
            Dimension::COHORT => Key::Text(self.known.cohort(sale.customer)),
            time => time.of_day(sale.date),
        }
    }
}

fn add(sums: &mut Sums, at: usize, sale: &Sale, line: &SaleLine) {
    let sign = if sale.is_return { -1 } else { 1 };
    sums.amount += sign * line.amount;
    sums.qty += sign * line.quantity;
    sums.cost += sign * line.cost;
    sums.customers.insert(sale.customer);
    if !sale.is_return {
        sums.receipts.insert(at);
    }
}
