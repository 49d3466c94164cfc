//! [`ToolCall`]: a request about tools, from its start to its event.

use super::TARGET;
use super::event::heard;
use super::reason::Verdict;
use crate::identity::Identity;
use crate::rpc::label::shown;
use crate::rpc::{RequestId, Version};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;
#[cfg(any(feature = "alias", feature = "audit"))]
use {crate::net::remote, crate::rpc::Request, crate::rpc::Told};

/// A list or call of tools that causes exactly one event. Dropped before its end, it counts as cancelled.
#[derive(Debug)]
pub(crate) struct ToolCall {
    subject: Subject,
    since: Instant,
    identity: Option<Identity>,
    remote: Option<IpAddr>,
    /// The revision of MCP; `None` for REST.
    version: Option<Version>,
    request: RequestId,
    #[cfg(any(feature = "alias", feature = "audit"))]
    told: Option<Told>,
    ended: bool,
}

#[derive(Debug)]
enum Subject {
    #[cfg(feature = "audit")]
    List {
        count: Option<usize>,
    },
    Call {
        tool: Option<String>,
    },
}

impl Subject {
    fn call(tool: Option<&str>) -> Self {
        Self::Call { tool: tool.map(|name| shown(name).to_owned()) }
    }
}

impl ToolCall {
    /// Starts a call of `tool`, by its name in 1C, over the REST endpoints; `None` while no subscriber listens.
    #[cfg(feature = "rest")]
    pub(crate) fn over_rest(
        tool: &str,
        caller: Option<&Identity>,
        remote: Option<IpAddr>,
        request: RequestId,
    ) -> Option<Self> {
        heard().then(|| {
            let mut begun = Self::begin(Subject::call(Some(tool)), remote, request);
            begun.identity = caller.cloned();
            begun
        })
    }

    /// Starts the call of `tool`, by its name in 1C, that this request makes; `None` while no subscriber listens.
    #[cfg(any(feature = "alias", feature = "audit"))]
    pub(crate) fn of(request: &Request, tool: Option<&str>) -> Option<Self> {
        heard().then(|| Self::asked(request, Subject::call(tool)))
    }

    /// Starts the list of tools that this request asks for; `None` while no subscriber listens.
    #[cfg(feature = "audit")]
    pub(crate) fn of_list(request: &Request) -> Option<Self> {
        heard().then(|| Self::asked(request, Subject::List { count: None }))
    }

    #[cfg(any(feature = "alias", feature = "audit"))]
    fn asked(request: &Request, subject: Subject) -> Self {
        let extensions = &request.extensions;
        let mut begun = Self::begin(subject, remote(extensions.get(), extensions.get()), request.id);
        begun.identity = extensions.get().cloned();
        begun.version = Some(request.version);
        begun.told = extensions.get().cloned();
        begun
    }

    fn begin(subject: Subject, remote: Option<IpAddr>, request: RequestId) -> Self {
        Self {
            subject,
            since: Instant::now(),
            identity: None,
            remote,
            version: None,
            request,
            #[cfg(any(feature = "alias", feature = "audit"))]
            told: None,
            ended: false,
        }
    }

    /// Sets the number of tools in a list, if it is known; does nothing for a call.
    #[cfg(feature = "audit")]
    pub(crate) fn count(&mut self, tools: impl FnOnce() -> Option<usize>) {
        if let Subject::List { count } = &mut self.subject {
            *count = tools();
        }
    }

    /// Emits the event.
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.emit(verdict);
    }

    /// Emits no event: another layer reports the request.
    #[cfg(feature = "alias")]
    pub(crate) fn forget(mut self) {
        self.ended = true;
    }

    fn emit(&mut self, verdict: Verdict) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        #[cfg(any(feature = "alias", feature = "audit"))]
        if let Some(told) = &self.told {
            told.set();
        }
        let Verdict { ok, reason, status, upstream } = verdict;
        let sub = self.identity.as_ref().map(|identity| shown(identity.subject()));
        let client_id = self.identity.as_ref().and_then(Identity::client).map(shown);
        let remote = self.remote.map(tracing::field::display);
        let version = self.version.map(Version::as_str);
        let request_id = tracing::field::display(self.request);
        let (duration_ms, onec_ms) = (millis(self.since.elapsed()), upstream.map(millis));
        match &self.subject {
            #[cfg(feature = "audit")]
            Subject::List { count } => tracing::info!(
                target: TARGET,
                event = "mcp.tool.list",
                sub,
                client_id,
                remote,
                ok,
                count = *count,
                version,
                status,
                duration_ms,
                onec_ms,
                request_id,
                reason,
            ),
            Subject::Call { tool } => tracing::info!(
                target: TARGET,
                event = "mcp.tool.call",
                sub,
                client_id,
                remote,
                tool,
                ok,
                version,
                status,
                duration_ms,
                onec_ms,
                request_id,
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
