//! The log line of a request: at INFO, through `tracing`, under the target `onec_mcp::request`.
//!
//! | Field | Value |
//! |---|---|
//! | `method`, `name` | what is asked, and of which tool, prompt or resource; cut at 100 characters |
//! | `version` | the revision of MCP |
//! | `status` | the code of the JSON-RPC error, 0 for a result |
//! | `request_id` | [`RequestId`](crate::rpc::RequestId): the warning of a failed call of 1C has it too |
//! | `duration_ms` | the time until the answer was there |
//! | `onec_ms` | how long of it 1C took, where it was asked |
//!
//! A list or call of tools has no line where the [audit trail](crate::audit) told of it with all these fields, unless
//! the layer is told [otherwise](LogLayer::every_request). A call whose client went away has none.
//!
//! [`LogLayer`] is given to a bridge, so that what the bridge answers itself (`initialize`, `ping` …) has its line too:
//! [`Bridge::layer`](crate::Bridge::layer). Within a stack it tells of what gets there.
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

/// The target of the lines.
pub const TARGET: &str = "onec_mcp::request";
