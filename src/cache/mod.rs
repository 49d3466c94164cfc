//! A cache of 1C's answers.
//!
//! [`CacheLayer`] belongs right above the leaf. If [`CacheLayer::lists`] is set, it remembers the lists of the
//! RPC dialect (`tools/list`, `resources/list`, `resources/templates/list`, `prompts/list`), each page by its cursor.
//! Around the handle for the REST dialect, [`Cache::rest`] remembers the answer to a
//! [`RestCall`](crate::onec::RestCall) for as long as its `cache` field says. Everything else passes at no cost.
//!
//! - **Whose.** An answer is given only to the caller who got it: the same subject, client, claims, partition, scopes
//!   and login. It is shared where the leaf says by [`Sharing`](crate::Sharing) that it treats callers alike
//!   ([`CacheLayer::sharing`]): a [`OneCService`](crate::OneCService) answers all callers of the service account alike,
//!   and each own login by itself.
//! - **Key.** Beside that, an answer is remembered by the path or method, the body or cursor, and the headers that are
//!   forwarded to 1C (so by the caller's scopes, `X-MCP-Scopes`); among callers of the service account who are treated
//!   alike, `X-MCP-Sub` does not count. Bodies are compared byte for byte, so it is best to normalize them before, as
//!   the catalog does.
//! - **One call for all.** Callers who ask for the same at the same time wait for one call to 1C and get
//!   the same answer, errors included. If the caller who made the call is dropped, the next one makes it.
//! - **Never remembered**: errors of any kind, results with `isError` or `error`, questions to the
//!   client, and answers that do not pass the `check` of their call.
//! - **Limits.** At most 10 000 answers and 64 MiB by default; the least recently used are dropped first.
//! - **`ttlMs`.** Remembered lists tell clients how long they stay remembered.
//!
//! # Example
//!
//! ```
//! use onec_mcp::Sharing;
//! use onec_mcp::cache::CacheLayer;
//! use onec_mcp::onec::RestCall;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use std::time::Duration;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let asked = Arc::new(AtomicUsize::new(0));
//! let counter = Arc::clone(&asked);
//! // In production an OneCService, and the handle that its `rest` returns.
//! let onec = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?)) });
//! let rest = service_fn(move |_: RestCall| {
//!     counter.fetch_add(1, Ordering::SeqCst);
//!     async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"candidates":[]}"#)?)) }
//! });
//! // `OneCService::sharing` says this of itself.
//! let cache = CacheLayer::new().sharing(Sharing::by_account());
//! let onec = cache.lists(Duration::from_secs(60)).max_bytes(8 * 1024 * 1024).layer(onec);
//! let rest = onec.rest(rest);
//!
//! let mut call = RestCall::new("resolve/customer", r#"{"query":"Ромашка"}"#);
//! call.cache = Some(Duration::from_secs(60));
//! rest.clone().oneshot(call.clone()).await?;
//! rest.clone().oneshot(call.clone()).await?;
//! assert_eq!(asked.load(Ordering::SeqCst), 1);
//!
//! // Other scopes may see other customers.
//! call.headers.insert("x-mcp-scopes", "mcp:resolve".parse()?);
//! rest.clone().oneshot(call).await?;
//! assert_eq!(asked.load(Ordering::SeqCst), 2);
//! # Ok(())
//! # }
//! ```

mod key;
mod layer;
mod memory;
mod service;

pub use layer::CacheLayer;
pub use service::{Cache, ResponseFuture, RestCache};
