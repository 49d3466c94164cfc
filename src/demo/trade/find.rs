//! `admin/find_document`: documents of a type by a part of the number, by the day, or by both; the newest
//! first.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::journal::{Document, counterparty, documents, find_type};
use super::measure::decimal;
use super::request::{Members, RequestError, invalid};

pub(super) fn report(context: &Context<'_>, body: &mut Members<'_>) -> Result<Map<String, Value>, RequestError> {
    let name = body.text("doc_type")?.ok_or_else(|| invalid("Не указано обязательное поле «doc_type»"))?;
    let wanted = find_type("doc_type", name)?;
    let (number, period) = (body.text("number")?, body.any_period()?);
    if number.is_none() && period.is_none() {
        return Err(invalid("Укажите хотя бы одно из двух полей: «number» или «period»"));
    }
    let limit = body.count("limit", 100)?.unwrap_or(20);
    let number = number.map(|number| number.trim().to_lowercase());
    let fits = |one: &Document| {
        std::ptr::eq(one.of, wanted)
            && number.as_ref().is_none_or(|number| one.number.to_lowercase().contains(number))
            && period.is_none_or(|period| period.holds(one.date))
    };
    let mut found = documents(context.company).filter(fits).collect::<Vec<_>>();
    found.sort_by_key(|one| Reverse((one.date, one.time, one.number)));
    let row = |one: &Document| {
        let counterparty = counterparty(context.company, one.counterparty);
        json!([one.reference(), one.number, one.date.to_string(), decimal(one.amount), counterparty])
    };
    let rows = found.iter().take(limit).map(row).collect::<Vec<_>>();
    let columns = json!([
        { "name": "document", "type": "ref" },
        { "name": "number", "type": "string" },
        { "name": "date", "type": "date" },
        { "name": "amount", "type": "number" },
        { "name": "counterparty", "type": "ref" },
    ]);
    let mut answer = Map::from_iter([("columns".to_owned(), columns), ("rows".to_owned(), rows.into())]);
    if let Some(period) = period {
        answer.insert("period".to_owned(), period.json());
    }
    Ok(answer)
}
