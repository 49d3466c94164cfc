//! The RPC stack in the order that is safe, from parts that may each be there or not.
//!
//! Layers compose freely, and most orders of them are wrong in a way that no test of a single layer
//! shows. [`Gateway::builder`] knows the right one, outermost first:
//!
//! | Layer | Why it stands there |
//! |---|---|
//! | [`AliasLayer`] | Below it everything has the names that 1C gave, so that rules and the audit trail speak of those. |
//! | [`AuditLayer`] | Outside of the scopes: a call that was refused is reported too. |
//! | [`CheckLayer`] | Outside of the scopes: it checks by what they showed a caller, and they judge what it mended. |
//! | [`ScopeLayer`] | Outside of all that answers: nothing beneath it, catalog or cache, is ever asked by who may not ask. |
//! | [`ConfirmLayer`] | Inside of the scopes: nobody is asked about what they may not do. Outside of all that answers: no word of a model's gets past it. |
//! | [`CatalogLayer`] | Outside of the cache: arguments are mended and completed before they become a key. |
//! | [`CacheLayer`] | Just above the leaf: what is remembered is what 1C said, before anybody's scopes cut it. |
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
//! use onec_mcp::rpc::{Failure, Method, Params, Request, Version};
//! use onec_mcp::scope::ScopePolicy;
//! use onec_mcp::{Gateway, Identity, Scopes, demo};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let demo = demo::Infobase::start().await?;
//! let onec = OneCService::new(Infobase::new(demo.url())?.basic(demo.username(), demo.password()))?;
//! let gateway = Gateway::builder(onec)
//!     .aliases(AliasLayer::new())
//!     .scopes(ScopePolicy::everything("mcp"))
//!     .build();
//!
//! let mut request = Request::new(Method::ToolsList, Params::default(), Version::V2025_11_25);
//! let error = gateway.clone().oneshot(request.clone()).await.err().ok_or("passed")?;
//! assert_eq!(Failure::from_error(&error).status, 403);
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

#[cfg(feature = "alias")]
use crate::alias::{AliasLayer, Aliased};
#[cfg(feature = "audit")]
use crate::audit::{AuditLayer, Audited};
#[cfg(feature = "cache")]
use crate::cache::{Cache, CacheLayer};
#[cfg(feature = "catalog")]
use crate::catalog::{CatalogLayer, Catalogued};
#[cfg(feature = "check")]
use crate::check::{CheckLayer, Checked};
#[cfg(feature = "confirm")]
use crate::confirm::{ConfirmLayer, Confirmed};
use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use crate::scope::{ScopeLayer, ScopePolicy, Scoped};
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower::util::{Either, option_layer};
use tower_layer::Layer;
use tower_service::Service;

/// With or without a layer, or never with it where its feature is off.
macro_rules! optional {
    ($feature:literal, $alias:ident, $layered:ident) => {
        #[cfg(feature = $feature)]
        type $alias<S> = Either<$layered<S>, S>;
        #[cfg(not(feature = $feature))]
        type $alias<S> = S;
    };
}

optional!("cache", MaybeCached, Cache);
optional!("catalog", MaybeCatalogued, Catalogued);
optional!("confirm", MaybeConfirmed, Confirmed);
optional!("check", MaybeChecked, Checked);
optional!("audit", MaybeAudited, Audited);
optional!("alias", MaybeAliased, Aliased);
type MaybeScoped<S> = Either<Scoped<S>, S>;

/// The whole stack over a leaf.
type Stack<L> = MaybeAliased<MaybeAudited<MaybeChecked<MaybeScoped<MaybeConfirmed<MaybeCatalogued<MaybeCached<L>>>>>>>;

/// The stack over a leaf `L`, ready for any bridge; see the module.
#[derive(Clone, Debug)]
pub struct Gateway<L>(Stack<L>);

impl<L> Gateway<L> {
    /// A stack over `leaf` that has no layer yet. The leaf must speak both dialects, and be ready for
    /// one where it is for the other, as [`OneCService`](crate::onec::OneCService) is.
    pub const fn builder(leaf: L) -> Builder<L> {
        Builder {
            leaf,
            #[cfg(feature = "alias")]
            aliases: None,
            #[cfg(feature = "audit")]
            audit: None,
            #[cfg(feature = "check")]
            check: None,
            #[cfg(feature = "confirm")]
            confirm: None,
            scopes: None,
            #[cfg(feature = "catalog")]
            catalog: None,
            #[cfg(feature = "cache")]
            cache: None,
            callers: PhantomData,
        }
    }
}

impl<L> Service<Request> for Gateway<L>
where
    L: Service<Request, Response = Response, Error = BoxError>,
    Stack<L>: Service<Request, Response = Response, Error = BoxError>,
{
    type Response = Response;
    type Error = BoxError;
    type Future = <Stack<L> as Service<Request>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.call(request)
    }
}

/// Nothing was said yet of who may call.
#[derive(Clone, Copy, Debug)]
pub enum Unsaid {}

