//! Scopes: what each caller may do, checked before a request goes to 1C.
//!
//! [`ScopeLayer`] takes the caller's scopes from the [`Identity`](crate::Identity) that an authentication layer
//! found, and the scopes that a request needs from a [`ScopePolicy`]. It fails closed: without an identity, every
//! request is rejected.
//!
//! | Request | Rule |
//! |---|---|
//! | `tools/list`, `resources/list`, `resources/templates/list`, `prompts/list` | the answer has only the items that the caller may use, whichever layer below gave them; all else in it stays as it is |
//! | `tools/call` | needs the scopes of the tool, and those of the [guarded](Guard) values that its arguments name |
//! | `prompts/get` | needs the scopes of the prompt |
//! | `resources/read` | needs the scopes of the resource, by its URI |
//! | `completion/complete` | needs the scopes of the prompt or resource template that it is about |
//! | any other | needs the scopes of [`ScopePolicy::everything`], as does any name without a rule |
//!
//! Lists and resources are marked as private to the caller, so that no shared cache keeps them
//! (`cacheScope` of 2026-07-28). A list that cannot be read is an error and never shown unfiltered;
//! items without a name are left out, as no rule can apply to them. Filtered lists are remembered, so
//! the same list is filtered once for all callers with the same rights. If the caller could see nothing of the 1C
//! extension, whatever it has, 1C is not asked: the list is empty, or that of the catalog.
//!
//! A rejected request ends with the error [`RpcError::insufficient_scope`](crate::rpc::RpcError::insufficient_scope),
//! with all the scopes that the request needs. Over HTTP that is 403 with a challenge, from revision 2025-11-25
//! on; otherwise a tool result with `isError`, or an error if no tool was called. The audit trail
//! gets the event `oauth.scope.denied`.
//!
//! The layer also tells 1C who calls, in the headers `X-MCP-Sub` (percent-encoded UTF-8) and
//! `X-MCP-Scopes` (separated by commas). Headers of these names from a client are removed.
//!
//! # Example
//!
//! ```
//! use onec_mcp::rpc::{BoxError, RpcError, Method, Params, Payload, Request, Response, Version};
//! use onec_mcp::scope::{Guard, ScopeLayer, ScopePolicy};
//! use onec_mcp::{Identity, Scopes};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let onec = service_fn(|request: Request| async move {
//!     assert_eq!(request.headers["x-mcp-sub"], "onec:%D0%AF");
//!     let tools = r#"{"tools":[{"name":"stock"},{"name":"sales","inputSchema":{"type":"object","properties":{
//!         "measures":{"type":"array","items":{"enum":["amount","cost"]}}}}},{"name":"admin_users"}]}"#;
//!     Ok::<_, BoxError>(Response::result(Payload::parse(tools)?))
//! });
//! let policy = ScopePolicy::everything("mcp").tool("sales", "report").tool("admin_*", "admin");
//! let policy = policy.guard(Guard::new("sales", "measures", ["cost"], "report:cost"));
//! let service = ScopeLayer::new(policy).layer(onec);
//! let caller = Identity::new("onec:Я", Scopes::parse("mcp report"));
//! let request = |method, params: &'static str| {
//!     let mut request = Request::new(method, Params::parse(&params.into())?, Version::V2025_11_25);
//!     request.extensions.insert(caller.clone());
//!     Ok::<_, BoxError>(request)
//! };
//! // Lists have the items that the caller may use.
//! // Lists hold what the caller may use.
//! let list = service.clone().oneshot(request(Method::ToolsList, "{}")?).await?.outcome?;
//! let list = std::str::from_utf8(list.json())?;
//! assert!(list.contains("stock") && list.contains("sales") && list.contains(r#"{"enum":["amount"]}"#));
//! assert!(!list.contains("admin_users") && !list.contains("cost"));
//!
//! // Other calls are rejected, and so are guarded values, however they are written.
//! let refused = async |params| {
//!     let error = service.clone().oneshot(request(Method::ToolsCall, params)?).await.err().ok_or("passed")?;
//!     Ok::<_, BoxError>(RpcError::from_error(&error))
//! };
//! let failure = refused(r#"{"name":"admin_users"}"#).await?;
//! assert_eq!((failure.status.as_u16(), failure.scopes), (403, Some(Scopes::parse("admin"))));
//! let failure = refused(r#"{"name":"sales","arguments":{"measures":"[\"cost\"]"}}"#).await?;
//! assert_eq!(failure.scopes, Some(Scopes::parse("report report:cost")));
//! # Ok(())
//! # }
//! ```

mod decide;
mod fold;
mod guards;
mod layer;
mod lists;
mod names;
mod needed;
#[cfg_attr(not(feature = "catalog"), expect(dead_code, reason = "only the tools of a catalog carry rules"))]
mod own;
mod policy;
mod rules_id;
mod schema;
mod service;

#[cfg(feature = "catalog")]
pub(crate) use fold::{folded, folded_name, other_forms, trimmed};
pub use guards::Guard;
pub use layer::ScopeLayer;
#[cfg(feature = "catalog")]
pub(crate) use own::{RuledTools, ToolRules};
pub use policy::ScopePolicy;
#[cfg(feature = "rest")]
pub(crate) use service::tell;
#[cfg(feature = "catalog")]
pub(crate) use service::{CatalogAlone, Judged};
pub use service::{ResponseFuture, Scope};
