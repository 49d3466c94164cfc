//! The complete gateway: MCP over stdio or HTTP on one side, a 1C infobase on the other.
//!
//! `gateway --help` lists every setting. The pieces, in the order a start goes through them:
//! [`settings`], [`logging`], [`infobase`] (the leaf, or the demo), then one of [`stdio`],
//! [`http`] (behind [`auth`]) and [`check`].

mod about;
mod audit_log;
mod auth;
mod check;
mod http;
mod infobase;
mod logging;
mod oauth;
mod server;
mod settings;
mod stdio;

use onec_mcp::Bridge;
use onec_mcp::rpc::ServerInfo;
use settings::{Mode, Settings};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Any error of a start, said in one line.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = match settings::load(std::env::args_os(), std::env::vars_os(), &here) {
        Ok(settings) => settings,
        Err(stop) => return stop.print(),
    };
    let _logs = match logging::start(settings.log_level, None) {
        Ok(logs) => logs,
        Err(error) => return failed(&error),
    };
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let end = runtime.block_on(run(settings));
    // A read of standard input cannot be cancelled; nobody waits for it.
    runtime.shutdown_background();
    end.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &Failure) -> ExitCode {
    eprintln!("gateway: {error}");
    ExitCode::from(2)
}

async fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let infobase = infobase::open(&settings).await?;
    if settings.mode == Mode::Check {
        return Ok(check::run(&settings, &infobase).await);
    }
    let stop = CancellationToken::new();
    let server = ServerInfo::new(&settings.server_name, &settings.server_version);
    let bridge = Bridge::new(server).shutdown(stop.clone());
    tracing::info!(onec = infobase.address(), auth = settings.auth.mode(), "starting");
    let serve = async {
        match settings.mode {
            Mode::Stdio => stdio::serve(bridge, &infobase).await,
            _ => http::serve(bridge, &infobase, &settings, &stop).await,
        }
    };
    let signals = async {
        terminated().await;
        tracing::info!("stopping");
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        end = serve => end?,
        () = signals => {}
    }
    infobase.close().await;
    Ok(ExitCode::SUCCESS)
}

/// SIGTERM or Ctrl-C.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
