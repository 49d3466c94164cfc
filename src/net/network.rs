//! The networks of an address, for limits by address.

use ipnet::IpNet;
use std::net::IpAddr;

/// A network that counts as one; `None` where the address is not known.
pub(crate) type Network = Option<IpNet>;

/// Prefix lengths, and how many times the limit of a single customer the holder of such a network may use.
///
/// A customer gets a /64 of IPv6 at least, usually a /56 and a /48 at most
/// ([RFC 6177](https://www.rfc-editor.org/rfc/rfc6177)). A /48 has 65 536 networks of the smallest kind.
const V6: &[(u8, u32)] = &[(64, 1), (56, 4), (48, 16)];
const V4: &[(u8, u32)] = &[(32, 1)];

/// Returns the networks that an address counts in, the smallest first, each with its multiple of the limit.
pub(crate) fn networks(address: Option<IpAddr>) -> impl Iterator<Item = (Network, u32)> {
    // An IPv4-mapped IPv6 address counts as the IPv4 address.
    let address = address.map(|address| address.to_canonical());
    let lengths = if address.is_some_and(|address| address.is_ipv6()) { V6 } else { V4 };
    lengths.iter().map(move |(length, share)| {
        let network = address.and_then(|address| IpNet::new(address, *length).ok());
        (network.map(|network| network.trunc()), *share)
    })
}

/// Returns the largest network of an address, by which a user who comes back is recognised.
#[cfg(any(feature = "basic", feature = "oauth"))]
pub(crate) fn place(address: Option<IpAddr>) -> Network {
    networks(address).last().and_then(|(network, _)| network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(address: &str) -> Vec<(String, u32)> {
        let address = Some(address.parse().unwrap());
        networks(address).map(|(network, share)| (network.unwrap().to_string(), share)).collect()
    }

    #[test]
    fn what_an_address_counts_in() {
        let v6 = [("2001:db8:1:2ff::/64", 1), ("2001:db8:1:200::/56", 4), ("2001:db8:1::/48", 16)];
        assert_eq!(shown("2001:db8:1:2ff:3::4"), v6.map(|(network, share)| (network.to_owned(), share)));
        for v4 in ["198.51.100.7", "::ffff:198.51.100.7"] {
            assert_eq!(shown(v4), [("198.51.100.7/32".to_owned(), 1)]);
        }
        assert_eq!(networks(None).collect::<Vec<_>>(), [(None, 1)]);
        assert_eq!(place(Some("2001:db8:1:2ff::".parse().unwrap())).unwrap().to_string(), "2001:db8:1::/48");
    }
}
