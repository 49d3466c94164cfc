//! The gateway's description of itself: `/info` and `/`.

use crate::settings::{Auth, Settings};
use onec_mcp::catalog::Tools;
use serde_json::{Map, Value, json};

/// The endpoints of MCP, unless MCP is switched off: path and meaning.
const MCP: &[(&str, &str)] = &[
    ("/mcp", "MCP, Streamable HTTP (POST)"),
    ("/sse", "MCP, HTTP+SSE of revision 2024-11-05 (GET)"),
    ("/sse/messages/", "messages to an open /sse stream (POST)"),
];

/// The endpoints that are always there.
const ALWAYS: &[(&str, &str)] = &[
    ("/health", "whether this gateway and 1C work"),
    ("/livez", "whether this gateway works"),
    ("/info", "name, version, transports"),
];

/// The endpoints of mode `oauth2`.
const OAUTH: &[(&str, &str)] = &[
    ("/.well-known/oauth-protected-resource", "OAuth: who gives out tokens for /mcp (RFC 9728)"),
    ("/.well-known/oauth-authorization-server", "OAuth: what the authorization server can do (RFC 8414)"),
    ("/register", "OAuth: registration of a client (POST, RFC 7591)"),
    ("/authorize", "OAuth: login page"),
    ("/token", "OAuth: tokens for a code, a refresh token or a login (POST)"),
    ("/revoke", "OAuth: the end of a token (POST, RFC 7009)"),
];

/// Returns the answer to `/info`.
pub(crate) fn info(settings: &Settings) -> Value {
    let serving = &settings.serving;
    let transports = if serving.mcp { json!({ "streamable_http": "/mcp", "sse": "/sse" }) } else { json!({}) };
    let mut info = json!({
        "name": settings.server_name,
        "version": settings.server_version,
        "transports": transports,
        "auth": { "mode": settings.auth.mode() },
    });
    if serving.rest.is_some()
        && let Some(info) = info.as_object_mut()
    {
        info.insert("rest".to_owned(), json!({ "openapi": "/openapi.json" }));
    }
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

/// The list of endpoints at `/`.
#[derive(Clone)]
pub(crate) struct Endpoints {
    name: String,
    version: String,
    fixed: Vec<&'static [(&'static str, &'static str)]>,
}

impl Endpoints {
    /// Collects the endpoints that do not change.
    pub(crate) fn new(settings: &Settings) -> Self {
        let mcp = if settings.serving.mcp { MCP } else { &[] };
        let oauth = if is_oauth(settings) { OAUTH } else { &[] };
        let (name, version) = (settings.server_name.clone(), settings.server_version.clone());
        Self { name, version, fixed: vec![mcp, ALWAYS, oauth] }
    }

    /// Returns the list with the REST endpoints of these tools, if there are any.
    pub(crate) fn with(&self, tools: Option<&Tools>) -> Value {
        let fixed = self.fixed.iter().copied().flatten().map(|(path, what)| ((*path).to_owned(), Value::from(*what)));
        let mut endpoints: Map<_, _> = fixed.collect();
        if let Some(tools) = tools {
            endpoints.insert("/openapi.json".to_owned(), "REST: what the endpoints take and give (OpenAPI 3.1)".into());
            let rest = tools.iter().filter_map(|tool| Some((tool.rest()?, tool.title())));
            endpoints.extend(rest.map(|(path, title)| (path.to_owned(), format!("REST: {title} (POST)").into())));
        }
        json!({ "name": self.name, "version": self.version, "endpoints": endpoints })
    }
}

const fn is_oauth(settings: &Settings) -> bool {
    matches!(settings.auth, Auth::OAuth2(_))
}
