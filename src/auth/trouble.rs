//! [`Troubles`]: log lines of errors that keep logins, tokens and clients from being checked.

use crate::net::sampler::{From, Sampler, Sum};
use crate::onec;
use crate::rpc::cause;
use std::error::Error;
use std::net::IpAddr;

/// Logs some of these errors and counts the others, since each request of a stranger meets them while 1C or the store
/// fails. Clones share the counts.
#[derive(Clone, Debug)]
pub(crate) struct Troubles(Sampler);

impl Troubles {
    pub(crate) fn new() -> Self {
        Self(Sampler::new(tell_more))
    }

    /// Logs what failed, and why, for a request of `remote`; for an error of 1C with its status and a word for its
    /// cause.
    pub(crate) fn tell(&self, remote: Option<IpAddr>, what: &'static str, error: &(dyn Error + 'static)) {
        let onec = cause::<onec::Error>(error);
        let (status, cause) = (onec.and_then(onec::Error::answered), onec.map(onec::Error::name));
        if self.0.admits(remote, (what, cause.unwrap_or_default())) {
            let (status, remote) = (status.map(|status| status.as_u16()), remote.map(tracing::field::display));
            // Logged as an error value, so that 1C's text is escaped.
            tracing::warn!(status, cause, remote, error, "{what}");
        }
    }
}

fn tell_more(&Sum { more, from, like }: &Sum) {
    let (what, cause) = like.unwrap_or(("logins, tokens or clients cannot be checked", ""));
    let cause = (!cause.is_empty()).then_some(cause);
    match from {
        From::Unknown => tracing::warn!(cause, "{more} more like this in the last minute: {what}"),
        from => tracing::warn!(cause, "{more} more like this from {from} in the last minute: {what}"),
    }
}
