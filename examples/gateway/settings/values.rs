//! What was given, as text, and where: the one place that decides who wins and how errors read.
//!
//! A problem ends nothing. It is noted, the reading goes on as if the setting had its default, and
//! [`Values::check`] tells all problems at once. What may only follow from one of them is not told.

use super::nearest::nearest;
use super::parse::ValueError;
use super::stop::Stop;
use super::table::{self, ALL, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// The ways to give a setting.
#[derive(Clone)]
pub(super) enum Source {
    Flag,
    Variable,
    /// A `.env` file of that name.
    Dotenv(String),
    /// A configuration file.
    Yaml {
        /// The key there, which may be one of another gateway.
        key: &'static str,
        file: String,
    },
    Default,
}

impl Source {
    /// The setting as the user wrote it.
    pub(super) fn name(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("--{}", setting.flag),
            Self::Variable | Self::Default => setting.variable.to_owned(),
            Self::Dotenv(file) => format!("{} in {file}", setting.variable),
            Self::Yaml { key, file } => format!("{key} in {file}"),
        }
    }
}

/// A text and where it came from.
struct Given {
    text: String,
    /// What stands there, if that is not the text.
    written: Option<String>,
    source: Source,
}

/// Something that stops the start.
struct SettingError {
    /// Its setting's place in the table; nothing if it is about a source of settings.
    row: Option<usize>,
    text: String,
}

