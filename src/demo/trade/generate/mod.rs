//! Generates two years of work, day by day, in a fixed way.
//!
//! Only goods in stock are sold, and only money that is there is spent, so that no balance is ever negative.

mod goods;
mod money;

use std::collections::{BTreeMap, VecDeque};

use super::catalogs;
use super::date::Date;
use super::model::{Company, FIRST, LAST, Product, Status};
use super::random::Random;

const SEED: u64 = 0x1C_2024_1001;
/// The start of the working day, in seconds.
const MORNING: u32 = 8 * 3600;

/// Returns the company with all of its documents.
pub(super) fn company() -> Company {
    let mut office = Office {
        company: catalogs::company(),
        random: Random::new(SEED),
        today: FIRST,
        clock: MORNING,
        shelves: BTreeMap::new(),
        safes: BTreeMap::new(),
        agenda: BTreeMap::new(),
        sold: Vec::new(),
        numbers: BTreeMap::new(),
    };
    office.open();
    while office.today <= LAST {
        office.day();
        office.today = office.today.plus(1);
        office.clock = MORNING;
    }
    office.company
}

/// The company at work.
struct Office {
    company: Company,
    random: Random,
    today: Date,
    clock: u32,
    /// The stock of a product in a warehouse, the oldest batch first.
    shelves: BTreeMap<(usize, usize), VecDeque<Batch>>,
    /// The money in a desk of a firm.
    safes: BTreeMap<(usize, usize), i64>,
    agenda: BTreeMap<Date, Vec<Task>>,
    /// The batches of each line of each sale, without those that were returned.
    sold: Vec<Vec<VecDeque<Batch>>>,
    /// The number of documents with each prefix.
    numbers: BTreeMap<&'static str, u32>,
}

/// Goods that were bought for one price.
#[derive(Clone, Copy)]
struct Batch {
    price: i64,
    quantity: i64,
    supplier: usize,
    firm: usize,
}

enum Task {
    CustomerPays {
        customer: usize,
        firm: usize,
        desk: usize,
        amount: i64,
    },
    PaySupplier {
        supplier: usize,
        firm: usize,
        amount: i64,
    },
    /// Goods of a sale are returned; holds the index of the sale.
    ComesBack(usize),
}

impl Office {
    /// Makes the first day: the owners bring money, and goods are bought.
    fn open(&mut self) {
        for (firm, desk, amount) in [(0, catalogs::BANK, 900_000_000), (0, catalogs::TILL, 25_000_000)]
            .into_iter()
            .chain([(1, catalogs::BANK, 300_000_000), (1, catalogs::TILL, 10_000_000)])
        {
            self.contribution(firm, desk, amount);
        }
        for warehouse in 0..=catalogs::WORKSHOP {
            self.replenish(warehouse);
        }
    }

    fn day(&mut self) {
        let (_, _, day) = self.today.ymd();
        let weekday = self.today.weekday();
        // Each warehouse has its own Monday.
        let week = usize::try_from(self.today.days() / 7 % 4).unwrap_or_default();
        if weekday == 0 {
            self.replenish(week);
        }
        if day % 7 == 3 && self.random.chance(25) {
            self.send_back();
        }
        let buyers = if weekday >= 5 { 30 } else { 75 };
        if self.random.chance(buyers) {
            self.sell();
        }
        for task in self.agenda.remove(&self.today).unwrap_or_default() {
            match task {
                Task::CustomerPays { customer, firm, desk, amount } => self.customer_pays(customer, firm, desk, amount),
                Task::PaySupplier { supplier, firm, amount } => self.pay_supplier(supplier, firm, amount),
                Task::ComesBack(sale) => self.comes_back(sale),
            }
        }
        self.housekeeping(day);
    }

    /// Returns the time of the next document.
    fn tick(&mut self) -> u32 {
        self.clock += u32::try_from(self.random.range(60, 2400)).unwrap_or_default();
        self.clock
    }

    /// Returns the number of the next document.
    fn number(&mut self, prefix: &'static str) -> String {
        let last = self.numbers.entry(prefix).or_default();
        *last += 1;
        format!("{prefix}-{last:06}")
    }

    fn later(&mut self, days: i32, task: Task) {
        self.agenda.entry(self.today.plus(days)).or_default().push(task);
    }

    /// Chooses a firm for a document: mostly the first one.
    const fn any_firm(&mut self) -> usize {
        if self.random.chance(22) { 1 } else { 0 }
    }

    fn on_shelf(&self, warehouse: usize, product: usize) -> i64 {
        let shelf = self.shelves.get(&(warehouse, product)).into_iter().flatten();
        shelf.map(|batch| batch.quantity).sum()
    }

    /// Takes goods off a shelf, the oldest first, and returns their batches. The shelf must have enough.
    fn take(shelf: &mut VecDeque<Batch>, mut quantity: i64) -> VecDeque<Batch> {
        let mut taken = VecDeque::new();
        while quantity > 0
            && let Some(batch) = shelf.pop_front()
        {
            let part = quantity.min(batch.quantity);
            taken.push_back(Batch { quantity: part, ..batch });
            if part < batch.quantity {
                shelf.push_front(Batch { quantity: batch.quantity - part, ..batch });
            }
            quantity -= part;
        }
        taken
    }
}

fn quantity(batches: &VecDeque<Batch>) -> i64 {
    batches.iter().map(|batch| batch.quantity).sum()
}

fn cost(batches: &VecDeque<Batch>) -> i64 {
    batches.iter().map(|batch| batch.quantity * batch.price).sum()
}

/// Returns the usual quantity of a product in a sale: for some 12 000 roubles.
fn usual(product: &Product) -> i64 {
    (1_200_000 / product.price).clamp(1, 60)
}

fn bought(product: &Product, day: Date) -> bool {
    !product.archived
        && match product.status {
            Status::Active => true,
            Status::New => day >= product.status_changed_at,
            Status::PhasingOut | Status::Excluded => day < product.status_changed_at,
        }
}

fn sold(product: &Product, day: Date) -> bool {
    !product.archived && (product.status != Status::Excluded || day < product.status_changed_at)
}
