//! Measures: the figures of reports.

use std::collections::BTreeSet;

use serde_json::Value;

/// Sums for a row. Each report fills those that it needs.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Money: sales, purchases, stock at cost, balances.
    pub(super) amount: i64,
    pub(super) qty: i64,
    pub(super) cost: i64,
    /// Inflow, receivable or payable.
    pub(super) debit: i64,
    /// Outflow or advance.
    pub(super) credit: i64,
    pub(super) receipts: BTreeSet<usize>,
    pub(super) customers: BTreeSet<usize>,
}

impl Sums {
    /// Returns whether all sums are zero.
    pub(super) fn is_nil(&self) -> bool {
        let Self { amount, qty, cost, debit, credit, receipts, customers } = self;
        [amount, qty, cost, debit, credit].iter().all(|sum| **sum == 0) && receipts.is_empty() && customers.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Amount,
    Qty,
    Receipts,
    AvgCheck,
    Customers,
    Cost,
    Profit,
    Margin,
    Balance,
    Inflow,
    Outflow,
    Net,
    Receivable,
    Payable,
    Advance,
}

impl Measure {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Qty => "qty",
            Self::Receipts => "receipts",
            Self::AvgCheck => "avg_check",
            Self::Customers => "customers",
            Self::Cost => "cost",
            Self::Profit => "profit",
            Self::Margin => "margin",
            Self::Balance => "balance",
            Self::Inflow => "inflow",
            Self::Outflow => "outflow",
            Self::Net => "net",
            Self::Receivable => "receivable",
            Self::Payable => "payable",
            Self::Advance => "advance",
        }
    }

    /// Returns whether the measure needs the right to see costs.
    pub(super) const fn tells_cost(self) -> bool {
        matches!(self, Self::Cost | Self::Profit | Self::Margin)
    }

    const fn counts(self) -> bool {
        matches!(self, Self::Qty | Self::Receipts | Self::Customers)
    }

    /// Returns a count, or hundredths of a currency or a percent; `None` for a division by zero.
    pub(super) fn value(self, sums: &Sums) -> Option<i64> {
        let count = |set: &BTreeSet<usize>| i64::try_from(set.len()).unwrap_or(i64::MAX);
        Some(match self {
            Self::Amount | Self::Balance => sums.amount,
            Self::Qty => sums.qty,
            Self::Receipts => count(&sums.receipts),
            Self::Customers => count(&sums.customers),
            Self::AvgCheck => rounded(sums.amount, count(&sums.receipts))?,
            Self::Cost => sums.cost,
            Self::Profit => sums.amount - sums.cost,
            Self::Margin => rounded((sums.amount - sums.cost) * 10_000, sums.amount)?,
            Self::Inflow | Self::Receivable | Self::Payable => sums.debit,
            Self::Outflow | Self::Advance => sums.credit,
            Self::Net => sums.debit - sums.credit,
        })
    }

    pub(super) fn json(self, sums: &Sums) -> Value {
        match self.value(sums) {
            None => Value::Null,
            Some(count) if self.counts() => count.into(),
            Some(hundredths) => decimal(hundredths),
        }
    }
}

/// Writes a number as 1C does: without needless zeros.
pub(super) fn decimal(hundredths: i64) -> Value {
    if hundredths % 100 == 0 { (hundredths / 100).into() } else { (hundredths as f64 / 100.0).into() }
}

/// Returns a quotient, rounded half away from zero.
fn rounded(dividend: i64, divisor: i64) -> Option<i64> {
    let (above, below) = (dividend.unsigned_abs(), divisor.unsigned_abs());
    let quotient = i64::try_from((2 * above + below).checked_div(2 * below)?).ok()?;
    Some(quotient * dividend.signum() * divisor.signum())
}
