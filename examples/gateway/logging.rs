//! Logs, on standard error: standard output belongs to MCP.

use crate::settings::LogLevel;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// This program's events at `level` and above, those of its libraries from warnings up.
pub(crate) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let libraries = level.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(libraries).with_target("onec_mcp", level).with_target("gateway", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(targets).init();
}
