//! `reports/cash_balance` and `reports/cash_flow`.
//!
//! Money is in the currency of its desk, which each row names, and amounts in different currencies are never
//! added: a flow has separate rows for each, and totals only if all of it has one currency.

use serde_json::{Map, Value};

use super::context::Context;
use super::entry::EntryKind;
use super::filters::Filters;
use super::measure::Measure;
use super::model::{Analytics, CashMovement, Company};
use super::pivot::{Dimension, Key, Plan, Spec, Table};
use super::request::{Members, RequestError};

const BALANCE: Spec = Spec {
    dimensions: &[Dimension::CASH, Dimension::FIRM],
    usual: &[Dimension::CASH],
    measures: &[Measure::Balance],
    usual_measures: &[Measure::Balance],
};

const FLOW: Spec = Spec {
    dimensions: &[
        Dimension::ACCOUNT,
        Dimension::OPERATION,
        Dimension::ANALYTICS,
        Dimension::FIRM,
        Dimension::DAY,
        Dimension::WEEK,
        Dimension::MONTH,
    ],
    usual: &[Dimension::OPERATION],
    measures: &[Measure::Inflow, Measure::Outflow, Measure::Net],
    usual_measures: &[Measure::Inflow, Measure::Outflow, Measure::Net],
};

/// Returns `reports/cash_balance`, at the end of a day.
pub(super) fn balance(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let date = body.date("date", context.today)?;
    let plan = Plan::read(body, &BALANCE)?;
    let mut filters = Filters::of(company, body)?;
    let desks = filters.entries("cash_ids", EntryKind::Desk)?;
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    for one in company.cash.iter().filter(|one| one.date <= date && desks.holds(one.desk)) {
        let amount = if one.inflow { one.amount } else { -one.amount };
        table.add(|dimension| key(company, dimension, one), |sums| sums.amount += amount);
    }
    let mut answer = table.answer();
    answer.insert("date".to_owned(), date.to_string().into());
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

/// Returns `reports/cash_flow`.
pub(super) fn flow(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let period = body.period()?;
    let plan = Plan::read(body, &FLOW)?;
    let mut filters = Filters::of(company, body)?;
    let desks = filters.entries("cash_ids", EntryKind::Desk)?;
    let operations = filters.entries("operation_ids", EntryKind::Operation)?;
    let articles = filters.branches("cost_article_ids", EntryKind::CostArticle)?;
    let partners = filters.entries("customer_ids", EntryKind::Customer)?;
    let applied = filters.finish()?;
    // A match of either filter is enough; without filters everything matches.
    let wanted = |analytics| match analytics {
        _ if articles.is_all() && partners.is_all() => true,
        Analytics::CostArticle(article) => !articles.is_all() && articles.holds(article),
        Analytics::Customer(partner) | Analytics::Supplier(partner) => !partners.is_all() && partners.holds(partner),
        Analytics::Owners | Analytics::Desk(_) => false,
    };
    let mut table = Table::new(company, &plan);
    for one in company.cash.iter().filter(|one| period.holds(one.date) && desks.holds(one.desk)) {
        if operations.holds(one.operation) && wanted(one.analytics) {
            table.add(
                |dimension| key(company, dimension, one),
                |sums| *(if one.inflow { &mut sums.debit } else { &mut sums.credit }) += one.amount,
            );
        }
    }
    let mut answer = table.answer();
    answer.insert("period".to_owned(), period.json());
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}

fn key(company: &Company, dimension: Dimension, one: &CashMovement) -> Key {
    match dimension {
        Dimension::CASH | Dimension::ACCOUNT => Key::Entry(EntryKind::Desk, one.desk),
        Dimension::FIRM => Key::Entry(EntryKind::Firm, one.firm),
        Dimension::OPERATION => Key::Entry(EntryKind::Operation, one.operation),
        Dimension::CURRENCY => company.desks.get(one.desk).map_or(Key::Nothing, |desk| Key::Text(desk.currency)),
        Dimension::ANALYTICS => match one.analytics {
            Analytics::Owners => Key::Nothing,
            Analytics::Customer(at) => Key::Analytics("customer", EntryKind::Customer, at),
            Analytics::Supplier(at) => Key::Analytics("supplier", EntryKind::Customer, at),
            Analytics::CostArticle(at) => Key::Analytics("cost_article", EntryKind::CostArticle, at),
            Analytics::Desk(at) => Key::Analytics("cash", EntryKind::Desk, at),
        },
        time => time.of_day(one.date),
    }
}
