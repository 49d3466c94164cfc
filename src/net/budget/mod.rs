//! Bounds the bytes that a server holds for all its callers, and for each: request bodies, answers, and events that
//! wait to be read.
//!
//! Each connection may hold little, and yet all of them together may hold more than the machine has: bodies that arrive
//! slowly, or answers of megabytes that clients do not read. A [`MemoryBudget`] counts bytes where they are held.
//! [`BudgetLayer`] goes around all services that read bodies and answers:
//!
//! | Bytes | Counted |
//! |---|---|
//! | body of a request | as it comes, until there is an answer |
//! | answer of 1C | as it comes, if the [client](crate::onec::HttpClient) is the default one |
//! | answer to the client | until its last piece is written, also after the body has handed it on |
//! | events of an HTTP+SSE stream | as long as they wait |
//!
//! When the budget is used up, or a caller's share of it (a quarter), a request with a body waits up to 2 s for room
//! and then gets 503 with `Retry-After`. A request whose body is still arriving is treated alike. Requests without a
//! body never wait. Answers of 1C are read even then, since a call that runs cannot be undone: beyond the budget there
//! is at most the longest answer for each call that runs in 1C.
//!
//! Here a caller is an address: that of the [`Caller`](crate::net::Caller) which
//! [`ProxiesLayer`](crate::net::ProxiesLayer) found, or of the [`Peer`](crate::net::Peer). IPv6 addresses count by
//! their /64. Where neither is known there are no shares. An exchange that holds less than 64 KiB does not count
//! towards the share: the number of exchanges is bounded by that of the caller's connections.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use onec_mcp::net::budget::{BudgetLayer, MemoryBudget};
//! use onec_mcp::bridge::http::JsonRpcLayer;
//! use onec_mcp::net::Body;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let large = Bytes::from(format!(r#"{{"content":[],"text":"{}"}}"#, "a".repeat(1024 * 1024)));
//! let rpc = service_fn(move |_: Request| {
//!     let answer = Payload::parse(large.clone());
//!     async move { Ok::<_, BoxError>(Response::result(answer?)) }
//! });
//! let budget = MemoryBudget::new(1024 * 1024);
//! let mcp = BudgetLayer::new(budget.clone()).layer(JsonRpcLayer::new(ServerInfo::default()).layer(rpc));
//! let post = || {
//!     let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
//!     http::Request::post("/mcp").header("content-type", "application/json").body(Full::<Bytes>::from(call))
//! };
//!
//! let unread = mcp.clone().oneshot(post()?).await?;
//! assert!(budget.held() > 1024 * 1024);
//! assert_eq!(mcp.clone().oneshot(post()?).await?.status(), 503);
//! drop(unread);
//! assert_eq!(mcp.oneshot(post()?).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

mod body;
mod layer;
mod pool;
mod tally;

pub use body::{Counted, Held};
pub(crate) use layer::{AFTER_NO_ROOM, NO_ROOM};
pub use layer::{Budget, BudgetLayer, BudgetedFuture};
pub use pool::{MemoryBudget, OverBudgetError};
pub(crate) use tally::Tally;
