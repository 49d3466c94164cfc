//! The bridge over HTTP: Streamable HTTP of both eras on one endpoint
//! ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http)).
//!
//! [`JsonRpcLayer`] turns any RPC service into an HTTP service. It keeps no state between two requests, so any
//! replica may answer any of them; sessions are neither issued nor asked for.
//!
//! | Request | Answer |
//! |---|---|
//! | POST of a request | 200 with JSON; after 5 s, or where messages come first, an event stream |
//! | POST of a notification, or of an answer to a question of the server | 202 |
//! | GET, DELETE and others | 405 |
//! | foreign `Origin` or `Host` | 403 |
//! | `Accept` with neither JSON nor event streams | 406 |
//! | body over 4 MiB | 413 |
//! | body that is not JSON by its `Content-Type`, or compressed | 415 |
//! | body that is no message, or a header that breaks a rule | 400 with the JSON-RPC error |
//! | unknown method in 2026-07-28 | 404 with -32601 |
//! | too many calls wait for 1C | 503 with `Retry-After` |
//!
//! Closing the stream (or the connection) drops the call, which ends the call to 1C.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use onec_mcp::bridge::http::JsonRpcLayer;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rpc = service_fn(|request: Request| async move {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?))
//! });
//! let mcp = JsonRpcLayer::new(ServerInfo::new("1C", "1.0.0")).layer(rpc);
//!
//! let list = r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#;
//! let request = http::Request::post("/mcp").header("content-type", "application/json");
//! let answer = mcp.clone().oneshot(request.body(Full::<Bytes>::from(list))?).await?;
//! assert_eq!(answer.status(), 200);
//! let body = answer.into_body().collect().await?.to_bytes();
//! assert_eq!(body, r#"{"jsonrpc":"2.0","id":"a","result":{"tools":[]}}"#);
//!
//! let request = http::Request::post("/mcp").header("origin", "https://evil.example");
//! let answer = mcp.oneshot(request.body(Full::<Bytes>::from(list))?).await?;
//! assert_eq!(answer.status(), 403);
//! # Ok(())
//! # }
//! ```

pub(super) mod accept;
mod batch;
mod future;
mod headers;
mod layer;
mod options;
mod post;
pub(super) mod reply;
pub(crate) mod sentinel;
mod service;
mod stream;
mod tool_params;

pub use layer::JsonRpcLayer;
#[cfg(feature = "sse")]
pub(super) use options::Options;
pub use service::{JsonRpc, ResponseFuture};
#[cfg(feature = "sse")]
pub(super) use stream::EventStream;
