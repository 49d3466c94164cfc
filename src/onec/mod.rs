//! The leaf: one call to the HTTP service of a 1C infobase for each request.
//!
//! It calls 1C in two dialects: RPC, `POST {infobase}/hs/{root}/rpc` with a JSON-RPC 2.0 request for each
//! [`Request`](crate::rpc::Request), by [`OneCService`]; and REST, `POST {infobase}/hs/{root}/{path}` with a
//! JSON object for each [`RestCall`], by the handle [`OneCRest`] that [`OneCService::rest`] returns. A call has
//! Basic or bearer authorization (the infobase's account, or the caller's own login), the `headers` of the
//! request, and nothing else of the client's. Two layers stand around the HTTP client: [`FairQueueLayer`] (each
//! call takes a session of 1C and maybe a licence, so it limits how many run at once and gives all callers
//! turns) and [`DeadlineLayer`].
//!
//! The leaf also asks 1C about logins: [`OneCService::log_in`] checks a user's own login, and
//! [`OneCService::verify_key`] an access key.
//!
//! Mistakes in the answers of 1C are mended, so that strict clients and model APIs accept them: encodings and
//! byte order marks, null for absent values, invalid schemas, blocks of content with other names than those of
//! MCP, line breaks in Base64. If a tool with an output schema answers with text alone, the text becomes its
//! `structuredContent`, if it is JSON that fits the schema; without the feature `catalog` any object fits. Any
//! other mistake is an [`Error`], with a sentence that says what to check.
//!
//! A call is sent a second time only if the first one certainly did not run (the connection was refused, or
//! had ended before anything was sent; 406: the reused session had expired), or if running twice does no harm,
//! as for lists and reads. A `tools/call` that may have run is never repeated.
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
#[cfg(feature = "tls")]
mod tls;

pub use cause::Cause;
pub use client::{ClientError, HttpClient, HttpClientBuilder, HttpClientFuture};
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
