//! Checks of the arguments of 1C's own tools, before 1C is called.
//!
//! Language models put numbers in quotes, send objects as JSON text and make up values. Most extensions detect
//! that by an exception deep inside, whose text helps no model. A [`CheckLayer`] remembers the input
//! schemas of each list of tools that passes through it, and does for calls what the
//! [catalog](crate::catalog) does for its own tools: arguments that a schema rejects are mended if there is no doubt
//! how; otherwise the call ends with a tool result with `isError` that names the argument and what is allowed, and
//! 1C is not called.
//!
//! - Arguments that fit pass byte for byte. Defaults are not filled in, and arguments that the schema does
//!   not mention stay: unlike a catalog's, these tools are not closed. Formats (`date`) only say what may be
//!   mended, as 1C often accepts more than they do.
//! - A schema is used for the caller who was shown it: the same subject, client, claims, partition, scopes, login and
//!   headers towards 1C. Nothing is checked by a schema that is unknown, broken or cannot be compiled (an unknown
//!   draft, a pattern with look-around), and no list is requested to learn one.
//! - A schema is remembered for 12 hours, within 32 MiB for the lists of all callers. If it rejects a call
//!   more than a minute after it was shown, the list is requested again first, as the same caller: values that 1C
//!   allows by now are not rejected. If the list cannot be read, 1C decides.
//!
//! The layer belongs above the one that hides tools and values from callers
//! ([`ScopeLayer`](crate::scope::ScopeLayer)), so that its errors reveal only what the caller was shown, and
//! beneath [`AliasLayer`](crate::alias::AliasLayer), which maps names back.
//!
//! # Example
//!
//! ```
//! use onec_mcp::check::CheckLayer;
//! use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, Version};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let onec = service_fn(|request: Request| async move {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(match request.method {
//!         Method::ToolsList => r#"{"tools":[{"name":"stock","inputSchema":{
//!             "type":"object","properties":{"limit":{"type":"integer"}}}}]}"#.to_owned(),
//!         _ => format!(r#"{{"content":[],"got":{}}}"#, String::from_utf8_lossy(request.params.raw(Param::Arguments).unwrap_or_default())),
//!     })?))
//! });
//! let service = CheckLayer::new().layer(onec);
//! let ask = async |method, params: &str| {
//!     let params = Params::parse(&params.to_owned().into())?;
//!     let answer = service.clone().oneshot(Request::new(method, params, Version::V2025_11_25)).await?;
//!     Ok::<_, BoxError>(String::from_utf8(answer.outcome?.json().to_vec())?)
//! };
//!
//! ask(Method::ToolsList, "{}").await?;
//! let mended = ask(Method::ToolsCall, r#"{"name":"stock","arguments":{"limit":"5"}}"#).await?;
//! assert_eq!(mended, r#"{"content":[],"got":{"limit":5}}"#);
//! let refused = ask(Method::ToolsCall, r#"{"name":"stock","arguments":{"limit":"all"}}"#).await?;
//! assert!(refused.contains("limit") && refused.contains("whole number") && refused.contains("isError"));
//! # Ok(())
//! # }
//! ```

mod known;
mod layer;
mod service;

pub use layer::CheckLayer;
pub use service::{Check, ResponseFuture};
