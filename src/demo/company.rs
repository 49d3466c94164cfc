//! The company's data: tables, and nothing computed.
//!
//! Rows refer to each other by code. Money is in kopecks.

pub(super) const COMPANY: &str = "ООО «Ромашка»";

pub(super) struct Product {
    pub(super) code: &'static str,
    pub(super) article: &'static str,
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) unit: &'static str,
    pub(super) price: i64,
    /// The colour of its picture.
    pub(super) colour: [u8; 3],
}

pub(super) struct Customer {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) city: &'static str,
}

pub(super) struct Warehouse {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) name_en: &'static str,
    pub(super) address: &'static str,
}

/// What lay in a warehouse before the first sale.
pub(super) struct OpeningStock {
    pub(super) warehouse: &'static str,
    pub(super) product: &'static str,
    pub(super) quantity: i64,
}

/// A posted sales invoice.
pub(super) struct Sale {
    pub(super) number: &'static str,
    /// ISO 8601, so that text order is time order.
    pub(super) date: &'static str,
    pub(super) customer: &'static str,
    pub(super) warehouse: &'static str,
    pub(super) lines: &'static [Line],
}

pub(super) struct Line {
    pub(super) product: &'static str,
    pub(super) quantity: i64,
    pub(super) price: i64,
}

#[rustfmt::skip]
pub(super) const PRODUCTS: &[Product] = &[
    Product { code: "000000101", article: "ЧЭ-17", name: "Чайник электрический", name_en: "Electric kettle", unit: "шт", price: 249_000, colour: [192, 57, 43] },
    Product { code: "000000102", article: "КМ-02", name: "Кофемолка", name_en: "Coffee grinder", unit: "шт", price: 189_000, colour: [110, 72, 44] },
    Product { code: "000000103", article: "ТС-05", name: "Тостер", name_en: "Toaster", unit: "шт", price: 315_050, colour: [149, 165, 166] },
    Product { code: "000000104", article: "МР-11", name: "Миксер ручной", name_en: "Hand mixer", unit: "шт", price: 227_500, colour: [41, 128, 185] },
    Product { code: "000000105", article: "ЧЧ-100", name: "Чай чёрный, 100 г", name_en: "Black tea, 100 g", unit: "упак", price: 14_990, colour: [39, 60, 40] },
    Product { code: "000000106", article: "КЗ-1000", name: "Кофе в зёрнах, 1 кг", name_en: "Coffee beans, 1 kg", unit: "упак", price: 169_000, colour: [62, 39, 35] },
];

#[rustfmt::skip]
pub(super) const CUSTOMERS: &[Customer] = &[
    Customer { code: "000000201", name: "ООО «Василёк»", name_en: "Cornflower LLC", city: "Тверь" },
    Customer { code: "000000202", name: "ИП Петрова А. С.", name_en: "A. S. Petrova", city: "Калуга" },
    Customer { code: "000000203", name: "АО «Северный ветер»", name_en: "Northern Wind JSC", city: "Мурманск" },
    Customer { code: "000000204", name: "Кофейня «Угол»", name_en: "Corner Coffee House", city: "Москва" },
];

#[rustfmt::skip]
pub(super) const WAREHOUSES: &[Warehouse] = &[
    Warehouse { code: "000000301", name: "Основной склад", name_en: "Main warehouse", address: "Москва, Складской проезд, 1" },
    Warehouse { code: "000000302", name: "Магазин на Лесной", name_en: "Shop on Lesnaya Street", address: "Москва, Лесная улица, 12" },
    Warehouse { code: "000000303", name: "Транзитный склад", name_en: "Transit warehouse", address: "Тверь, Волжская набережная, 5" },
];

#[rustfmt::skip]
pub(super) const OPENING_STOCK: &[OpeningStock] = &[
    OpeningStock { warehouse: "000000301", product: "000000101", quantity: 40 },
    OpeningStock { warehouse: "000000301", product: "000000102", quantity: 25 },
    OpeningStock { warehouse: "000000301", product: "000000103", quantity: 18 },
    OpeningStock { warehouse: "000000301", product: "000000104", quantity: 30 },
    OpeningStock { warehouse: "000000301", product: "000000105", quantity: 500 },
    OpeningStock { warehouse: "000000301", product: "000000106", quantity: 120 },
    OpeningStock { warehouse: "000000302", product: "000000101", quantity: 6 },
    OpeningStock { warehouse: "000000302", product: "000000105", quantity: 80 },
    OpeningStock { warehouse: "000000302", product: "000000106", quantity: 24 },
];

#[rustfmt::skip]
pub(super) const SALES: &[Sale] = &[
    Sale { number: "РМ-000001", date: "2026-01-12", customer: "000000201", warehouse: "000000301", lines: &[
        Line { product: "000000101", quantity: 4, price: 249_000 },
        Line { product: "000000105", quantity: 60, price: 14_990 },
    ] },
    Sale { number: "РМ-000002", date: "2026-01-29", customer: "000000204", warehouse: "000000302", lines: &[
        Line { product: "000000106", quantity: 10, price: 169_000 },
        Line { product: "000000105", quantity: 20, price: 14_990 },
    ] },
    Sale { number: "РМ-000003", date: "2026-02-05", customer: "000000203", warehouse: "000000301", lines: &[
        Line { product: "000000103", quantity: 3, price: 315_050 },
        Line { product: "000000101", quantity: 2, price: 249_000 },
    ] },
    Sale { number: "РМ-000004", date: "2026-02-20", customer: "000000202", warehouse: "000000302", lines: &[
        Line { product: "000000101", quantity: 1, price: 259_000 },
    ] },
    Sale { number: "РМ-000005", date: "2026-03-03", customer: "000000204", warehouse: "000000301", lines: &[
        Line { product: "000000106", quantity: 30, price: 165_000 },
        Line { product: "000000102", quantity: 5, price: 189_000 },
    ] },
    Sale { number: "РМ-000006", date: "2026-03-17", customer: "000000201", warehouse: "000000301", lines: &[
        Line { product: "000000104", quantity: 8, price: 227_500 },
        Line { product: "000000105", quantity: 100, price: 14_500 },
    ] },
];
