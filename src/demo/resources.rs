//! Resources: texts on the company, its price list, its logo, its configuration.

use serde_json::{Value, json};

use super::arguments::{Arguments, ExceptionError};
use super::trade::{Date, company};
use super::{metadata, png, wire};

pub(super) const ABOUT: &str = "onec://company/about";

struct Resource {
    uri: &'static str,
    name: &'static str,
    description: &'static str,
    mime_type: &'static str,
    content: fn(Date) -> Content,
}

enum Content {
    Text(String),
    Blob(Vec<u8>),
}

const RESOURCES: &[Resource] = &[
    Resource {
        uri: ABOUT,
        name: "О компании",
        description: "Чем занимается компания и что есть в её базе",
        mime_type: "text/plain",
        content: |_| Content::Text(about()),
    },
    Resource {
        uri: "onec://company/price-list",
        name: "Прайс-лист",
        description: "Номенклатура с ценами, поля через точку с запятой",
        mime_type: "text/csv",
        content: |today| Content::Text(price_list(today)),
    },
    Resource {
        uri: "onec://company/logo",
        name: "Логотип",
        description: "Ромашка, 32 на 32 точки",
        mime_type: "image/png",
        content: |_| Content::Blob(logo()),
    },
    Resource {
        uri: "onec://metadata/tree",
        name: "Дерево метаданных",
        description: "Объекты конфигурации с реквизитами и их типами",
        mime_type: "application/json",
        content: |_| Content::Text(metadata::tree().to_string()),
    },
];

impl Resource {
    /// Returns the content, with the `type` that the standard extension sends and MCP does not have.
    fn contents(&self, today: Date) -> Value {
        let Self { uri, mime_type, .. } = self;
        match (self.content)(today) {
            Content::Text(text) => {
                json!({ "type": "text", "uri": uri, "mimeType": mime_type, "text": text })
            }
            Content::Blob(bytes) => {
                let blob = wire::base64(&bytes);
                json!({ "type": "blob", "uri": uri, "mimeType": mime_type, "blob": blob })
            }
        }
    }
}

pub(super) fn list() -> Value {
    let entry = |resource: &Resource| {
        let Resource { uri, name, description, mime_type, .. } = resource;
        json!({ "uri": uri, "name": name, "description": description, "mimeType": mime_type })
    };
    json!({ "resources": RESOURCES.iter().map(entry).collect::<Vec<_>>() })
}

/// Reads the resource that a request names.
///
/// # Errors
///
/// If there is no such resource.
pub(super) fn read(params: Arguments<'_>, today: Date) -> Result<Value, ExceptionError> {
    Ok(json!({ "contents": [contents(params.required("uri")?, today)?] }))
}

/// Returns the contents of the resource with this URI.
///
/// # Errors
///
/// If there is no such resource.
pub(super) fn contents(uri: &str, today: Date) -> Result<Value, ExceptionError> {
    let resource = RESOURCES.iter().find(|resource| resource.uri == uri);
    Ok(resource.ok_or_else(|| format!("Ресурс '{uri}' не найден"))?.contents(today))
}

fn about() -> String {
    let company = company();
    let name = company.firms.first().map(|firm| firm.name).unwrap_or_default();
    let sales = company.sales.iter().filter(|sale| !sale.is_return);
    let days = [company.sales.first(), company.sales.last()].map(|sale| sale.map(|sale| sale.date.to_string()));
    let [first, last] = days.map(Option::unwrap_or_default);
    format!(
        "{name} торгует бытовой техникой, чаем и кофе.\n\
         Номенклатуры: {}, контрагентов: {}, складов: {}, документов реализации: {}, с {first} по {last}.",
        company.products.len(),
        company.customers.len(),
        company.warehouses.len(),
        sales.count(),
    )
}

fn price_list(today: Date) -> String {
    let mut csv = "Код;Артикул;Наименование;Единица;Цена\r\n".to_owned();
    for row in company().products.iter().filter(|row| !row.archived) {
        let fields = [&row.code, row.article, row.name, row.unit, &wire::money(row.list_price(today))];
        csv.push_str(&fields.join(";"));
        csv.push_str("\r\n");
    }
    csv
}

/// Draws a daisy, which the company is named after: eight white petals around a yellow middle.
fn logo() -> Vec<u8> {
    png::square(32, |x, y| {
        let (dx, dy) = (f32::from(x) - 15.5, f32::from(y) - 15.5);
        let petal = 11.0 + 4.0 * (8.0 * dy.atan2(dx)).cos();
        match dx.hypot(dy) {
            radius if radius < 5.0 => [241, 196, 15],
            radius if radius < petal => [255, 255, 255],
            _ => [46, 125, 50],
        }
    })
}
