//! What the tools do: each reads its arguments, asks the tables and writes content.

use serde_json::{Value, json};

use super::arguments::{Arguments, Exception};
use super::callers::Session;
use super::company::{PRODUCTS, Product};
use super::queries::{self, Item, Turnover};
use super::{metadata, png, wire};

type Answer = Result<Vec<Value>, Exception>;

/// How many items a search shows unless told, and at most.
const LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;

pub(super) fn text(text: impl Into<String>) -> Value {
    json!({ "type": "text", "text": text.into() })
}

pub(super) fn get_metadata(arguments: &Arguments<'_>) -> Answer {
    let object = metadata::object(arguments.required("name")?)?;
    let filter = arguments.text("filter")?.unwrap_or_default();
    Ok(vec![text(object.describe(filter))])
}

pub(super) fn search_catalog(arguments: &Arguments<'_>) -> Answer {
    let (catalog, query) = (arguments.required("catalog")?, arguments.required("query")?);
    let limit = arguments.count("limit")?.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    let place = arguments.text("warehouse")?.map(queries::warehouse).transpose()?;
    let mut items = queries::catalog(catalog, place)?;
    items.retain(|item| item.matches(query));
    let total = items.len();
    items.truncate(limit);
    Ok(vec![text(format!("Найдено: {total}, показано: {}{}", items.len(), lines(&items)))])
}

pub(super) fn list_warehouses(_: &Arguments<'_>) -> Answer {
    let items = queries::warehouses();
    Ok(vec![text(format!("Складов: {}{}", items.len(), lines(&items)))])
}

pub(super) fn whoami(session: &Session) -> Vec<Value> {
    vec![text(session.describe())]
}

fn lines(items: &[Item]) -> String {
    let line = |item: &Item| format!("\n{} {} ({}): {}", item.code, item.name, item.name_en, item.details);
    items.iter().map(line).collect()
}

pub(super) fn sales_report(arguments: &Arguments<'_>) -> Answer {
    let (from, to) = (day(arguments, "period_from")?, day(arguments, "period_to")?);
    if from > to {
        return Err(Exception("Начало периода больше его конца".to_owned()));
    }
    let sales = queries::sales(from, to);
    let rows = queries::by_product(&sales);
    let mut report = format!("Продажи с {from} по {to}, документов: {}", sales.len());
    for (product, Turnover { quantity, sum }) in &rows {
        let Product { name, unit, .. } = product;
        report.push_str(&format!("\n{name}: {quantity} {unit}, {} руб.", wire::money(*sum)));
    }
    let total = rows.iter().map(|(_, turnover)| *turnover).sum::<Turnover>();
    report.push_str(&format!("\nИтого: {} руб.", wire::money(total.sum)));
    Ok(vec![text(report)])
}

/// A day written as `2026-03-31`.
fn day<'a>(arguments: &Arguments<'a>, name: &str) -> Result<&'a str, Exception> {
    let day = arguments.required(name)?;
    let fits = |at, byte: u8| {
        if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() }
    };
    let valid = day.len() == 10
        && day.bytes().enumerate().all(|(at, byte)| fits(at, byte))
        && day.get(5..7).is_some_and(|month| ("01"..="12").contains(&month))
        && day.get(8..).is_some_and(|date| ("01"..="31").contains(&date));
    if !valid {
        return Err(Exception(format!("Параметр '{name}': неверная дата '{day}'")));
    }
    Ok(day)
}

pub(super) fn fail_with_exception(arguments: &Arguments<'_>) -> Answer {
    Err(Exception(arguments.text("message")?.unwrap_or("Деление на 0").to_owned()))
}

pub(super) fn product_image(arguments: &Arguments<'_>) -> Answer {
    let product = queries::product(arguments.required("code")?)?;
    let image = png::square(16, |_, _| product.colour);
    Ok(vec![text(product.name), json!({ "type": "image", "data": wire::base64(&image), "mimeType": "image/png" })])
}

/// A sentence for people, then the numbers for whoever wants to reckon with them.
pub(super) fn stock(arguments: &Arguments<'_>) -> Answer {
    let warehouse = queries::warehouse(arguments.required("Склад")?)?;
    let query = arguments.text("Номенклатура")?.unwrap_or_default();
    let rows = PRODUCTS
        .iter()
        .filter(|product| queries::found(query, &[product.name, product.name_en]))
        .map(|product| (product, queries::in_stock(warehouse, product)))
        .filter(|(_, left)| *left != 0)
        .collect::<Vec<_>>();
    let value = rows.iter().map(|(product, left)| left * product.price).sum::<i64>();
    let told = match rows.len() {
        0 => format!("{}: остатков нет", warehouse.name),
        count => {
            let worth = wire::money(value);
            format!("{}: позиций {count}, на сумму {worth} руб.", warehouse.name)
        }
    };
    let row = |(product, left): &(&Product, i64)| {
        let Product { code, name, unit, .. } = product;
        json!({ "Код": code, "Номенклатура": name, "Единица": unit, "Количество": left })
    };
    let numbers = json!({
        "Склад": warehouse.name,
        "Остатки": rows.iter().map(row).collect::<Vec<_>>(),
        "Сумма": value as f64 / 100.0,
    });
    Ok(vec![text(told), text(numbers.to_string())])
}
