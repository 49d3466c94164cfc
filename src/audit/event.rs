//! The audit events, as they are given to `tracing`.

use super::TARGET;
use crate::identity::{Identity, Scopes};
use crate::net::remote;
use crate::net::sampler::{From, Sampler, Sum};
use crate::rpc::Extensions;
use crate::rpc::label::shown;
use std::net::IpAddr;

/// An audit event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Event<'a> {
    /// The event's name, such as `oauth.code.issued`.
    pub(crate) name: &'static str,
    /// The caller's subject, if known.
    pub(crate) sub: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) remote: Option<IpAddr>,
    /// The reason why something was refused.
    pub(crate) reason: Option<&'a str>,
}

impl Event<'_> {
    pub(crate) fn emit(self) {
        let Self { name, sub, client_id, remote, reason } = self;
        tracing::info!(
            target: TARGET,
            event = name,
            sub = sub.map(shown),
            client_id = client_id.map(shown),
            remote = remote.map(tracing::field::display),
            reason,
        );
    }
}

impl Event<'_> {
    /// Emits an event that unauthenticated callers can cause in any number: up to a limit, the rest as a sum.
    pub(crate) fn emit_some(self, reason: Option<&'static str>, sampler: &Sampler) {
        if heard() && sampler.admits(self.remote, (self.name, reason.unwrap_or_default())) {
            Event { reason, ..self }.emit();
        }
    }
}

/// Returns a sampler for [`Event::emit_some`].
pub(crate) fn sampler() -> Sampler {
    Sampler::new(|&Sum { more, from, like }| {
        let (event, reason) = like.unzip();
        let reason = reason.filter(|reason| !reason.is_empty());
        let remote = (from != From::Unknown).then_some(from);
        tracing::info!(target: TARGET, event, remote = remote.map(tracing::field::display), reason, more);
    })
}

/// Returns whether a subscriber listens to the audit trail.
pub(crate) fn heard() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

/// Emits `oauth.scope.denied` for a request with these extensions.
pub(crate) fn scope_denied(extensions: &Extensions, tool: Option<&str>, required: &Scopes) {
    let identity = extensions.get::<Identity>();
    tracing::info!(
        target: TARGET,
        event = "oauth.scope.denied",
        sub = identity.map(|identity| shown(identity.subject())),
        client_id = identity.and_then(Identity::client).map(shown),
        remote = remote(extensions.get(), extensions.get()).map(tracing::field::display),
        tool = tool.map(shown),
        required = %required,
        have = identity.map(|identity| tracing::field::display(identity.scopes())),
    );
}
