//! An infobase behind MCP on bare hyper: the bridge is a plain `tower::Service`.
//!
//! `cargo run --example embed_hyper`

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use onec_mcp::net::Lingering;
use onec_mcp::{Infobase, JsonRpcLayer, OneCService, ServerInfo, demo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Layer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let demo = demo::DemoInfobase::start().await?;
    let onec = OneCService::new(Infobase::new(demo.url())?.basic(demo.username(), demo.password()))?;
    let mcp = JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")).layer(onec);

    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    println!("http://{}/", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        // Lets an early error response reach a client that is still sending.
        let stream = Lingering::new(stream);
        let service = TowerToHyperService::new(stream.unread().layer(mcp.clone()));
        connections.spawn(
            hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service),
        );
        // Removes the connections that have ended.
        while connections.try_join_next().is_some() {}
    }
}
