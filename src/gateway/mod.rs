//! The stack of RPC layers in a safe order, each layer optional.
//!
//! Layers compose freely, but most orders are wrong in ways that no test of a single layer shows.
//! [`Gateway::builder`] puts them in the right one, outermost first:
//!
//! | Layer | Why it stands there |
//! |---|---|
//! | [`LogLayer`](crate::LogLayer) | Also around the answers that the bridge gives itself, so it is given to the bridge: [`Bridge::layer`](crate::Bridge::layer). |
//! | [`AliasLayer`](crate::alias::AliasLayer) | Outside of all that knows tools by name: rules and the audit trail use the names that 1C gave. |
//! | [`AuditLayer`](crate::audit::AuditLayer) | Outside of the scopes: a call that they refuse is reported too. |
//! | [`CheckLayer`](crate::check::CheckLayer) | Outside of the scopes: it checks by the schemas that they let the caller see, and they judge the mended arguments. |
//! | [`ScopeLayer`](crate::scope::ScopeLayer) | Outside of all that answers: a request that the caller may not make reaches neither catalog nor cache. |
//! | [`ConfirmLayer`](crate::confirm::ConfirmLayer) | Inside of the scopes: users are not asked about calls that they may not make. Outside of all that answers: a model's own `_confirmation` never gets past it. |
//! | [`CatalogLayer`](crate::catalog::CatalogLayer) | Outside of the cache: arguments are mended and completed before they become a cache key. |
//! | [`CacheLayer`](crate::cache::CacheLayer) | Just above the leaf, and around the handle that makes the catalog's calls: it remembers answers as 1C gave them, before scopes remove anything. |
//! | the leaf | [`OneCService`](crate::onec::OneCService), or your own layers around it. |
//!
//! The builder must be told who may call: [`scopes`](Builder::scopes) if an authentication layer identifies
//! callers, or [`without_authentication`](Builder::without_authentication) if all callers may do everything. Without
//! either, [`build`](Builder::build) does not compile. A catalog may be
//! [replaced](crate::catalog::Catalog::replace) while it is in use: each request is judged and served by one set of
//! tools.
//!
//! # Example
//!
//! ```
//! use onec_mcp::alias::AliasLayer;
//! use onec_mcp::onec::{Infobase, OneCService};
//! use onec_mcp::rpc::{RpcError, Method, Params, Request, Version};
//! use onec_mcp::scope::ScopePolicy;
//! use onec_mcp::{Gateway, Identity, Scopes, demo};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let demo = demo::DemoInfobase::start().await?;
//! let onec = OneCService::new(Infobase::new(demo.url())?.basic(demo.username(), demo.password()))?;
//! let gateway = Gateway::builder(onec)
//!     .aliases(AliasLayer::new())
//!     .scopes(ScopePolicy::everything("mcp"))
//!     .build();
//!
//! let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
//! let error = gateway.clone().oneshot(request.clone()).await.err().ok_or("passed")?;
//! assert_eq!(RpcError::from_error(&error).status, 403);
//!
//! request.extensions.insert(Identity::new("onec:Я", Scopes::parse("mcp")));
//! assert!(gateway.oneshot(request).await?.outcome.is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! A builder that was not told who may call does not build:
//!
//! ```compile_fail
//! # use onec_mcp::onec::{Infobase, OneCService};
//! # fn open() -> Result<(), onec_mcp::onec::InfobaseError> {
//! let onec = OneCService::new(Infobase::new("http://localhost/base")?)?;
//! let gateway = onec_mcp::Gateway::builder(onec).build();
//! # Ok(())
//! # }
//! ```

mod builder;
mod future;
mod service;
mod stack;

pub use builder::{Builder, Said, Unsaid};
pub use future::ResponseFuture;
pub use service::Gateway;
pub use stack::NoRest;
