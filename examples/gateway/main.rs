//! The complete gateway: MCP over stdio or HTTP on one side, a 1C infobase on the other.
//!
//! `gateway --help` lists every setting. The pieces, in the order a start goes through them:
//! [`settings`], [`logging`], [`infobase`] (the leaf, or the demo), [`stack`] (what is served over
//! it), then one of [`stdio`], [`http`] (behind [`auth`]) and [`check`].

mod about;
mod access;
mod audit_log;
mod auth;
mod check;
mod connections;
mod endpoints;
mod http;
mod infobase;
mod lines;
mod logging;
mod oauth;
mod open_files;
mod output;
mod rest;
mod server;
mod settings;
mod signals;
mod stack;
mod standard_error;
mod stdio;
#[cfg(test)]
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(test)]
mod tests;
mod visible;

use audit_log::Reopen;
use settings::{Mode, Settings, Stop, Stream};
use signals::HungUp;
use stack::Stack;
use standard_error::StandardError;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Any error of a start, as one line.
pub(crate) use onec_mcp::rpc::BoxError;

fn main() -> ExitCode {
    // Without the thread no message can be written.
    let Ok(standard_error) = StandardError::start() else { return ExitCode::from(2) };
    let here = std::env::current_dir().unwrap_or_default();
    let end = match settings::load(std::env::args_os(), std::env::vars_os(), &here) {
        Ok(settings) => start(&standard_error, settings),
        Err(Stop { text, stream: Stream::Stdout, code }) => output::print(&text, ExitCode::from(code)),
        Err(Stop { text, stream: Stream::Stderr, code }) => {
            standard_error.say(&text);
            Ok(ExitCode::from(code))
        }
    };
    end.unwrap_or_else(|error| {
        standard_error.say(&format!("error: {error}"));
        ExitCode::from(2)
    })
}

fn start(standard_error: &StandardError, settings: Settings) -> Result<ExitCode, BoxError> {
    // `check` tries the file of the audit trail itself.
    let audit_log = settings.audit_log.as_deref().filter(|_| settings.mode != Mode::Check);
    let logs = logging::start(standard_error, settings.log_level, audit_log, &settings.names.audit_log)?;
    for note in &settings.notes {
        tracing::info!("{note}");
    }
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let end = runtime.block_on(run(settings, logs.reopen()));
    // A blocking read of standard input cannot be cancelled, so do not wait for it.
    runtime.shutdown_background();
    end
}

async fn run(settings: Settings, logs: Reopen) -> Result<ExitCode, BoxError> {
    let hung_up = HungUp::new();
    let infobase = infobase::open(&settings).await?;
    if settings.mode == Mode::Check {
        return tokio::select! {
            biased;
            end = output::failed() => end,
            end = check::run(&settings, &infobase) => Ok(end),
        };
    }
    let stop = CancellationToken::new();
    let bridge = stack::bridge(&settings, &infobase, stop.clone().cancelled_owned());
    let stack = Stack::new(&settings, &infobase);
    tracing::info!(onec = infobase.address(), auth = settings.auth.mode(), "starting");
    let serve = async {
        match settings.mode {
            Mode::Stdio => stdio::serve(bridge, &stack).await,
            _ => http::serve(bridge, &stack, &infobase, &settings, &stop).await,
        }
    };
    let signals = async {
        signals::terminated().await;
        tracing::info!("stopping");
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        end = serve => end?,
        () = signals => {}
        () = hung_up.each(&stack, &logs) => {}
    }
    infobase.close().await;
    Ok(ExitCode::SUCCESS)
}
