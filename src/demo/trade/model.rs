//! The data of the company: its catalogues and its documents.
//!
//! Documents name catalogue items by their index in the [`Company`]'s lists. Money is in kopecks.

use super::date::Date;

/// The first and the last day with documents.
pub(super) const FIRST: Date = Date::new(2024, 10, 1);
pub(super) const LAST: Date = Date::new(2026, 9, 30);

/// An entry of a plain catalogue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// The UUID of the entry.
    pub id: String,
    /// The name.
    pub name: &'static str,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A folder of a catalogue, or a sales channel: channels are a hierarchy themselves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Folder {
    /// The UUID of the folder.
    pub id: String,
    /// The name.
    pub name: &'static str,
    /// The parent folder, as an index in the list of this folder.
    pub parent: Option<usize>,
}

/// A warehouse.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Warehouse {
    /// The UUID of the warehouse.
    pub id: String,
    /// The short code.
    pub code: &'static str,
    /// The name.
    pub name: &'static str,
    /// The name in English.
    pub name_en: &'static str,
    /// The address.
    pub address: &'static str,
    /// Whether it serves production: callers who may not see costs do not find it.
    pub production: bool,
    /// Whether it is closed.
    pub archived: bool,
}

/// The status of a product in its life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names explain themselves")]
pub enum Status {
    New,
    Active,
    PhasingOut,
    Excluded,
}

/// A product.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Product {
    /// The UUID of the product.
    pub id: String,
    /// The code in the catalogue.
    pub code: String,
    /// The article number, as printed on the box.
    pub article: &'static str,
    /// The name.
    pub name: &'static str,
    /// The name in English.
    pub name_en: &'static str,
    /// The unit of quantities.
    pub unit: &'static str,
    /// The folder, as an index in [`Company::product_groups`].
    pub group: usize,
    /// The first price of the price list. See [`Self::list_price`].
    pub price: i64,
    /// The status in the life cycle.
    pub status: Status,
    /// The day of the last change of the status.
    pub status_changed_at: Date,
    /// The markets where it may be sold: `UA`, `EU`, `OTHER`.
    pub markets: &'static [&'static str],
    /// The code and the label of the certificate.
    pub eu_certification: (&'static str, &'static str),
    /// Whether it is out of use.
    pub archived: bool,
}

impl Product {
    /// Returns the list price of a day, in whole roubles: prices grow by five percent a year while there are documents.
    pub fn list_price(&self, day: Date) -> i64 {
        let days = day.clamp(FIRST, LAST).days() - FIRST.days();
        self.price * i64::from(100 + days * 5 / 365) / 10_000 * 100
    }
}

/// A customer or a supplier: both are in one catalogue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Customer {
    /// The UUID of the customer or supplier.
    pub id: String,
    /// The code in the catalogue.
    pub code: String,
    /// The name.
    pub name: &'static str,
    /// The name in English; empty if the name is in Latin letters.
    pub name_en: &'static str,
    /// The folder, as an index in [`Company::customer_groups`].
    pub group: usize,
    /// A telephone number.
    pub phone: &'static str,
    /// The city.
    pub city: &'static str,
    /// Whether it is a supplier.
    pub supplier: bool,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A cash desk or bank account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CashDesk {
    /// The UUID of the desk.
    pub id: String,
    /// The short code.
    pub code: &'static str,
    /// The name.
    pub name: &'static str,
    /// The currency of all its money: `RUB` or `EUR`.
    pub currency: &'static str,
}

/// A purpose of expenses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CostArticle {
    /// The UUID of the cost article.
    pub id: String,
    /// The short code.
    pub code: &'static str,
    /// The name.
    pub name: &'static str,
    /// The folder, as an index in [`Company::cost_groups`].
    pub group: usize,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A sale, or a customer's return of goods.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sale {
    /// The UUID of the sale.
    pub id: String,
    /// The number of the document.
    pub number: String,
    /// The day of the document.
    pub date: Date,
    /// The time as a second of the day.
    pub time: u32,
    /// Whether it is a return: then all figures count as negative.
    pub is_return: bool,
    /// The firm, as an index in [`Company::firms`].
    pub firm: usize,
    /// The customer, as an index in [`Company::customers`].
    pub customer: usize,
    /// The warehouse, as an index in [`Company::warehouses`].
    pub warehouse: usize,
    /// The sales channel, as an index in [`Company::sales_channels`].
    pub channel: usize,
    /// The seller, as an index in [`Company::sellers`].
    pub seller: usize,
    /// The lines, each product once.
    pub lines: Vec<SaleLine>,
}

