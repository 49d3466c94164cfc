//! Aliases: names of tools and arguments that every client accepts.
//!
//! 1C names tools in the language of its users: `Отчёт о продажах`. APIs of language models accept names of
//! `[A-Za-z0-9_-]{1,64}` only (Gemini neither a digit nor a hyphen first), and some clients reject a whole
//! server because of one other name. [`AliasLayer`] shows such tools under an [`alias`], with 1C's name as their
//! `title` if they have none, and maps calls back. Other tools and everything else stay byte for byte as they
//! are, and calls under 1C's own names still work. The layers below see only 1C's names.
//!
//! An alias depends on the name alone, unless another tool of the same list already has that alias as its name. It is a
//! transliteration, shortened if needed, with a short hash, as in `Otchiot_o_prodazhakh_7j3c3f`. The hash is
//! always there:
//!
//! - two names may have the same transliteration, and still need two aliases;
//! - an alias must not change because another tool comes or goes, or with the caller: clients keep it in their
//!   settings ("always allow this tool") and models in their conversations;
//! - replicas arrive at the same aliases without exchanging them. A replica that is called by an alias that it
//!   never listed to the caller requests the list of tools itself, as the same caller, and at most every five seconds for
//!   each caller.
//!
//! An unknown alias is passed on as it is, and 1C rejects it. If two tools share a name nevertheless, calls under
//! it are rejected.
//!
//! # Arguments
//!
//! Properties of input schemas get aliases too, at every depth: model APIs accept names of
//! `[A-Za-z0-9_.-]{1,64}` there, and reject all tools of a client because of one other name. `Номенклатура` is shown
//! as `Nomenklatura_4tncyv`, with 1C's name as its `title`, or in the description if it has another title;
//! everything that refers to it (`required`, `dependentRequired`, references, defaults, examples) uses the same
//! alias. In calls both names work, wherever the schema has the property; the layers below and 1C get
//! 1C's name. A call that gives one argument under both names results in a tool result with `isError`.
//! Patterns of `patternProperties` stay, as do names that match only such a pattern. Results and
//! arguments of prompts stay too, as no model API restricts them.
//!
//! # Names with invisible characters
//!
//! Control characters, and those that change the direction of text, can make one name look like another or
//! control a terminal. Names that have some get aliases even if all others are to stay as they are
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
