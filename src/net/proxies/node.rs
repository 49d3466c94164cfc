//! Parses addresses and hosts as proxies write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the address of a node: IPv4, or IPv6 with or without brackets, with or without a port. `None` if the proxy
/// does not say it (`unknown`, `_hidden`), or for anything else
/// ([RFC 7239, section 6](https://www.rfc-editor.org/rfc/rfc7239#section-6)).
pub(super) fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return is_port(port).then(|| IpAddr::from(address).to_canonical());
    }
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let colon = node.find(':')?;
    let (address, port) = node.split_at_checked(colon)?;
    let address: Ipv4Addr = address.parse().ok()?;
    is_port(port).then_some(address.into())
}

/// Whether the text is empty, or a colon and a port, which may be obfuscated too.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let hidden =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    port.strip_prefix('_').map_or_else(|| port_number(port).is_some(), hidden)
}

fn port_number(text: &str) -> Option<u16> {
    (text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The scheme by which the client reached the outermost proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("https") {
            Some(Self::Https)
        } else {
            text.eq_ignore_ascii_case("http").then_some(Self::Http)
        }
    }
}

/// Returns the root URL of a host with or without a port, in its normal form. `None` for anything that is not just a
/// host, since the URL ends up in redirects and metadata.
pub(super) fn base(scheme: Scheme, host: &str) -> Option<String> {
    let host = host.trim();
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at_checked(end)?;
    if !is_plain(name) {
        return None;
    }
    // As browsers write it: names in lower case, numeric forms as IPv4 addresses.
    let name = url::Host::parse(name).ok()?;
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port_number(port)?),
        None if port.is_empty() => None,
        None => return None,
    };
    let (scheme, own) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    Some(match port.filter(|port| *port != own) {
        Some(port) => format!("{scheme}://{name}:{port}"),
        None => format!("{scheme}://{name}"),
    })
}

/// Whether the name has no character that a parser would decode or map to another.
fn is_plain(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (1..=253).contains(&name.len()) && name.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (node, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1:47011 ", "192.0.2.1"),
            ("192.0.2.1:_x", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:DB8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]:_port", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ] {
            assert_eq!(address(node), expected.parse().ok(), "{node}");
        }
        for node in [
            "",
            " ",
            "unknown",
            "_hidden",
            "_SEVKISEK",
            "host.example",
            "192.0.2",
            "192.0.2.256",
            "192.0.2.1:",
            "192.0.2.1:port",
            "192.0.2.1:123456",
            "192.0.2.1:99999",
            "192.0.2.1:+80",
            "192.0.2.1:_",
            "192.0.2.1:80:80",
            "192.0.2.1/24",
            "[192.0.2.1]",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]80",
            "[2001:db8::1]:",
            "[fe80::1%eth0]",
            "[]",
            "[",
            ":",
            "é:80",
            "\"192.0.2.1\"",
        ] {
            assert_eq!(address(node), None, "{node}");
        }
    }

    #[test]
    fn bases() {
        for (scheme, host, expected) in [
            (Scheme::Https, "mcp.example.com", "https://mcp.example.com"),
            (Scheme::Https, " MCP.Example.com:443 ", "https://mcp.example.com"),
            (Scheme::Https, "mcp.example.com:80", "https://mcp.example.com:80"),
            (Scheme::Http, "mcp.example.com:80", "http://mcp.example.com"),
            (Scheme::Http, "a_b:8080", "http://a_b:8080"),
            (Scheme::Https, "[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
            (Scheme::Https, "[2001:db8::1]", "https://[2001:db8::1]"),
            (Scheme::Https, "[2001:0db8:0:0::1]", "https://[2001:db8::1]"),
            (Scheme::Http, "192.0.2.1", "http://192.0.2.1"),
            (Scheme::Http, "xn--e1afmkfd.example", "http://xn--e1afmkfd.example"),
        ] {
            assert_eq!(base(scheme, host).as_deref(), Some(expected), "{host}");
        }
        let long = "a".repeat(254);
        for host in [
            "",
            ":80",
            "h:",
            "h:x",
            "h:99999",
            "192.0.2.256",
            "h192.0.2.7",
            "h.1",
            "xn--a",
            "h:80:80",
            "h/p",
            "h?q",
            "h#f",
            "u@h",
            "u:p@h",
            "h h",
            "h\\h",
            "h\th",
            "\u{7f}",
            "пример",
            "h%2f",
            "[::1",
            "[::1]x",
            "[x]",
            "[]",
            "[",
            "]",
            "h,h",
            "\"h\"",
            "<h>",
            "h;h",
            &long,
        ] {
            assert_eq!(base(Scheme::Https, host), None, "{host}");
        }
    }
}
