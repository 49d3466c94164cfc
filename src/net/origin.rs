//! Who may call from a browser, and under which name: the guard against DNS rebinding
//! ([security](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security--endpoint)).

use super::forwarded::Caller;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use std::sync::Arc;
use url::{Host, Url};

/// Whoever reads it is as a rule behind a proxy that nobody told of.
const FOREIGN_HOST: &str = "Host not allowed: this server is known by another name. If this is the address that clients \
    should use, its administrator sets it as the public URL (MCP_PUBLIC_URL), and a proxy before it passes Host on";

/// Which `Origin` and `Host` headers are let in.
///
/// Always: no `Origin` (no browser) and a loopback one. The default checks no `Host`, since an
/// embedder's server may have any name.
///
/// The root URL that a trusted proxy names ([`ProxiesLayer`](super::ProxiesLayer)) lets its own `Origin` in, and any
/// `Host`, as far as nobody else can have said it:
///
/// | | The URL of a trusted proxy |
/// |---|---|
/// | [`public_url`](Self::public_url) is set | never counts |
/// | [`authenticated`](Self::authenticated) | counts |
/// | neither | counts for requests without `Origin` and `Sec-Fetch-*` |
///
/// A page whose own name points here (DNS rebinding) sends what headers it likes, and where the browser's address is
/// among the trusted ones, it would name itself. Only a login keeps it out then.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    origins: Arc<[String]>,
    any: bool,
    authenticated: bool,
    public: Option<Arc<Url>>,
    loopback_host: bool,
}

impl OriginPolicy {
    /// Only loopback origins.
    pub fn new() -> Self {
        Self::default()
    }

    /// These too: `https://app.example`. How browsers write them is compared, so that the case of the host
    /// does not matter here, nor a usual port or a slash at the end.
    #[must_use]
    pub fn allow<I: IntoIterator<Item: Into<String>>>(mut self, origins: I) -> Self {
        self.origins = origins.into_iter().map(|origin| written(&origin.into())).collect();
        self
    }

    /// Any. Only where a token or login is required ([`authenticated`](Self::authenticated), which it implies):
    /// without one, every page that a user of the local network opens could call.
    #[must_use]
    pub const fn allow_any(mut self) -> Self {
        self.any = true;
        self.authenticated()
    }

    /// A token or login is required, so that nothing is open to a page that merely reaches the server: what a
    /// trusted proxy says counts for browsers too. Not by default.
    #[must_use]
    pub const fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self
    }

    /// The URL under which the server is known outside: its origin and its host are no strangers.
    #[must_use]
    pub fn public_url(mut self, url: Url) -> Self {
        self.public = Some(Arc::new(url));
        self
    }

    /// For a listener on a loopback address: another `Host` than a loopback one (or the public
    /// URL's) means that some page has its own name point here.
    #[must_use]
    pub const fn loopback_listener(mut self) -> Self {
        self.loopback_host = true;
        self
    }

    /// What is wrong with a request, if anything is.
    pub(crate) fn refuse(&self, head: &Parts) -> Option<&'static str> {
        let own = self.forwarded(head);
        let mut origins = head.headers.get_all(ORIGIN).into_iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| self.origin_is_allowed(origin, own))) {
            return Some("Origin not allowed");
        }
        self.refuse_host(head)
    }

    /// What is wrong with the `Host` of a request, if anything is. Where a trusted proxy says under
    /// which URL the client came, `Host` is between the two servers.
    pub(crate) fn refuse_host(&self, head: &Parts) -> Option<&'static str> {
        if !self.loopback_host || self.forwarded(head).is_some() {
            return None;
        }
        let mut hosts = head.headers.get_all(HOST).into_iter().map(|host| host.to_str().unwrap_or("?"));
        let known = hosts.all(|host| self.host_is_known(host))
            && head.uri.authority().is_none_or(|authority| self.host_is_known(authority.as_str()));
        if known { None } else { Some(FOREIGN_HOST) }
    }

    /// The root URL that a trusted proxy names, unless a page could have named it.
    fn forwarded<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        let base = head.extensions.get().and_then(Caller::base)?;
        (self.public.is_none() && (self.authenticated || !is_from_browser(&head.headers))).then_some(base)
    }

    fn origin_is_allowed(&self, origin: &str, own: Option<&str>) -> bool {
        if self.any || self.origins.iter().any(|known| known == origin) {
            return true;
        }
        let Ok(url) = Url::parse(origin) else { return false };
        // Browsers send the serialisation (RFC 6454, section 6.2) and nothing else. What only a lenient
        // parser takes for an origin of ours is somebody else's.
        matches!(url.scheme(), "http" | "https")
            && is_of(origin, &url)
            && (is_loopback(url.host())
                || self.public.as_deref().is_some_and(|public| is_of(origin, public))
                || own.and_then(|own| Url::parse(own).ok()).is_some_and(|own| is_of(origin, &own)))
    }

    fn host_is_known(&self, host: &str) -> bool {
        // A Host header is the authority of an http URL; nothing else may hide in it.
        if host.contains(['/', '@', '?', '#', '\\']) {
            return false;
        }
        // What nearly every request says.
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        if matches!(name.map_or(host, |(name, _)| name), "localhost" | "127.0.0.1" | "[::1]") {
            return true;
        }
        let Ok(url) = Url::parse(&format!("http://{host}")) else { return false };
        is_loopback(url.host()) || self.public.as_deref().is_some_and(|public| public.host() == url.host())
    }
}

