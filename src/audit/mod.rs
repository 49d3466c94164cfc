//! The audit trail: one structured event each, through `tracing` at INFO under the target
//! `onec_mcp::audit`. Never a token, code, key, password, argument, or text of 1C.
//!
//! [`AuditLayer`] tells of tools; the layers and the server of [`auth`](crate::auth) tell of logins
//! and tokens (`oauth.client.registered`, `oauth.login.failed`, `oauth.code.issued`,
//! `oauth.token.issued`, `.refused`, `.replay_detected` and `.revoked`), and [`scope`](crate::scope) of
//! refusals.
//!
//! | Event | Fields besides `sub`, `client_id` and `remote` |
//! |---|---|
//! | `mcp.tool.list` | `ok`, `count` (the tools on this page), `version`, `status`, `duration_ms`, `onec_ms`, `request_id`, `reason` |
//! | `mcp.tool.call` | `tool`, `ok`, `version`, `status`, `duration_ms`, `onec_ms`, `request_id`, `reason` |
//! | `oauth.scope.denied` | `tool`, and the scopes `required` and those that the caller does `have` |
//!
//! `version` is the revision of MCP, `status` the code of the JSON-RPC error or 0, `duration_ms` the time until the
//! answer was there, and `onec_ms` that which 1C took, where it was asked. With these the event says all that the log
//! line of a request says, and [`LogLayer`](crate::LogLayer) leaves that line out, unless told
//! [otherwise](crate::LogLayer::every_request). The warning of a failed call of 1C has the `request_id` too.
//!
//! What strangers can cause in any number is not told in any number: of `oauth.token.refused` and `oauth.login.failed` one
//! address (of IPv6, one /64) gets 10 a minute for each reason, and 100 a minute are told in all by a layer or server. The
//! others are counted; a minute after the first one an event of the same name has their number as `more`.
//!
//! Each list or call of tools makes exactly one of the first two, also if its client goes away: then `ok` is false and the
//! `reason` is `cancelled`. The other reasons:
//!
//! | Reason | What happened |
//! |---|---|
//! | `input_required` | `ok` is true: the tool asks for input, and another call will follow |
//! | `tool_error` | the tool itself failed, or its arguments did not fit (`isError`) |
//! | `invalid_params` | -32602: no such tool, or parameters that do not fit |
//! | `invalid_request`, `not_found` | it broke a rule of the protocol; -32601 |
//! | `validation_error`, `limit_exceeded` | over REST: arguments that do not fit; 1C sent more than the ceiling |
//! | `insufficient_scope` | the caller lacks a scope |
//! | `login_refused` | 1C no longer takes the caller's own login |
//! | `timeout`, `overloaded` | no answer in time; too many calls wait |
//! | `onec_error` | 1C failed, or could not be asked |
//! | `internal_error` | this server failed |
//!
//! `remote` is what stands in the request's extensions: the address of the
//! [`Caller`](crate::net::Caller) behind trusted proxies, or of the [`Peer`](crate::net::Peer).
//! While nobody listens to the target, the layer does next to nothing.
//!
//! # Example
//!
#![cfg_attr(feature = "audit", doc = "```")]
#![cfg_attr(not(feature = "audit"), doc = "```ignore")]
//! use onec_mcp::audit::AuditLayer;
//! use onec_mcp::rpc::{BoxError, Method, Params, Payload, Request, Response, Version};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # tracing_subscriber::fmt().init();
//! let onec = service_fn(|_: Request| async {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[{"name":"stock"}]}"#)?))
//! });
//! let service = AuditLayer::new().layer(onec);
//! // INFO onec_mcp::audit: event="mcp.tool.list" ok=true count=1 version="2025-11-25" status=0 duration_ms=0
//! service.oneshot(Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25)).await?;
//! # Ok(())
//! # }
//! ```

mod event;
#[cfg(feature = "audit")]
mod layer;
#[cfg(any(feature = "alias", feature = "audit", feature = "rest"))]
mod reason;
#[cfg(feature = "audit")]
mod service;
#[cfg(any(feature = "alias", feature = "audit", feature = "rest"))]
mod tool;

/// The target of the events.
pub const TARGET: &str = "onec_mcp::audit";

pub(crate) use event::{Event, sampler, scope_denied};
#[cfg(feature = "audit")]
pub use layer::AuditLayer;
#[cfg(feature = "audit")]
pub use service::{Audit, ResponseFuture};
#[cfg(any(feature = "alias", feature = "audit", feature = "rest"))]
pub(crate) use {reason::Verdict, tool::ToolCall};
