//! [`Peer`] and [`Caller`]: the other end of a connection, and the client as trusted proxies name it.

use std::net::{IpAddr, SocketAddr};

/// The address of the TCP peer, put into a request's extensions by the server that accepted the
/// connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The client behind the trusted proxies, in a request's extensions; see [`ProxiesLayer`](super::ProxiesLayer).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    address: Option<IpAddr>,
    base: Option<String>,
}

impl Caller {
    /// Creates a caller at `address` that reached this server under the root URL `base`.
    pub fn new(address: Option<IpAddr>, base: Option<String>) -> Self {
        Self { address, base: base.map(|base| base.trim_end_matches('/').to_owned()) }
    }

    /// Returns the client's address, by which limits count.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the root URL under which the client reached this server, without a slash at the end.
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }
}

/// Returns the address that a request came from, as its extensions say.
pub(crate) fn remote(caller: Option<&Caller>, peer: Option<&Peer>) -> Option<IpAddr> {
    caller.and_then(Caller::address).or_else(|| peer.map(|peer| peer.0.ip()))
}
