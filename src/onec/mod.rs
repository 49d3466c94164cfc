//! The leaf: one call to the HTTP service of a 1C infobase for each request.
//!
//! 1C is asked in two dialects: RPC, `POST {infobase}/hs/{root}/rpc` with a JSON-RPC 2.0 request for each
//! [`Request`](crate::rpc::Request), by [`OneCService`]; and REST, `POST {infobase}/hs/{root}/{path}` with a
//! JSON object for each [`RestCall`], by the handle [`OneCRest`] that [`OneCService::rest`] gives. A call carries Basic or bearer authorization (the infobase's
//! account, or the caller's own login), the `headers` of the request and nothing else of the client's. Around its
//! HTTP client stand two layers: [`FairQueueLayer`] (each call takes a session of 1C and maybe a licence,
//! so only so many run at once, and all callers get their turns) and [`DeadlineLayer`].
//!
//! It also asks 1C who may come in: [`OneCService::log_in`] tries a user's own login, and
//! [`OneCService::verify_key`] has an access key checked.
//!
//! What 1C gets wrong is mended on the way back, such that strict clients and model APIs take it: encodings
//! and byte order marks, null in place of nothing, schemas that are none, blocks of content in other words
//! than those of MCP, line breaks in Base64. A tool with an output schema that answers with text alone gets
//! the text as structure, if that is JSON of the schema; without the feature `catalog` any object will do. What
//! cannot be mended is an [`Error`], with a sentence that says what to check.
//!
//! A call is sent a second time only when the first one surely did not run (the connection was
//! refused, or was found dead before anything was sent; 406: the reused session had expired), or
//! when running twice does no harm, as with lists and reads. Never a `tools/call` that may have run.
//!
//! # Example
//!
//! ```
//! use onec_mcp::onec::{Infobase, OneCService};
//!
//! let infobase = Infobase::new("http://localhost/торговля")?.basic("Администратор", "");
//! let onec = OneCService::new(infobase)?;
//! # let _ = onec;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A call in the REST dialect, against the stand-in for an infobase:
//!
//! ```
//! # #[cfg(feature = "demo")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use onec_mcp::demo;
//! use onec_mcp::onec::{Infobase, OneCService, RestCall};
//! use tower::ServiceExt;
//!
//! let demo = demo::DemoInfobase::start().await?;
//! let infobase = Infobase::new(demo.url())?.basic(demo.username(), demo.password());
//! let key = demo.keys()[0].key;
//! let call = RestCall::new("auth/verify", format!(r#"{{"key":"{key}"}}"#));
//! let answer = OneCService::new(infobase)?.rest().oneshot(call).await?;
//! assert!(answer.outcome.is_ok());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "demo"))]
//! # fn main() {}
//! ```

mod answer_error;
mod body;
mod cause;
mod client;
mod deadline;
mod decode;
mod encode;
mod error;
mod error_body;
mod error_kind;
mod exchange;
mod failed;
mod future;
pub(crate) mod fuzzing;
mod infobase;
mod infobase_error;
mod lists;
mod login;
mod mend;
mod noise;
mod outputs;
mod paths;
mod queue;
mod repair;
mod rest;
mod sentences;
mod service;
mod tls;

pub use cause::Cause;
pub use client::{ClientError, HttpClient, HttpClientFuture};
pub use deadline::{Deadline, DeadlineLayer, Patience};
pub use error::Error;
pub use error_kind::ErrorKind;
pub use future::ResponseFuture;
pub use infobase::Infobase;
pub use infobase_error::InfobaseError;
pub use login::KeyHolder;
pub use queue::{FairQueue, FairQueueFuture, FairQueueLayer, Flow};
pub use rest::{AnswerCheck, OneCRest, RestCall};
pub use service::{DefaultClient, OneCService};
