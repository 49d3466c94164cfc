//! [`Flow`].

use crate::http::remote;
use crate::identity::Identity;
use crate::rpc::Extensions;
use bytes::Bytes;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

/// The calls that share turns as those of one caller, in the extensions of the HTTP request.
///
/// [`OneCService`](super::super::OneCService) puts it there. One that a layer above has put into the
/// extensions of an RPC request or a [`RestCall`](super::super::RestCall) counts; otherwise the caller's
/// [`Identity`] (unless many [share](Identity::shared) it), the address that [`ProxiesLayer`](crate::http::ProxiesLayer) found, or that of the
/// [`Peer`](crate::http::Peer).
///
/// It holds a keyed hash and nothing else of who it is. Flows of equal callers are equal within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    pub(super) lane: Lane,
    pub(super) id: u64,
}

/// Which of the two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Work,
    /// Logins and questions for health.
    Front,
}

/// Keeps others from finding names whose flows are one.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Identifiers that are no hashes are even.
fn id(what: impl Hash) -> u64 {
    SEED.hash_one(what) | 1
}

impl Flow {
    /// Calls of whom nobody knows whose they are. They have the bounds of the queue alone.
    pub const NOBODY: Self = Self { lane: Lane::Work, id: 0 };

    /// Questions whether 1C is there. Turns are kept free for them.
    pub const HEALTH: Self = Self { lane: Lane::Front, id: 0 };

    /// Calls for this subject, from wherever.
    pub fn subject(subject: &str) -> Self {
        Self { lane: Lane::Work, id: id(('s', subject)) }
    }

    /// Calls from this address. IPv6 addresses count by their first 64 bits, as one subscriber has all of
    /// the rest; IPv4 in IPv6 dress is IPv4.
    pub fn address(address: IpAddr) -> Self {
        let id = match address.to_canonical() {
            IpAddr::V4(address) => id(('4', address.to_bits())),
            IpAddr::V6(address) => id(('6', address.to_bits() >> 64)),
        };
        Self { lane: Lane::Work, id }
    }

    /// Checks of this login, key or token. Turns are kept free for them.
    pub fn login(login: &[u8]) -> Self {
        Self { lane: Lane::Front, id: id(login) }
    }

    /// Whose a request with these extensions is.
    pub fn of(extensions: &Extensions) -> Self {
        if let Some(flow) = extensions.get::<Self>() {
            return *flow;
        }
        match extensions.get::<Identity>() {
            Some(identity) if !identity.is_shared() => Self::subject(identity.subject()),
            _ => remote(extensions.get(), extensions.get()).map_or(Self::NOBODY, Self::address),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Caller, Peer};
    use crate::identity::Scopes;

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
