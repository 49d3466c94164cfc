//! The given settings as text, with their sources: the one place that decides which source counts and how errors read.
//!
//! An error does not end the reading. It is noted, the setting gets its default, and [`Values::check`] reports
//! all errors at once, except those that may only follow from another one.

use super::nearest::nearest;
use super::parse::ValueError;
use super::stop::Stop;
use super::table::{self, ALL, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// The source of a setting.
#[derive(Clone)]
pub(super) enum Source {
    Flag,
    Variable,
    /// A `.env` file with this name.
    Dotenv(String),
    /// A configuration file.
    Yaml {
        /// The key in the file, which may be one of the gateway in Go.
        key: &'static str,
        file: String,
    },
    Default,
}

impl Source {
    /// Returns the setting as the user wrote it.
    pub(super) fn name(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("--{}", setting.flag),
            Self::Variable | Self::Default => setting.variable.to_owned(),
            Self::Dotenv(file) => format!("{} in {file}", setting.variable),
            Self::Yaml { key, file } => format!("{key} in {file}"),
        }
    }
}

/// A text and its source.
struct Given {
    text: String,
    /// The text in the source, if it differs.
    written: Option<String>,
    source: Source,
}

/// An error that stops the start.
struct SettingError {
    /// The index of the setting in the table; `None` for an error of a source.
    row: Option<usize>,
    text: String,
}

