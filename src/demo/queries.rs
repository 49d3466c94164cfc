//! What is asked of the tables.

use super::arguments::Exception;
use super::company::{CUSTOMERS, OPENING_STOCK, PRODUCTS, Product, SALES, Sale, WAREHOUSES, Warehouse};
use super::wire::money;

/// Whether one of the texts holds the query, whatever its case, and with `ё` as good as `е`.
pub(super) fn found(query: &str, texts: &[&str]) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('ё', "е");
    let query = plain(query.trim());
    texts.iter().any(|text| plain(text).contains(&query))
}

/// # Errors
///
/// When there is no product of this code.
pub(super) fn product(code: &str) -> Result<&'static Product, Exception> {
    PRODUCTS
        .iter()
        .find(|product| product.code == code)
        .ok_or_else(|| Exception(format!("Номенклатура с кодом '{code}' не найдена")))
}

/// A warehouse by its code or by its name in either language.
///
/// # Errors
///
/// When there is none.
pub(super) fn warehouse(name: &str) -> Result<&'static Warehouse, Exception> {
    let wanted = name.trim().to_lowercase();
    WAREHOUSES
        .iter()
        .find(|row| [row.code, row.name, row.name_en].iter().any(|own| own.to_lowercase() == wanted))
        .ok_or_else(|| Exception(format!("Склад '{name}' не найден")))
}

/// How much of a product lies in a warehouse: what lay there, less what was sold from there.
pub(super) fn in_stock(warehouse: &Warehouse, product: &Product) -> i64 {
    let opening = OPENING_STOCK
        .iter()
        .filter(|row| row.warehouse == warehouse.code && row.product == product.code)
        .map(|row| row.quantity)
        .sum::<i64>();
    let sold = SALES.iter().filter(|sale| sale.warehouse == warehouse.code);
    opening - sold.map(|sale| turnover(sale, product).quantity).sum::<i64>()
}

/// Quantity and sum of sales.
#[derive(Clone, Copy, Default)]
pub(super) struct Turnover {
    pub(super) quantity: i64,
    pub(super) sum: i64,
}

impl std::iter::Sum for Turnover {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |total, one| Self {
            quantity: total.quantity + one.quantity,
            sum: total.sum + one.sum,
        })
    }
}

fn turnover(sale: &Sale, product: &Product) -> Turnover {
    let lines = sale.lines.iter().filter(|line| line.product == product.code);
    lines.map(|line| Turnover { quantity: line.quantity, sum: line.quantity * line.price }).sum()
}

/// The invoices from one day to another, both included.
pub(super) fn sales(from: &str, to: &str) -> Vec<&'static Sale> {
    SALES.iter().filter(|sale| (from..=to).contains(&sale.date)).collect()
}

/// What was sold of each product, the dearest first; products not sold are left out.
pub(super) fn by_product(sales: &[&Sale]) -> Vec<(&'static Product, Turnover)> {
    let of = |product| sales.iter().map(|sale| turnover(sale, product)).sum::<Turnover>();
    let mut rows = PRODUCTS
        .iter()
        .map(|product| (product, of(product)))
        .filter(|(_, turnover)| turnover.quantity != 0)
        .collect::<Vec<_>>();
    rows.sort_by_key(|(_, turnover)| std::cmp::Reverse(turnover.sum));
    rows
}

/// An item of any catalog, ready to be shown.
pub(super) struct Item {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) details: String,
}

impl Item {
    pub(super) fn matches(&self, query: &str) -> bool {
        found(query, &[self.code, self.name, self.name_en, &self.details])
    }
}

/// The items of a catalog named in either language, with `Справочник.` or `Catalog.` before it or
/// not; of products only those that `warehouse` has, if one is given.
///
/// # Errors
///
/// When there is no such catalog.
pub(super) fn catalog(name: &str, place: Option<&Warehouse>) -> Result<Vec<Item>, Exception> {
    let lower = name.trim().to_lowercase();
    let short = lower.strip_prefix("справочник.").or_else(|| lower.strip_prefix("catalog."));
    match short.unwrap_or(&lower) {
        "номенклатура" | "products" => Ok(products(place)),
        "контрагенты" | "customers" => Ok(customers()),
        "склады" | "warehouses" => Ok(warehouses()),
        _ => Err(Exception(format!("Справочник '{name}' не найден"))),
    }
}

fn products(place: Option<&Warehouse>) -> Vec<Item> {
    let item = |row: &'static Product| {
        let mut details = format!("{}, {} руб.", row.article, money(row.price));
        if let Some(place) = place {
            match in_stock(place, row) {
                0 => return None,
                left => details.push_str(&format!(", остаток {left} {}", row.unit)),
            }
        }
        Some(Item { code: row.code, name: row.name, name_en: row.name_en, details })
    };
    PRODUCTS.iter().filter_map(item).collect()
}

fn customers() -> Vec<Item> {
    let item = |row: &'static super::company::Customer| {
        let sales = SALES.iter().filter(|sale| sale.customer == row.code).map(|sale| sale.number);
        let sales = sales.collect::<Vec<_>>().join(", ");
        let details = format!("{}, реализации: {sales}", row.city);
        Item { code: row.code, name: row.name, name_en: row.name_en, details }
    };
    CUSTOMERS.iter().map(item).collect()
}

pub(super) fn warehouses() -> Vec<Item> {
    let item = |row: &'static Warehouse| Item {
        code: row.code,
        name: row.name,
        name_en: row.name_en,
        details: row.address.to_owned(),
    };
    WAREHOUSES.iter().map(item).collect()
}
