//! The configuration file: sections of keys, as the table names them.
//!
//! Every value is taken as the text that stands in the file (`port: 8000` and `port: "8000"` are the
//! same, a password `0123` stays what it is), so that all sources share one parser per setting.

use super::files;
use super::nearest::nearest;
use super::stop::Stop;
use super::table::{self, Setting};
use super::values::{Source, Values};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, ExternalMessageSource, Spanned};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Reads the configuration file.
pub(super) fn read(path: &Path, cwd: &Path, values: &mut Values) -> Result<(), Stop> {
    let what = values.given(&table::CONFIG).unwrap_or_default();
    let text = files::read(&what, path, cwd)?;
    let file = path.display().to_string();
    let mut reading = Reading::default();
    // A snippet of the file in an error could show a password.
    let options = serde_saphyr::options! { with_snippet: false, reject_unsupported_tags: true };
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(&text, options, |yaml| {
        Section { path: String::new(), reading: &mut reading }.deserialize(yaml)
    });
    parsed.map_err(|error| refuse(&error, &reading, &file))?;
    for (setting, text) in reading.found.into_values() {
        values.offer(setting, text, Source::Yaml(file.clone()));
    }
    Ok(())
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    found: BTreeMap<&'static str, (&'static Setting, String)>,
    /// The key whose value is being read.
    at: String,
    /// The line of the last key. The parser's own idea of where a problem is may be the section.
    line: u64,
    /// What is wrong with the content, as opposed to the form.
    problem: Option<String>,
}

impl Reading {
    /// Notes the problem and gives the error that ends the parsing.
    fn wrong<E: serde::de::Error>(&mut self, problem: String) -> E {
        self.problem = Some(problem);
        E::custom("see the problem")
    }
}

/// The message for a file that cannot be used. The parser's own words are passed on only where they
/// speak of syntax: elsewhere they may quote a value.
fn refuse(error: &Error, reading: &Reading, file: &str) -> Stop {
    if let Some(problem) = &reading.problem {
        return Stop::error(format!("{file}, line {}: {problem}", reading.line));
    }
    let place = error.location().map_or_else(|| file.to_owned(), |at| format!("{file}, line {}", at.line()));
    let quotes = "a value with special characters needs quotes";
    let at = &reading.at;
    Stop::error(match error.without_snippet() {
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
    })
}

fn expected(path: &str) -> &'static str {
    match table::by_yaml(path) {
        Some(setting) if setting.list => "a list",
        None if table::is_section(path) => "keys below it",
        _ => "a single value; one with special characters needs quotes",
    }
}

/// A mapping of keys and further sections.
struct Section<'a> {
    path: String,
    reading: &'a mut Reading,
}

impl<'de> DeserializeSeed<'de> for Section<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        // An option, so that an empty section or file is none rather than an error.
        yaml.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Section<'_> {
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
            if table::yaml_keys().any(|known| known == path) {
                map.next_value_seed(Leaf { path, reading })?;
            } else if table::is_section(&path) {
                map.next_value_seed(Section { path, reading })?;
            } else {
                return Err(reading.wrong(unknown(&path)));
            }
            self.reading.at.clear();
        }
        Ok(())
    }
}

fn unknown(path: &str) -> String {
    let hint = nearest(path, table::yaml_keys()).unwrap_or_default();
    format!("there is no setting {path}; the nearest is {hint}")
}

/// The value of one key.
struct Leaf<'a> {
    path: String,
    reading: &'a mut Reading,
}

impl<'de> DeserializeSeed<'de> for Leaf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        self.reading.at.clone_from(&self.path);
        yaml.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        match table::by_yaml(&self.path) {
            Some(setting) if setting.list => yaml.deserialize_any(self),
            _ => yaml.deserialize_string(self),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let Some(setting) = table::by_yaml(&self.path) else { return Ok(()) };
        if text.is_empty() && !setting.may_be_empty {
            return Ok(());
        }
        match self.reading.found.insert(setting.yaml, (setting, text.to_owned())) {
            None => Ok(()),
            // Once in its section and once under the dotted name.
            Some(_) => Err(self.reading.wrong(format!("the key {} is there twice", self.path))),
        }
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
