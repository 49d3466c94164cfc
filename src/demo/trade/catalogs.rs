//! The contents of the catalogues.

use super::date::Date;
use super::model::{CashDesk, Company, CostArticle, Customer, Folder, Item, Product, Status, Warehouse};
use super::random::id;

/// Indexes in the lists below that the generator needs.
pub(super) const TILL: usize = 0;
pub(super) const BANK: usize = 1;
pub(super) const EURO: usize = 2;
pub(super) const FROM_CUSTOMER: usize = 0;
pub(super) const TO_SUPPLIER: usize = 1;
pub(super) const EXPENSE: usize = 2;
pub(super) const TRANSFER: usize = 3;
pub(super) const EXCHANGE: usize = 4;
pub(super) const CONTRIBUTION: usize = 5;
pub(super) const WORKSHOP: usize = 3;
/// The first folder of the workshop's goods.
pub(super) const PARTS: usize = 11;
/// The folders of goods that are sold in packs.
const PACKED: &[usize] = &[7, 8];

const FIRMS: &[&str] = &["ООО «Ромашка»", "ИП Зелёнкин О. П."];
const SELLERS: &[&str] = &["Алёхина Мария", "Гусев Пётр", "Семёнов Артём", "Фомина Ольга", "Яковлев Денис"];
const OPERATIONS: &[&str] = &[
    "Оплата от клиента",
    "Оплата поставщику",
    "Прочий расход",
    "Перемещение денег",
    "Покупка валюты",
    "Взнос учредителей",
    "Выдача займа",
];

#[rustfmt::skip]
const WAREHOUSES: &[(&str, &str, &str, &str)] = &[
    ("ОСН", "Основной склад", "Main warehouse", "Москва, Складской проезд, 1"),
    ("МАГ", "Магазин на Лесной", "Shop on Lesnaya Street", "Москва, Лесная улица, 12"),
    ("ТРЗ", "Транзитный склад «Тверь»", "Transit warehouse, Tver", "Тверь, Волжская набережная, 5"),
    ("ПРВ", "Производственный склад", "Production warehouse", "Москва, Складской проезд, 3"),
    ("СТР", "Старый склад (закрыт)", "Old warehouse (closed)", "Москва, Мельничный переулок, 8"),
];

#[rustfmt::skip]
const PRODUCT_GROUPS: &[(&str, Option<usize>)] = &[
    ("Техника для кухни", None), ("Продукты", None), ("Посуда", None), ("Для производства", None),
    ("Чайники", Some(0)), ("Кофейное оборудование", Some(0)), ("Тостеры и миксеры", Some(0)),
    ("Чай", Some(1)), ("Кофе", Some(1)),
    ("Кружки и стаканы", Some(2)), ("Хранение", Some(2)),
    ("Упаковка", Some(3)), ("Запчасти", Some(3)),
];

const UA: &[&str] = &["UA"];
const ALL: &[&str] = &["UA", "EU", "OTHER"];
const EU: &[&str] = &["EU", "OTHER"];
const OTHER: &[&str] = &["OTHER"];

const YES: (&str, &str) = ("certified", "Сертифицирован");
const WAIT: (&str, &str) = ("in_progress", "Сертификация идёт");
const FREE: (&str, &str) = ("not_required", "Не требуется");
const NO: (&str, &str) = ("none", "Нет сертификата");