/// It was said who may call.
#[derive(Clone, Copy, Debug)]
pub enum Said {}

/// The parts of a [`Gateway`], in any order. Each may be an `Option` of its layer.
#[derive(Clone, Debug)]
#[must_use = "a stack is there once `build` is called"]
pub struct Builder<L, Callers = Unsaid> {
    leaf: L,
    #[cfg(feature = "alias")]
    aliases: Option<AliasLayer>,
    #[cfg(feature = "audit")]
    audit: Option<AuditLayer>,
    #[cfg(feature = "check")]
    check: Option<CheckLayer>,
    #[cfg(feature = "confirm")]
    confirm: Option<ConfirmLayer>,
    scopes: Option<ScopePolicy>,
    #[cfg(feature = "catalog")]
    catalog: Option<CatalogLayer>,
    #[cfg(feature = "cache")]
    cache: Option<CacheLayer>,
    callers: PhantomData<Callers>,
}

impl<L> Builder<L, Unsaid> {
    /// Callers may do what their scopes allow by `policy`; one whom no authentication layer knows has
    /// none. The rules that a catalog's tools carry are added.
    pub fn scopes(self, policy: ScopePolicy) -> Builder<L, Said> {
        self.said(Some(policy))
    }

    /// Whoever gets through to this stack may do everything, and 1C is told nothing of them.
    pub fn without_authentication(self) -> Builder<L, Said> {
        self.said(None)
    }

    fn said(self, scopes: Option<ScopePolicy>) -> Builder<L, Said> {
        Builder {
            leaf: self.leaf,
            #[cfg(feature = "alias")]
            aliases: self.aliases,
            #[cfg(feature = "audit")]
            audit: self.audit,
            #[cfg(feature = "check")]
            check: self.check,
            #[cfg(feature = "confirm")]
            confirm: self.confirm,
            scopes,
            #[cfg(feature = "catalog")]
            catalog: self.catalog,
            #[cfg(feature = "cache")]
            cache: self.cache,
            callers: PhantomData,
        }
    }
}

impl<L, Callers> Builder<L, Callers> {
    /// Tools get names that every client takes.
    #[cfg(feature = "alias")]
    pub fn aliases(mut self, layer: impl Into<Option<AliasLayer>>) -> Self {
        self.aliases = layer.into();
        self
    }

    /// Lists and calls of tools are reported.
    #[cfg(feature = "audit")]
    pub fn audit(mut self, layer: impl Into<Option<AuditLayer>>) -> Self {
        self.audit = layer.into();
        self
    }

    /// Arguments of tools that are not the catalog's are checked and mended by the schemas listed.
    #[cfg(feature = "check")]
    pub fn check(mut self, layer: impl Into<Option<CheckLayer>>) -> Self {
        self.check = layer.into();
        self
    }

    /// Users are asked before tools of 1C that want their consent.
    #[cfg(feature = "confirm")]
    pub fn confirm(mut self, layer: impl Into<Option<ConfirmLayer>>) -> Self {
        self.confirm = layer.into();
        self
    }

    /// There are tools of a catalog.
    #[cfg(feature = "catalog")]
    pub fn catalog(mut self, layer: impl Into<Option<CatalogLayer>>) -> Self {
        self.catalog = layer.into();
        self
    }

    /// Answers of 1C are remembered. If a [`RestService`](crate::rest::RestService) shall remember the
    /// same ones, put the layer around the leaf instead, and give both that leaf.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, layer: impl Into<Option<CacheLayer>>) -> Self {
        self.cache = layer.into();
        self
    }
}

impl<L> Builder<L, Said> {
    /// The stack.
    pub fn build(self) -> Gateway<L>
    where
        L: Service<Request, Response = Response, Error = BoxError>
            + Service<RestCall, Response = Response, Error = BoxError>,
    {
        // From the inside out; the table of the module says why.
        let stack = self.leaf;
        #[cfg(feature = "cache")]
        let stack = option_layer(self.cache).layer(stack);
        let scopes = self.scopes;
        #[cfg(feature = "catalog")]
        let scopes = scopes.map(|policy| match &self.catalog {
            Some(layer) => layer.catalog().policy(policy),
            None => policy,
        });
        #[cfg(feature = "check")]
        let check = match (self.check, &self.catalog) {
            (Some(layer), Some(catalog)) => Some(layer.beside(catalog.catalog().clone())),
            (layer, _) => layer,
        };
        #[cfg(feature = "catalog")]
        let stack = option_layer(self.catalog).layer(stack);
        #[cfg(feature = "confirm")]
        let stack = option_layer(self.confirm).layer(stack);
        let stack = option_layer(scopes.map(ScopeLayer::new)).layer(stack);
        #[cfg(feature = "check")]
        let stack = option_layer(check).layer(stack);
        #[cfg(feature = "audit")]
        let stack = option_layer(self.audit).layer(stack);
        #[cfg(feature = "alias")]
        let stack = option_layer(self.aliases).layer(stack);
        Gateway(stack)
    }
}