/// All settings given so far. No `Debug`, since some are secrets.
#[derive(Default)]
pub(super) struct Values {
    /// The given settings, by variable.
    given: BTreeMap<&'static str, Given>,
    /// Whether the configuration file has a key below `oauth`.
    has_oauth: bool,
    /// Values implied by a file of the gateway in Go.
    implied: BTreeMap<&'static str, &'static str>,
    problems: Vec<SettingError>,
    /// Settings with an error.
    flawed: BTreeSet<&'static str>,
    /// Settings that may have been meant by a wrong name.
    meant: BTreeSet<&'static str>,
    /// Whether some source could not be read in full, so that a setting may seem to be missing.
    incomplete: bool,
    /// Oddities in the sources, which may be the cause of an error.
    oddities: Vec<String>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Values {
    /// Adds the value, unless an earlier source gave one.
    pub(super) fn offer(&mut self, setting: &Setting, text: String, source: Source) {
        self.offer_as(setting, text, None, source);
    }

    /// Adds the value, whose text in the source is `written`.
    pub(super) fn offer_as(&mut self, setting: &Setting, text: String, written: Option<String>, source: Source) {
        self.given.entry(setting.variable).or_insert(Given { text, written, source });
    }

    /// Adds a variable from the environment or a `.env` file.
    pub(super) fn variable(&mut self, name: &str, text: String, source: &Source) {
        if let Some(setting) = table::by_variable(name) {
            if setting.may_be_empty || !text.is_empty() {
                self.offer(setting, text, source.clone());
            }
            return;
        }
        if text.is_empty() {
            return;
        }
        let place = match source {
            Source::Dotenv(file) => format!("{name} in {file}"),
            _ => name.to_owned(),
        };
        let is_secret = |name: &str| table::by_variable(name).is_some_and(|setting| setting.secret);
        let hint = nearest(name, ALL.iter().map(|setting| setting.variable), is_secret);
        let hint = hint.map(|hint| format!("; the nearest is {hint}")).unwrap_or_default();
        self.odd(format!("{place} is ignored: there is no such setting{hint}"));
    }

    /// Sets a value in place of the default.
    pub(super) fn imply(&mut self, setting: &Setting, text: &'static str) {
        self.implied.insert(setting.variable, text);
    }

    /// Returns whether the configuration file is one of the gateway in Go.
    pub(super) fn is_foreign(&self) -> bool {
        !self.implied.is_empty()
    }

    /// Notes that the configuration file has a key below `oauth`.
    pub(super) fn has_oauth(&mut self) {
        self.has_oauth = true;
    }

    /// Returns whether users log in by OAuth if no setting says whether they do.
    pub(super) fn wants_oauth(&self) -> bool {
        self.has_oauth || self.is_foreign()
    }

    /// Adds a warning about how a source is written.
    pub(super) fn odd(&mut self, text: String) {
        self.oddities.push(text);
    }

    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Warns of each of these settings that was given with a value other than the default.
    pub(super) fn ignored(&mut self, settings: &[&Setting], why: &str) {
        for setting in settings {
            let says = |text: &str| !text.is_empty() && setting.default != Some(text);
            let given = self.given.get(setting.variable).filter(|given| says(given.text.trim()));
            if let Some(name) = given.map(|given| given.source.name(setting)) {
                self.warn(format!("{name} is ignored: {why}"));
            }
        }
    }

    /// Notes a source that cannot be read, at least in part.
    pub(super) fn unreadable(&mut self, text: String) {
        self.incomplete = true;
        self.problems.push(SettingError { row: None, text });
    }

    /// Notes that some source was not read to its end.
    pub(super) fn incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Notes an error in a source that does not affect other settings.
    pub(super) fn odd_source(&mut self, text: String) {
        self.problems.push(SettingError { row: None, text });
    }

    /// Notes an error in the setting; only the first one is reported.
    pub(super) fn wrong(&mut self, setting: &Setting, text: String) {
        if self.flawed.insert(setting.variable) {
            self.problems.push(SettingError { row: row(setting), text });
        }
    }

    /// Notes a value under `name` that is not valid text. A wrong encoding may hide more.
    pub(super) fn not_text(&mut self, setting: &Setting, name: &str) {
        self.wrong(setting, format!("{name} is not valid UTF-8"));
        self.incomplete();
    }

    /// Does not report the setting as missing: it may have been meant by a wrong name.
    pub(super) fn was_meant(&mut self, setting: &Setting) {
        self.meant.insert(setting.variable);
    }

    /// Returns whether the setting has an error, so that it cannot be checked against others.
    pub(super) fn is_flawed(&self, setting: &Setting) -> bool {
        self.flawed.contains(setting.variable) || self.meant.contains(setting.variable)
    }

    /// Notes a valid value that does not fit the `others`; not reported if one of those has an error.
    pub(super) fn conflict(&mut self, setting: &Setting, others: &[&Setting], why: &str) {
        if self.is_flawed(setting) || others.iter().any(|other| self.is_flawed(other)) {
            return;
        }
        let text = match self.given.get(setting.variable) {
            Some(given) => refusal(setting, given, super::parse::refused(why)),
            None => format!("{}: {why}", setting.variable),
        };
        self.problems.push(SettingError { row: row(setting), text });
    }

    /// Notes a missing setting; not reported if an error in the `others` may be the cause. `why` says what it
    /// is needed for.
    pub(super) fn missing(&mut self, setting: &Setting, others: &[&Setting], why: &str) {
        if self.incomplete || others.iter().any(|other| self.is_flawed(other)) {
            return;
        }
        let Setting { variable, flag, yaml, .. } = setting;
        let text = format!("{variable} is not set: {why} (or give --{flag}, or {yaml} in the configuration file)");
        self.wrong(setting, text);
    }

    /// Returns all errors, if there are any.
    pub(super) fn check(&self) -> Result<(), Stop> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.stop()) }
    }

    /// Returns all errors, in the order of the table.
    pub(super) fn stop(&self) -> Stop {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|problem| problem.row);
        let oddities = self.oddities.iter().map(String::as_str);
        Stop::errors(problems.iter().map(|problem| problem.text.as_str()), oddities)
    }

    /// Returns the warnings and the notes, after everything else was read.
    pub(super) fn into_warnings(self) -> (Vec<String>, Vec<String>) {
        let Self { mut oddities, warnings, notes, .. } = self;
        oddities.extend(warnings);
        (oddities, notes)
    }

    /// Returns the name under which the setting was given, if it was.
    pub(super) fn given(&self, setting: &Setting) -> Option<String> {
        self.given.get(setting.variable).map(|given| given.source.name(setting))
    }

    /// Returns the key of the configuration file that gave the setting, if one did.
    pub(super) fn key(&self, setting: &Setting) -> Option<&'static str> {
        match self.given.get(setting.variable)?.source {
            Source::Yaml { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Returns an optional setting without a default. An error is noted, and the setting counts as not given.
    pub(super) fn optional<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let unsaid = self.implied.get(setting.variable).copied().or(setting.default);
        let default = || unsaid.map(|text| Given { text: text.to_owned(), written: None, source: Source::Default });
        let default = if self.given.contains_key(setting.variable) { None } else { default() };
        let given = self.given.get(setting.variable).or(default.as_ref())?;
        // A blank at the end of a password is part of it; elsewhere it is a mistake.
        let text = if setting.secret { &given.text } else { given.text.trim() };
        match parse(text) {
            Ok(value) => Some(value),
            Err(refused) => {
                let text = refusal(setting, given, refused);
                self.wrong(setting, text);
                None
            }
        }
    }

    /// Returns a required setting; `why` says when and for what. An error is noted, and a missing one is not
    /// reported if one of the `others` has an error.
    pub(super) fn required<T>(
        &mut self,
        setting: &Setting,
        others: &[&Setting],
        why: &str,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let value = self.optional(setting, parse);
        if value.is_none() && !self.is_flawed(setting) {
            self.missing(setting, others, why);
        }
        value
    }

    /// Returns a setting with a default, which replaces a wrong value too.
    ///
    /// # Errors
    /// The default itself is wrong.
    pub(super) fn get<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<T, Stop> {
        if let Some(value) = self.optional(setting, &parse) {
            return Ok(value);
        }
        parse(setting.default.unwrap_or_default()).map_err(|_| self.stop())
    }
}

/// Returns the index of a setting in the table.
fn row(setting: &Setting) -> Option<usize> {
    let variable =
        if setting.variable == table::OAUTH_ENABLED.variable { table::AUTH_MODE.variable } else { setting.variable };
    ALL.iter().position(|known| known.variable == variable)
}

/// Returns the message for a value that is not allowed.
fn refusal(setting: &Setting, given: &Given, refused: ValueError) -> String {
    let name = given.source.name(setting);
    let ValueError { shown, why } = refused;
    if setting.secret {
        return format!("{name} (value not shown): {why}");
    }
    let text = given.written.as_deref().unwrap_or_else(|| given.text.trim());
    format!("{name} is \"{}\": {why}", self::shown(shown.as_deref().unwrap_or(text)))
}

/// Returns a text of unknown content, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}
