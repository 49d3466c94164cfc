//! Consent of the user, for tools of 1C that want it.
//!
//! Some extensions have tools that do anything, such as `execute_code`, and take the argument
//! `_confirmation` as the word of the user that it may be done. A language model that fills it in itself
//! makes that worth nothing. Behind a [`ConfirmLayer`]
//!
//! - `_confirmation` never passes from a client's arguments to 1C, of no tool and no prompt, at no depth, not
//!   in JSON text within a string, in no spelling that 1C would take for it; what is left of the call goes on;
//! - lists do not show it;
//! - a call of a tool whose schema lists it (among its properties, as a pattern of them that fits it, or as
//!   required) asks the user first, by
//!   [elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation): as an
//!   input request of 2026-07-28, as a request of the server to older clients. Once they accept, 1C gets the
//!   argument with the value that its schema allows: `true`, its `const`, or the one of its `enum` that says
//!   yes;
//! - where the client cannot ask, or the user says no, the tool is not called, and a result with `isError`
//!   says why.
//!
//! # What is asked
//!
//! The question shows the tool and all arguments, as JSON: a text with line breaks cannot pass for another
//! argument, and characters that are not seen are shown by their numbers (`[U+202E]`). A call that takes more
//! than 8,000 characters to show is refused, with a sentence: nobody agrees to what they do not see.
//!
//! # What a consent is good for
//!
//! One call of one tool, with these arguments, for this caller, within [`lifetime`](ConfirmLayer::lifetime).
//! The request state that travels with the question says so under an HMAC-SHA-256, which covers the state that
//! 1C gives for questions of its own. Its key is random, unless replicas are given a [secret that all of them
//! have](ConfirmLayer::shared); where there is none, but calls run under the callers' own logins of 1C, it is
//! made of that login. A replica with another key asks again.
//!
//! Any answer, a refusal too, uses the request state up; whoever comes with it once more is asked again. All
//! that one layer makes remembers together which ones were used, until their time is over; beyond 100,000 calls
//! are refused rather than one forgotten. Replicas know nothing of each other, so a consent that several of
//! them take is good for one call at each. The layer trusts the client to show the question to its user, as
//! the protocol does.
//!
//! Which tools want consent is learned from lists. If a tool is not known yet, the list is asked for before
//! the first call, as the same caller, no more often than every five seconds. If that fails, the call
//! goes on without the argument, for 1C to refuse.
//!
//! # Example
//!
//! ```
//! use onec_mcp::confirm::ConfirmLayer;
//! use onec_mcp::rpc::{BoxError, Method, Param, Params, Payload, Request, Response, Version};
//! use serde_json::{Value, json};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let onec = service_fn(|request: Request| async move {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(match request.method {
//!         Method::ToolsList => r#"{"tools":[{"name":"execute_code","inputSchema":{"type":"object","properties":{
//!             "code":{"type":"string"},"_confirmation":{"type":"boolean"}}}}]}"#.to_owned(),
//!         _ => format!(r#"{{"content":[],"got":{}}}"#, String::from_utf8_lossy(request.params.raw(Param::Arguments).unwrap_or_default())),
//!     })?))
//! });
//! let service = ConfirmLayer::new().layer(onec);
//! let call = async |params: Value| {
//!     let params = Params::parse(&params.to_string().into())?;
//!     let answer = service.clone().oneshot(Request::new(Method::ToolsCall, params, Version::V2026_07_28)).await?;
//!     Ok::<Value, BoxError>(serde_json::from_slice(answer.outcome?.json())?)
//! };
//!
//! // The model's word counts for nothing.
//! let arguments = json!({ "code": "1 + 1", "_confirmation": true });
//! let asked = call(json!({ "name": "execute_code", "arguments": arguments })).await?;
//! assert_eq!(asked["resultType"], "input_required");
//! assert_eq!(asked["inputRequests"]["consent"]["method"], "elicitation/create");
//!
//! let done = call(json!({
//!     "name": "execute_code", "arguments": arguments, "requestState": asked["requestState"],
//!     "inputResponses": { "consent": { "action": "accept" } },
//! })).await?;
//! assert_eq!(done["got"], json!({ "_confirmation": true, "code": "1 + 1" }));
//! # Ok(())
//! # }
//! ```

mod arguments;
mod consent;
mod hide;
mod known;
mod layer;
mod prompts;
mod question;
mod schema;
mod seal;
mod search;
mod service;
mod used;

pub use layer::ConfirmLayer;
pub use service::{Confirm, ResponseFuture};
