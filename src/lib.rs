//! A tower middleware stack between MCP clients and 1C:Enterprise.
//!
//! A language model's client speaks the [Model Context Protocol](https://modelcontextprotocol.io);
//! a 1C infobase publishes its tools, resources and prompts as an HTTP service. Between them stand
//! ordinary [`tower`] services, to embed in any axum or hyper server:
//!
//! ```text
//!         HTTP side: Service<http::Request<B>>      RPC side: Service<rpc::Request>
//! client ──► your layers ──► JsonRpcLayer ═══════► your layers ═► OneCService ──► 1C
//! stdio  ──────────────────► stdio::serve ═══════►      (the same RPC stack)
//! SSE    ──────────────────► LegacySseLayer ═════►      (the same RPC stack)
//! ```
//!
//! - [`http::JsonRpcLayer`] is the bridge: Streamable HTTP of the revisions 2025-03-26 to
//!   2026-07-28 on one endpoint, without sessions. All rules of HTTP and protocol live there.
//! - `stdio::serve` and `http::LegacySseLayer` (HTTP+SSE of 2024-11-05) are two more bridges onto
//!   the same RPC service. A [`Bridge`] is what they share.
//! - [`onec::OneCService`] is the leaf: one call to the infobase's HTTP service for each request.
//! - [`rpc`] is what travels between: requests and answers whose payloads stay bytes.
//!
//! Anything that is a `tower::Layer` may stand on either side. An answer is `Ok`, even if it is a
//! JSON-RPC error meant for the client; `Err` is trouble with the machinery, which
//! [`rpc::Failure::from_error`] turns into one JSON-RPC error and one HTTP status.
//!
//! # Example
//!
//! An infobase behind `/mcp` of an axum application (run `examples/embed_axum.rs` to try it):
//!
//! ```no_run
//! use onec_mcp::http::JsonRpcLayer;
//! use onec_mcp::onec::{Infobase, OneCService};
//! use onec_mcp::rpc::ServerInfo;
//! use tower::Layer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let password = String::new();
//! let onec = OneCService::new(Infobase::new("http://localhost/base")?.basic("mcp", password))?;
//! let mcp = JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")).layer(onec);
//! let app = axum::Router::new().route_service("/mcp", mcp);
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8000").await?, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | (none) | the HTTP bridge and the leaf |
//! | `stdio` | the bridge over standard streams |
//! | `sse` | the HTTP+SSE transport of 2024-11-05 |
//! | `demo` | a stand-in 1C infobase on a loopback port |
//! | `full` | all of these |
//!
//! The minimum supported Rust version is 1.94; raising it is a minor release.

mod audit;
pub mod auth;
mod bridge;
mod collect;
#[cfg(feature = "demo")]
pub mod demo;
pub mod http;
mod identity;
pub mod onec;
pub mod rpc;
pub mod scope;
#[cfg(feature = "stdio")]
pub mod stdio;

pub use bridge::Bridge;
pub use identity::{Credentials, Identity, Scopes};
