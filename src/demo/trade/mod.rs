//! A trading company: its catalogues, two years of its documents, and the reports computed from them.
//!
//! The documents are generated on first use, always identically: from 2024-10-01 to 2026-09-30, with opening
//! balances as documents of the first day. All reports of the REST dialect are computed from them, so their
//! figures agree:
//!
//! - Stock is purchases less returns to suppliers less sales plus customers' returns, in pieces and in
//!   money. Goods are sold at what was paid for them, first in, first out, and come back at the same
//!   cost. So stock in money is purchases less the cost of sales, to the kopeck.
//! - What a customer owes a firm is sales less returns less payments; what is owed to a supplier, the
//!   other way round. Balances are expanded: each counterparty's balance with each firm is a
//!   receivable (payable) or an advance by its sign.
//! - Cash flow explains cash balances desk by desk. A transfer is an outflow of one desk and an inflow
//!   of another. Money is in the desk's currency, which each row names (`currency`); over several
//!   currencies there are no totals.
//! - Figures of sales are net of returns, but returns are no receipts. `avg_check` is amount by
//!   receipts, `margin` is profit in percent of amount, both rounded to two decimals, null where there
//!   is nothing to divide by. `customers` counts who bought or returned something.
//! - A customer is `new` in a period if its first sale ever lies in it, and `returning` if it came
//!   before. `week` is the Monday of the week, `month` its first day. `product_group` and
//!   `customer_group` are the folders that an entry lies in directly.
//! - `totals` are those of everything selected: distinct counts and averages are computed over the
//!   whole, and `top` cuts rows alone.
//!
//! An unknown field, filter or value is answered with 400, and a missing scope in `X-MCP-Scopes` with 403;
//! without that header everything is allowed.
//!
//! ```
//! let company = onec_mcp::demo::trade::company();
//! let kopecks = company.purchases.iter().flat_map(|purchase| &purchase.lines).map(|line| line.amount).sum::<i64>();
//! assert!(kopecks > 0);
//! ```

mod access;
mod cash;
mod catalogs;
mod context;
mod date;
mod entry;
mod events;
mod filters;
mod find;
mod generate;
mod journal;
mod log;
mod measure;
mod model;
mod pivot;
mod purchases;
mod random;
mod request;
mod resolve;
mod rest;
mod sales;
mod settlements;
mod stock;

use std::sync::LazyLock;

pub(super) use access::Access;
pub use date::{Date, DateError};
pub(super) use entry::EntryKind;
pub use model::{
    Analytics, CashDesk, CashMovement, Company, CostArticle, Customer, Folder, Item, Product, Purchase, PurchaseLine,
    Sale, SaleLine, Status, Warehouse,
};
pub(super) use resolve::search;
pub(super) use rest::{Route, answer, route};
pub(super) use sales::{Turnover, by_product};
pub(super) use stock::left;

/// Returns the company, generated on first use in a few milliseconds.
pub fn company() -> &'static Company {
    static COMPANY: LazyLock<Company> = LazyLock::new(generate::company);
    &COMPANY
}
