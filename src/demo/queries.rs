//! Queries to the company. They use the parts of the REST dialect, so that both dialects find equal goods,
//! stock and sales.

use std::cmp::Reverse;

use super::arguments::ExceptionError;
use super::trade::{self, Date, EntryKind, Product, Turnover, Warehouse, company};
use super::wire::money;

/// Returns the product with this code.
///
/// # Errors
///
/// If there is no product with this code.
pub(super) fn product(code: &str) -> Result<&'static Product, ExceptionError> {
    company()
        .products
        .iter()
        .find(|product| product.code == code)
        .ok_or_else(|| ExceptionError(format!("Номенклатура с кодом '{code}' не найдена")))
}

/// Returns the colour of a product's picture: any fixed one.
pub(super) fn colour(product: &Product) -> [u8; 3] {
    let part = |at: usize| product.id.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    [0, 2, 4].map(|at| part(at).unwrap_or_default())
}

/// A warehouse and its index among all.
#[derive(Clone, Copy)]
pub(super) struct Place {
    at: usize,
    pub(super) row: &'static Warehouse,
}

/// Returns a warehouse by its code or by its name in either language.
///
/// # Errors
///
/// If there is none.
pub(super) fn warehouse(name: &str) -> Result<Place, ExceptionError> {
    let wanted = name.trim().to_lowercase();
    let named = |row: &Warehouse| [row.code, row.name, row.name_en].iter().any(|own| own.to_lowercase() == wanted);
    let mut places = company().warehouses.iter().enumerate().map(|(at, row)| Place { at, row });
    places.find(|place| named(place.row)).ok_or_else(|| ExceptionError(format!("Склад '{name}' не найден")))
}

/// Returns the quantity of each product in a warehouse at the end of a day, if there is any.
pub(super) fn in_stock(place: Place, day: Date) -> Vec<(&'static Product, i64)> {
    let left = trade::left(company(), place.at, day).into_iter();
    left.filter_map(|(at, left)| Some((company().products.get(at)?, left))).collect()
}

/// Products with their sales.
type Sold = Vec<(&'static Product, Turnover)>;

/// Returns the sales of each product from one day to another, the highest amount first, the number of documents
/// and the total amount.
pub(super) fn sales(from: Date, to: Date) -> (Sold, usize, i64) {
    let (rows, documents, amount) = trade::by_product(company(), from, to);
    let mut rows =
        rows.into_iter().filter_map(|(at, turnover)| Some((company().products.get(at)?, turnover))).collect::<Sold>();
    rows.sort_by_key(|(product, turnover)| (Reverse(turnover.amount), product.name));
    (rows, documents, amount)
}

/// An item of any catalogue, ready to be shown.
pub(super) struct Item {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// The English name; empty if the name needs no translation.
    pub(super) name_en: &'static str,
    pub(super) details: String,
}

/// Returns the matches of a query in a catalogue, named in either language, with or without `Справочник.` or
/// `Catalog.` before it. Of products only those in stock at `place`, if it is given.
///
/// # Errors
///
/// If there is no such catalogue.
pub(super) fn catalog(name: &str, query: &str, place: Option<Place>, day: Date) -> Result<Vec<Item>, ExceptionError> {
    let lower = name.trim().to_lowercase();
    let short = lower.strip_prefix("справочник.").or_else(|| lower.strip_prefix("catalog."));
    match short.unwrap_or(&lower) {
        "номенклатура" | "products" => Ok(products(query, place, day)),
        "контрагенты" | "customers" => Ok(customers(query)),
        "склады" | "warehouses" => Ok(warehouses(query)),
        _ => Err(ExceptionError(format!("Справочник '{name}' не найден"))),
    }
}

fn products(query: &str, place: Option<Place>, day: Date) -> Vec<Item> {
    let left = place.map(|place| trade::left(company(), place.at, day));
    let item = |at: usize| {
        let row = company().products.get(at)?;
        let mut details = format!("{}, {} руб.", row.article, money(row.list_price(day)));
        if let Some(left) = &left {
            details.push_str(&format!(", остаток {} {}", left.get(&at)?, row.unit));
        }
        Some(Item { code: &row.code, name: row.name, name_en: row.name_en, details })
    };
    trade::search(company(), EntryKind::Product, query).into_iter().filter_map(item).collect()
}

fn customers(query: &str) -> Vec<Item> {
    let company = company();
    let item = |at: usize| {
        let row = company.customers.get(at)?;
        let sales = company.sales.iter().filter(|sale| sale.customer == at && !sale.is_return).count();
        let purchases = company.purchases.iter().filter(|one| one.supplier == at && !one.is_return).count();
        let documents = if row.supplier {
            format!("поступлений: {purchases}")
        } else {
            format!("реализаций: {sales}")
        };
        let details = if row.city.is_empty() { documents } else { format!("{}, {documents}", row.city) };
        Some(Item { code: &row.code, name: row.name, name_en: row.name_en, details })
    };
    trade::search(company, EntryKind::Customer, query).into_iter().filter_map(item).collect()
}

/// Returns the warehouses that match a query.
pub(super) fn warehouses(query: &str) -> Vec<Item> {
    let item = |at: usize| {
        let row = company().warehouses.get(at)?;
        Some(Item { code: row.code, name: row.name, name_en: row.name_en, details: row.address.to_owned() })
    };
    trade::search(company(), EntryKind::Warehouse, query).into_iter().filter_map(item).collect()
}
