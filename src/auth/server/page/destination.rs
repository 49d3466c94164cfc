//! [`Destination`]: where a browser goes after the login.

use super::clean;
use url::{Host, Url};

/// The longest host, with a port ([RFC 1035, section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)).
const HOST: usize = 259;
/// The longest scheme that is shown.
const SCHEME: usize = 60;

/// The receiver of a redirect URI.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// A web site: its host, and its port if it is not the usual one.
    Site(String),
    /// A program on the user's computer: host and port.
    Loopback(String),
    /// The program on the user's computer that opens links of this scheme.
    Program(String),
    /// The text is not a URI.
    Unknown,
}

impl Destination {
    pub(super) fn of(redirect_uri: &str) -> Self {
        let Ok(url) = Url::parse(redirect_uri) else { return Self::Unknown };
        if !matches!(url.scheme(), "http" | "https") {
            return Self::Program(format!("{}:", clean::clean(url.scheme(), SCHEME).unwrap_or_default()));
        }
        let Some(host) = url.host() else { return Self::Unknown };
        let shown = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let shown = clean::host(&shown, HOST);
        let loopback = match host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if loopback { Self::Loopback(shown) } else { Self::Site(shown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_redirect_uri() {
        let site = |host: &str| Destination::Site(host.to_owned());
        let loopback = |host: &str| Destination::Loopback(host.to_owned());
        let program = |scheme: &str| Destination::Program(scheme.to_owned());
        for (uri, expected) in [
            ("https://claude.ai/api/callback", site("claude.ai")),
            ("https://user@h.example:8443/x", site("h.example:8443")),
            ("https://localhost.evil.example/", site("localhost.evil.example")),
            ("https://банк.example/", site("xn--80ab2al.example")),
            ("http://127.0.0.1:1234/cb", loopback("127.0.0.1:1234")),
            ("http://127.8.8.8/cb", loopback("127.8.8.8")),
            ("http://[::1]:80/cb", loopback("[::1]")),
            ("http://LOCALHOST:9/cb", loopback("localhost:9")),
            ("cursor://anysphere.cursor-mcp/oauth/callback", program("cursor:")),
            ("com.example.app:/cb", program("com.example.app:")),
            ("not a uri", Destination::Unknown),
        ] {
            assert_eq!(Destination::of(uri), expected, "{uri}");
        }
    }
}
