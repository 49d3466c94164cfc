//! Recognises public addresses of the Internet, which may be fetched from when a stranger names the URL.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// The special-purpose IPv4 addresses of IANA's registry ([RFC 6890](https://www.rfc-editor.org/rfc/rfc6890)),
/// multicast, and the host services of Azure.
const SPECIAL_V4: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // behind the NAT of a provider
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // services of the host, in Azure
    v4(169, 254, 0, 0, 16),   // link-local, metadata of clouds
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 31, 196, 0, 24),  // AS112
    v4(192, 52, 193, 0, 24),  // AMT
    v4(192, 88, 99, 0, 24),   // 6to4 relays
    v4(192, 168, 0, 0, 16),   // private
    v4(192, 175, 48, 0, 24),  // AS112
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

/// The only IPv6 addresses that are given out as global unicast.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// The special-purpose addresses among the global ones.
const SPECIAL_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23),         // protocol assignments, Teredo, benchmarks, ORCHID
    v6(0x2001, 0xdb8, 0, 32),     // documentation
    v6(0x2002, 0, 0, 16),         // 6to4
    v6(0x2620, 0x4f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20),         // documentation
];

/// The IPv4 addresses as IPv6-only networks see them ([RFC 6052](https://www.rfc-editor.org/rfc/rfc6052#section-2.1)).
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

/// Whether `address` is public, or one that the administrator allowed.
pub(super) fn is_allowed(address: IpAddr, allowed: &[IpNet]) -> bool {
    let address = address.to_canonical();
    is_public(address) || allowed.iter().any(|network| network.contains(&address))
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    /// Checks the ends of each range, and its neighbours where they are public.
    #[test]
    fn ipv4_ranges() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.31.196.0", "192.31.196.255"),
            ("192.52.193.0", "192.52.193.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("192.175.48.0", "192.175.48.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "255.255.255.255"),
        ] {
            let (low, high): (Ipv4Addr, Ipv4Addr) = (first.parse().unwrap(), last.parse().unwrap());
            assert!(!public(first) && !public(last), "{first} - {last}");
            let middle = Ipv4Addr::from_bits(low.to_bits() / 2 + high.to_bits() / 2);
            assert!(middle < low || !is_public_v4(middle), "{middle}");
            for neighbour in [low.to_bits().checked_sub(1), high.to_bits().checked_add(1)].into_iter().flatten() {
                assert!(is_public_v4(Ipv4Addr::from_bits(neighbour)), "{}", Ipv4Addr::from_bits(neighbour));
            }
        }
        assert!(public("8.8.8.8") && public("93.184.216.34") && public("185.199.108.153"));
    }

    #[test]
    fn ipv6_ranges() {
        for special in [
            "::",
            "::1",
            "::7f00:1",
            "::8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "1fff:ffff::1",
            "2001::1",
            "2001:0:53aa:64c::1",
            "2001:2::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2001:db8:ffff:ffff::1",
            "2002::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(!public(special), "{special}");
        }
        for global in ["2000::1", "2001:200::1", "2606:4700::6810:85e5", "2a00:1450::1", "3ffe::1", "3fff:1000::1"] {
            assert!(public(global), "{global}");
        }
    }

    /// An IPv4 address inside an IPv6 address is judged as the IPv4 address.
    #[test]
    fn embedded_ipv4() {
        for prefix in ["::ffff:", "64:ff9b::"] {
            for private in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "192.168.1.1", "100.100.100.200"] {
                assert!(!public(&format!("{prefix}{private}")), "{prefix}{private}");
            }
            assert!(public(&format!("{prefix}8.8.8.8")), "{prefix}");
        }
    }

    #[test]
    fn what_is_allowed() {
        let networks: [IpNet; 2] = ["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let allowed = |text: &str| is_allowed(text.parse().unwrap(), &networks);
        assert!(allowed("10.1.2.3") && allowed("::ffff:10.1.2.3") && allowed("fd12::1") && allowed("8.8.8.8"));
        assert!(!allowed("10.2.0.1") && !allowed("127.0.0.1") && !allowed("fc00::1") && !allowed("::1"));
    }
}
