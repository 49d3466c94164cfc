//! What the gateway says of itself: `/info` and `/`.

use crate::settings::{Auth, Settings};
use serde_json::{Map, Value, json};

/// Path and meaning of what is there in every mode.
const ENDPOINTS: &[(&str, &str)] = &[
    ("/mcp", "MCP, Streamable HTTP (POST)"),
    ("/sse", "MCP, HTTP+SSE of revision 2024-11-05 (GET)"),
    ("/sse/messages/", "messages to an open /sse stream (POST)"),
    ("/health", "whether this gateway and 1C work"),
    ("/livez", "whether this gateway works"),
    ("/info", "name, version, transports"),
];

/// What comes with mode `oauth2`.
const OAUTH: &[(&str, &str)] = &[
    ("/.well-known/oauth-protected-resource", "OAuth: who gives out tokens for /mcp (RFC 9728)"),
    ("/.well-known/oauth-authorization-server", "OAuth: what the authorization server can do (RFC 8414)"),
    ("/register", "OAuth: registration of a client (POST, RFC 7591)"),
    ("/authorize", "OAuth: login page"),
    ("/token", "OAuth: tokens for a code, a refresh token or a login (POST)"),
    ("/revoke", "OAuth: the end of a token (POST, RFC 7009)"),
];

/// `/info`
pub(crate) fn info(settings: &Settings) -> Value {
    let mut info = json!({
        "name": settings.server_name,
        "version": settings.server_version,
        "transports": { "streamable_http": "/mcp", "sse": "/sse" },
        "auth": { "mode": settings.auth.mode() },
    });
    if is_oauth(settings)
        && let Some(auth) = info.get_mut("auth").and_then(Value::as_object_mut)
    {
        for (name, path) in [
            ("protected_resource_metadata", "/.well-known/oauth-protected-resource"),
            ("authorization_server_metadata", "/.well-known/oauth-authorization-server"),
            ("registration_endpoint", "/register"),
            ("authorization_endpoint", "/authorize"),
            ("token_endpoint", "/token"),
            ("revocation_endpoint", "/revoke"),
        ] {
            auth.insert(name.to_owned(), path.into());
        }
    }
    info
}

/// `/`
pub(crate) fn endpoints(settings: &Settings) -> Value {
    let oauth = if is_oauth(settings) { OAUTH } else { &[] };
    let endpoints: Map<_, _> =
        ENDPOINTS.iter().chain(oauth).map(|(path, what)| ((*path).to_owned(), Value::from(*what))).collect();
    json!({ "name": settings.server_name, "version": settings.server_version, "endpoints": endpoints })
}

const fn is_oauth(settings: &Settings) -> bool {
    matches!(settings.auth, Auth::OAuth2(_))
}
