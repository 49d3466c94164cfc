//! [`Site`]: the URL of this server, as its clients see it.

use crate::net::Caller;
use http::header::HOST;
use http::request::Parts;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use std::sync::Arc;
use url::Url;

/// Holds the public root URL of a server, and the paths below it that are protected resources or the authorization
/// server. The bearer layer and the authorization server share one.
///
/// Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Site(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    public: Option<Arc<str>>,
    resources: Vec<String>,
    mount: String,
    https: bool,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// Creates a site whose root URL is taken from each request: from the headers of trusted proxies ([`Caller`]), or
    /// else from the `Host` header. Its resource is `/mcp`, and the authorization server's endpoints are at the root.
    pub fn new() -> Self {
        Self(Arc::new(Inner { public: None, resources: vec!["/mcp".to_owned()], mount: String::new(), https: false }))
    }

    /// Sets a fixed root URL, whatever requests say.
    #[must_use]
    pub fn public_url(mut self, url: &Url) -> Self {
        Arc::make_mut(&mut self.0).public = Some(url.as_str().trim_end_matches('/').into());
        self
    }

    /// Declares that this server speaks TLS itself: root URLs taken from the `Host` header begin with `https`.
    #[must_use]
    pub fn https(mut self) -> Self {
        Arc::make_mut(&mut self.0).https = true;
        self
    }

    /// Sets the paths of the protected resources, the main one first; `/mcp` by default, and the root if there are none.
    ///
    /// The paths are those that clients see, with the prefix of a router that nests the service. All of them lead to
    /// one MCP server, and a token for one is valid at the others, so give each infobase a site of its own. A token of
    /// one site is not valid at another, even if both share a token store.
    #[must_use]
    pub fn resources<I: IntoIterator<Item: Into<String>>>(mut self, paths: I) -> Self {
        let mut paths: Vec<_> = paths.into_iter().map(|path| clean(&path.into())).collect();
        if paths.is_empty() {
            paths.push(String::new());
        }
        Arc::make_mut(&mut self.0).resources = paths;
        self
    }

    /// Sets the path under which the authorization server is mounted: its issuer is the root URL with this path, and
    /// its endpoints are below it.
    #[must_use]
    pub fn mount(mut self, path: &str) -> Self {
        Arc::make_mut(&mut self.0).mount = clean(path);
        self
    }

    /// Returns the root URL of a request, without a slash at the end.
    pub fn base(&self, head: &Parts) -> Arc<str> {
        if let Some(public) = &self.0.public {
            return Arc::clone(public);
        }
        if let Some(base) = head.extensions.get::<Caller>().and_then(Caller::base) {
            return base.into();
        }
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| head.uri.authority().map(http::uri::Authority::as_str)).unwrap_or("localhost");
        let scheme = if self.0.https { "https" } else { "http" };
        format!("{scheme}://{host}").into()
    }

    /// Returns the path of a fixed root URL: empty, or with a leading slash.
    #[cfg(feature = "oauth")]
    pub(crate) fn public_path(&self) -> &str {
        let public = self.0.public.as_deref().unwrap_or_default();
        let rest = public.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
    }

    /// Whether all requests have one root URL.
    #[cfg(feature = "oauth")]
    pub(crate) fn is_fixed(&self) -> bool {
        self.0.public.is_some()
    }

    /// Returns the identifier of the authorization server ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414)).
    pub fn issuer(&self, base: &str) -> String {
        format!("{base}{}", self.0.mount)
    }

    /// Returns the mount path of the authorization server: empty, or with a leading slash.
    pub fn mount_path(&self) -> &str {
        &self.0.mount
    }

    /// Returns the paths of the protected resources.
    pub fn resource_paths(&self) -> impl Iterator<Item = &str> {
        self.0.resources.iter().map(String::as_str)
    }

    /// Returns the URL of the main protected resource.
    pub fn main_resource(&self, base: &str) -> String {
        format!("{base}{}", self.resource_paths().next().unwrap_or_default())
    }

    /// Returns the number of the protected resource at this path; a slash at its end does not matter.
    pub(crate) fn resource_at(&self, path: &str) -> Option<usize> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.resource_paths().position(|known| known == path)
    }

    /// Returns the URL of the metadata of a resource by its number, or of the root for `None`
    /// ([RFC 9728, section 3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)).
    pub(crate) fn metadata_url(&self, base: &str, resource: Option<usize>) -> String {
        let path = resource.and_then(|number| self.resource_paths().nth(number)).unwrap_or_default();
        format!("{base}/.well-known/oauth-protected-resource{path}")
    }

    /// Whether `resource` is the URL of a protected resource of this site. A slash at its end and the case of scheme and
    /// host do not matter. The root URL is none, unless it is one of the [`resources`](Self::resources): a token for a
    /// whole host would be valid at every site of it.
    pub fn owns(&self, base: &str, resource: &str) -> bool {
        self.named(base, resource).is_some_and(|path| self.has(path))
    }

    /// Returns the URL of the resource that a client gets a token for when it asks for this one, or `None` if it is not
    /// of this site. Who asks for the root URL, as clients do that know no other, gets the main resource.
    #[cfg(feature = "oauth")]
    pub(crate) fn granted(&self, base: &str, asked: &str) -> Option<String> {
        let path = self.named(base, asked)?;
        Some(if self.has(path) { format!("{base}{path}") } else { self.main_resource(base) })
    }

    /// Returns the path of the resource that a URL names, or an empty one for the root URL.
    fn named(&self, base: &str, url: &str) -> Option<&str> {
        let known = |rest: &str| {
            let path = rest.strip_suffix('/').unwrap_or(rest);
            if path.is_empty() { Some("") } else { self.resource_paths().find(|known| *known == path) }
        };
        if url.contains(['?', '#', '@']) {
            return None;
        }
        url.strip_prefix(base).and_then(known).or_else(|| {
            let (base, url) = (Url::parse(base).ok()?, Url::parse(url).ok()?);
            known(url.as_str().strip_prefix(base.as_str().trim_end_matches('/'))?)
        })
    }

    fn has(&self, path: &str) -> bool {
        self.resource_paths().any(|known| known == path)
    }
}

