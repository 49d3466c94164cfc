//! Signals of the operating system to a running gateway.

use crate::audit_log::Reopen;
use crate::stack::Stack;

/// Completes at SIGTERM or Ctrl-C.
pub(crate) async fn terminated() {
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

/// A handler of SIGHUP: files of a running gateway have changed.
#[cfg(unix)]
pub(crate) struct HungUp(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl HungUp {
    /// Installs the handler, so that the signal does not end the process.
    pub(crate) fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    /// Reads the catalog again and reopens the audit log at each signal; never completes.
    pub(crate) async fn each(mut self, stack: &Stack, logs: &Reopen) {
        while let Some(signals) = &mut self.0
            && signals.recv().await.is_some()
        {
            logs.now();
            if let Some(live) = stack.live() {
                live.reload().await;
            }
        }
        std::future::pending::<()>().await;
    }
}

/// Other systems have no such signal.
#[cfg(not(unix))]
pub(crate) struct HungUp;

#[cfg(not(unix))]
impl HungUp {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) async fn each(self, _: &Stack, _: &Reopen) {
        std::future::pending::<()>().await;
    }
}