/// A line of a [`Sale`]. The figures are positive, in returns too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SaleLine {
    /// The product, as an index in [`Company::products`].
    pub product: usize,
    /// The quantity.
    pub quantity: i64,
    /// The price of one piece.
    pub price: i64,
    /// The amount of the line.
    pub amount: i64,
    /// The cost of the goods: first in, first out, each batch at its own price.
    pub cost: i64,
}

/// A purchase, or a return of goods to the supplier.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Purchase {
    /// The UUID of the purchase.
    pub id: String,
    /// The number of the document.
    pub number: String,
    /// The day of the document.
    pub date: Date,
    /// The time as a second of the day.
    pub time: u32,
    /// Whether it is a return: then all figures count as negative.
    pub is_return: bool,
    /// The firm, as an index in [`Company::firms`].
    pub firm: usize,
    /// The supplier, as an index in [`Company::customers`].
    pub supplier: usize,
    /// The warehouse, as an index in [`Company::warehouses`].
    pub warehouse: usize,
    /// The lines, each product once.
    pub lines: Vec<PurchaseLine>,
}

/// A line of a [`Purchase`]. The figures are positive, in returns too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PurchaseLine {
    /// The product, as an index in [`Company::products`].
    pub product: usize,
    /// The quantity.
    pub quantity: i64,
    /// The amount of the line, with VAT. In a return it is what was paid for the returned goods.
    pub amount: i64,
}

/// A payment into a desk or out of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CashMovement {
    /// The UUID of the movement.
    pub id: String,
    /// The number of the document.
    pub number: String,
    /// The day of the document.
    pub date: Date,
    /// The time as a second of the day.
    pub time: u32,
    /// Whether it is an inflow.
    pub inflow: bool,
    /// The desk, as an index in [`Company::desks`].
    pub desk: usize,
    /// The firm, as an index in [`Company::firms`].
    pub firm: usize,
    /// The operation, as an index in [`Company::operations`].
    pub operation: usize,
    /// The amount, in hundredths of the desk's currency.
    pub amount: i64,
    /// The source or the destination of the money.
    pub analytics: Analytics,
}

/// The source or the destination of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Analytics {
    /// The owners of the company.
    Owners,
    /// A customer who pays, as an index in [`Company::customers`].
    Customer(usize),
    /// A supplier who is paid, as an index in [`Company::customers`].
    Supplier(usize),
    /// An expense, as an index in [`Company::cost_articles`].
    CostArticle(usize),
    /// Another desk, as an index in [`Company::desks`]. Such movements come in pairs, one for each desk.
    Desk(usize),
}

/// The company: all its catalogues and documents. Documents are in the order of time.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Company {
    /// The firms of the company.
    pub firms: Vec<Item>,
    /// The warehouses.
    pub warehouses: Vec<Warehouse>,
    /// The folders of products.
    pub product_groups: Vec<Folder>,
    /// The products.
    pub products: Vec<Product>,
    /// The folders of customers and suppliers.
    pub customer_groups: Vec<Folder>,
    /// The customers and suppliers.
    pub customers: Vec<Customer>,
    /// The sales channels; only those at the end of a branch have sales.
    pub sales_channels: Vec<Folder>,
    /// The sellers.
    pub sellers: Vec<Item>,
    /// The cash desks and bank accounts.
    pub desks: Vec<CashDesk>,
    /// The folders of cost articles.
    pub cost_groups: Vec<Folder>,
    /// The cost articles.
    pub cost_articles: Vec<CostArticle>,
    /// The operations: reasons of cash movements.
    pub operations: Vec<Item>,
    /// The sales and customers' returns.
    pub sales: Vec<Sale>,
    /// The purchases and returns to suppliers.
    pub purchases: Vec<Purchase>,
    /// The cash movements.
    pub cash: Vec<CashMovement>,
}
