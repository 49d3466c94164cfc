//! The configuration: which objects the infobase has, under their Russian and English names.

use serde_json::{Map, Value, json};

use super::arguments::Exception;
use super::queries::found;

pub(super) struct MetadataObject {
    class: Name,
    /// The heading under which the Designer shows its class.
    branch: &'static str,
    name: Name,
    synonym: &'static str,
    parts: &'static [Part],
}

/// A Russian name and an English one.
struct Name(&'static str, &'static str);

/// Attributes, a tabular section, dimensions or resources.
struct Part {
    title: &'static str,
    fields: &'static [Field],
}

struct Field {
    name: Name,
    kind: &'static str,
}

const fn field(ru: &'static str, en: &'static str, kind: &'static str) -> Field {
    Field { name: Name(ru, en), kind }
}

const PRODUCT_REF: &str = "СправочникСсылка.Номенклатура";
const CUSTOMER_REF: &str = "СправочникСсылка.Контрагенты";
const WAREHOUSE_REF: &str = "СправочникСсылка.Склады";

#[rustfmt::skip]
const OBJECTS: &[MetadataObject] = &[
    MetadataObject {
        class: Name("Справочник", "Catalog"), branch: "Справочники",
        name: Name("Номенклатура", "Products"), synonym: "Номенклатура",
        parts: &[Part { title: "Реквизиты", fields: &[
            field("Артикул", "Article", "Строка(25)"),
            field("Единица", "Unit", "Строка(10)"),
            field("Цена", "Price", "Число(15, 2)"),
        ] }],
    },
    MetadataObject {
        class: Name("Справочник", "Catalog"), branch: "Справочники",
        name: Name("Контрагенты", "Customers"), synonym: "Контрагенты",
        parts: &[Part { title: "Реквизиты", fields: &[field("Город", "City", "Строка(50)")] }],
    },
    MetadataObject {
        class: Name("Справочник", "Catalog"), branch: "Справочники",
        name: Name("Склады", "Warehouses"), synonym: "Склады и магазины",
        parts: &[Part { title: "Реквизиты", fields: &[field("Адрес", "Address", "Строка(200)")] }],
    },
    MetadataObject {
        class: Name("Документ", "Document"), branch: "Документы",
        name: Name("РеализацияТоваров", "SalesInvoice"), synonym: "Реализация товаров",
        parts: &[
            Part { title: "Реквизиты", fields: &[
                field("Контрагент", "Customer", CUSTOMER_REF),
                field("Склад", "Warehouse", WAREHOUSE_REF),
            ] },
            Part { title: "Табличная часть Товары", fields: &[
                field("Номенклатура", "Product", PRODUCT_REF),
                field("Количество", "Quantity", "Число(15, 3)"),
                field("Цена", "Price", "Число(15, 2)"),
            ] },
        ],
    },
    MetadataObject {
        class: Name("РегистрНакопления", "AccumulationRegister"), branch: "Регистры накопления",
        name: Name("ТоварыНаСкладах", "StockBalance"), synonym: "Товары на складах",
        parts: &[
            Part { title: "Измерения", fields: &[
                field("Склад", "Warehouse", WAREHOUSE_REF),
                field("Номенклатура", "Product", PRODUCT_REF),
            ] },
            Part { title: "Ресурсы", fields: &[field("Количество", "Quantity", "Число(15, 3)")] },
        ],
    },
];

impl Name {
    fn is(&self, name: &str) -> bool {
        // 1C compares names without regard to case, in either language.
        [self.0, self.1].iter().any(|own| own.to_lowercase() == name.to_lowercase())
    }
}

/// An object by its full name in either language, even mixed: `Catalog.Номенклатура`.
///
/// # Errors
///
/// When the configuration has none.
pub(super) fn object(full_name: &str) -> Result<&'static MetadataObject, Exception> {
    full_name
        .split_once('.')
        .and_then(|(class, name)| OBJECTS.iter().find(|object| object.class.is(class) && object.name.is(name)))
        .ok_or_else(|| Exception(format!("Объект метаданных '{full_name}' не найден")))
}

impl MetadataObject {
    /// The object over several lines, with the fields whose name holds `filter`.
    pub(super) fn describe(&self, filter: &str) -> String {
        let Self { class, name, synonym, .. } = self;
        let mut text = format!("{}.{} ({}.{})\nСиноним: {synonym}", class.0, name.0, class.1, name.1);
        for part in self.parts {
            let lines = part
                .fields
                .iter()
                .filter(|field| found(filter, &[field.name.0, field.name.1]))
                .map(|field| format!("\n  {} ({}): {}", field.name.0, field.name.1, field.kind))
                .collect::<String>();
            if !lines.is_empty() {
                text.push_str(&format!("\n{}:{lines}", part.title));
            }
        }
        text
    }
}

/// The whole configuration, as a tree: class, object, parts, fields with their types.
pub(super) fn tree() -> Value {
    let mut branches = Map::new();
    for object in OBJECTS {
        let mut leaf = Map::new();
        leaf.insert("Имя".to_owned(), json!(object.name.0));
        leaf.insert("Синоним".to_owned(), json!(object.synonym));
        for part in object.parts {
            let types = part.fields.iter().map(|field| (field.name.0.to_owned(), json!(field.kind)));
            leaf.insert(part.title.to_owned(), Value::Object(types.collect()));
        }
        let branch = branches.entry(object.branch).or_insert_with(|| json!([]));
        if let Value::Array(leaves) = branch {
            leaves.push(Value::Object(leaf));
        }
    }
    Value::Object(branches)
}
