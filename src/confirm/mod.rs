//! Consent of the user to calls of 1C's tools that require it.
//!
//! Some extensions have tools that can do anything, such as `execute_code`, and take the argument
//! `_confirmation` as the user's consent. That is worth nothing if the language model fills it in itself.
//! Behind a [`ConfirmLayer`]
//!
//! - `_confirmation` never passes from a client's arguments to 1C: of no tool and no prompt, at no depth, not
//!   in JSON text within a string, in no spelling that 1C would accept; the rest of the call goes on;
//! - lists do not show it;
//! - a call of a tool whose schema has it (among its properties, as a matching pattern of properties, or as
//!   required) asks the user first, by
//!   [elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation): an
//!   input request of 2026-07-28, or a request of the server to older clients. If the user accepts, 1C gets the
//!   argument with the value that its schema allows: `true`, its `const`, or the value of its `enum` that means
//!   yes;
//! - if the client cannot ask, or the user declines, the tool is not called, and a result with `isError`
//!   says why.
//!
//! # The question
//!
//! The question shows the tool and all arguments, as JSON: a text with line breaks cannot look like another
//! argument, and invisible characters are shown by their numbers (`[U+202E]`). A call that takes more than 8,000
//! characters to show ends with an error, as users cannot agree to what they do not see.
//!
//! # The scope of a consent
//!
//! A consent is valid for one call of one tool, with these arguments, for this caller (subject, client, partition and
//! login), within [`lifetime`](ConfirmLayer::lifetime). The request state that travels with the question says so under an
//! HMAC-SHA-256, which also covers the state that 1C gives for questions of its own. Its key is random, unless
//! replicas are given a [shared secret](ConfirmLayer::shared). Without a secret, if calls run under the callers' own
//! logins of 1C, the key is derived from that login. A replica with another key asks again.
//!
//! Any answer, also that the user declines, uses the request state up; if it is sent once more, the user is asked
//! again. All services of one layer together remember which ones were used, until they expire. While 100,000
//! are remembered, calls are rejected rather than one of them forgotten. Replicas do not share this, so a consent
//! that several of them accept is valid for one call at each. The layer trusts the client to show the question to
//! its user, as the protocol does.
//!
//! The layer learns from the lists that a caller is shown which tools require consent; what others were shown does not
//! count. If a tool is not known yet, the list is requested before the caller's first call of it, as the same caller,
//! and at most every five seconds. If that fails, the call goes on without the
//! argument, and 1C rejects it.
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
//! // A confirmation given by the model does not count.
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