/// Returns the path as it is in URLs, with a leading slash and no trailing one, or empty.
pub(super) fn clean(path: &str) -> String {
    match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{}", utf8_percent_encode(path, CONTROLS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_url_of_a_request() {
        let request = http::Request::get("/mcp").header(HOST, "h.example:8443").body(());
        let (head, ()) = request.unwrap().into_parts();
        assert_eq!(&*Site::new().base(&head), "http://h.example:8443");
        assert_eq!(&*Site::new().https().base(&head), "https://h.example:8443");
        let public = Url::parse("https://public.example/gate/").unwrap();
        assert_eq!(&*Site::new().public_url(&public).base(&head), "https://public.example/gate");
    }

    #[test]
    fn which_resources_are_own() {
        let site = Site::new().resources(["/mcp", "sse/", "/база/mcp"]);
        for own in ["https://h/mcp", "https://h/mcp/", "HTTPS://H:443/sse", "https://h/%D0%B1%D0%B0%D0%B7%D0%B0/mcp"] {
            assert!(site.owns("https://h", own), "{own}");
        }
        assert!(site.owns("https://h", "https://h/база/mcp/"));
        for foreign in [
            "https://h",
            "https://h/",
            "https://h/other",
            "http://h/mcp",
            "https://h.evil/mcp",
            "https://h:444/mcp",
            "https://h/mcp?x",
            "",
            "https://h/mcp#f",
            "https://u@h/mcp",
            "h/mcp",
            "https://h/mcp/x",
            "https://h/mcp//",
            "https://hh/mcp",
        ] {
            assert!(!site.owns("https://h", foreign), "{foreign}");
        }
        for root in [Site::new().resources(["/"]), Site::new().resources([""; 0])] {
            assert!(root.owns("https://h", "https://h/") && !root.owns("https://h", "https://h/mcp"));
        }
    }

    #[cfg(feature = "oauth")]
    #[test]
    fn what_a_client_gets_that_asks_for_a_resource() {
        let site = Site::new().resources(["/a/mcp", "/a/sse"]);
        for (asked, granted) in [
            ("https://h/a/sse/", Some("https://h/a/sse")),
            ("HTTPS://H/a/sse", Some("https://h/a/sse")),
            ("https://h", Some("https://h/a/mcp")),
            ("https://H/", Some("https://h/a/mcp")),
            ("https://h/b/mcp", None),
            ("https://h/a", None),
        ] {
            assert_eq!(site.granted("https://h", asked).as_deref(), granted, "{asked}");
        }
    }
}
