//! Purchases, sales, and the returns of both.

use std::collections::{BTreeMap, VecDeque};

use super::{Batch, Office, Task, bought, cost, quantity, sold, usual};
use crate::demo::trade::catalogs::{BANK, PARTS, TILL, WORKSHOP};
use crate::demo::trade::model::{FIRST, Purchase, PurchaseLine, Sale, SaleLine};
use crate::demo::trade::random::id;

/// The suppliers and their folders of products, by index; the last supplier delivers the rest.
const SUPPLIERS: &[(usize, usize)] =
    &[(4, 22), (5, 20), (6, 21), (7, 23), (8, 24), (9, 25), (10, 25), (11, 21), (12, 20)];
/// The frequent customers, and the others.
const RETAIL: &[usize] = &[14, 15, 16, 17, 18];
const CLOSED: usize = 19;
/// The days after the first one until the first visit of each customer.
const KNOWN_SINCE: &[i32] = &[0, 0, 40, 95, 150, 300, 0, 420, 0, 20, 110, 0, 230, 510, 0, 365, 0, 60, 600, 0];

impl Office {
    /// Buys the products that run short in a warehouse, each from its supplier.
    pub(super) fn replenish(&mut self, warehouse: usize) {
        let mut orders: BTreeMap<usize, Vec<(usize, i64, i64)>> = BTreeMap::new();
        for (at, product) in self.company.products.iter().enumerate() {
            let usual = usual(product);
            let kept = (product.group >= PARTS) == (warehouse == WORKSHOP);
            let left = self.on_shelf(warehouse, at);
            if kept && left < usual * 2 && bought(product, self.today) {
                let percent = self.random.range(54, 69);
                let price = product.list_price(self.today) * percent / 10_000 * 100;
                let supplier = SUPPLIERS.iter().find(|(group, _)| *group == product.group).map_or(20, |known| known.1);
                orders.entry(supplier).or_default().push((at, usual * 5 - left, price));
            }
        }
        for (supplier, goods) in orders {
            let firm = self.any_firm();
            self.purchase(supplier, firm, warehouse, &goods);
        }
    }

    fn purchase(&mut self, supplier: usize, firm: usize, warehouse: usize, goods: &[(usize, i64, i64)]) {
        let line = |&(product, quantity, price)| PurchaseLine { product, quantity, amount: quantity * price };
        let lines = goods.iter().map(line).collect::<Vec<_>>();
        for &(product, quantity, price) in goods {
            let batch = Batch { price, quantity, supplier, firm };
            self.shelves.entry((warehouse, product)).or_default().push_back(batch);
        }
        let amount = lines.iter().map(|line| line.amount).sum::<i64>();
        let purchase = self.purchase_document(false, supplier, firm, warehouse, lines);
        self.company.purchases.push(purchase);
        let days = i32::try_from(self.random.range(7, 35)).unwrap_or_default();
        match self.random.range(1, 10) {
            1 => {}
            // Overpaid, in thousands of roubles: an advance.
            2 => self.later(days, Task::PaySupplier { supplier, firm, amount: (amount / 100_000 + 20) * 100_000 }),
            3 | 4 => {
                let half = amount / 2;
                self.later(days, Task::PaySupplier { supplier, firm, amount: half });
                self.later(days + 20, Task::PaySupplier { supplier, firm, amount: amount - half });
            }
            _ => self.later(days, Task::PaySupplier { supplier, firm, amount }),
        }
    }

    fn purchase_document(
        &mut self,
        is_return: bool,
        supplier: usize,
        firm: usize,
        warehouse: usize,
        lines: Vec<PurchaseLine>,
    ) -> Purchase {
        let prefix = if is_return { "ВП" } else { "ПР" };
        let number = self.number(prefix);
        let (id, date, time) = (id("purchase", &number), self.today, self.tick());
        Purchase { id, number, date, time, is_return, firm, supplier, warehouse, lines }
    }

    /// Returns a part of the oldest batch of some product to its supplier.
    pub(super) fn send_back(&mut self) {
        let shelves = self.shelves.iter().filter(|(_, batches)| quantity(batches) > 3).map(|(shelf, _)| *shelf);
        let shelves = shelves.collect::<Vec<_>>();
        let Some((warehouse, product)) = self.random.pick(&shelves) else { return };
        let Some(shelf) = self.shelves.get_mut(&(warehouse, product)) else { return };
        let Some(oldest) = shelf.front().copied() else { return };
        let taken = Self::take(shelf, (oldest.quantity / 2).clamp(1, 5));
        let lines = vec![PurchaseLine { product, quantity: quantity(&taken), amount: cost(&taken) }];
        let document = self.purchase_document(true, oldest.supplier, oldest.firm, warehouse, lines);
        self.company.purchases.push(document);
    }

