//! Two infobases in one application, each with its own login page, tokens and metadata, below a prefix.

use axum::Router;
use onec_mcp::auth::login::Login;
use onec_mcp::auth::server::{AuthorizationServer, Lifetimes};
use onec_mcp::auth::store::TokenStore;
use onec_mcp::auth::{BearerAuthLayer, Site};
use onec_mcp::rpc::{BoxError, Request, Response};
use onec_mcp::{JsonRpcLayer, Scopes, ServerInfo};
use tower::{Service, ServiceBuilder};
use url::Url;

/// Where an infobase is, and what its tokens are.
pub(crate) struct Mount<'a> {
    /// The root URL of the application, as clients see it.
    pub(crate) base: &'a Url,
    pub(crate) prefix: String,
    /// All scopes that there are here.
    pub(crate) scopes: Scopes,
    pub(crate) lifetimes: Lifetimes,
}

/// Returns the routes of one infobase, and the server to sweep. A token of one infobase is not valid at another.
pub(crate) fn mounted<R, L: Login, S: TokenStore>(
    mount: Mount<'_>,
    rpc: R,
    login: L,
    store: S,
) -> (Router, AuthorizationServer<L, S>)
where
    R: Service<Request, Response = Response, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
{
    let Mount { base, prefix, scopes, lifetimes } = mount;
    let resource = format!("{prefix}/mcp");
    let site = Site::new().public_url(base).mount(&prefix).resources([&*resource]);
    let server = AuthorizationServer::new(site.clone(), login, store).scopes(scopes).lifetimes(lifetimes);
    let mcp = ServiceBuilder::new()
        .layer(BearerAuthLayer::new(server.tokens()).site(site).resource(&resource))
        .layer(JsonRpcLayer::new(ServerInfo::new("House", "1.0.0")))
        .service(rpc);
    // Login page, token endpoint and registration are at the other paths below the prefix.
    let below = Router::new().route_service("/mcp", mcp).fallback_service(server.clone());
    // The metadata documents belong to the root of the host.
    let router = Router::new()
        .nest(&prefix, below)
        .nest_service(&format!("/.well-known/oauth-protected-resource{prefix}"), server.resource_metadata())
        .route_service(&format!("/.well-known/oauth-authorization-server{prefix}"), server.server_metadata());
    (router, server)
}
