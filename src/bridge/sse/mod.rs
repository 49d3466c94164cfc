//! The HTTP+SSE transport of revision 2024-11-05
//! ([transports](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse)).
//!
//! GET opens the stream; its first event, `endpoint`, holds the URL where the client POSTs its messages (202
//! each). All replies come over the stream, which owns the calls: closing it drops them.
//!
//! # Example
//!
//! ```
//! use onec_mcp::bridge::sse::LegacySseLayer;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rpc = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?)) });
//! let sse = LegacySseLayer::new(ServerInfo::new("1C", "1.0.0"), "/sse/messages").layer(rpc);
//!
//! // One service for both: the stream, and its messages.
//! let app = axum::Router::new().route_service("/sse", sse.clone()).route_service("/sse/messages", sse);
//! let stream = app.oneshot(http::Request::get("/sse").body(axum::body::Body::empty())?).await?;
//! assert_eq!(stream.headers()["content-type"], "text/event-stream");
//! # Ok(())
//! # }
//! ```

mod layer;
mod post;
mod service;
mod streams;

pub use layer::LegacySseLayer;
pub use service::{LegacySse, ResponseFuture};