    /// Makes one sale to some customer, if there are goods.
    pub(super) fn sell(&mut self) {
        let age = self.today.days() - FIRST.days();
        let open = |at: &usize| !(*at == CLOSED && age > 290);
        let known = KNOWN_SINCE.iter().enumerate().filter(|(_, since)| **since <= age).map(|(at, _)| at).filter(open);
        let known = known.collect::<Vec<_>>();
        let Some(customer) = self.random.pick(&known) else { return };
        let retail = RETAIL.contains(&customer);
        let warehouse = match self.random.range(1, 25) {
            1 => WORKSHOP,
            2..=6 => 2,
            _ if retail => 1,
            _ => 0,
        };
        let mut here = self.for_sale(warehouse);
        let mut lines = Vec::new();
        let mut made_of = Vec::new();
        for _ in 0..self.random.range(1, 4) {
            let Some(product) = self.random.pick(&here) else { break };
            here.retain(|other| *other != product);
            if let Some((line, batches)) = self.sale_line(warehouse, product, retail) {
                lines.push(line);
                made_of.push(batches);
            }
        }
        if lines.is_empty() {
            return;
        }
        let firm = if customer % 5 == 3 { 1 } else { self.any_firm() };
        let channel = self.channel(customer, retail);
        let seller = self.random.pick(&[customer % 5, customer % 5, warehouse]).unwrap_or_default();
        let document = self.sale_document(false);
        self.sale(Sale { firm, customer, warehouse, channel, seller, ..document }, lines, made_of);
    }

    fn for_sale(&self, warehouse: usize) -> Vec<usize> {
        let here = self.shelves.range((warehouse, 0)..(warehouse + 1, 0)).filter(|(_, batches)| !batches.is_empty());
        let sold = |product: &usize| self.company.products.get(*product).is_some_and(|one| sold(one, self.today));
        here.map(|((_, product), _)| *product).filter(sold).collect()
    }

    fn channel(&mut self, customer: usize, retail: bool) -> usize {
        let usual: &[usize] = match customer {
            3..=5 => &[5],
            17 => &[8, 10, 11],
            _ if retail => &[6, 6, 7],
            _ => &[3, 4, 8],
        };
        self.random.pick(usual).unwrap_or_default()
    }

    fn sale_line(&mut self, warehouse: usize, product: usize, retail: bool) -> Option<(SaleLine, VecDeque<Batch>)> {
        let row = self.company.products.get(product)?;
        let most = usual(row) * if retail { 1 } else { 2 };
        let discount = if retail { 0 } else { self.random.range(0, 4) * 3 };
        let price = row.list_price(self.today) * (100 - discount) / 100;
        let shelf = self.shelves.get_mut(&(warehouse, product))?;
        let quantity = self.random.range(1, most).min(quantity(shelf));
        let taken = Self::take(shelf, quantity);
        let line = SaleLine { product, quantity, price, amount: quantity * price, cost: cost(&taken) };
        (quantity > 0).then_some((line, taken))
    }

    fn sale_document(&mut self, is_return: bool) -> Sale {
        let prefix = if is_return { "ВК" } else { "РМ" };
        let number = self.number(prefix);
        let (id, date, time) = (id("sale", &number), self.today, self.tick());
        let (firm, customer, warehouse, channel, seller) = (0, 0, 0, 0, 0);
        Sale { id, number, date, time, is_return, firm, customer, warehouse, channel, seller, lines: Vec::new() }
    }

    fn sale(&mut self, sale: Sale, lines: Vec<SaleLine>, made_of: Vec<VecDeque<Batch>>) {
        let (customer, firm) = (sale.customer, sale.firm);
        let amount = lines.iter().map(|line| line.amount).sum::<i64>();
        if self.random.chance(8) {
            let days = i32::try_from(self.random.range(2, 20)).unwrap_or_default();
            self.later(days, Task::ComesBack(self.company.sales.len()));
        }
        self.company.sales.push(Sale { lines, ..sale });
        self.sold.push(made_of);
        let desk = if RETAIL.contains(&customer) { TILL } else { BANK };
        let days = i32::try_from(self.random.range(3, 40)).unwrap_or_default();
        let pays = |amount| Task::CustomerPays { customer, firm, desk, amount };
        match self.random.range(1, 12) {
            _ if desk == TILL => self.later(0, pays(amount)),
            1 => {}
            2 => self.later(days, pays((amount / 100_000 + 10) * 100_000)),
            3 | 4 => {
                let part = amount * 2 / 5;
                self.later(days, pays(part));
                self.later(days + 15, pays(amount - part));
            }
            5 => self.later(days, pays(amount / 2)),
            _ => self.later(days, pays(amount)),
        }
    }

    /// Takes back some goods of a sale's first line, those of its last batch first.
    pub(super) fn comes_back(&mut self, place: usize) {
        let Some(sale) = self.company.sales.get(place).cloned() else { return };
        let Some(line) = sale.lines.first().copied() else { return };
        let Some(made_of) = self.sold.get_mut(place).and_then(|lines| lines.first_mut()) else { return };
        let quantity = self.random.range(1, line.quantity);
        made_of.make_contiguous().reverse();
        let back = Self::take(made_of, quantity);
        let returned = SaleLine { quantity, amount: quantity * line.price, cost: cost(&back), ..line };
        self.shelves.entry((sale.warehouse, line.product)).or_default().extend(back);
        let document = Sale { lines: vec![returned], ..sale };
        let Sale { id, number, date, time, .. } = self.sale_document(true);
        self.company.sales.push(Sale { id, number, date, time, is_return: true, ..document });
        self.sold.push(Vec::new());
    }
}
