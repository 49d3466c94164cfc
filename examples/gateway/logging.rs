//! The log on standard error, since standard output belongs to MCP. The audit trail goes to the log, or to a
//! file of its own.

use crate::BoxError;
use crate::audit_log::{AuditLog, Reopen};
use crate::settings::LogLevel;
use crate::standard_error::StandardError;
use crate::visible::EscapedFields;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The writers of the logs. Dropping it writes the waiting lines.
#[derive(Debug)]
pub(crate) struct Logs {
    audit: Option<AuditLog>,
}

impl Logs {
    /// Returns the handle for SIGHUP.
    pub(crate) fn reopen(&self) -> Reopen {
        self.audit.as_ref().map(AuditLog::reopen).unwrap_or_default()
    }
}

/// Starts the log on standard error: this program's events at `level` and above, and warnings and errors of its
/// libraries.
///
/// `audit_log` sends the audit trail to that file only, at any level; `name` is the setting that gave it.
///
/// # Errors
/// The file cannot be opened.
pub(crate) fn start(
    standard_error: &StandardError,
    level: LogLevel,
    audit_log: Option<&Path>,
    name: &str,
) -> Result<Logs, BoxError> {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let (layer, audit) = match audit_log {
        Some(path) => {
            let opened = AuditLog::at(path);
            let (layer, log) =
                opened.map_err(|error| format!("{name}: cannot open the file {}: {error}", path.display()))?;
            (Some(layer), Some(log))
        }
        None => (None, None),
    };
    let libraries = level.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(libraries).with_target("onec_mcp", level).with_target("gateway", level);
    let targets =
        if audit.is_some() { targets.with_target(onec_mcp::audit::TARGET, LevelFilter::OFF) } else { targets };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(standard_error.lines())
        .with_ansi(stderr().is_terminal())
        .fmt_fields(EscapedFields::default())
        // Internal errors would go to standard error directly, and block.
        .log_internal_errors(false);
    let trail = Targets::new().with_target(onec_mcp::audit::TARGET, LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .with(layer.map(|layer| layer.with_filter(trail)))
        .init();
    Ok(Logs { audit })
}
