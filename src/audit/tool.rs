//! [`ToolCall`]: a request about tools, from its beginning to its one event.

use super::TARGET;
use super::event::{heard, shown};
use super::reason::Verdict;
use crate::identity::Identity;
use std::net::IpAddr;
use tokio::time::Instant;

/// A request that will be one event, whatever becomes of it: dropped before its end it was cancelled.
#[derive(Debug)]
pub(crate) struct ToolCall {
    kind: Kind,
    identity: Option<Identity>,
    remote: Option<IpAddr>,
    ended: bool,
}

#[derive(Debug)]
enum Kind {
    #[cfg(feature = "audit")]
    List {
        count: Option<usize>,
    },
    Call {
        tool: Option<String>,
        since: Instant,
    },
}

impl ToolCall {
    /// A call of `tool`, by its name in 1C, begins; `None` while nobody listens.
    pub(crate) fn begin(tool: Option<&str>, identity: Option<&Identity>, remote: Option<IpAddr>) -> Option<Self> {
        let kind = || Kind::Call { tool: tool.map(|name| shown(name).to_owned()), since: Instant::now() };
        heard().then(|| Self { kind: kind(), identity: identity.cloned(), remote, ended: false })
    }

    /// The same of a list of tools.
    #[cfg(feature = "audit")]
    pub(crate) fn begin_list(identity: Option<&Identity>, remote: Option<IpAddr>) -> Option<Self> {
        heard().then(|| Self { kind: Kind::List { count: None }, identity: identity.cloned(), remote, ended: false })
    }

    /// A list has so many tools, if it can be told; a call has none to count.
    #[cfg(feature = "audit")]
    pub(crate) fn count(&mut self, tools: impl FnOnce() -> Option<usize>) {
        if let Kind::List { count } = &mut self.kind {
            *count = tools();
        }
    }

    /// It ended so.
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.emit(verdict);
    }

    /// Somebody else will tell of it.
    #[cfg(feature = "alias")]
    pub(crate) fn forget(mut self) {
        self.ended = true;
    }

    fn emit(&mut self, Verdict { ok, reason }: Verdict) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let sub = self.identity.as_ref().map(|identity| shown(identity.subject()));
        let client_id = self.identity.as_ref().and_then(Identity::client).map(shown);
        let remote = self.remote.map(tracing::field::display);
        match &self.kind {
            #[cfg(feature = "audit")]
            Kind::List { count } => tracing::info!(
                target: TARGET,
                event = "mcp.tool.list",
                sub,
                client_id,
                remote,
                ok,
                count = *count,
                reason,
            ),
            Kind::Call { tool, since } => tracing::info!(
                target: TARGET,
                event = "mcp.tool.call",
                sub,
                client_id,
                remote,
                tool,
                ok,
                duration_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
                reason,
            ),
        }
    }
}

impl Drop for ToolCall {
    fn drop(&mut self) {
        self.emit(Verdict::failed("cancelled"));
    }
}
