//! An infobase behind OAuth: users log in with their own login of 1C, and calls run as them.
//!
//! `cargo run --example embed_oauth` serves the demo infobase; for a real one put its URL into
//! `Infobase::new(..)`. It needs no account: every call uses the login of its user.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use onec_mcp::auth::Site;
use onec_mcp::auth::login::{OwnLogin, Slowdown};
use onec_mcp::auth::server::AuthorizationServer;
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::net::Peer;
use onec_mcp::{
    BearerAuthLayer, Infobase, JsonRpcLayer, OneCService, ScopeLayer, ScopePolicy, Scopes, ServerInfo, demo,
};
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::Layer;
use tower::util::MapRequestLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = demo::DemoInfobase::start().await?;
    let onec = OneCService::new(Infobase::new(demo.url())?)?;

    // The address for clients. Tokens are valid only for its resource `/mcp`.
    let site = Site::new().public_url(&"http://127.0.0.1:8000".parse()?);
    // 1C checks logins; `Slowdown` makes guessing slow. With a store in memory a restart logs out all users;
    // `SqliteStore` and `PostgresStore` keep the tokens.
    let login = Slowdown::new(OwnLogin::new(onec.clone()));
    let server = AuthorizationServer::new(site.clone(), login, MemoryStore::new());

    // RPC side: `ScopeLayer` tells 1C the caller, and rejects callers without the scope.
    let onec = ScopeLayer::new(ScopePolicy::everything("mcp")).layer(onec);
    // HTTP side: `BearerAuthLayer` identifies the caller before the bridge reads the body.
    let mcp = JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")).layer(onec);
    let mcp = BearerAuthLayer::new(server.tokens()).site(site).scopes(Scopes::parse("mcp")).layer(mcp);

    // Removes expired entries until the server ends.
    let sweeping = server.clone();
    let upkeep = async move {
        loop {
            tokio::time::sleep(Duration::from_secs(300)).await;
            if let Err(error) = sweeping.sweep().await {
                tracing::warn!("expired tokens cannot be thrown away: {error}");
            }
        }
    };

    // The login page, the token endpoint and the metadata are at all other routes. Their rate limits need the
    // address of the client, which axum knows.
    let app = Router::new().route_service("/mcp", mcp).fallback_service(server).layer(MapRequestLayer::new(peer));
    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    println!("http://{}/mcp", listener.local_addr()?);
    let serve = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    tokio::select! {
        end = serve.into_future() => Ok(end?),
        () = upkeep => Ok(()),
    }
}

fn peer(mut request: Request) -> Request {
    if let Some(&ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        request.extensions_mut().insert(Peer(address));
    }
    request
}
