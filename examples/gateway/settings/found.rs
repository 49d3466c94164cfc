//! The content of a configuration file, key by key, and errors in it.

use super::legacy::{self, Legacy};
use super::nearest::nearest;
use super::parse::{ValueError, items};
use super::table::{self, Setting};
use super::values::{Source, Values, shown};
use std::collections::BTreeMap;

/// A key that the file may hold.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Own(&'static Setting),
    /// A key of the gateway in Go.
    Legacy(&'static Legacy),
}

impl Key {
    pub(super) fn find(path: &str) -> Option<Self> {
        table::by_yaml(path).map(Self::Own).or_else(|| legacy::find(path).map(Self::Legacy))
    }

    /// Returns the setting of the key, if it has one.
    pub(super) fn setting(self) -> Option<&'static Setting> {
        match self {
            Self::Own(setting) => Some(setting),
            Self::Legacy(legacy) => legacy.alias.as_ref().map(|alias| alias.setting),
        }
    }

    /// Returns whether the value is a list.
    pub(super) fn is_list(self) -> bool {
        self.setting().is_some_and(|setting| setting.list)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Own(setting) => setting.yaml,
            Self::Legacy(legacy) => legacy.key,
        }
    }
}

/// The keys read so far.
#[derive(Default)]
pub(super) struct Found {
    /// Values by the key of their setting.
    values: BTreeMap<&'static str, Value>,
    /// The keys of the gateway in Go.
    legacy: Vec<&'static str>,
    /// The keys of the gateway in Go that have no use here.
    unused: Vec<&'static str>,
    problems: Vec<SettingError>,
    /// Whether a section has a wrong name, so that its settings seem to be missing.
    lacks_section: bool,
}

struct Value {
    setting: &'static Setting,
    /// The key of the value.
    key: Key,
    text: String,
    /// The text in the file, if it differs from the value.
    written: Option<String>,
}

enum SettingError {
    /// An error in a key: the line, the setting that may have been meant, and the message.
    Key(u64, Option<&'static Setting>, String),
    /// An error in a value: the setting, the key in the file, and the message.
    Value(&'static Setting, &'static str, String),
}

impl Found {
    /// Notes an unknown key, its line, and whether there are keys below it.
    pub(super) fn unknown(&mut self, path: &str, is_section: bool, line: u64) {
        self.lacks_section |= is_section;
        let is_secret = |key: &str| table::by_yaml(key).is_some_and(|setting| setting.secret);
        let hint = nearest(path, table::yaml_keys().chain(legacy::keys()), is_secret);
        let meant = hint.and_then(Key::find).and_then(Key::setting);
        let hint = hint.map(|hint| format!("; the nearest is {hint}")).unwrap_or_default();
        self.problems.push(SettingError::Key(line, meant, format!("there is no setting {path}{hint}")));
    }

    /// Notes a key of the gateway in Go without use here, and whether it has a value.
    pub(super) fn unused(&mut self, legacy: &'static Legacy, is_said: bool) {
        self.legacy.push(legacy.key);
        if is_said {
            self.unused.push(legacy.key);
        }
    }

    /// Notes a key and its value.
    pub(super) fn value(&mut self, key: Key, text: &str, line: u64) {
        let Some(setting) = key.setting() else { return };
        let mut value = Value { setting, key, text: text.to_owned(), written: None };
        match key {
            Key::Own(_) if text.is_empty() && !setting.may_be_empty => return,
            Key::Own(_) => {}
            Key::Legacy(legacy) => {
                self.legacy.push(legacy.key);
                match legacy.alias.as_ref().map(|alias| (alias.convert)(text.trim())) {
                    _ if text.is_empty() => return,
                    Some(Ok(converted)) => {
                        value.text = converted;
                        value.written = Some(text.to_owned());
                    }
                    Some(Err(ValueError { shown: instead, why })) => {
                        let why = format!("is \"{}\": {why}", shown(instead.as_deref().unwrap_or(text)));
                        return self.problems.push(SettingError::Value(setting, legacy.key, why));
                    }
                    None => return,
                }
            }
        }
        self.insert(value, line);
    }

    fn insert(&mut self, value: Value, line: u64) {
        let (setting, key) = (value.setting, value.key.name());
        match self.values.get(setting.yaml) {
            None => {
                self.values.insert(setting.yaml, value);
            }
            // The key stands in its section and under its dotted name too.
            Some(other) if other.key.name() == key => {
                self.problems.push(SettingError::Key(line, None, format!("the key {key} is there twice")));
            }
            Some(other) if same(&other.text, &value.text) => {}
            Some(other) => {
                let other = other.key.name();
                let why = format!("and {other} say different things; remove one of the two");
                self.problems.push(SettingError::Value(setting, key, why));
            }
        }
    }

    /// Passes the content of the file on to `values`.
    pub(super) fn tell(self, file: &str, values: &mut Values) {
        if self.lacks_section {
            values.incomplete();
        }
        for problem in self.problems {
            match problem {
                SettingError::Key(line, meant, why) => {
                    values.odd_source(format!("{file}, line {line}: {why}"));
                    if let Some(setting) = meant {
                        values.was_meant(setting);
                    }
                }
                SettingError::Value(setting, key, why) => values.wrong(setting, format!("{key} in {file} {why}")),
            }
        }
        for value in self.values.into_values() {
            if let Key::Legacy(Legacy { alias: Some(alias), .. }) = value.key {
                alias.implies.iter().for_each(|(setting, text)| values.imply(setting, text));
            }
            if value.key.name().starts_with("oauth.") {
                values.has_oauth();
            }
            let source = Source::Yaml { key: value.key.name(), file: file.to_owned() };
            values.offer_as(value.setting, value.text, value.written, source);
        }
        if self.legacy.is_empty() {
            return;
        }
        legacy::IMPLIED.iter().for_each(|(setting, text)| values.imply(setting, text));
        let implied: Vec<_> =
            legacy::IMPLIED.iter().map(|(setting, text)| format!("{}: {text}", setting.yaml)).collect();
        let (keys, implied) = (self.legacy.join(", "), implied.join(", "));
        values.note(format!(
            "{file} has keys of another gateway ({keys}), so what it leaves open is taken as there: {implied}"
        ));
        if !self.unused.is_empty() {
            values.warn(format!("{file}: ignored, since they have no use here: {}", self.unused.join(", ")));
        }
    }
}

/// Returns whether two texts mean one value.
fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim().trim_end_matches('/'), b.trim().trim_end_matches('/'));
    a == b || items(a).zip(items(b)).is_some_and(|(a, b)| a == b)
}
