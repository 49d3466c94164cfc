//! The log: one line for each request, at INFO, through `tracing`, under the target `onec_mcp::request`.
//!
//! | Field | Value |
//! |---|---|
//! | `method`, `name` | the method, and the tool, prompt or resource; cut at 100 characters |
//! | `version` | the revision of MCP |
//! | `status` | the code of the JSON-RPC error, 0 for a result |
//! | `request_id` | [`RequestId`](crate::rpc::RequestId); the warning about a failed call to 1C has it too |
//! | `duration_ms` | the time until the answer |
//! | `onec_ms` | how much of it 1C took, if it was called |
//!
//! A list of tools or a call of a tool gets no line if the [audit trail](crate::audit) reported it with all these
//! fields, unless the layer is [set](LogLayer::every_request) to log it anyway. A request whose client disconnected
//! gets none.
//!
//! Give a [`LogLayer`] to a bridge, so that requests that the bridge answers itself (`initialize`, `ping` …) are logged
//! too: [`Bridge::layer`](crate::Bridge::layer). Within a stack it logs the requests that reach it.
//!
//! # Example
//!
//! ```
//! use onec_mcp::log::LogLayer;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response};
//! use onec_mcp::{Bridge, JsonRpcLayer, ServerInfo};
//! use tower::{Layer, service_fn};
//!
//! let onec = service_fn(|_: Request| async {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?))
//! });
//! let bridge = Bridge::new(ServerInfo::new("1C", "1.0.0")).layer(LogLayer::new());
//! // INFO onec_mcp::request: request method="tools/list" version="2025-11-25" status=0 request_id=9f3a1c07-1f …
//! let mcp = JsonRpcLayer::new(bridge).layer(onec);
//! ```

mod layer;
mod line;
mod service;

pub use layer::LogLayer;
pub use service::{Log, ResponseFuture};

/// The `tracing` target of the log lines.
pub const TARGET: &str = "onec_mcp::request";
