//! The work of the tools: each reads its arguments, asks the company and writes content.

use serde_json::{Value, json};
use std::cmp::Reverse;

use super::arguments::{Arguments, Call, ExceptionError};
use super::queries::{self, Item};
use super::text::found;
use super::trade::{Date, Product, Turnover};
use super::{metadata, png, wire};

type Answer = Result<Vec<Value>, ExceptionError>;

/// The default and the limit of items that a search shows.
const LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;

pub(super) fn text(text: impl Into<String>) -> Value {
    json!({ "type": "text", "text": text.into() })
}

pub(super) fn get_metadata(call: &Call<'_>) -> Answer {
    let object = metadata::object(call.arguments.required("name")?)?;
    let filter = call.arguments.text("filter")?.unwrap_or_default();
    Ok(vec![text(object.describe(filter))])
}

pub(super) fn search_catalog(call: &Call<'_>) -> Answer {
    let Call { arguments, today, .. } = call;
    let (catalog, query) = (arguments.required("catalog")?, arguments.required("query")?);
    let limit = arguments.count("limit")?.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let place = arguments.text("warehouse")?.map(queries::warehouse).transpose()?;
    let mut items = queries::catalog(catalog, query, place, *today)?;
    let total = items.len();
    items.truncate(limit);
    Ok(vec![text(format!("Найдено: {total}, показано: {}{}", items.len(), lines(&items)))])
}

pub(super) fn list_warehouses(_: &Call<'_>) -> Answer {
    let items = queries::warehouses("");
    Ok(vec![text(format!("Складов: {}{}", items.len(), lines(&items)))])
}

pub(super) fn whoami(call: &Call<'_>) -> Answer {
    Ok(vec![text(call.session.describe())])
}

fn lines(items: &[Item]) -> String {
    let line = |item: &Item| {
        let english = if item.name_en.is_empty() { String::new() } else { format!(" ({})", item.name_en) };
        format!("\n{} {}{english}: {}", item.code, item.name, item.details)
    };
    items.iter().map(line).collect()
}

pub(super) fn sales_report(call: &Call<'_>) -> Answer {
    let (from, to) = (day(&call.arguments, "period_from")?, day(&call.arguments, "period_to")?);
    if from > to {
        return Err(ExceptionError("Начало периода больше его конца".to_owned()));
    }
    let (rows, documents, amount) = queries::sales(from, to);
    let mut report = format!("Продажи с {from} по {to}, документов: {documents}");
    for (Product { name, unit, .. }, Turnover { quantity, amount }) in &rows {
        report.push_str(&format!("\n{name}: {quantity} {unit}, {} руб.", wire::money(*amount)));
    }
    report.push_str(&format!("\nИтого: {} руб.", wire::money(amount)));
    Ok(vec![text(report)])
}

/// Reads a day written as `2026-03-31`.
fn day(arguments: &Arguments<'_>, name: &str) -> Result<Date, ExceptionError> {
    let day = arguments.required(name)?;
    let wrong = |_| ExceptionError(format!("Параметр '{name}': неверная дата '{day}'"));
    day.parse().map_err(wrong)
}

pub(super) fn fail_with_exception(call: &Call<'_>) -> Answer {
    Err(ExceptionError(call.arguments.text("message")?.unwrap_or("Деление на 0").to_owned()))
}

pub(super) fn product_image(call: &Call<'_>) -> Answer {
    let product = queries::product(call.arguments.required("code")?)?;
    let image = png::square(16, |_, _| queries::colour(product));
    Ok(vec![text(product.name), json!({ "type": "image", "data": wire::base64(&image), "mimeType": "image/png" })])
}

/// Returns a sentence for people, then the numbers for programs.
pub(super) fn stock(call: &Call<'_>) -> Answer {
    let place = queries::warehouse(call.arguments.required("Склад")?)?;
    let query = call.arguments.text("Номенклатура")?.unwrap_or_default();
    let mut rows = queries::in_stock(place, call.today);
    let filter = Arguments::new(call.arguments.get("Отбор"))?;
    let (least, unit) = (filter.count("Остаток не меньше")?, filter.text("Единица измерения")?);
    rows.retain(|(product, left)| {
        found(query, &[product.name, product.name_en])
            && least.is_none_or(|least| usize::try_from(*left).is_ok_and(|left| left >= least))
            && unit.is_none_or(|unit| product.unit == unit)
    });
    if call.arguments.text("Сортировать по")? == Some("остатку") {
        rows.sort_by_key(|(_, left)| Reverse(*left));
    }
    let value = rows.iter().map(|(product, left)| left * product.list_price(call.today)).sum::<i64>();
    let warehouse = place.row.name;
    let told = match rows.len() {
        0 => format!("{warehouse}: остатков нет"),
        count => format!("{warehouse}: позиций {count}, на сумму {} руб.", wire::money(value)),
    };
    let row = |(product, left): &(&Product, i64)| {
        let Product { code, name, unit, .. } = product;
        json!({ "Код": code, "Номенклатура": name, "Единица": unit, "Количество": left })
    };
    let numbers = json!({
        "Склад": warehouse,
        "Остатки": rows.iter().map(row).collect::<Vec<_>>(),
        "Сумма": value as f64 / 100.0,
    });
    Ok(vec![text(told), text(numbers.to_string())])
}
