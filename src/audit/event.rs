//! The audit trail: one structured event each, through `tracing` under the target
//! `onec_mcp::audit`. Never a token, code, key, password or argument.

use crate::identity::{Identity, Scopes};
use std::net::IpAddr;

/// One event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Event<'a> {
    /// For example `oauth.code.issued`.
    pub(crate) name: &'static str,
    /// Who, where that is known.
    pub(crate) sub: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) remote: Option<IpAddr>,
    /// Why something was refused.
    pub(crate) reason: Option<&'a str>,
}

impl Event<'_> {
    pub(crate) fn emit(self) {
        let Self { name, sub, client_id, remote, reason } = self;
        tracing::info!(
            target: "onec_mcp::audit",
            event = name,
            sub = sub.map(shown),
            client_id = client_id.map(shown),
            remote = remote.map(tracing::field::display),
            reason,
        );
    }
}

/// What others chose is shown in part only.
fn shown(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

/// `oauth.scope.denied`
pub(crate) fn scope_denied(identity: Option<&Identity>, tool: Option<&str>, required: &Scopes) {
    tracing::info!(
        target: "onec_mcp::audit",
        event = "oauth.scope.denied",
        sub = identity.map(|identity| shown(identity.subject())),
        client_id = identity.and_then(Identity::client).map(shown),
        tool = tool.map(shown),
        required = %required,
        have = identity.map(|identity| tracing::field::display(identity.scopes())),
    );
}
