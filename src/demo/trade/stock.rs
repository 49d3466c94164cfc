//! `reports/stock`: the goods in each warehouse at the end of a day, and their cost.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::context::Context;
use super::date::Date;
use super::entry::EntryKind;
use super::filters::Filters;
use super::measure::Measure;
use super::model::Company;
use super::pivot::{Dimension, Key, Plan, Spec, Table};
use super::request::{Members, RequestError};

const SPEC: Spec = Spec {
    dimensions: &[Dimension::WAREHOUSE, Dimension::PRODUCT, Dimension::PRODUCT_GROUP],
    usual: &[Dimension::WAREHOUSE, Dimension::PRODUCT],
    measures: &[Measure::Qty, Measure::Amount],
    usual_measures: &[Measure::Qty],
};

pub(super) fn report(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let date = body.date("date", context.today)?;
    let plan = Plan::read(body, &SPEC)?;
    let mut filters = Filters::of(company, body)?;
    let products = filters.branches("product_ids", EntryKind::Product)?;
    let warehouses = filters.entries("warehouse_ids", EntryKind::Warehouse)?;
    let statuses = filters.statuses()?;
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    let moves = purchases(company).chain(sales(company)).filter(|one| one.day <= date);
    for one in moves.filter(|one| warehouses.holds(one.warehouse)) {
        if products.holds(one.product) && statuses.holds(one.product) {
            table.add(
                |dimension| key(company, dimension, &one),
                |sums| {
                    sums.qty += one.quantity;
                    sums.amount += one.amount;
                },
            );
        }
    }
    let mut answer = table.answer();
    answer.insert("date".to_owned(), date.to_string().into());
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

/// Returns the quantity of each product in a warehouse at the end of a day, without those that are out of stock.
pub(in crate::demo) fn left(company: &Company, warehouse: usize, day: Date) -> BTreeMap<usize, i64> {
    let mut left = BTreeMap::new();
    let moves = purchases(company).chain(sales(company));
    for one in moves.filter(|one| one.day <= day && one.warehouse == warehouse) {
        *left.entry(one.product).or_default() += one.quantity;
    }
    left.retain(|_, quantity| *quantity != 0);
    left
}

fn key(company: &Company, dimension: Dimension, one: &Move) -> Key {
    match dimension {
        Dimension::WAREHOUSE => Key::Entry(EntryKind::Warehouse, one.warehouse),
        Dimension::PRODUCT_GROUP => {
            let group = company.products.get(one.product).map(|product| product.group);
            group.map_or(Key::Nothing, |group| Key::Entry(EntryKind::ProductGroup, group))
        }
        _ => Key::Entry(EntryKind::Product, one.product),
    }
}

/// Goods that came in, or went out if negative, at cost.
struct Move {
    day: Date,
    warehouse: usize,
    product: usize,
    quantity: i64,
    amount: i64,
}

fn purchases(company: &Company) -> impl Iterator<Item = Move> {
    company.purchases.iter().flat_map(|purchase| {
        let sign = if purchase.is_return { -1 } else { 1 };
        let (day, warehouse) = (purchase.date, purchase.warehouse);
        purchase.lines.iter().map(move |line| {
            let (quantity, amount) = (sign * line.quantity, sign * line.amount);
            Move { day, warehouse, product: line.product, quantity, amount }
        })
    })
}

fn sales(company: &Company) -> impl Iterator<Item = Move> {
    company.sales.iter().flat_map(|sale| {
        let sign = if sale.is_return { 1 } else { -1 };
        let (day, warehouse) = (sale.date, sale.warehouse);
        sale.lines.iter().map(move |line| {
            let (quantity, amount) = (sign * line.quantity, sign * line.cost);
            Move { day, warehouse, product: line.product, quantity, amount }
        })
    })
}
