//! The audit trail: structured events, through `tracing`, at INFO, under the target `onec_mcp::audit`.
//!
//! Events never contain a token, code, key, password, argument, or text of 1C.
//!
//! [`AuditLayer`] reports lists and calls of tools; the layers and the server of [`auth`](crate::auth) report logins
//! and tokens (`oauth.client.registered`, `oauth.login.failed`, `oauth.code.issued`,
//! `oauth.token.issued`, `.refused`, `.replay_detected` and `.revoked`), and [`scope`](crate::scope) reports
//! requests that lack a scope.
//!
//! | Event | Fields besides `sub`, `client_id` and `remote` |
//! |---|---|
//! | `mcp.tool.list` | `ok`, `count` (the tools on this page), `version`, `status`, `duration_ms`, `onec_ms`, `request_id`, `reason` |
//! | `mcp.tool.call` | `tool`, `ok`, `version`, `status`, `duration_ms`, `onec_ms`, `request_id`, `reason` |
//! | `oauth.scope.denied` | `tool`, and the scopes `required` and those that the caller does `have` |
//!
//! `version` is the revision of MCP, `status` the code of the JSON-RPC error or 0, `duration_ms` the time until the
//! answer, and `onec_ms` the part of it that 1C took, if it was called. These are all the fields that the log
//! line of a request has, so [`LogLayer`](crate::LogLayer) leaves that line out, unless
//! [set](crate::LogLayer::every_request) otherwise. The warning about a failed call to 1C has the `request_id` too.
//!
//! Events that unauthenticated callers can cause in any number are limited: of `oauth.token.refused` and
//! `oauth.login.failed`, each address (of IPv6, each /64) gets 10 a minute for each reason, and each layer or server
//! emits 100 a minute in all. The others are counted; a minute after the first one, an event of the same name has their
//! number as `more`.
//!
//! Each list or call of tools causes exactly one of the first two events, even if its client disconnects: then `ok` is
//! false and the `reason` is `cancelled`. The other reasons:
//!
//! | Reason | What happened |
//! |---|---|
//! | `input_required` | `ok` is true: the tool asks for input, and another call is to follow |
//! | `tool_error` | the tool itself failed, or its arguments did not fit (`isError`) |
//! | `invalid_params` | -32602: no such tool, or parameters that do not fit |
//! | `invalid_request`, `not_found` | the request broke a rule of the protocol; -32601 |
//! | `validation_error`, `limit_exceeded` | over REST: arguments that do not fit; 1C sent more than the ceiling |
//! | `insufficient_scope` | the caller lacks a scope |
//! | `login_refused` | 1C no longer takes the caller's own login |
//! | `timeout`, `overloaded` | no answer in time; too many calls wait |
//! | `onec_error` | 1C failed, or could not be reached |
//! | `internal_error` | this server failed |
//!
//! `remote` is taken from the request's extensions: the address of the
//! [`Caller`](crate::net::Caller) behind trusted proxies, or of the [`Peer`](crate::net::Peer).
//! While no subscriber listens to the target, the layer costs next to nothing.
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

/// The `tracing` target of the audit events.
pub const TARGET: &str = "onec_mcp::audit";

pub(crate) use event::{Event, sampler, scope_denied};
#[cfg(feature = "audit")]
pub use layer::AuditLayer;
#[cfg(feature = "audit")]
pub use service::{Audit, ResponseFuture};
#[cfg(any(feature = "alias", feature = "audit", feature = "rest"))]
pub(crate) use {reason::Verdict, tool::ToolCall};
