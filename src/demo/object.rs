//! Objects of the configuration: their names, their parts and their description.

use super::text::found;

pub(super) struct MetadataObject {
    pub(super) class: Class,
    pub(super) name: Name,
    pub(super) synonym: &'static str,
    pub(super) parts: &'static [Part],
}

/// A class of objects, and its heading in the Designer.
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
    pub(super) fn is(&self, name: &str) -> bool {
        // 1C ignores case when it compares names in either language.
        [self.0, self.1].iter().any(|own| own.to_lowercase() == name.to_lowercase())
    }
}

impl MetadataObject {
    /// Describes the object over several lines, with the fields whose name contains `filter`.
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
