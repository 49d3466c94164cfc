//! What is asked of the company. The answers agree with those of the REST dialect, whose parts they
//! use: the same goods are found, left and sold.

use std::cmp::Reverse;

use super::arguments::ExceptionError;
use super::trade::{self, Date, EntryKind, Product, Turnover, Warehouse, company};
use super::wire::money;

/// # Errors
///
/// When there is no product of this code.
pub(super) fn product(code: &str) -> Result<&'static Product, ExceptionError> {
    company()
        .products
        .iter()
        .find(|product| product.code == code)
        .ok_or_else(|| ExceptionError(format!("Номенклатура с кодом '{code}' не найдена")))
}

/// The colour of a product's picture: any that stays.
pub(super) fn colour(product: &Product) -> [u8; 3] {
    let part = |at: usize| product.id.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    [0, 2, 4].map(|at| part(at).unwrap_or_default())
}

/// A warehouse and its place among all.
#[derive(Clone, Copy)]
pub(super) struct Place {
    at: usize,
    pub(super) row: &'static Warehouse,
}

/// A warehouse by its code or by its name in either language.
///
/// # Errors
///
/// When there is none.
pub(super) fn warehouse(name: &str) -> Result<Place, ExceptionError> {
    let wanted = name.trim().to_lowercase();
    let named = |row: &Warehouse| [row.code, row.name, row.name_en].iter().any(|own| own.to_lowercase() == wanted);
    let mut places = company().warehouses.iter().enumerate().map(|(at, row)| Place { at, row });
    places.find(|place| named(place.row)).ok_or_else(|| ExceptionError(format!("Склад '{name}' не найден")))
}

/// How much of each product lies in a warehouse at the end of a day, if any does.
pub(super) fn in_stock(place: Place, day: Date) -> Vec<(&'static Product, i64)> {
    let left = trade::left(company(), place.at, day).into_iter();
    left.filter_map(|(at, left)| Some((company().products.get(at)?, left))).collect()
}

/// Products with what was sold of them.
type Sold = Vec<(&'static Product, Turnover)>;

/// What was sold from one day to another of each product, the dearest first, in how many documents
/// and for how much in all.
pub(super) fn sales(from: Date, to: Date) -> (Sold, usize, i64) {
    let (rows, documents, amount) = trade::by_product(company(), from, to);
    let mut rows =
        rows.into_iter().filter_map(|(at, turnover)| Some((company().products.get(at)?, turnover))).collect::<Sold>();
    rows.sort_by_key(|(product, turnover)| (Reverse(turnover.amount), product.name));
    (rows, documents, amount)
}

/// An item of any catalog, ready to be shown.
pub(super) struct Item {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// Nothing where the name needs no translation.
    pub(super) name_en: &'static str,
    pub(super) details: String,
}

/// What a query finds in a catalog named in either language, with `Справочник.` or `Catalog.` before
/// it or not; of products only those that `place` has, if one is given.
///
/// # Errors
///
/// When there is no such catalog.
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

/// The warehouses that a query finds.
pub(super) fn warehouses(query: &str) -> Vec<Item> {
    let item = |at: usize| {
        let row = company().warehouses.get(at)?;
        Some(Item { code: row.code, name: row.name, name_en: row.name_en, details: row.address.to_owned() })
    };
    trade::search(company(), EntryKind::Warehouse, query).into_iter().filter_map(item).collect()
}
