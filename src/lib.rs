//! A tower middleware stack between MCP clients and 1C:Enterprise.
//!
//! A language model's client speaks the [Model Context Protocol](https://modelcontextprotocol.io);
//! a 1C infobase publishes its tools, resources and prompts as an HTTP service. Between them stand
//! ordinary [`tower`] services, to embed in any axum or hyper server:
//!
//! ```text
//!         HTTP side: Service<http::Request<B>>             RPC side: Service<rpc::Request>
//! client ──► BearerAuthLayer ──► JsonRpcLayer ═══════► ScopeLayer ═► your layers ═► OneCService ──► 1C
//! SSE    ──► BearerAuthLayer ──► LegacySseLayer ═════►      (the same RPC stack)
//! stdio  ──────────────────────► stdio::serve ═══════►      (the same RPC stack)
//! ```
//!
//! - [`http::JsonRpcLayer`] is the bridge: Streamable HTTP of the revisions 2025-03-26 to
//!   2026-07-28 on one endpoint, without sessions. All rules of HTTP and protocol live there.
//! - `stdio::serve` and `http::LegacySseLayer` (HTTP+SSE of 2024-11-05) are two more bridges onto
//!   the same RPC service. A [`Bridge`] is what they share.
//! - [`onec::OneCService`] is the leaf: one call to the infobase's HTTP service for each request.
//! - [`rpc`] is what travels between: requests and answers whose payloads stay bytes.
//! - [`auth`] is who calls: [`auth::BearerAuthLayer`] lets in whoever bears a good token, and leaves
//!   an [`Identity`] for the layers below. `auth::BasicAuthLayer` does so for logins of 1C, and
//!   `auth::server::AuthorizationServer` logs users in and gives out the tokens.
//! - [`scope`] is what a caller may do: [`scope::ScopeLayer`] refuses callers that lack a scope, and
//!   tells 1C who calls. The leaf then works as that user, if the user has a login of 1C.
//!
//! Both are optional: without them every call runs under the one account of the leaf.
//!
//! Anything that is a `tower::Layer` may stand on either side. An answer is `Ok`, even if it is a
//! JSON-RPC error meant for the client; `Err` is trouble with the machinery, which
//! [`rpc::Failure::from_error`] turns into one JSON-RPC error and one HTTP status.
//!
//! # Example
//!
//! An infobase behind `/mcp` of an axum application (run `examples/embed_axum.rs` to try it;
//! `examples/embed_oauth.rs` is the same behind OAuth):
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
//! | (none) | the HTTP bridge, the leaf, the bearer layer and scopes |
//! | `stdio` | the bridge over standard streams |
//! | `sse` | the HTTP+SSE transport of 2024-11-05 |
//! | `basic` | HTTP Basic with the caller's own login of 1C |
//! | `oauth` | the authorization server with its login page, and the token store in memory |
//! | `sqlite` | the token store in a file; implies `oauth` |
//! | `postgres` | the token store that replicas share; implies `oauth` |
//! | `store-contract` | the tests that every token store must pass; implies `oauth` |
//! | `demo` | a stand-in 1C infobase on a loopback port |
//! | `full` | all of these |
//!
//! The minimum supported Rust version is 1.94; raising it is a minor release.

#[cfg(feature = "alias")]
pub mod alias;
#[cfg(feature = "audit")]
pub mod audit;
#[cfg(not(feature = "audit"))]
mod audit;
pub mod auth;
mod bridge;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "catalog")]
pub mod catalog;
mod collect;
#[cfg(feature = "demo")]
pub mod demo;
pub mod gateway;
pub mod http;
mod identity;
mod memo;
pub mod onec;
#[cfg(feature = "rest")]
pub mod rest;
pub mod rpc;
pub mod scope;
#[cfg(feature = "stdio")]
pub mod stdio;

pub use bridge::Bridge;
pub use gateway::Gateway;
pub use identity::{Credentials, Identity, Scopes};
