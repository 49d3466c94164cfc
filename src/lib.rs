//! A tower middleware stack between MCP clients and 1C:Enterprise.
//!
//! MCP clients speak the [Model Context Protocol](https://modelcontextprotocol.io); a 1C infobase publishes its tools,
//! resources, prompts and reports as an HTTP service. Between them go ordinary [`tower`] services, which can be
//! embedded in any axum or hyper server:
//!
//! ```text
//!       HTTP side: Service<http::Request<B>>    RPC side: Service<rpc::Request>
//!
//! HTTP  ──► BearerAuthLayer ──► JsonRpcLayer ═══╗
//! SSE   ──► BearerAuthLayer ──► LegacySseLayer ═╬═► LogLayer ═► AliasLayer ═► AuditLayer ═► ScopeLayer ═╗
//! stdio ──────────────────────► stdio::serve ═══╝                                                       ║
//!                                               ╔═══════════════════════════════════════════════════════╝
//!                                               ╚═► CatalogLayer ═► CacheLayer ═► OneCService ──► 1C
//!                                                        ║                           ▲
//! REST  ──► RestService ─────────────────────────────────╨──► RestCache ─► OneCRest ─╯
//! ```
//!
//! - [`bridge::http::JsonRpcLayer`] is the HTTP bridge: Streamable HTTP of the revisions 2025-03-26 to 2026-07-28 on
//!   one endpoint, without sessions. It enforces all rules of HTTP and of the protocol.
//! - [`bridge::stdio::serve`] and [`bridge::sse::LegacySseLayer`] (HTTP+SSE of 2024-11-05) are two more bridges to the
//!   same RPC service. A [`Bridge`] holds what the bridges share, including the layers around every client request.
//! - [`log`] writes a line for each request.
//! - [`onec::OneCService`] is the leaf: it makes one call to the infobase's HTTP service for each request. Its handle
//!   [`onec::OneCRest`] makes the plain REST calls of the catalog, with the same client and account.
//! - [`rpc`] defines the requests and answers between the layers; their payloads stay bytes.
//! - [`auth`] identifies callers: [`auth::BearerAuthLayer`] lets in requests with a valid token, and leaves an
//!   [`Identity`] for the layers below. [`auth::BasicAuthLayer`] does this for logins of 1C, and
//!   [`auth::server::AuthorizationServer`] logs users in and issues the tokens.
//! - [`gateway`] builds the RPC stack in the safe order: [`Gateway::builder`] takes the layers that follow, each of
//!   them optional.
//! - [`alias`] replaces Cyrillic or long names of tools by names that every client accepts.
//! - [`audit`] reports each list and call of tools, including the refused ones.
//! - [`check`] checks and mends the arguments of the 1C extension's own tools by the schemas that it lists.
//! - [`confirm`] asks the user before tools that want consent, and keeps models from setting `_confirmation`
//!   themselves.
//! - [`scope`] limits what a caller may do: [`scope::ScopeLayer`] shows callers what their scopes allow, refuses the
//!   rest, and tells 1C who calls. The leaf then works as that user, if the user has a login of 1C.
//! - [`catalog`] defines business tools as data, built in or from a file: their arguments are mended and checked before
//!   1C is asked.
//! - [`cache`] remembers the answers of 1C, and gives each only to the caller who got it, or to those whom the leaf
//!   treats alike.
//! - [`rest`] serves the catalog as plain HTTP endpoints for programs.
//! - [`net::budget`] bounds the bytes that a server holds for all its callers, and for each.
//! - [`demo`] is a stand-in infobase to try all this on.
//!
//! All parts except a bridge and the leaf are optional. Without authentication every call runs under the service
//! account of the leaf.
//!
//! Any `tower::Layer` can go on either side. An answer is `Ok`, even if it is a JSON-RPC error meant for the client;
//! `Err` means that no answer could be made, and [`rpc::RpcError::from_error`] turns it into one JSON-RPC error and one
//! HTTP status.
//!
//! # Example
//!
//! An infobase behind `/mcp` of an axum application (run `examples/embed_axum.rs` to try it;
//! `examples/embed_oauth.rs` is the same behind OAuth, `examples/embed_catalog.rs` has a catalog):
//!
//! ```no_run
//! use onec_mcp::{Infobase, JsonRpcLayer, OneCService, ServerInfo};
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
//! Layers added by hand, behind a token and with the tools of a catalog ([`Gateway::builder`] knows the order of all
//! layers):
//!
//! ```no_run
//! use onec_mcp::auth::StaticToken;
//! use onec_mcp::catalog::Limits;
//! use onec_mcp::{BearerAuthLayer, Catalog, CatalogLayer, Identity, Infobase, JsonRpcLayer, OneCService, Scopes};
//! use onec_mcp::{ScopeLayer, ScopePolicy, ServerInfo};
//! use tower::ServiceBuilder;
//!
//! # fn app(token: String, password: String) -> Result<axum::Router, Box<dyn std::error::Error>> {
//! let onec = OneCService::new(Infobase::new("http://localhost/base")?.basic("mcp", password))?;
//! let catalog = Catalog::trade(Limits::default())?;
//! let policy = catalog.policy(ScopePolicy::everything("mcp"));
//! let rpc = ServiceBuilder::new()
//!     .layer(ScopeLayer::new(policy))
//!     .layer(CatalogLayer::new(catalog, onec.rest()))
//!     .service(onec);
//! let caller = Identity::new("reports", Scopes::parse("mcp mcp:resolve mcp:report:sales"));
//! let mcp = ServiceBuilder::new()
//!     .layer(BearerAuthLayer::new(StaticToken::new(token, caller)))
//!     .layer(JsonRpcLayer::new(ServerInfo::new("My service", "1.0.0")))
//!     .service(rpc);
//! let app = axum::Router::new().route_service("/mcp", mcp);
//! # Ok(app)
//! # }
//! ```
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | (none) | the HTTP bridge, the leaf, the bearer layer, scopes and the builder of the stack |
//! | `tls` (on by default) | https in the client to 1C; without it a client of your own may still speak it |
//! | `alias` | names of tools that every client accepts |
//! | `audit` | a line for each list and call of tools |
//! | `cache` | a cache of the answers of 1C |
//! | `catalog` | business tools as data |
//! | `schemars` | tools of the program with the schemas of Rust types; implies `catalog` |
//! | `check` | checked and mended arguments for 1C's own tools; implies `catalog` |
//! | `confirm` | consent of the user for tools that want it |
//! | `rest` | the catalog as HTTP endpoints, with an OpenAPI document; implies `catalog` |
//! | `stdio` | the bridge over standard streams |
//! | `sse` | the HTTP+SSE transport of 2024-11-05 |
//! | `basic` | HTTP Basic with the caller's own login of 1C |
//! | `oauth` | the authorization server with its login page, and the token store in memory; implies `tls` |
//! | `sqlite` | the token store in a file; implies `oauth` |
//! | `postgres` | the token store that replicas share; implies `oauth` |
//! | `store-contract` | the tests that every token store must pass; implies `oauth` |
//! | `demo` | a stand-in 1C infobase on a loopback port |
//! | `full` | all of these |
//!
//! The minimum supported Rust version is 1.94; raising it is a minor release.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Docs link to items of all features; without a feature such a link leads nowhere.
#![cfg_attr(not(feature = "full"), allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links))]

