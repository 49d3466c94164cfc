//! All documents in one list.

use serde_json::{Value, json};

use super::date::Date;
use super::entry::EntryKind;
use super::model::{Analytics, Company};
use super::request::{RequestError, unknown};

/// A type of document, by its names in the configuration.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    english: &'static str,
    title: &'static str,
    /// The user who enters documents of this type.
    pub(super) user: &'static str,
}

static SALE: Type = typed("РеализацияТоваров", "SalesInvoice", "Реализация товаров", "Продавец");
static SALE_RETURN: Type =
    typed("ВозвратТоваровОтПокупателя", "CustomerReturn", "Возврат товаров от покупателя", "Продавец");
static PURCHASE: Type = typed("ПоступлениеТоваров", "PurchaseInvoice", "Поступление товаров", "storekeeper");
static PURCHASE_RETURN: Type =
    typed("ВозвратТоваровПоставщику", "SupplierReturn", "Возврат товаров поставщику", "storekeeper");
static RECEIPT: Type = typed("ПриходныйКассовыйОрдер", "CashReceipt", "Приходный кассовый ордер", "Администратор");
static PAYMENT: Type = typed("РасходныйКассовыйОрдер", "CashPayment", "Расходный кассовый ордер", "Администратор");

static TYPES: [&Type; 6] = [&SALE, &SALE_RETURN, &PURCHASE, &PURCHASE_RETURN, &RECEIPT, &PAYMENT];

const fn typed(name: &'static str, english: &'static str, title: &'static str, user: &'static str) -> Type {
    Type { name, english, title, user }
}

/// A document as the journal shows it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) of: &'static Type,
    pub(super) id: &'static str,
    pub(super) number: &'static str,
    pub(super) date: Date,
    pub(super) time: u32,
    pub(super) amount: i64,
    pub(super) counterparty: Option<usize>,
}

impl Document {
    /// Returns the document as 1C presents it: `Реализация товаров РМ-000001 от 01.10.2024 9:15:00`.
    pub(super) fn label(&self) -> String {
        let Self { of, number, date, .. } = self;
        let (year, month, day) = date.ymd();
        format!("{} {number} от {day:02}.{month:02}.{year:04} {}", of.title, clock(self.time, 1))
    }

    pub(super) fn reference(&self) -> Value {
        json!({ "id": self.id, "label": self.label() })
    }
}

/// Returns a time of the day, with at least this many digits for the hours.
pub(super) fn clock(time: u32, digits: usize) -> String {
    format!("{:0digits$}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// Returns the type with this name in either language, with or without `Document.` before it.
///
/// # Errors
///
/// If there is none.
pub(super) fn find_type(field: &str, name: &str) -> Result<&'static Type, RequestError> {
    let plain =
        name.strip_prefix("Document.").or_else(|| name.strip_prefix("Документ.")).unwrap_or(name).to_lowercase();
    let known = TYPES.into_iter().find(|one| [one.name, one.english].iter().any(|own| own.to_lowercase() == plain));
    known.ok_or_else(|| unknown(field, name, &TYPES.map(|one| one.name)))
}

/// Returns all documents, in no order.
pub(super) fn documents(company: &'static Company) -> impl Iterator<Item = Document> {
    let sales = company.sales.iter().map(|one| Document {
        of: if one.is_return { &SALE_RETURN } else { &SALE },
        id: &one.id,
        number: &one.number,
        date: one.date,
        time: one.time,
        amount: one.lines.iter().map(|line| line.amount).sum(),
        counterparty: Some(one.customer),
    });
    let purchases = company.purchases.iter().map(|one| Document {
        of: if one.is_return { &PURCHASE_RETURN } else { &PURCHASE },
        id: &one.id,
        number: &one.number,
        date: one.date,
        time: one.time,
        amount: one.lines.iter().map(|line| line.amount).sum(),
        counterparty: Some(one.supplier),
    });
    let cash = company.cash.iter().map(|one| Document {
        of: if one.inflow { &RECEIPT } else { &PAYMENT },
        id: &one.id,
        number: &one.number,
        date: one.date,
        time: one.time,
        amount: one.amount,
        counterparty: match one.analytics {
            Analytics::Customer(at) | Analytics::Supplier(at) => Some(at),
            Analytics::Owners | Analytics::CostArticle(_) | Analytics::Desk(_) => None,
        },
    });
    sales.chain(purchases).chain(cash)
}

/// Returns a counterparty's reference, or null.
pub(super) fn counterparty(company: &Company, at: Option<usize>) -> Value {
    at.map_or(Value::Null, |at| company.reference(EntryKind::Customer, at))
}
