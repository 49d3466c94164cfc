//! Answers of 1C, remembered for a while.
//!
//! [`CacheLayer`] stands right above the leaf. If told to with [`CacheLayer::lists`], it remembers the lists of the
//! RPC dialect (`tools/list`, `resources/list`, `resources/templates/list`, `prompts/list`), each page by its cursor.
//! Around the handle for the REST dialect, [`Cache::rest`] remembers the answer to a
//! [`RestCall`](crate::onec::RestCall) for as long as its `cache` says. Everything else passes at no cost.
//!
//! - **Who gets what.** An answer is remembered for the path or method, the body or cursor, the headers
//!   that travel on to 1C (so for the caller's scopes, `X-MCP-Scopes`), and, where calls run under the
//!   caller's own login, for that login. `X-MCP-Sub` counts only then: under the service account 1C
//!   answers by scopes. What stands beneath must go by nothing else. Bodies are compared byte for byte,
//!   so they are best normalized before, as the catalog does.
//! - **One call for all.** Callers who ask for the same at the same time wait for one call to 1C and get
//!   the same answer, errors included. If the one who made the call leaves, the next makes it anew.
//! - **What is not remembered**: errors of any kind, results with `isError` or `error`, questions to the
//!   client, and answers that do not pass the `check` of their call.
//! - **Bounds.** At most 10 000 answers and 64 MiB by default; those not asked for longest go first.
//! - **`ttlMs`.** A list tells clients how long it stays remembered.
//!
//! # Example
//!
//! ```
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
//! // In earnest an OneCService, and the handle that its `rest` gives.
//! let onec = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?)) });
//! let rest = service_fn(move |_: RestCall| {
//!     counter.fetch_add(1, Ordering::SeqCst);
//!     async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"candidates":[]}"#)?)) }
//! });
//! let onec = CacheLayer::new().lists(Duration::from_secs(60)).max_bytes(8 * 1024 * 1024).layer(onec);
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
