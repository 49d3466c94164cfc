//! The MCP endpoints and their guard, and the service in front of the router.

use crate::stack::{Bridge, Rpc};
use axum::Router;
use axum::extract::Request as RouterRequest;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use axum::routing::{Route, any_service, post_service};
use hyper::body::Incoming;
use onec_mcp::bridge::http::{JsonRpc, JsonRpcLayer};
use onec_mcp::bridge::sse::LegacySseLayer;
use onec_mcp::log::Log;
use onec_mcp::net::Body as McpBody;
use onec_mcp::net::budget::Counted;
use onec_mcp::net::{OriginPolicy, Watched};
use std::convert::Infallible;
use std::task::{Context, Poll, ready};
use tokio_util::either::Either;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

/// A request as the endpoints get it.
pub(crate) type Received = Request<Counted<Watched<Incoming>>>;

/// The service at `/mcp`, behind any guard.
pub(crate) type Mcp = BoxCloneSyncService<Received, Response<McpBody>, Infallible>;

/// The MCP endpoints without a guard.
pub(crate) struct Unguarded {
    mcp: JsonRpc<Log<Rpc>>,
    sse: Router,
}

/// The MCP endpoints behind their guard.
pub(crate) struct Guarded {
    pub(crate) mcp: Mcp,
    pub(crate) sse: Router,
}

impl Unguarded {
    /// Creates the endpoints. Clients find the messages of a stream below `public_path`, the path of the public URL.
    pub(crate) fn new(bridge: Bridge, stack: Rpc, origins: &OriginPolicy, public_path: &str) -> Self {
        let mcp = JsonRpcLayer::new(bridge.clone()).origins(origins.clone()).layer(stack.clone());
        let messages = format!("{public_path}/sse/messages/");
        let sse = LegacySseLayer::new(bridge, &messages).origins(origins.clone()).layer(stack);
        let sse = Router::new()
            .route("/sse", any_service(sse.clone()))
            .route("/sse/messages/", post_service(sse.clone()))
            .route("/sse/messages", post_service(sse));
        Self { mcp, sse }
    }

    /// Leaves the endpoints without a guard.
    pub(crate) fn open(self) -> Guarded {
        Guarded { mcp: Mcp::new(self.mcp), sse: self.sse }
    }

    /// Puts the endpoints behind `guard`.
    pub(crate) fn behind<L>(self, guard: L) -> Guarded
    where
        L: Layer<JsonRpc<Log<Rpc>>> + Layer<Route> + Clone + Send + Sync + 'static,
        <L as Layer<JsonRpc<Log<Rpc>>>>::Service: Service<Received, Response = Response<McpBody>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        <L as Layer<Route>>::Service: Service<RouterRequest, Response: IntoResponse, Error: Into<Infallible>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        Guarded { mcp: Mcp::new(guard.layer(self.mcp)), sse: self.sse.route_layer(guard) }
    }
}

/// Sends requests to `/mcp` past the router, which has all other routes: for each layer around a route the
/// router boxes a service and its future for every request.
#[derive(Clone, Debug)]
pub(crate) struct Front<M, R> {
    mcp: Option<M>,
    router: R,
}

impl<M, R> Front<M, R> {
    /// Creates the service. Without `mcp` all requests go to the router.
    pub(crate) const fn new(mcp: Option<M>, router: R) -> Self {
        Self { mcp, router }
    }
}

impl<M, R, B> Service<Request<B>> for Front<M, R>
where
    M: Service<Request<B>>,
    R: Service<Request<B>, Response = M::Response, Error = M::Error>,
{
    type Response = M::Response;
    type Error = M::Error;
    type Future = Either<M::Future, R::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        if let Some(mcp) = &mut self.mcp {
            ready!(mcp.poll_ready(cx))?;
        }
        self.router.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match &mut self.mcp {
            Some(mcp) if matches!(request.uri().path(), "/mcp" | "/mcp/") => Either::Left(mcp.call(request)),
            _ => Either::Right(self.router.call(request)),
        }
    }
}
