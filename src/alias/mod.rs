//! Names of tools that every client takes.
//!
//! 1C names tools as its users speak: `Отчёт о продажах`. Interfaces of language models take names of
//! `[A-Za-z0-9_-]{1,64}` only (Gemini no digit and no hyphen first), and some clients give up a whole
//! server for one other name. [`AliasLayer`] shows such tools under an [`alias`], with 1C's own name as
//! their `title` where they have none, and maps calls back. Other tools and everything else stay as they
//! are, byte for byte, and calls under 1C's own names still work. The layers below know 1C's names only.
//!
//! An alias is made of the name and nothing else, unless another tool of the same list has that very name:
//! its transliteration, shortened where needed, and a short hash, as in `Otchiot_o_prodazhakh_7j3c3f`. The
//! hash is always there:
//!
//! - two names may be transliterated alike, and still need two aliases;
//! - an alias must not change because another tool comes or goes, or because of who asks: clients keep
//!   it in their settings ("always allow this tool") and models in their conversations;
//! - every replica knows the aliases of every other one without a word between them. One that is called
//!   by an alias it never listed asks for the list of tools itself, as the same caller, and no more
//!   often than every five seconds for each.
//!
//! An alias that nothing is known of goes on as it is, for 1C to refuse. Should two tools share a name
//! after all, calls under it are refused, not guessed.
//!
//! # Arguments
//!
//! The same goes for properties of input schemas, at every depth: model APIs take names of
//! `[A-Za-z0-9_.-]{1,64}` there, and one other name costs a client all tools. `Номенклатура` is shown as
//! `Nomenklatura_4tncyv`, with 1C's name as its `title`, or in the description where it has another title;
//! whatever speaks of it (`required`, `dependentRequired`, references, defaults, examples) does so by the
//! same alias. In calls both names work, wherever the schema has the property, and the layers below and 1C
//! get 1C's. A call that gives one argument under both of its names is a tool result with `isError`.
//! Patterns of `patternProperties` stay, and so do names that only fit such a pattern; results and
//! arguments of prompts stay too, as no model API ever sees those.
//!
//! # Names that are not what they seem
//!
//! Control characters and those that turn the direction of writing can make one name look like another, or
//! steer a terminal. Names that have some get aliases even where all others shall stay as they are
//! ([`AliasLayer::only_unseen`]).
//!
//! # Example
//!
//! ```
//! use onec_mcp::alias::{AliasLayer, alias};
//! use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, Version};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let onec = service_fn(|request: Request| async move {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(match request.method {
//!         Method::ToolsList => r#"{"tools":[{"name":"Остатки"},{"name":"find"}]}"#.to_owned(),
//!         _ => format!(r#"{{"content":[],"called":"{}"}}"#, request.params.text(Param::Name).unwrap_or_default()),
//!     })?))
//! });
//! let service = AliasLayer::new().layer(onec);
//! let ask = async |method, params: String| {
//!     let params = Params::parse(&params.into())?;
//!     let answer = service.clone().oneshot(Request::new(method, params, Version::V2025_11_25)).await?;
//!     Ok::<_, BoxError>(String::from_utf8(answer.outcome?.json().to_vec())?)
//! };
//!
//! let name = alias("Остатки");
//! assert!(name.starts_with("Ostatki_"));
//! let list = ask(Method::ToolsList, "{}".into()).await?;
//! assert_eq!(list, format!(r#"{{"tools":[{{"name":"{name}","title":"Остатки"}},{{"name":"find"}}]}}"#));
//! let called = ask(Method::ToolsCall, format!(r#"{{"name":"{name}"}}"#)).await?;
//! assert_eq!(called, r#"{"content":[],"called":"Остатки"}"#);
//! # Ok(())
//! # }
//! ```

mod arguments;
mod book;
mod keywords;
mod layer;
mod list;
mod names;
mod schema;
mod service;
mod show;

pub use crate::rpc::name::{alias, argument_alias};
pub use layer::AliasLayer;
pub use service::{Alias, ResponseFuture};
