//! [`Flow`].

use crate::net::holder::{Holder, keyed_hash};
use crate::rpc::Extensions;
use bytes::Bytes;
use std::net::IpAddr;

/// The calls that share turns as those of one caller, in the extensions of the HTTP request.
///
/// [`OneCService`](super::super::OneCService) puts it there. One that a layer above has put into the
/// extensions of an RPC request or a [`RestCall`](super::super::RestCall) counts; otherwise the caller's
/// [`Identity`](crate::Identity) (unless many [share](crate::Identity::shared) it), the address that [`ProxiesLayer`](crate::net::ProxiesLayer) found, or that of the
/// [`Peer`](crate::net::Peer).
///
/// It holds a keyed hash and nothing else of who it is. Flows of equal callers are equal within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    pub(super) lane: Lane,
    pub(super) id: u64,
}

/// Which of the queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Work,
    Login,
    Health,
}

impl Flow {
    /// Calls of whom nobody knows whose they are. They have the bounds of the queue alone.
    pub const NOBODY: Self = Self { lane: Lane::Work, id: 0 };

    /// Questions whether 1C is there. Turns are kept free for them, and no login takes their place.
    pub const HEALTH: Self = Self { lane: Lane::Health, id: 0 };

    /// Calls for this subject, from wherever.
    pub fn subject(subject: &str) -> Self {
        Holder::subject(subject).into()
    }

    /// Calls from this address. IPv6 addresses count by their first 64 bits, as one subscriber has all of
    /// the rest; IPv4 in IPv6 dress is IPv4.
    pub fn address(address: IpAddr) -> Self {
        Holder::address(address).into()
    }

    /// Checks of this login, key or token. Turns are kept free for logins.
    pub fn login(login: &[u8]) -> Self {
        Self { lane: Lane::Login, id: id(keyed_hash(login)) }
    }

    /// Checks of logins, keys and tokens from this address that were not right before: however many somebody
    /// makes up, they are one flow.
    pub fn logins_from(address: IpAddr) -> Self {
        Self { lane: Lane::Login, ..Self::address(address) }
    }

    /// Whose a request with these extensions is.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_else(|| Holder::of(extensions).into())
    }

    /// Says whose call this is. Nobody's call needs no mark.
    pub(in crate::onec) fn mark(self, call: &mut http::Request<Bytes>) {
        if self != Self::NOBODY {
            call.extensions_mut().insert(self);
        }
    }

    /// Whether it is bounded as a part of the queue.
    pub(super) fn is_bounded(self) -> bool {
        self != Self::NOBODY
    }
}

/// Identifiers that are no hashes are even.
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
