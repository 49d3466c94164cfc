//! What a caller may do: scopes, before a request leaves for 1C.
//!
//! [`ScopeLayer`] lets a request pass only if the [`Identity`](crate::Identity) that an authentication
//! layer found holds the scope that the [`ScopePolicy`] wants. It fails closed: no identity means no
//! scopes. And it tells 1C who calls, in the headers `X-MCP-Sub` (percent-encoded UTF-8) and
//! `X-MCP-Scopes` (separated by commas); nothing that a client sends under these names gets there.
//!
//! A refusal is the error [`Failure::insufficient_scope`](crate::rpc::Failure::insufficient_scope):
//! over HTTP 403 and a challenge, from revision 2025-11-25 on; elsewhere a tool result with `isError`.
//!
//! # Example
//!
//! ```
//! use onec_mcp::rpc::{BoxError, Failure, Method, Params, Payload, Request, Response, Version};
//! use onec_mcp::scope::{ScopeLayer, ScopePolicy};
//! use onec_mcp::{Identity, Scopes};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let onec = service_fn(|request: Request| async move {
//!     assert_eq!(request.headers["x-mcp-sub"], "onec:%D0%AF");
//!     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?))
//! });
//! let service = ScopeLayer::new(ScopePolicy::everything("mcp")).layer(onec);
//!
//! let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
//! request.extensions.insert(Identity::new("onec:Я", Scopes::parse("mcp")));
//! service.clone().oneshot(request.clone()).await?;
//!
//! request.extensions.insert(Identity::new("onec:Я", Scopes::parse("mcp:resolve")));
//! let error = service.oneshot(request).await.err().ok_or("passed")?;
//! assert_eq!(Failure::from_error(&error).status, 403);
//! # Ok(())
//! # }
//! ```

mod layer;
mod policy;
mod service;

pub use layer::ScopeLayer;
pub use policy::{Guard, ScopePolicy};
pub use service::{ResponseFuture, Scoped};
