//! The log level: [`LogLevel`].

use super::parse::{Parsed, refused};

/// The lowest level of events in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Details for debugging, and all below.
    Debug,
    /// Normal events, and all below.
    Info,
    /// Warnings, and all below.
    Warning,
    /// Errors only.
    Error,
}

pub(super) fn log_level(text: &str) -> Parsed<LogLevel> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "DEBUG" => LogLevel::Debug,
        "INFO" => LogLevel::Info,
        "WARNING" => LogLevel::Warning,
        "ERROR" => LogLevel::Error,
        _ => return Err(refused("expected DEBUG, INFO, WARNING or ERROR")),
    })
}
