//! Metadata of the configuration: its objects by their Russian and English names.

use serde_json::{Map, Value, json};

use super::arguments::ExceptionError;
use super::configuration::OBJECTS;
use super::object::MetadataObject;

/// Returns the object with this full name in either language, even mixed: `Catalog.Номенклатура`.
///
/// # Errors
///
/// If the configuration has no such object.
pub(super) fn object(full_name: &str) -> Result<&'static MetadataObject, ExceptionError> {
    full_name
        .split_once('.')
        .and_then(|(class, name)| OBJECTS.iter().find(|object| object.class.0.is(class) && object.name.is(name)))
        .ok_or_else(|| ExceptionError(format!("Объект метаданных '{full_name}' не найден")))
}

/// Returns the whole configuration as a tree: class, object, parts, fields with their types.
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
        let branch = branches.entry(object.class.1).or_insert_with(|| json!([]));
        if let Value::Array(leaves) = branch {
            leaves.push(Value::Object(leaf));
        }
    }
    Value::Object(branches)
}
