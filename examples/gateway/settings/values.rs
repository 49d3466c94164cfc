//! What was given, as text, and where: the one place that decides who wins and how errors read.

use super::nearest::nearest;
use super::parse::Refused;
use super::stop::Stop;
use super::table::{self, ALL, Setting};
use std::collections::BTreeMap;

/// The ways to give a setting.
#[derive(Clone)]
pub(super) enum Source {
    Flag,
    Variable,
    /// A `.env` file of that name.
    Dotenv(String),
    /// A configuration file of that name.
    Yaml(String),
    Default,
}

impl Source {
    /// The setting as the user wrote it.
    pub(super) fn name(&self, setting: &Setting) -> String {
        match self {
            Self::Flag => format!("--{}", setting.flag),
            Self::Variable | Self::Default => setting.variable.to_owned(),
            Self::Dotenv(file) => format!("{} in {file}", setting.variable),
            Self::Yaml(file) => format!("{} in {file}", setting.yaml),
        }
    }
}

/// All that was given so far. No `Debug`: there are secrets among it.
#[derive(Default)]
pub(super) struct Values {
    /// By variable.
    given: BTreeMap<&'static str, (String, Source)>,
    warnings: Vec<String>,
}

impl Values {
    /// Takes the value, unless an earlier source gave one.
    pub(super) fn offer(&mut self, setting: &Setting, text: String, source: Source) {
        self.given.entry(setting.variable).or_insert((text, source));
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
        let hint = nearest(name, ALL.iter().map(|setting| setting.variable)).unwrap_or_default();
        self.warn(format!("{place} is ignored: there is no such setting; the nearest is {hint}"));
    }

    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// Warns of each of these that was given.
    pub(super) fn ignored(&mut self, settings: &[&Setting], why: &str) {
        for setting in settings {
            if let Some(name) = self.given(setting) {
                self.warn(format!("{name} is ignored: {why}"));
            }
        }
    }

    /// The message for a value that is right by itself and does not go with the others.
    pub(super) fn refuse(&self, setting: &Setting, why: &str) -> Stop {
        let (text, source) =
            self.given.get(setting.variable).map_or(("", &Source::Default), |(text, source)| (text, source));
        error(setting, source, text, super::parse::refused(why))
    }

    /// The warnings, when all else has been read.
    pub(super) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// Where the setting was given, in the user's words; nothing if it was not.
    pub(super) fn given(&self, setting: &Setting) -> Option<String> {
        self.given.get(setting.variable).map(|(_, source)| source.name(setting))
    }

    /// A setting that may be left out and has no default.
    pub(super) fn optional<T>(
        &self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Result<Option<T>, Stop> {
        let given = self.given.get(setting.variable).map(|(text, source)| (text.as_str(), source));
        let Some((text, source)) = given.or(setting.default.map(|text| (text, &Source::Default))) else {
            return Ok(None);
        };
        // A blank at the end of a password is part of it; elsewhere it is a slip.
        let text = if setting.secret { text } else { text.trim() };
        parse(text).map(Some).map_err(|refused| error(setting, source, text, refused))
    }

    /// A setting that must be there; `why` says when and what for.
    pub(super) fn required<T>(
        &self,
        setting: &Setting,
        why: &str,
        parse: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Result<T, Stop> {
        let Setting { variable, flag, yaml, .. } = setting;
        self.optional(setting, parse)?.ok_or_else(|| {
            Stop::error(format!("{variable} is not set: {why} (or give --{flag}, or {yaml} in the configuration file)"))
        })
    }

    /// A setting that has a default.
    pub(super) fn get<T>(&self, setting: &Setting, parse: impl FnOnce(&str) -> Result<T, Refused>) -> Result<T, Stop> {
        self.required(setting, "it has no default", parse)
    }
}

fn error(setting: &Setting, source: &Source, text: &str, refused: Refused) -> Stop {
    let name = source.name(setting);
    let Refused { shown, why } = refused;
    if setting.secret {
        return Stop::error(format!("{name} (value not shown): {why}"));
    }
    let shown: String = shown.as_deref().unwrap_or(text).chars().take(200).collect();
    Stop::error(format!("{name} is \"{}\": {why}", shown.replace(char::is_control, "?")))
}
