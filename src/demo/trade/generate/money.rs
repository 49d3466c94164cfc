//! Incoming, outgoing and moved money.

use super::{Office, Task};
use crate::demo::trade::catalogs::{
    BANK, CONTRIBUTION, EURO, EXCHANGE, EXPENSE, FROM_CUSTOMER, TILL, TO_SUPPLIER, TRANSFER,
};
use crate::demo::trade::model::{Analytics, CashMovement};
use crate::demo::trade::random::id;

/// The day of the month, the cost article, the desk, and the lowest and highest amount.
#[rustfmt::skip]
const EXPENSES: &[(i32, usize, usize, i64, i64)] = &[
    (2, 0, BANK, 3_500_000, 3_900_000),
    (5, 3, BANK, 4_000_000, 5_500_000),
    (9, 1, BANK, 300_000, 900_000),
    (14, 5, BANK, 500_000, 1_500_000),
    (17, 2, TILL, 150_050, 780_000),
    (20, 3, BANK, 3_000_000, 4_500_000),
    (23, 4, EURO, 12_000, 95_000),
];

struct Movement {
    inflow: bool,
    desk: usize,
    firm: usize,
    operation: usize,
    amount: i64,
    analytics: Analytics,
}

impl Office {
    pub(super) fn contribution(&mut self, firm: usize, desk: usize, amount: i64) {
        let analytics = Analytics::Owners;
        self.movement(Movement { inflow: true, desk, firm, operation: CONTRIBUTION, amount, analytics });
    }

    pub(super) fn customer_pays(&mut self, customer: usize, firm: usize, desk: usize, amount: i64) {
        let analytics = Analytics::Customer(customer);
        self.movement(Movement { inflow: true, desk, firm, operation: FROM_CUSTOMER, amount, analytics });
    }

    /// Pays from the bank, or tries again in ten days.
    pub(super) fn pay_supplier(&mut self, supplier: usize, firm: usize, amount: i64) {
        if self.has(BANK, firm) < amount {
            self.later(10, Task::PaySupplier { supplier, firm, amount });
            return;
        }
        let analytics = Analytics::Supplier(supplier);
        self.movement(Movement { inflow: false, desk: BANK, firm, operation: TO_SUPPLIER, amount, analytics });
    }

    /// Pays the expenses of this day of the month.
    pub(super) fn housekeeping(&mut self, day: i32) {
        for &(due, article, desk, low, high) in EXPENSES {
            let firm = self.any_firm();
            let amount = self.random.range(low, high);
            if due == day && self.has(desk, firm) >= amount {
                let analytics = Analytics::CostArticle(article);
                self.movement(Movement { inflow: false, desk, firm, operation: EXPENSE, amount, analytics });
            }
        }
        let (_, month, _) = self.today.ymd();
        match day {
            12 if month % 3 == 1 => self.buy_euros(month),
            25 => (0..=1).for_each(|firm| self.empty_till(firm)),
            27 if month == 5 => self.exhibition(),
            _ => {}
        }
    }

    fn exhibition(&mut self) {
        let analytics = Analytics::CostArticle(6);
        let (desk, operation) = (BANK, EXPENSE);
        if self.has(desk, 0) >= 6_350_000 {
            self.movement(Movement { inflow: false, desk, firm: 0, operation, amount: 6_350_000, analytics });
        }
    }

    /// Carries most of the till to the bank.
    fn empty_till(&mut self, firm: usize) {
        let amount = (self.has(TILL, firm) - 2_000_000) / 100_000 * 100_000;
        if amount > 0 {
            self.exchange(firm, TRANSFER, (TILL, amount), (BANK, amount));
        }
    }

    fn buy_euros(&mut self, month: i32) {
        let firm = usize::from(month == 4);
        let euros = self.random.range(8, 20) * 10_000;
        let rate = self.random.range(9_600, 10_450);
        let roubles = euros * rate / 100;
        if self.has(BANK, firm) >= roubles {
            self.exchange(firm, EXCHANGE, (BANK, roubles), (EURO, euros));
        }
    }

    /// Moves money from one desk to another.
    fn exchange(&mut self, firm: usize, operation: usize, from: (usize, i64), to: (usize, i64)) {
        for (inflow, (desk, amount), other) in [(false, from, to.0), (true, to, from.0)] {
            self.movement(Movement { inflow, desk, firm, operation, amount, analytics: Analytics::Desk(other) });
        }
    }

    fn has(&self, desk: usize, firm: usize) -> i64 {
        self.safes.get(&(desk, firm)).copied().unwrap_or_default()
    }

    fn movement(&mut self, movement: Movement) {
        let Movement { inflow, desk, firm, operation, amount, analytics } = movement;
        *self.safes.entry((desk, firm)).or_default() += if inflow { amount } else { -amount };
        let prefix = if inflow { "ПКО" } else { "РКО" };
        let number = self.number(prefix);
        let (id, date, time) = (id("cash", &number), self.today, self.tick());
        let document = CashMovement { id, number, date, time, inflow, desk, firm, operation, amount, analytics };
        self.company.cash.push(document);
    }
}