/// The folder, article, both names, price, markets and certificate.
type ProductRow =
    (usize, &'static str, &'static str, &'static str, i64, &'static [&'static str], (&'static str, &'static str));

#[rustfmt::skip]
const PRODUCTS: &[ProductRow] = &[
    (4, "ЧЭ-17", "Чайник электрический", "Electric kettle", 249_000, ALL, YES),
    (4, "ЧЭ-20S", "Чайник электрический Steel, 2 л", "Electric kettle Steel, 2 l", 379_000, EU, YES),
    (4, "ЧС-03", "Чайник со свистком", "Whistling kettle", 159_000, OTHER, FREE),
    (4, "ТП-35", "Термопот Hotmax, 3,5 л", "Thermo pot Hotmax, 3.5 l", 529_000, ALL, WAIT),
    (5, "КМ-02", "Кофемолка", "Coffee grinder", 189_000, ALL, YES),
    (5, "КМ-05R", "Кофемолка ручная Retro", "Manual coffee grinder Retro", 264_000, EU, FREE),
    (5, "КВ-11", "Кофеварка капельная", "Drip coffee maker", 447_050, ALL, YES),
    (5, "КМШ-90", "Кофемашина Barista Pro", "Coffee machine Barista Pro", 3_199_000, EU, YES),
    (5, "ТР-300", "Турка медная, 300 мл", "Copper cezve, 300 ml", 121_000, OTHER, FREE),
    (6, "ТС-05", "Тостер", "Toaster", 315_050, ALL, YES),
    (6, "МР-11", "Миксер ручной", "Hand mixer", 227_500, ALL, YES),
    (6, "ГР-02", "Гриль контактный", "Contact grill", 649_000, UA, WAIT),
    (6, "БЛ-08", "Блендер погружной", "Hand blender", 298_000, ALL, YES),
    (7, "ЧЧ-100", "Чай чёрный, 100 г", "Black tea, 100 g", 14_990, ALL, FREE),
    (7, "ЧЗ-100", "Чай зелёный, 100 г", "Green tea, 100 g", 16_490, ALL, FREE),
    (7, "ЧЭГ-25", "Чай Earl Grey, 25 пакетиков", "Earl Grey tea, 25 bags", 11_250, EU, FREE),
    (7, "ИЧ-50", "Иван-чай с чёрной смородиной, 50 г", "Fireweed tea with blackcurrant, 50 g", 21_000, OTHER, NO),
    (7, "ЧТ-250", "Чай травяной «Алтайский мёд», 250 г", "Herbal tea Altai Honey, 250 g", 42_900, OTHER, NO),
    (8, "КЗ-1000", "Кофе в зёрнах, 1 кг", "Coffee beans, 1 kg", 169_000, ALL, FREE),
    (8, "КЗА-250", "Кофе в зёрнах Arabica, 250 г", "Arabica coffee beans, 250 g", 58_900, EU, FREE),
    (8, "КМЛ-250", "Кофе молотый, 250 г", "Ground coffee, 250 g", 49_900, ALL, FREE),
    (8, "КР-100", "Кофе растворимый, 100 г", "Instant coffee, 100 g", 32_500, UA, FREE),
    (8, "КК-10", "Кофе в капсулах, 10 шт.", "Coffee capsules, 10 pcs", 39_900, EU, FREE),
    (9, "КР-330", "Кружка керамическая, 330 мл", "Ceramic mug, 330 ml", 24_900, ALL, FREE),
    (9, "КР-450", "Кружка «Ёлка», 450 мл", "Mug Fir Tree, 450 ml", 34_900, OTHER, FREE),
    (9, "СТ-250", "Стакан двойной Thermo, 250 мл", "Double-wall glass Thermo, 250 ml", 52_000, EU, YES),
    (9, "НЧ-6", "Набор чашек, 6 шт.", "Cup set, 6 pcs", 189_900, ALL, FREE),
    (9, "ТК-500", "Термокружка, 500 мл", "Thermos mug, 500 ml", 98_000, ALL, YES),
    (10, "БН-1", "Банка для чая, 1 л", "Tea jar, 1 l", 45_000, OTHER, FREE),
    (10, "БН-2", "Банка для кофе с клапаном, 1,5 л", "Coffee jar with a valve, 1.5 l", 79_000, EU, YES),
    (10, "КТ-3", "Контейнер Fresh, набор 3 шт.", "Food containers Fresh, set of 3", 112_000, ALL, YES),
    (10, "КО-7", "Корзинка плетёная", "Wicker basket", 67_500, OTHER, NO),
    (11, "УП-01", "Коробка подарочная", "Gift box", 8_900, OTHER, FREE),
    (11, "УП-02", "Пакет крафтовый, 100 шт.", "Kraft bags, 100 pcs", 64_000, OTHER, FREE),
    (11, "УП-03", "Плёнка термоусадочная, рулон", "Shrink film, roll", 218_000, OTHER, NO),
    (12, "ЗЧ-11", "Нагреватель для чайника", "Heating element for a kettle", 38_500, ALL, WAIT),
    (12, "ЗЧ-12", "Жёрнов для кофемолки", "Burr for a coffee grinder", 54_000, ALL, NO),
    (12, "ЗЧ-20", "Фильтр воды для кофемашины", "Water filter for a coffee machine", 72_000, EU, YES),
    (12, "ЗЧ-31", "Шнур сетевой", "Power cord", 29_900, ALL, YES),
    (5, "КФ-01", "Кофеварка гейзерная (снята с продажи)", "Moka pot (discontinued)", 139_000, OTHER, NO),
];

/// The products that are not simply active: article, status, the day it changed, and whether they are archived.
const STATUSES: &[(&str, Status, Date, bool)] = &[
    ("ТП-35", Status::New, Date::new(2026, 3, 2), false),
    ("КМШ-90", Status::New, Date::new(2026, 1, 19), false),
    ("КК-10", Status::New, Date::new(2025, 11, 10), false),
    ("СТ-250", Status::New, Date::new(2026, 6, 1), false),
    ("ЧС-03", Status::PhasingOut, Date::new(2026, 2, 16), false),
    ("КР-100", Status::PhasingOut, Date::new(2025, 12, 1), false),
    ("КО-7", Status::PhasingOut, Date::new(2026, 4, 13), false),
    ("ГР-02", Status::Excluded, Date::new(2026, 5, 18), false),
    ("ИЧ-50", Status::Excluded, Date::new(2025, 9, 8), false),
    ("КФ-01", Status::Excluded, Date::new(2024, 6, 3), true),
];

#[rustfmt::skip]
const CUSTOMER_GROUPS: &[(&str, Option<usize>)] = &[
    ("Покупатели", None), ("Поставщики", None),
    ("Опт", Some(0)), ("Кафе и рестораны", Some(0)), ("Розница", Some(0)),
    ("Поставщики техники", Some(1)), ("Поставщики продуктов и посуды", Some(1)),
];

#[rustfmt::skip]
const CUSTOMERS: &[(usize, &str, &str, &str, &str)] = &[
    (2, "ООО «Василёк»", "Cornflower LLC", "+7 4822 555-01-10", "Тверь"),
    (2, "АО «Северный ветер»", "Northern Wind JSC", "+7 8152 555-02-20", "Мурманск"),
    (2, "ООО «Торговый дом „Берёзка“»", "Birch Trading House LLC", "+7 4842 555-03-30", "Калуга"),
    (2, "ТОО «Алматы Кофе»", "Almaty Coffee LLP", "+7 727 555-04-40", "Алматы"),
    (2, "Baltic Tea OÜ", "", "+372 555-0550", "Таллин"),
    (2, "Kaffeehaus Vertrieb GmbH", "", "+49 30 555-0660", "Берлин"),
    (2, "ООО «Уют-Опт»", "Cosy Home Wholesale LLC", "+7 812 555-07-70", "Санкт-Петербург"),
    (2, "ООО «Семь гномов»", "Seven Dwarfs LLC", "+7 343 555-08-80", "Екатеринбург"),
    (3, "Кофейня «Угол»", "Corner Coffee House", "+7 495 555-09-90", "Москва"),
    (3, "Ресторан «Мёд и хлеб»", "Honey and Bread Restaurant", "+7 495 555-10-01", "Москва"),
    (3, "Кафе Coffee & Point", "Coffee & Point Cafe", "+7 499 555-11-02", "Москва"),
    (3, "Столовая № 5", "Canteen No. 5", "+7 4822 555-12-03", "Тверь"),
    (3, "Пекарня «Тёплый хлеб»", "Warm Bread Bakery", "+7 4862 555-13-04", "Орёл"),
    (3, "Чайный клуб «Лотос»", "Lotus Tea Club", "+7 843 555-14-05", "Казань"),
    (4, "ИП Петрова А. С.", "A. S. Petrova", "+7 4842 555-15-06", "Калуга"),
    (4, "ИП Королёв И. И.", "I. I. Korolev", "+7 496 555-16-07", "Королёв"),
    (4, "Розничный покупатель", "Retail customer", "", "Москва"),
    (4, "Покупатель сайта", "Website customer", "", ""),
    (4, "Магазин «Посуда у дома»", "Crockery Round the Corner", "+7 4872 555-19-10", "Тула"),
    (4, "ООО «Старый двор» (закрыто)", "Old Yard LLC (closed)", "+7 4722 555-20-11", "Белгород"),
    (5, "ООО «Техноимпорт»", "Technoimport LLC", "+7 495 555-21-12", "Москва"),
    (5, "Завод «Электроприбор»", "Elektropribor Works", "+7 8422 555-22-13", "Ульяновск"),
    (5, "Shenzhen Kettle Co., Ltd.", "", "+86 755 555-0233", "Шэньчжэнь"),
    (6, "ООО «Чайный путь»", "Tea Road LLC", "+7 861 555-24-15", "Краснодар"),
    (6, "Coffee Roasters Ltd", "", "+371 555-0255", "Рига"),
    (6, "Гжельский фарфоровый завод", "Gzhel Porcelain Factory", "+7 496 555-26-17", "Гжель"),
    (6, "ООО «Упаковка и тара» (архив)", "Packaging and Containers LLC (archived)", "+7 831 555-27-18", "Нижний Новгород"),
];

#[rustfmt::skip]
const CHANNELS: &[(&str, Option<usize>)] = &[
    ("Опт", None), ("Розница", None), ("Интернет", None),
    ("Опт: Москва", Some(0)), ("Опт: регионы", Some(0)), ("Экспорт", Some(0)),
    ("Магазин на Лесной", Some(1)), ("Ярмарки", Some(1)),
    ("Сайт", Some(2)), ("Маркетплейсы", Some(2)),
    ("Ozon", Some(9)), ("Wildberries", Some(9)),
];

#[rustfmt::skip]
const DESKS: &[(&str, &str, &str)] = &[
    ("К1", "Касса в офисе", "RUB"), ("Р1", "Расчётный счёт", "RUB"), ("В1", "Валютная касса, EUR", "EUR"),
];

#[rustfmt::skip]
const COST_GROUPS: &[(&str, Option<usize>)] = &[
    ("Расходы", None), ("Содержание помещений", Some(0)), ("Персонал", Some(0)), ("Продвижение", Some(0)),
];

#[rustfmt::skip]
const COST_ARTICLES: &[(usize, &str, &str)] = &[
    (1, "101", "Аренда"), (1, "102", "Электроэнергия и тепло"), (1, "103", "Уборка и ремонт"),
    (2, "201", "Зарплата"), (2, "202", "Командировочные расходы"),
    (3, "301", "Реклама в интернете"), (3, "302", "Выставки"),
    (0, "401", "Доставка и чёрные металлы (не использовать)"),
];

/// Returns the company without its documents.
pub(super) fn company() -> Company {
    Company {
        firms: items("firm", FIRMS),
        warehouses: warehouses(),
        product_groups: folders("product_group", PRODUCT_GROUPS),
        products: products(),
        customer_groups: folders("customer_group", CUSTOMER_GROUPS),
        customers: customers(),
        sales_channels: folders("sales_channel", CHANNELS),
        sellers: items("seller", SELLERS),
        desks: desks(),
        cost_groups: folders("cost_group", COST_GROUPS),
        cost_articles: cost_articles(),
        operations: items("operation", OPERATIONS),
        ..Company::default()
    }
}

fn items(kind: &str, names: &[&'static str]) -> Vec<Item> {
    let item = |name: &&'static str| Item { id: id(kind, name), name, archived: *name == "Выдача займа" };
    names.iter().map(item).collect()
}

fn folders(kind: &str, rows: &[(&'static str, Option<usize>)]) -> Vec<Folder> {
    rows.iter().map(|&(name, parent)| Folder { id: id(kind, name), name, parent }).collect()
}

fn warehouses() -> Vec<Warehouse> {
    let warehouse = |(at, &(code, name, name_en, address))| Warehouse {
        id: id("warehouse", name),
        code,
        name,
        name_en,
        address,
        production: at == WORKSHOP,
        archived: code == "СТР",
    };
    WAREHOUSES.iter().enumerate().map(warehouse).collect()
}

fn products() -> Vec<Product> {
    let product = |(at, &(group, article, name, name_en, price, markets, eu_certification)): (usize, &ProductRow)| {
        let special = STATUSES.iter().find(|(of, ..)| *of == article);
        let (_, status, status_changed_at, archived) =
            special.copied().unwrap_or((article, Status::Active, Date::new(2024, 9, 2), false));
        let (id, code) = (id("product", article), format!("{:09}", at + 101));
        Product {
            id,
            code,
            article,
            name,
            name_en,
            unit: if PACKED.contains(&group) { "упак" } else { "шт" },
            group,
            price,
            status,
            status_changed_at,
            markets,
            eu_certification,
            archived,
        }
    };
    PRODUCTS.iter().enumerate().map(product).collect()
}

fn customers() -> Vec<Customer> {
    let customer = |(at, &(group, name, name_en, phone, city))| Customer {
        id: id("customer", name),
        code: format!("{:09}", at + 201),
        name,
        name_en,
        group,
        phone,
        city,
        supplier: group >= 5,
        archived: name.ends_with("(закрыто)") || name.ends_with("(архив)"),
    };
    CUSTOMERS.iter().enumerate().map(customer).collect()
}

fn desks() -> Vec<CashDesk> {
    DESKS.iter().map(|&(code, name, currency)| CashDesk { id: id("cash", name), code, name, currency }).collect()
}

fn cost_articles() -> Vec<CostArticle> {
    let article = |&(group, code, name): &(usize, &'static str, &'static str)| CostArticle {
        id: id("cost_article", name),
        code,
        name,
        group,
        archived: code == "401",
    };
    COST_ARTICLES.iter().map(article).collect()
}