/// No script can leave these out or set them
/// ([Fetch, section 2.2.2](https://fetch.spec.whatwg.org/#forbidden-request-header)). Over plain http browsers send
/// no `Sec-Fetch-*`, but `Origin` with everything except GET and HEAD.
fn is_from_browser(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name == ORIGIN || name.as_str().starts_with("sec-fetch-"))
}

/// Whether `origin` is the origin of `url`, as browsers write it. Opaque origins are nobody's.
pub(crate) fn is_of(origin: &str, url: &Url) -> bool {
    let own = url.origin();
    own.is_tuple() && own.ascii_serialization() == origin
}

/// An origin as browsers write it, where it is one of those that URLs have.
fn written(origin: &str) -> String {
    let parsed = Url::parse(origin).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
    parsed.map_or_else(|| origin.trim_end_matches('/').to_owned(), |origin| origin.ascii_serialization())
}

fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &OriginPolicy, name: http::HeaderName, value: &str) -> bool {
        policy.refuse(&head(name, value)).is_some()
    }

    fn head(name: http::HeaderName, value: &str) -> Parts {
        http::Request::post("/mcp").header(name, value).body(()).unwrap().into_parts().0
    }

    /// Host and headers of a request beside what a trusted proxy says, and whether each of the three policies refuses it:
    /// the plain one, with a login, and with a public URL and a login.
    #[test]
    fn what_a_trusted_proxy_says() {
        let plain = OriginPolicy::new().loopback_listener();
        let login = plain.clone().authenticated();
        let public = login.clone().public_url(Url::parse("https://public.example").unwrap());
        for (headers, refused) in [
            (&[("host", "1c.example")][..], [false, false, true]),
            (&[("host", "gateway.internal")], [false, false, true]),
            (&[("host", "127.0.0.1:8000")], [false, false, false]),
            (&[("host", "public.example")], [false, false, false]),
            (&[("host", "1c.example"), ("origin", "https://1c.example")], [true, false, true]),
            (&[("host", "1c.example"), ("origin", "https://evil.example")], [true, true, true]),
            (&[("host", "1c.example"), ("origin", "http://1c.example")], [true, true, true]),
            (&[("host", "1c.example"), ("sec-fetch-site", "same-origin")], [true, false, true]),
            (&[("host", "1c.example"), ("sec-fetch-later", "?1")], [true, false, true]),
            (&[("host", "localhost"), ("sec-fetch-site", "same-origin")], [false, false, false]),
            (&[("host", "localhost"), ("origin", "https://1c.example")], [true, false, true]),
            (&[("host", "public.example"), ("origin", "https://public.example")], [true, true, false]),
        ] {
            let request =
                headers.iter().fold(http::Request::post("/mcp"), |all, (name, value)| all.header(*name, *value));
            let mut head = request.body(()).unwrap().into_parts().0;
            head.extensions.insert(Caller::new(None, Some("https://1c.example".to_owned())));
            let got = [&plain, &login, &public].map(|policy| policy.refuse(&head).is_some());
            assert_eq!(got, refused, "{headers:?}");
        }
    }

    #[test]
    fn origins() {
        let policy = OriginPolicy::new()
            .allow(["https://app.example/"])
            .public_url(Url::parse("https://1c.example/gate").unwrap());
        for origin in
            ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:5", "https://app.example", "https://1c.example"]
        {
            assert!(!refused(&policy, ORIGIN, origin), "{origin}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "https://1c.example:444",
            "http://app.example",
            "file://",
            "*",
            "",
        ] {
            assert!(refused(&policy, ORIGIN, origin), "{origin}");
        }
        assert!(!refused(&policy.allow_any(), ORIGIN, "https://evil.example"));
    }

    /// RFC 6454, section 6.2; Fetch, "byte-serializing a request origin".
    #[test]
    fn what_is_no_serialisation_of_an_origin_is_foreign() {
        let policy = OriginPolicy::new()
            .allow(["HTTPS://App.Example:443/", "vscode-webview://panel"])
            .public_url(Url::parse("https://1C.example:443/gate").unwrap());
        for own in ["http://localhost", "http://127.0.0.1:8000", "https://app.example", "https://1c.example"] {
            assert!(!refused(&policy, ORIGIN, own), "{own}");
            let (scheme, host) = own.split_once("://").unwrap();
            for odd in [
                format!("{own}/"),
                format!("{own}/path"),
                format!("{own}?a"),
                format!("{own}#a"),
                format!("{scheme}:{host}"),
                format!("{scheme}:/{host}"),
                format!("{scheme}:///{host}"),
                format!("{scheme}:\\\\{host}"),
                format!("{scheme}://user@{host}"),
                format!("{scheme}://user:password@{host}"),
                format!("{scheme}://@{host}"),
                format!("{}://{host}", scheme.to_uppercase()),
                format!("{own} "),
                format!(" {own}"),
                format!("{own}, {own}"),
                format!("{scheme}://{host}.").replace(":8000.", ".:8000"),
            ] {
                assert!(refused(&policy, ORIGIN, &odd), "{odd}");
            }
        }
        for odd in [
            "http://LOCALHOST",
            "http://localhost:80",
            "http://localhost:08000",
            "http://127.1:8000",
            "http://0x7f.0.0.1",
            "http://[0:0::1]",
            "https://1C.example",
            "https://1c.example:443",
            "https://app.example:443",
            "http://local%68ost",
        ] {
            assert!(refused(&policy, ORIGIN, odd), "{odd}");
        }
        assert!(!refused(&policy, ORIGIN, "vscode-webview://panel"));
        assert!(refused(&policy, ORIGIN, "vscode-webview://other"));
    }

    #[test]
    fn hosts() {
        let policy = OriginPolicy::new().public_url(Url::parse("https://1c.example").unwrap()).loopback_listener();
        for host in ["localhost:8000", "127.0.0.1:1", "[::1]:8000", "1c.example"] {
            assert!(!refused(&policy, HOST, host), "{host}");
        }
        for host in ["evil.example", "localhost@evil.example", "127.0.0.1.evil.example", "", "10.0.0.1"] {
            assert!(refused(&policy, HOST, host), "{host}");
        }
        assert!(!refused(&OriginPolicy::new(), HOST, "any.example"));
    }
}
