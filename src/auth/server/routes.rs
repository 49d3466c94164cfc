//! [`Route`]: the endpoint of a path.

use crate::auth::Site;

/// The folder of the metadata documents ([RFC 8615](https://www.rfc-editor.org/rfc/rfc8615)).
const WELL_KNOWN: &str = "/.well-known";
const RESOURCE: &str = "/oauth-protected-resource";
const SERVER: &str = "/oauth-authorization-server";

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The metadata of the resource at this path; empty for the root.
    Resource(&'a str),
    Server,
    Register,
    /// The authorization endpoint, with its path below the mount.
    Authorize(&'static str),
    /// Where providers of the login send users back to.
    Callback,
    Token,
    Revoke,
}

impl<'a> Route<'a> {
    /// Returns the route of a path. Routers that nest a service strip the mount path, so it may be there or not.
    pub(super) fn of(site: &'a Site, path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let inside = path.strip_prefix(site.mount_path()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        Self::endpoint(inside.unwrap_or(path))
            .or_else(|| Self::document(site, path))
            .or_else(|| inside.and_then(|path| Self::document(site, path)))
    }

    fn endpoint(path: &str) -> Option<Self> {
        Some(match path {
            "/register" | "/oauth/register" => Self::Register,
            "/authorize" => Self::Authorize("/authorize"),
            "/oauth/authorize" => Self::Authorize("/oauth/authorize"),
            "/callback" => Self::Callback,
            "/token" | "/oauth/token" => Self::Token,
            "/revoke" | "/oauth/revoke" => Self::Revoke,
            _ => return None,
        })
    }

    /// Returns the route of a metadata document, with a path inserted after the well-known part or appended. A router
    /// that nests a service under `/.well-known` has stripped that.
    fn document(site: &'a Site, path: &str) -> Option<Self> {
        let path = path.strip_prefix(WELL_KNOWN).unwrap_or(path);
        let around = |name| {
            let before = || path.strip_suffix(name)?.strip_suffix(WELL_KNOWN);
            path.strip_prefix(name).or_else(before)
        };
        // Accepts the path with or without that of the public URL, which a proxy may have left in.
        let known = |rest: &str| {
            let rest = rest.strip_prefix(site.public_path()).unwrap_or(rest);
            let below = |known: &&str| known.strip_prefix(site.mount_path()) == Some(rest);
            let exact = site.resource_paths().find(|known| *known == rest);
            exact.or_else(|| site.resource_paths().find(below))
        };
        if let Some(rest) = around(RESOURCE) {
            return if rest.is_empty() || rest == site.public_path() {
                Some(Self::Resource(""))
            } else {
                known(rest).map(Self::Resource)
            };
        }
        let rest = around(SERVER)?;
        let outer = rest.strip_prefix(site.public_path()).unwrap_or(rest);
        (outer.is_empty() || outer == site.mount_path() || known(rest).is_some()).then_some(Self::Server)
    }

    /// Returns the route of the metadata of the resource that `path` ends with, or that ends with `path`: routers shorten
    /// paths at the start. An empty path means the main resource.
    pub(super) fn resource(site: &'a Site, path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let mut paths = site.resource_paths();
        paths.find(|known| path.ends_with(known) || known.ends_with(path)).map(Self::Resource)
    }

    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Self::Resource(_) | Self::Server => "GET, HEAD, OPTIONS",
            Self::Callback => "GET, OPTIONS",
            Self::Authorize(_) => "GET, POST, OPTIONS",
            Self::Register | Self::Token | Self::Revoke => "POST, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Covers RFC 8414, sections 3 and 3.1.
    #[test]
    fn with_the_path_of_the_public_url() {
        let site = Site::new().public_url(&"https://h/gate".parse().unwrap());
        for (path, route) in [
            ("/.well-known/oauth-authorization-server/gate", Some(Route::Server)),
            ("/.well-known/oauth-authorization-server/gate/mcp", Some(Route::Server)),
            ("/.well-known/oauth-authorization-server", Some(Route::Server)),
            ("/.well-known/oauth-protected-resource/gate/mcp", Some(Route::Resource("/mcp"))),
            ("/.well-known/oauth-protected-resource/mcp", Some(Route::Resource("/mcp"))),
            ("/.well-known/oauth-protected-resource/gate", Some(Route::Resource(""))),
            ("/.well-known/oauth-protected-resource/other", None),
        ] {
            assert_eq!(Route::of(&site, path), route, "{path}");
        }
    }

    /// Covers services that are nested under `/.well-known`, which see the rest of the path.
    #[test]
    fn without_the_well_known_part() {
        let site = Site::new().mount("/api/1c").resources(["/api/1c/mcp"]);
        for (path, route) in [
            ("/oauth-protected-resource", Some(Route::Resource(""))),
            ("/oauth-protected-resource/api/1c/mcp", Some(Route::Resource("/api/1c/mcp"))),
            ("/oauth-protected-resource/mcp/", Some(Route::Resource("/api/1c/mcp"))),
            ("/oauth-protected-resource/other", None),
            ("/oauth-protected-resources", None),
            ("/oauth-authorization-server", Some(Route::Server)),
            ("/oauth-authorization-server/api/1c", Some(Route::Server)),
            ("/.well-known", None),
        ] {
            assert_eq!(Route::of(&site, path), route, "{path}");
        }
    }

    #[test]
    fn the_resource_of_a_shortened_path() {
        let site = Site::new().resources(["/api/1c/mcp", "/api/1c/sse"]);
        for (path, resource) in [
            ("/.well-known/oauth-protected-resource/api/1c/sse", Some("/api/1c/sse")),
            ("/api/1c/mcp", Some("/api/1c/mcp")),
            ("/sse/", Some("/api/1c/sse")),
            ("/", Some("/api/1c/mcp")),
            ("", Some("/api/1c/mcp")),
            ("/other", None),
        ] {
            assert_eq!(Route::resource(&site, path), resource.map(Route::Resource), "{path}");
        }
    }

    #[test]
    fn with_and_without_the_mount() {
        let site = Site::new().mount("auth").resources(["/mcp", "/auth/sse"]);
        for (path, route) in [
            ("/auth/token", Some(Route::Token)),
            ("/token/", Some(Route::Token)),
            ("/oauth/token", Some(Route::Token)),
            ("/auth/oauth/authorize", Some(Route::Authorize("/oauth/authorize"))),
            ("/authtoken", None),
            ("/auth/auth/token", None),
            ("/.well-known/oauth-authorization-server", Some(Route::Server)),
            ("/.well-known/oauth-authorization-server/auth", Some(Route::Server)),
            ("/auth/.well-known/oauth-authorization-server", Some(Route::Server)),
            ("/.well-known/oauth-authorization-server/mcp", Some(Route::Server)),
            ("/mcp/.well-known/oauth-authorization-server", Some(Route::Server)),
            ("/.well-known/oauth-authorization-server/other", None),
            ("/.well-known/oauth-protected-resource", Some(Route::Resource(""))),
            ("/.well-known/oauth-protected-resource/mcp/", Some(Route::Resource("/mcp"))),
            ("/mcp/.well-known/oauth-protected-resource", Some(Route::Resource("/mcp"))),
            ("/auth/sse/.well-known/oauth-protected-resource", Some(Route::Resource("/auth/sse"))),
            ("/sse/.well-known/oauth-protected-resource", Some(Route::Resource("/auth/sse"))),
            ("/.well-known/oauth-protected-resource/mcpx", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(Route::of(&site, path), route, "{path}");
        }
    }
}
