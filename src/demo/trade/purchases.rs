//! `reports/purchases`: with VAT, net of returns.

use serde_json::{Map, Value};

use super::context::Context;
use super::entry::EntryKind;
use super::filters::Filters;
use super::measure::Measure;
use super::pivot::{Dimension, Key, Plan, Spec, Table};
use super::request::{Members, RequestError};

const SPEC: Spec = Spec {
    dimensions: &[Dimension::SUPPLIER, Dimension::FIRM, Dimension::DAY, Dimension::WEEK, Dimension::MONTH],
    usual: &[Dimension::SUPPLIER, Dimension::MONTH],
    measures: &[Measure::Amount, Measure::Qty],
    usual_measures: &[Measure::Amount],
};

pub(super) fn report(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let company = context.company;
    let period = body.period()?;
    let plan = Plan::read(body, &SPEC)?;
    let mut filters = Filters::of(company, body)?;
    let suppliers = filters.branches("supplier_ids", EntryKind::Customer)?;
    let firms = filters.entries("firm_ids", EntryKind::Firm)?;
    let applied = filters.finish()?;
    let mut table = Table::new(company, &plan);
    for purchase in company.purchases.iter().filter(|one| period.holds(one.date)) {
        if !suppliers.holds(purchase.supplier) || !firms.holds(purchase.firm) {
            continue;
        }
        let sign = if purchase.is_return { -1 } else { 1 };
        let key = |dimension| match dimension {
            Dimension::SUPPLIER => Key::Entry(EntryKind::Customer, purchase.supplier),
            Dimension::FIRM => Key::Entry(EntryKind::Firm, purchase.firm),
            time => Dimension::of_day(time, purchase.date),
        };
        table.add(key, |sums| {
            sums.amount += sign * purchase.lines.iter().map(|line| line.amount).sum::<i64>();
            sums.qty += sign * purchase.lines.iter().map(|line| line.quantity).sum::<i64>();
        });
    }
    let mut answer = table.answer();
    answer.insert("period".to_owned(), period.json());
    answer.insert("applied_filters".to_owned(), applied.into());
    Ok(answer)
}
