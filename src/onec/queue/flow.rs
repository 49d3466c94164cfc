//! Flows of calls in the queue: [`Flow`].

use crate::net::holder::{Holder, keyed_hash};
use crate::rpc::Extensions;
use bytes::Bytes;
use std::net::IpAddr;

/// A group of calls that take turns as those of one caller, in the extensions of the HTTP request.
///
/// [`OneCService`](super::super::OneCService) inserts it. A flow that a layer above has put into the extensions
/// of an RPC request or a [`RestCall`](super::super::RestCall) comes first; else it is the caller's
/// [`Identity`](crate::Identity) (unless it is [shared](crate::Identity::shared)), the address that
/// [`ProxiesLayer`](crate::net::ProxiesLayer) found, or that of the [`Peer`](crate::net::Peer).
///
/// It holds only a keyed hash of the caller. Flows of equal callers are equal within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    pub(super) lane: Lane,
    pub(super) id: u64,
}

/// The queue of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Work,
    Login,
    Health,
}

impl Flow {
    /// Calls without a known caller. They have only the limits of the whole queue.
    pub const NOBODY: Self = Self { lane: Lane::Work, id: 0 };

    /// Health checks of 1C. Turns are kept free for them, and logins do not take their places.
    pub const HEALTH: Self = Self { lane: Lane::Health, id: 0 };

    /// Returns the flow of calls for this subject, from any address.
    pub fn subject(subject: &str) -> Self {
        Holder::subject(subject).into()
    }

    /// Returns the flow of calls from this address. IPv6 addresses count by their first 64 bits, since one
    /// subscriber has all the others; IPv4 addresses mapped to IPv6 count as IPv4.
    pub fn address(address: IpAddr) -> Self {
        Holder::address(address).into()
    }

    /// Returns the flow of checks of this login, key or token. Turns are kept free for logins.
    pub fn login(login: &[u8]) -> Self {
        Self { lane: Lane::Login, id: id(keyed_hash(login)) }
    }

    /// Returns the flow of checks of new logins, keys and tokens from this address. However many are guessed,
    /// they are one flow.
    pub fn logins_from(address: IpAddr) -> Self {
        Self { lane: Lane::Login, ..Self::address(address) }
    }

    /// Returns the flow of a request with these extensions.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_else(|| Holder::of(extensions).into())
    }

    /// Adds the flow to a call, unless it is [`NOBODY`](Self::NOBODY).
    pub(in crate::onec) fn mark(self, call: &mut http::Request<Bytes>) {
        if self != Self::NOBODY {
            call.extensions_mut().insert(self);
        }
    }

    /// Returns whether the flow has limits of its own.
    pub(super) fn is_bounded(self) -> bool {
        self != Self::NOBODY
    }
}

/// Makes an identifier of a hash odd; the others are even.
const fn id(hash: u64) -> u64 {
    hash | 1
}

impl From<Holder> for Flow {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Subject(hash) | Holder::Address(hash) => Self { lane: Lane::Work, id: id(hash) },
            Holder::Nobody => Self::NOBODY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Identity, Scopes};
    use crate::net::{Caller, Peer};

    fn address(text: &str) -> Flow {
        Flow::address(text.parse().unwrap_or(IpAddr::from([0, 0, 0, 0])))
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn who_it_is_by_what_is_known_best() {
        let mut extensions = Extensions::new();
        assert_eq!(Flow::of(&extensions), Flow::NOBODY);
        extensions.insert(Peer(([192, 0, 2, 1], 1).into()));
        assert_eq!(Flow::of(&extensions), address("192.0.2.1"));
        extensions.insert(Caller::new(Some([192, 0, 2, 2].into()), None));
        assert_eq!(Flow::of(&extensions), address("192.0.2.2"));
        extensions.insert(Identity::new("bearer", Scopes::default()).shared());
        assert_eq!(Flow::of(&extensions), address("192.0.2.2"));
        extensions.insert(Identity::new("192.0.2.2", Scopes::default()));
        assert_eq!(Flow::of(&extensions), Flow::subject("192.0.2.2"));
        assert_ne!(Flow::of(&extensions), address("192.0.2.2"));
        extensions.insert(Flow::subject("tenant"));
        assert_eq!(Flow::of(&extensions), Flow::subject("tenant"));
    }

    #[test]
    fn debug_tells_nobody() {
        let shown = format!("{:?} {:?}", Flow::subject("Иванов"), Flow::login(b"s3cret"));
        assert!(!shown.contains("Иванов") && !shown.contains("s3cret"), "{shown}");
    }
}
