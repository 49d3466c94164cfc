//! `reports/receivables` and `reports/payables`, at the end of a day.
//!
//! Balances are expanded: a customer may owe one firm and have paid another in advance. The sign of the balance
//! of each counterparty with each firm decides its column.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::context::Context;
use super::date::Date;
use super::entry::EntryKind;
use super::filters::Filters;
use super::measure::Measure;
use super::model::{Analytics, Company};
use super::pivot::{Dimension, Key, Plan, Spec, Table};
use super::request::{Members, RequestError};

const RECEIVABLES: Spec = Spec {
    dimensions: &[Dimension::CUSTOMER, Dimension::FIRM],
    usual: &[Dimension::CUSTOMER],
    measures: &[Measure::Receivable, Measure::Advance, Measure::Net],
    usual_measures: &[Measure::Receivable, Measure::Advance, Measure::Net],
};

const PAYABLES: Spec = Spec {
    dimensions: &[Dimension::SUPPLIER, Dimension::FIRM],
    usual: &[Dimension::SUPPLIER],
    measures: &[Measure::Payable, Measure::Advance, Measure::Net],
    usual_measures: &[Measure::Payable, Measure::Advance, Measure::Net],
};

/// Balances by counterparty and firm.
type Balances = BTreeMap<(usize, usize), i64>;

/// Returns `reports/receivables`.
pub(super) fn receivables(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    report(context, body, &RECEIVABLES, "customer_ids", owed_by_customers)
}

/// Returns `reports/payables`.
pub(super) fn payables(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    report(context, body, &PAYABLES, "supplier_ids", owed_to_suppliers)
}

/// Returns the debt and the advance of a customer.
pub(super) fn of_customer(company: &Company, customer: usize, date: Date) -> (i64, i64) {
    let balances = owed_by_customers(company, date).into_iter().filter(|((of, _), _)| *of == customer);
    balances.fold((0, 0), |(owed, advance), (_, balance)| (owed + balance.max(0), advance + (-balance).max(0)))
}

fn report(
    context: &Context<'_>,
    body: &mut Members<'_>,
    spec: &Spec,
    ids: &'static str,
    balances: impl Fn(&Company, Date) -> Balances,
) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let date = body.date("date", context.today)?;
    let plan = Plan::read(body, spec)?;
    let mut filters = Filters::of(company, body)?;
    let partners = filters.branches(ids, EntryKind::Customer)?;
    let firms = filters.entries("firm_ids", EntryKind::Firm)?;
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    for ((partner, firm), balance) in balances(company, date) {
        if partners.holds(partner) && firms.holds(firm) {
            let key = |dimension| match dimension {
                Dimension::FIRM => Key::Entry(EntryKind::Firm, firm),
                _ => Key::Entry(EntryKind::Customer, partner),
            };
            table.add(key, |sums| {
                sums.debit += balance.max(0);
                sums.credit += (-balance).max(0);
            });
        }
    }
    let mut answer = table.answer();
    answer.insert("date".to_owned(), date.to_string().into());
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

fn owed_by_customers(company: &Company, date: Date) -> Balances {
    let mut balances = Balances::new();
    for sale in company.sales.iter().filter(|sale| sale.date <= date) {
        let amount = sale.lines.iter().map(|line| line.amount).sum::<i64>();
        *balances.entry((sale.customer, sale.firm)).or_default() += if sale.is_return { -amount } else { amount };
    }
    for paid in company.cash.iter().filter(|paid| paid.date <= date) {
        if let Analytics::Customer(customer) = paid.analytics {
            *balances.entry((customer, paid.firm)).or_default() -= if paid.inflow { paid.amount } else { -paid.amount };
        }
    }
    balances
}

fn owed_to_suppliers(company: &Company, date: Date) -> Balances {
    let mut balances = Balances::new();
    for purchase in company.purchases.iter().filter(|purchase| purchase.date <= date) {
        let amount = purchase.lines.iter().map(|line| line.amount).sum::<i64>();
        *balances.entry((purchase.supplier, purchase.firm)).or_default() +=
            if purchase.is_return { -amount } else { amount };
    }
    for paid in company.cash.iter().filter(|paid| paid.date <= date) {
        if let Analytics::Supplier(supplier) = paid.analytics {
            *balances.entry((supplier, paid.firm)).or_default() += if paid.inflow { paid.amount } else { -paid.amount };
        }
    }
    balances
}
