//! The shortest useful program: an infobase behind `/mcp` of an axum application.
//!
//! `cargo run --example embed_axum` serves the demo infobase; for a real one put its URL and account into
//! `Infobase::new(..).basic(..)`.

use onec_mcp::{Infobase, JsonRpcLayer, OneCService, ServerInfo, demo};
use tokio::net::TcpListener;
use tower::Layer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = demo::DemoInfobase::start().await?;

    // The leaf: one HTTP call to 1C for each request.
    let onec = OneCService::new(Infobase::new(demo.url())?.basic(demo.username(), demo.password()))?;
    // The bridge: MCP over Streamable HTTP. Other layers may stand on either side of it.
    let mcp = JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")).layer(onec);
    let app = axum::Router::new().route_service("/mcp", mcp);

    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    println!("http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
