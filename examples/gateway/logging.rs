//! Logs, on standard error: standard output belongs to MCP. The audit trail among them, or in a file of
//! its own.

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

/// What must live as long as there is something to log: its end writes what waits to be written.
#[derive(Debug)]
pub(crate) struct Logs {
    audit: Option<AuditLog>,
}

impl Logs {
    /// For whoever hears SIGHUP.
    pub(crate) fn reopen(&self) -> Reopen {
        self.audit.as_ref().map(AuditLog::reopen).unwrap_or_default()
    }
}

/// On standard error this program's events at `level` and above, those of its libraries from warnings up. With
/// `audit_log`, given under that `name`, the audit trail goes to that file, whatever the level, and nowhere else.
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
        // It would tell of them on standard error, and wait.
        .log_internal_errors(false);
    let trail = Targets::new().with_target(onec_mcp::audit::TARGET, LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .with(layer.map(|layer| layer.with_filter(trail)))
        .init();
    Ok(Logs { audit })
}