#[cfg(feature = "alias")]
pub mod alias;
pub mod audit;
pub mod auth;
pub mod bridge;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "catalog")]
pub mod catalog;
#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "confirm")]
pub mod confirm;
#[cfg(feature = "demo")]
pub mod demo;
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
mod identity;
pub mod log;
pub mod net;
pub mod onec;
#[cfg(feature = "rest")]
pub mod rest;
pub mod rpc;
pub mod scope;
mod service;

#[cfg(feature = "alias")]
pub use alias::AliasLayer;
#[cfg(feature = "audit")]
pub use audit::AuditLayer;
#[cfg(feature = "basic")]
pub use auth::BasicAuthLayer;
pub use auth::BearerAuthLayer;
pub use bridge::Bridge;
pub use bridge::http::JsonRpcLayer;
#[cfg(feature = "sse")]
pub use bridge::sse::LegacySseLayer;
#[cfg(feature = "cache")]
pub use cache::CacheLayer;
#[cfg(feature = "catalog")]
pub use catalog::{Catalog, CatalogLayer};
#[cfg(feature = "check")]
pub use check::CheckLayer;
#[cfg(feature = "confirm")]
pub use confirm::ConfirmLayer;
pub use gateway::Gateway;
pub use identity::{Claim, Credentials, Identity, Scopes, Sharing};
pub use log::LogLayer;
pub use onec::{Infobase, OneCService};
#[cfg(feature = "rest")]
pub use rest::RestService;
pub use rpc::ServerInfo;
pub use scope::{ScopeLayer, ScopePolicy};
// `SecretString` of this crate is part of public signatures.
pub use secrecy;
