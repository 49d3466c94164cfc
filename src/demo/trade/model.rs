//! What the company has: its catalogues and its documents.
//!
//! Documents name catalogue items by their place in the [`Company`]'s lists. Money is in kopecks.

use super::date::Date;

/// The days of the first documents and of the last ones.
pub(super) const FIRST: Date = Date::new(2024, 10, 1);
pub(super) const LAST: Date = Date::new(2026, 9, 30);

/// An entry of a plain catalogue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// A UUID.
    pub id: String,
    /// What it is called.
    pub name: &'static str,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A folder of a catalogue, or a sales channel: those make a hierarchy themselves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Folder {
    /// A UUID.
    pub id: String,
    /// What it is called.
    pub name: &'static str,
    /// The folder above, in the same list.
    pub parent: Option<usize>,
}

/// A warehouse.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Warehouse {
    /// A UUID.
    pub id: String,
    /// Its short code.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is called in English.
    pub name_en: &'static str,
    /// Where it is.
    pub address: &'static str,
    /// Whether it serves production: only those who may see costs find it.
    pub production: bool,
    /// Whether it is closed.
    pub archived: bool,
}

/// Where a product is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
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
    /// A UUID.
    pub id: String,
    /// Its code in the catalogue.
    pub code: String,
    /// The article, as printed on the box.
    pub article: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is called in English.
    pub name_en: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// Its folder in [`Company::product_groups`].
    pub group: usize,
    /// What it costs by the price list, at first. See [`Self::list_price`].
    pub price: i64,
    /// Where it is in its life.
    pub status: Status,
    /// Since when.
    pub status_changed_at: Date,
    /// Where it may be sold: `UA`, `EU`, `OTHER`.
    pub markets: &'static [&'static str],
    /// The code and the label of its certificate.
    pub eu_certification: (&'static str, &'static str),
    /// Whether it is out of use.
    pub archived: bool,
}

impl Product {
    /// What it costs by the price list of a day, in whole roubles: prices grow by five percent a year
    /// as long as there are documents.
    pub fn list_price(&self, day: Date) -> i64 {
        let days = day.clamp(FIRST, LAST).days() - FIRST.days();
        self.price * i64::from(100 + days * 5 / 365) / 10_000 * 100
    }
}

/// A customer or a supplier: both are in one catalogue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Customer {
    /// A UUID.
    pub id: String,
    /// Its code in the catalogue.
    pub code: String,
    /// What it is called.
    pub name: &'static str,
    /// What it is called in English; nothing where its name is in Latin letters.
    pub name_en: &'static str,
    /// Its folder in [`Company::customer_groups`].
    pub group: usize,
    /// A telephone number.
    pub phone: &'static str,
    /// Where it is.
    pub city: &'static str,
    /// Whether goods are bought from it.
    pub supplier: bool,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A cash desk or bank account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CashDesk {
    /// A UUID.
    pub id: String,
    /// Its short code.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The currency of all its money: `RUB` or `EUR`.
    pub currency: &'static str,
}

/// What money is spent on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CostArticle {
    /// A UUID.
    pub id: String,
    /// Its short code.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Its folder in [`Company::cost_groups`].
    pub group: usize,
    /// Whether it is out of use.
    pub archived: bool,
}

/// A sale, or a customer's return of goods.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sale {
    /// A UUID.
    pub id: String,
    /// The number.
    pub number: String,
    /// The day.
    pub date: Date,
    /// The second of the day.
    pub time: u32,
    /// Whether the goods came back: then all of its figures count the other way round.
    pub is_return: bool,
    /// In [`Company::firms`].
    pub firm: usize,
    /// In [`Company::customers`].
    pub customer: usize,
    /// In [`Company::warehouses`].
    pub warehouse: usize,
    /// In [`Company::sales_channels`].
    pub channel: usize,
    /// In [`Company::sellers`].
    pub seller: usize,
    /// The goods, each product once.
    pub lines: Vec<SaleLine>,
}

/// A line of a [`Sale`]. Its figures are positive, in returns too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SaleLine {
    /// In [`Company::products`].
    pub product: usize,
    /// How many.
    pub quantity: i64,
    /// For one.
    pub price: i64,
    /// For all.
    pub amount: i64,
    /// What the company paid for them: those that came first leave first, each at its own price.
    pub cost: i64,
}

/// A purchase, or a return of goods to the supplier.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Purchase {
    /// A UUID.
    pub id: String,
    /// The number.
    pub number: String,
    /// The day.
    pub date: Date,
    /// The second of the day.
    pub time: u32,
    /// Whether the goods went back: then all of its figures count the other way round.
    pub is_return: bool,
    /// In [`Company::firms`].
    pub firm: usize,
    /// In [`Company::customers`].
    pub supplier: usize,
    /// In [`Company::warehouses`].
    pub warehouse: usize,
    /// The goods, each product once.
    pub lines: Vec<PurchaseLine>,
}

/// A line of a [`Purchase`]. Its figures are positive, in returns too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PurchaseLine {
    /// In [`Company::products`].
    pub product: usize,
    /// How many.
    pub quantity: i64,
    /// For all, with VAT. In a return it is what was paid for these very goods.
    pub amount: i64,
}

/// Money that came to a desk or left it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CashMovement {
    /// A UUID.
    pub id: String,
    /// The number.
    pub number: String,
    /// The day.
    pub date: Date,
    /// The second of the day.
    pub time: u32,
    /// Whether it came.
    pub inflow: bool,
    /// In [`Company::desks`].
    pub desk: usize,
    /// In [`Company::firms`].
    pub firm: usize,
    /// In [`Company::operations`].
    pub operation: usize,
    /// How much, in hundredths of the desk's currency.
    pub amount: i64,
    /// What it was for.
    pub analytics: Analytics,
}

/// What money came from or went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Analytics {
    /// The owners of the company.
    Owners,
    /// A customer who pays; in [`Company::customers`].
    Customer(usize),
    /// A supplier who is paid; in [`Company::customers`].
    Supplier(usize),
    /// An expense; in [`Company::cost_articles`].
    CostArticle(usize),
    /// Another desk, in [`Company::desks`]. Such movements come in pairs, one for each desk.
    Desk(usize),
}

/// All the company has. Documents are in the order of time.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Company {
    /// The firms that it consists of.
    pub firms: Vec<Item>,
    /// Where goods lie.
    pub warehouses: Vec<Warehouse>,
    /// Folders of products.
    pub product_groups: Vec<Folder>,
    /// What it trades in.
    pub products: Vec<Product>,
    /// Folders of customers and suppliers.
    pub customer_groups: Vec<Folder>,
    /// Customers and suppliers.
    pub customers: Vec<Customer>,
    /// Sales channels; only those at the end of a branch have sales.
    pub sales_channels: Vec<Folder>,
    /// Who sells.
    pub sellers: Vec<Item>,
    /// Where money lies.
    pub desks: Vec<CashDesk>,
    /// Folders of cost articles.
    pub cost_groups: Vec<Folder>,
    /// What money is spent on.
    pub cost_articles: Vec<CostArticle>,
    /// Why money moves.
    pub operations: Vec<Item>,
    /// Sales and customers' returns.
    pub sales: Vec<Sale>,
    /// Purchases and returns to suppliers.
    pub purchases: Vec<Purchase>,
    /// Movements of money.
    pub cash: Vec<CashMovement>,
}
