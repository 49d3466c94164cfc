//! The configuration file: sections of keys, as the table names them.
//!
//! Every value is taken as its text in the file (`port: 8000` and `port: "8000"` are equal, and a password
//! `0123` stays unchanged), so that all sources share one parser per setting.

use super::catalog_text::cut_texts;
use super::files;
use super::found::{Found, Key};
use super::legacy;
use super::table;
use super::values::Values;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::{Error, ExternalMessageSource, Spanned};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// Reads the configuration file. Errors are noted.
pub(super) fn read(path: &Path, cwd: &Path, values: &mut Values) {
    let what = values.given(&table::CONFIG).unwrap_or_default();
    let text = match files::read(&what, path, cwd) {
        Ok(text) => text,
        Err(problem) => return values.unreadable(problem),
    };
    let file = path.display().to_string();
    // The parser stops at a value of another type than its key takes. To read what comes after it, parse again
    // without that value.
    let mut skipped = BTreeSet::new();
    let found = loop {
        let mut reading = Reading { skipped: &skipped, found: Found::default(), at: String::new(), line: 0 };
        // A snippet of the file in an error could show a password.
        let options = serde_saphyr::options! { with_snippet: false, reject_unsupported_tags: true };
        let parsed = serde_saphyr::with_deserializer_from_str_with_options(&text, options, |yaml| {
            Section { path: String::new(), reading: &mut reading }.deserialize(yaml)
        });
        let Reading { found, at, .. } = reading;
        let Err(error) = parsed else { break found };
        let problem = refuse(&error, &at, &file);
        match Key::find(&at).and_then(Key::setting) {
            Some(setting) => values.wrong(setting, problem),
            None => values.unreadable(problem),
        }
        let is_value = matches!(error.without_snippet(), Error::Unexpected { .. } | Error::SerdeInvalidType { .. });
        if at.is_empty() || !is_value || !skipped.insert(at) {
            values.incomplete();
            break found;
        }
    };
    for cut in cut_texts(&text, false) {
        values.odd(format!("{file}, {cut}"));
    }
    found.tell(&file, values);
}

/// Returns the message for a file that cannot be used. It has the parser's own text only for syntax errors:
/// others may quote a value.
fn refuse(error: &Error, at: &str, file: &str) -> String {
    let place = error.location().map_or_else(|| file.to_owned(), |at| format!("{file}, line {}", at.line()));
    let quotes = "a value with special characters needs quotes";
    match error.without_snippet() {
        Error::ExternalMessage { source, .. } => match &**source {
            ExternalMessageSource::Parser(scan) => format!("{place}: not valid YAML ({}); {quotes}", scan.info()),
            _ => format!("{place}: not valid YAML; {quotes}"),
        },
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("{place}: the key {key} is there twice"),
        Error::MultipleDocuments { .. } => format!("{place}: the file holds more than one YAML document"),
        Error::Unexpected { .. } | Error::SerdeInvalidType { .. } if at.is_empty() => {
            format!("{place}: expected sections of keys, such as onec: and server:")
        }
        Error::Unexpected { .. } | Error::SerdeInvalidType { .. } => {
            format!("{at} in {place}: expected {}", expected(at))
        }
        _ => format!("{place}: not understood; {quotes}"),
    }
}

fn expected(path: &str) -> &'static str {
    match Key::find(path) {
        Some(key) if key.is_list() => "a list",
        None if is_section(path) => "keys below it",
        _ => "a single value; one with special characters needs quotes",
    }
}

/// The state of reading.
struct Reading<'a> {
    /// Keys whose value has a wrong type.
    skipped: &'a BTreeSet<String>,
    found: Found,
    /// The key whose value is being read.
    at: String,
    /// The line of the last key. The parser may report the line of the section instead.
    line: u64,
}

/// Returns whether there are keys below that path.
fn is_section(path: &str) -> bool {
    let below = |key: &str| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    path.is_empty() || table::yaml_keys().chain(legacy::keys()).any(below)
}

/// A mapping of keys and further sections.
struct Section<'a, 'b> {
    path: String,
    reading: &'a mut Reading<'b>,
}

impl<'de> DeserializeSeed<'de> for Section<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        // An option, so that an empty section or file counts as none.
        yaml.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Section<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section with keys")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        self.reading.at.clone_from(&self.path);
        yaml.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Spanned { value: key, referenced, .. }) = map.next_key::<Spanned<String>>()? {
            self.reading.line = referenced.line();
            let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
            let reading = &mut *self.reading;
            match Key::find(&path) {
                _ if reading.skipped.contains(&path) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Key::Legacy(legacy)) if legacy.alias.is_none() => {
                    let value: Value = map.next_value()?;
                    reading.found.unused(legacy, !value.is_null() && value != "");
                }
                Some(key) => map.next_value_seed(Leaf { path, key, reading })?,
                None if is_section(&path) => map.next_value_seed(Section { path, reading })?,
                None => {
                    let value: Value = map.next_value()?;
                    reading.found.unknown(&path, value.is_object(), reading.line);
                }
            }
            self.reading.at.clear();
        }
        Ok(())
    }
}

/// The value of one key.
struct Leaf<'a, 'b> {
    path: String,
    key: Key,
    reading: &'a mut Reading<'b>,
}

impl<'de> DeserializeSeed<'de> for Leaf<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        self.reading.at.clone_from(&self.path);
        yaml.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        match self.key.is_list() {
            true => yaml.deserialize_any(self),
            false => yaml.deserialize_string(self),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.reading.found.value(self.key, text, self.reading.line);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<String>()? {
            items.push(item);
        }
        let text = serde_json::to_string(&items).map_err(A::Error::custom)?;
        self.visit_str(&text)
    }
}