/// All that was given so far. No `Debug`: there are secrets among it.
#[derive(Default)]
pub(super) struct Values {
    /// By variable.
    given: BTreeMap<&'static str, Given>,
    /// Whether the configuration file has anything to say below `oauth`.
    has_oauth: bool,
    /// What a file of another gateway goes without saying.
    implied: BTreeMap<&'static str, &'static str>,
    problems: Vec<SettingError>,
    /// Settings of which something is wrong.
    flawed: BTreeSet<&'static str>,
    /// Settings that may have been meant where something else was written.
    meant: BTreeSet<&'static str>,
    /// Some source could not be read, so that a setting may be missing only for that.
    incomplete: bool,
    /// What was odd in the sources. It may be the reason for a problem.
    oddities: Vec<String>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Values {
    /// Takes the value, unless an earlier source gave one.
    pub(super) fn offer(&mut self, setting: &Setting, text: String, source: Source) {
        self.offer_as(setting, text, None, source);
    }

    /// Takes the value of which something else stands in the source.
    pub(super) fn offer_as(&mut self, setting: &Setting, text: String, written: Option<String>, source: Source) {
        self.given.entry(setting.variable).or_insert(Given { text, written, source });
    }

    /// Takes a variable from the environment or a `.env` file.
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

    /// What counts in place of the default.
    pub(super) fn imply(&mut self, setting: &Setting, text: &'static str) {
        self.implied.insert(setting.variable, text);
    }

    /// Whether the configuration file is one of another gateway.
    pub(super) fn is_foreign(&self) -> bool {
        !self.implied.is_empty()
    }

    /// The configuration file says something below `oauth`.
    pub(super) fn has_oauth(&mut self) {
        self.has_oauth = true;
    }

    /// Whether users log in by OAuth, as long as nothing says whether they do.
    pub(super) fn wants_oauth(&self) -> bool {
        self.has_oauth || self.is_foreign()
    }

    /// A warning of how the sources are written.
    pub(super) fn odd(&mut self, text: String) {
        self.oddities.push(text);
    }

    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Warns of each of these that was given. To give the default, or nothing, changes nothing anyway.
    pub(super) fn ignored(&mut self, settings: &[&Setting], why: &str) {
        for setting in settings {
            let says = |text: &str| !text.is_empty() && setting.default != Some(text);
            let given = self.given.get(setting.variable).filter(|given| says(given.text.trim()));
            if let Some(name) = given.map(|given| given.source.name(setting)) {
                self.warn(format!("{name} is ignored: {why}"));
            }
        }
    }

    /// A source of settings that cannot be read, in part at least.
    pub(super) fn unreadable(&mut self, text: String) {
        self.incomplete = true;
        self.problems.push(SettingError { row: None, text });
    }

    /// Some source was not read to its end.
    pub(super) fn incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Something wrong with a source that has nothing to do with other settings.
    pub(super) fn odd_source(&mut self, text: String) {
        self.problems.push(SettingError { row: None, text });
    }

    /// What is wrong with the setting. Nothing else is said of it.
    pub(super) fn wrong(&mut self, setting: &Setting, text: String) {
        if self.flawed.insert(setting.variable) {
            self.problems.push(SettingError { row: row(setting), text });
        }
    }

    /// A value that is not even text, which `name` gave. With the wrong encoding more may be lost.
    pub(super) fn not_text(&mut self, setting: &Setting, name: &str) {
        self.wrong(setting, format!("{name} is not valid UTF-8"));
        self.incomplete();
    }

    /// Does not miss the setting: it may have been meant where something else was written.
    pub(super) fn was_meant(&mut self, setting: &Setting) {
        self.meant.insert(setting.variable);
    }

    /// Whether nothing can be said of how the setting goes with others.
    pub(super) fn is_flawed(&self, setting: &Setting) -> bool {
        self.flawed.contains(setting.variable) || self.meant.contains(setting.variable)
    }

    /// A value that is right by itself and does not go with the `others`, which must be right too for
    /// that to be known.
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

    /// A setting that is needed here, unless what is wrong with the `others` is why it seems so; `why`
    /// says what for.
    pub(super) fn missing(&mut self, setting: &Setting, others: &[&Setting], why: &str) {
        if self.incomplete || others.iter().any(|other| self.is_flawed(other)) {
            return;
        }
        let Setting { variable, flag, yaml, .. } = setting;
        let text = format!("{variable} is not set: {why} (or give --{flag}, or {yaml} in the configuration file)");
        self.wrong(setting, text);
    }

    /// All that is wrong, if anything is.
    pub(super) fn check(&self) -> Result<(), Stop> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.stop()) }
    }

    /// All that is wrong, in the order of the table.
    pub(super) fn stop(&self) -> Stop {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|problem| problem.row);
        let oddities = self.oddities.iter().map(String::as_str);
        Stop::errors(problems.iter().map(|problem| problem.text.as_str()), oddities)
    }

    /// The warnings and the notes, when all else has been read.
    pub(super) fn into_warnings(self) -> (Vec<String>, Vec<String>) {
        let Self { mut oddities, warnings, notes, .. } = self;
        oddities.extend(warnings);
        (oddities, notes)
    }

    /// Where the setting was given, in the user's words; nothing if it was not.
    pub(super) fn given(&self, setting: &Setting) -> Option<String> {
        self.given.get(setting.variable).map(|given| given.source.name(setting))
    }

    /// The key of the configuration file that gave the setting, if it did.
    pub(super) fn key(&self, setting: &Setting) -> Option<&'static str> {
        match self.given.get(setting.variable)?.source {
            Source::Yaml { key, .. } => Some(key),
            _ => None,
        }
    }

    /// A setting that may be left out and has no default. What is wrong is noted, and nothing is set.
    pub(super) fn optional<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let unsaid = self.implied.get(setting.variable).copied().or(setting.default);
        let default = || unsaid.map(|text| Given { text: text.to_owned(), written: None, source: Source::Default });
        let default = if self.given.contains_key(setting.variable) { None } else { default() };
        let given = self.given.get(setting.variable).or(default.as_ref())?;
        // A blank at the end of a password is part of it; elsewhere it is a slip.
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

    /// A setting that must be there; `why` says when and what for. What is wrong is noted, and it is not
    /// missed where something is wrong with the `others`.
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

    /// A setting that has a default, which also counts where a wrong value was given and noted.
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

/// The place of a setting in the table.
fn row(setting: &Setting) -> Option<usize> {
    let variable =
        if setting.variable == table::OAUTH_ENABLED.variable { table::AUTH_MODE.variable } else { setting.variable };
    ALL.iter().position(|known| known.variable == variable)
}

/// The message for a value that is not allowed.
fn refusal(setting: &Setting, given: &Given, refused: ValueError) -> String {
    let name = given.source.name(setting);
    let ValueError { shown, why } = refused;
    if setting.secret {
        return format!("{name} (value not shown): {why}");
    }
    let text = given.written.as_deref().unwrap_or_else(|| given.text.trim());
    format!("{name} is \"{}\": {why}", self::shown(shown.as_deref().unwrap_or(text)))
}

/// A text of unknown content, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}
