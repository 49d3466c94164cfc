//! The metadata of the configuration: its objects by their Russian and English names.

use serde_json::{Map, Value, json};

use super::arguments::Exception;
use super::configuration::OBJECTS;
use super::queries::found;

pub(super) struct MetadataObject {
    pub(super) class: Class,
    pub(super) name: Name,
    pub(super) synonym: &'static str,
    pub(super) parts: &'static [Part],
}

/// A class of objects, and the heading under which the Designer shows it.
pub(super) struct Class(pub(super) Name, pub(super) &'static str);

/// A Russian name and an English one.
pub(super) struct Name(pub(super) &'static str, pub(super) &'static str);

/// Attributes, a tabular section, dimensions or resources.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) fields: &'static [Field],
}

pub(super) struct Field {
    pub(super) name: Name,
    pub(super) kind: &'static str,
}

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
        .and_then(|(class, name)| OBJECTS.iter().find(|object| object.class.0.is(class) && object.name.is(name)))
        .ok_or_else(|| Exception(format!("Объект метаданных '{full_name}' не найден")))
}

/// The Russian name of a catalogue by its name in either language.
pub(super) fn catalog(name: &str) -> Option<&'static str> {
    let catalog = OBJECTS.iter().find(|object| object.class.0.is("Catalog") && object.name.is(name));
    catalog.map(|object| object.name.0)
}

impl MetadataObject {
    /// The object over several lines, with the fields whose name holds `filter`.
    pub(super) fn describe(&self, filter: &str) -> String {
        let Self { class: Class(class, _), name, synonym, .. } = self;
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
        let branch = branches.entry(object.class.1).or_insert_with(|| json!([]));
        if let Value::Array(leaves) = branch {
            leaves.push(Value::Object(leaf));
        }
    }
    Value::Object(branches)
}
