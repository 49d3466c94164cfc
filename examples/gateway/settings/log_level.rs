//! [`LogLevel`].

use super::parse::{Parsed, refused};

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Everything.
    Debug,
    /// What is done.
    Info,
    /// What looks wrong.
    Warning,
    /// What failed.
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
