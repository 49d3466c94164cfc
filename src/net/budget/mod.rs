//! A bound on the bytes that a server holds for those whom it serves: bodies of requests, answers, and events
//! that wait to be read.
//!
//! Each connection may hold little, and all of them together more than there is: bodies that come slowly,
//! answers of megabytes that nobody reads. A [`MemoryBudget`] counts them where they are held. [`BudgetLayer`]
//! stands around all that reads bodies and answers:
//!
//! | Bytes | Counted |
//! |---|---|
//! | body of a request | as it comes, until there is an answer |
//! | answer of 1C | as it comes, if the [client](crate::onec::HttpClient) is the default one |
//! | answer to the client | until its last piece is written, also after the body has handed it on |
//! | events of an HTTP+SSE stream | as long as they wait |
//!
//! When the budget is used up, or a caller's share of it (a quarter), a request with a body waits up to 2 s for
//! room and then gets 503 with `Retry-After`; so does one whose body is on its way. Requests without a body
//! never wait. Answers are taken in even then, for what runs already cannot be undone: beyond the budget there
//! is at most the longest answer for each call that runs in 1C.
//!
//! A caller is an address here: that of the [`Caller`](crate::net::Caller) which
//! [`ProxiesLayer`](crate::net::ProxiesLayer) found, or of the [`Peer`](crate::net::Peer); IPv6 by /64. Where
//! neither is known there are no shares. Up to 64 KiB of an exchange do not count towards the share: their
//! number is that of the caller's connections.
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
