//! The RPC stack in the order that is safe, from parts that may each be there or not.
//!
//! Layers compose freely, and most orders of them are wrong in a way that no test of a single layer
//! shows. [`Gateway::builder`] knows the right one, outermost first:
//!
//! | Layer | Why it stands there |
//! |---|---|
//! | [`LogLayer`](crate::LogLayer) | Around what the bridge answers itself too, so it is given to that: [`Bridge::layer`](crate::Bridge::layer). |
//! | [`AliasLayer`](crate::alias::AliasLayer) | Below it everything has the names that 1C gave, so that rules and the audit trail speak of those. |
//! | [`AuditLayer`](crate::audit::AuditLayer) | Outside of the scopes: a call that was refused is reported too. |
//! | [`CheckLayer`](crate::check::CheckLayer) | Outside of the scopes: it checks by what they showed a caller, and they judge what it mended. |
//! | [`ScopeLayer`](crate::scope::ScopeLayer) | Outside of all that answers: nothing beneath it, catalog or cache, is ever asked by who may not ask. |
//! | [`ConfirmLayer`](crate::confirm::ConfirmLayer) | Inside of the scopes: nobody is asked about what they may not do. Outside of all that answers: no word of a model's gets past it. |
//! | [`CatalogLayer`](crate::catalog::CatalogLayer) | Outside of the cache: arguments are mended and completed before they become a key. |
//! | [`CacheLayer`](crate::cache::CacheLayer) | Just above the leaf, and around the handle that calls the tools of the catalog: what is remembered is what 1C said, before anybody's scopes cut it. |
//! | the leaf | [`OneCService`](crate::onec::OneCService), or layers of yours around it. |
//!
//! Who may call must be said: [`scopes`](Builder::scopes) where an authentication layer finds out who
//! calls, or [`without_authentication`](Builder::without_authentication) where everybody may do
//! everything. A builder that was told neither does not build. A catalog may be
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
//! It does not build without a word on who may call:
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
