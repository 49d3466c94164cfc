//! [`OriginPolicy`]: which web pages may call, and under which host names: the guard against DNS rebinding
//! ([security](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security--endpoint)).

use super::forwarded::Caller;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use std::sync::Arc;
use url::{Host, Url};

/// The message for a foreign host, mostly read by someone whose proxy this server was not told to trust.
const FOREIGN_HOST: &str = "Host not allowed: this server is known by another name. If this is the address that clients \
    should use, its administrator sets it as the public URL (MCP_PUBLIC_URL), and a proxy before it passes Host on";

/// Decides which `Origin` and `Host` headers are let in.
///
/// Requests without `Origin` (not from a browser) and those with a loopback origin are always let in. By default `Host`
/// is not checked, since an embedder's server can have any name.
///
/// The root URL that a trusted proxy names ([`ProxiesLayer`](super::ProxiesLayer)) lets in its own `Origin` and any
/// `Host`, where a web page cannot have named it:
///
/// | | The URL of a trusted proxy |
/// |---|---|
/// | [`public_url`](Self::public_url) is set | never counts |
/// | [`authenticated`](Self::authenticated) | counts |
/// | neither | counts for requests without `Origin` and `Sec-Fetch-*` |
///
/// A page whose own name points here (DNS rebinding) can send any other header. If the browser's address is among the
/// trusted ones, the page could name itself; then only a login keeps it out.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    origins: Arc<[String]>,
    any: bool,
    authenticated: bool,
    public: Option<Arc<Url>>,
    loopback_host: bool,
}

impl OriginPolicy {
    /// Creates a policy that lets in loopback origins only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in these origins too, such as `https://app.example`. They are compared in the form that browsers send, so
    /// the case of the host, a default port and a slash at the end do not matter here.
    #[must_use]
    pub fn allow<I: IntoIterator<Item: Into<String>>>(mut self, origins: I) -> Self {
        self.origins = origins.into_iter().map(|origin| written(&origin.into())).collect();
        self
    }

    /// Lets in any origin. Use it only where a token or login is required ([`authenticated`](Self::authenticated),
    /// which it implies): without one, every page that a user of the local network opens could call.
    #[must_use]
    pub const fn allow_any(mut self) -> Self {
        self.any = true;
        self.authenticated()
    }

    /// Declares that a token or login is required, so that reaching the server gives a page no access: what a trusted
    /// proxy says then counts for browsers too. Off by default.
    #[must_use]
    pub const fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self
    }

    /// Sets the URL under which the server is known outside; its origin and its host are let in.
    #[must_use]
    pub fn public_url(mut self, url: Url) -> Self {
        self.public = Some(Arc::new(url));
        self
    }

    /// Lets in only loopback hosts (and that of the public URL), for a listener on a loopback address: any other `Host`
    /// there means that a web page's own name points here.
    #[must_use]
    pub const fn loopback_listener(mut self) -> Self {
        self.loopback_host = true;
        self
    }

    /// Returns the message for a request that is refused.
    pub(crate) fn refuse(&self, head: &Parts) -> Option<&'static str> {
        let own = self.forwarded(head);
        let mut origins = head.headers.get_all(ORIGIN).into_iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| self.origin_is_allowed(origin, own))) {
            return Some("Origin not allowed");
        }
        self.refuse_host(head)
    }

    /// Returns the message for a request whose `Host` is refused. `Host` is not checked where a trusted proxy says
    /// under which URL the client came: it is then what the proxy calls this server.
    pub(crate) fn refuse_host(&self, head: &Parts) -> Option<&'static str> {
        if !self.loopback_host || self.forwarded(head).is_some() {
            return None;
        }
        let mut hosts = head.headers.get_all(HOST).into_iter().map(|host| host.to_str().unwrap_or("?"));
        let known = hosts.all(|host| self.host_is_known(host))
            && head.uri.authority().is_none_or(|authority| self.host_is_known(authority.as_str()));
        if known { None } else { Some(FOREIGN_HOST) }
    }

    /// Returns the root URL that a trusted proxy names, unless a web page could have named it.
    fn forwarded<'a>(&self, head: &'a Parts) -> Option<&'a str> {
        let base = head.extensions.get().and_then(Caller::base)?;
        (self.public.is_none() && (self.authenticated || !is_from_browser(&head.headers))).then_some(base)
    }

    fn origin_is_allowed(&self, origin: &str, own: Option<&str>) -> bool {
        if self.any || self.origins.iter().any(|known| known == origin) {
            return true;
        }
        let Ok(url) = Url::parse(origin) else { return false };
        // Browsers send exactly the serialisation of an origin (RFC 6454, section 6.2). What only a lenient parser
        // reads as an origin of ours is foreign.
        matches!(url.scheme(), "http" | "https")
            && is_of(origin, &url)
            && (is_loopback(url.host())
                || self.public.as_deref().is_some_and(|public| is_of(origin, public))
                || own.and_then(|own| Url::parse(own).ok()).is_some_and(|own| is_of(origin, &own)))
    }

    fn host_is_known(&self, host: &str) -> bool {
        // A `Host` header is the authority of an http URL and may contain nothing else.
        if host.contains(['/', '@', '?', '#', '\\']) {
            return false;
        }
        // The usual case.
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        if matches!(name.map_or(host, |(name, _)| name), "localhost" | "127.0.0.1" | "[::1]") {
            return true;
        }
        let Ok(url) = Url::parse(&format!("http://{host}")) else { return false };
        is_loopback(url.host()) || self.public.as_deref().is_some_and(|public| public.host() == url.host())
    }
}

/// Whether a browser sent the request: no script can omit or set these headers
/// ([Fetch, section 2.2.2](https://fetch.spec.whatwg.org/#forbidden-request-header)). Over plain http browsers send no
/// `Sec-Fetch-*`, but `Origin` with every method except GET and HEAD.
fn is_from_browser(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name == ORIGIN || name.as_str().starts_with("sec-fetch-"))
}

/// Whether `origin` is the origin of `url`, as browsers write it. Opaque origins match no URL.
pub(crate) fn is_of(origin: &str, url: &Url) -> bool {
    let own = url.origin();
    own.is_tuple() && own.ascii_serialization() == origin
}

/// Returns an origin as browsers write it, or the text itself if it is no origin of a URL.
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
