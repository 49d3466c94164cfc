//! [`Builder`].

use super::service::Gateway;
use super::stack::NoRest;
#[cfg(feature = "alias")]
use crate::alias::AliasLayer;
#[cfg(feature = "audit")]
use crate::audit::AuditLayer;
#[cfg(feature = "cache")]
use crate::cache::CacheLayer;
#[cfg(feature = "catalog")]
use crate::catalog::CatalogLayer;
#[cfg(feature = "check")]
use crate::check::CheckLayer;
#[cfg(feature = "confirm")]
use crate::confirm::ConfirmLayer;
use crate::identity::Sharing;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use crate::scope::{ScopeLayer, ScopePolicy};
use std::marker::PhantomData;
#[cfg(all(feature = "cache", feature = "catalog"))]
use tower::util::Either;
use tower::util::option_layer;
use tower_layer::Layer;
use tower_service::Service;

/// Marks a [`Builder`] that was not yet told who may call.
#[derive(Clone, Copy, Debug)]
pub enum Unsaid {}

/// Marks a [`Builder`] that was told who may call.
#[derive(Clone, Copy, Debug)]
pub enum Said {}

/// Takes the parts of a [`Gateway`], in any order; each may be an `Option` of its layer.
#[derive(Clone, Debug)]
#[must_use = "a stack is there once `build` is called"]
pub struct Builder<L, R = NoRest, Callers = Unsaid> {
    leaf: L,
    layers: Layers,
    #[cfg(feature = "catalog")]
    catalog: Option<CatalogLayer<R>>,
    said: PhantomData<(R, Callers)>,
}

/// The layers whose type does not depend on what is beneath.
#[derive(Clone, Debug)]
struct Layers {
    #[cfg(feature = "alias")]
    aliases: Option<AliasLayer>,
    #[cfg(feature = "audit")]
    audit: Option<AuditLayer>,
    #[cfg(feature = "check")]
    check: Option<CheckLayer>,
    #[cfg(feature = "confirm")]
    confirm: Option<ConfirmLayer>,
    #[cfg(feature = "cache")]
    cache: Option<CacheLayer>,
    scopes: Option<ScopePolicy>,
    sharing: Option<Sharing>,
}

impl<L> Gateway<L> {
    /// Returns the builder of a stack over `leaf` that has no layer yet.
    pub const fn builder(leaf: L) -> Builder<L> {
        Builder {
            leaf,
            layers: Layers {
                #[cfg(feature = "alias")]
                aliases: None,
                #[cfg(feature = "audit")]
                audit: None,
                #[cfg(feature = "check")]
                check: None,
                #[cfg(feature = "confirm")]
                confirm: None,
                #[cfg(feature = "cache")]
                cache: None,
                scopes: None,
                sharing: None,
            },
            #[cfg(feature = "catalog")]
            catalog: None,
            said: PhantomData,
        }
    }
}

impl<L, R> Builder<L, R, Unsaid> {
    /// Lets callers do what their scopes allow by `policy`; a caller without an [`Identity`](crate::Identity) has no
    /// scopes. The rules that the tools of a catalog carry are added.
    pub fn scopes(self, policy: ScopePolicy) -> Builder<L, R, Said> {
        self.said(Some(policy))
    }

    /// Lets every caller do everything; 1C is not told who calls.
    pub fn without_authentication(self) -> Builder<L, R, Said> {
        self.said(None)
    }

    fn said(mut self, scopes: Option<ScopePolicy>) -> Builder<L, R, Said> {
        self.layers.scopes = scopes;
        Builder {
            leaf: self.leaf,
            layers: self.layers,
            #[cfg(feature = "catalog")]
            catalog: self.catalog,
            said: PhantomData,
        }
    }
}

impl Layers {
    /// Tells the layers which callers the leaf treats alike.
    #[cfg_attr(not(any(feature = "alias", feature = "cache")), allow(unused_mut, unused_variables))]
    fn shared(mut self) -> Self {
        if let Some(sharing) = self.sharing.take() {
            #[cfg(feature = "alias")]
            (self.aliases = self.aliases.map(|layer| layer.sharing(sharing.clone())));
            #[cfg(feature = "cache")]
            (self.cache = self.cache.map(|layer| layer.sharing(sharing)));
        }
        self
    }
}

impl<L, R, Callers> Builder<L, R, Callers> {
    /// Says which callers the leaf treats alike, in place of what the layers of this builder say: they share remembered
    /// answers and known aliases. A leaf says it of itself, as by
    /// [`OneCService::sharing`](crate::OneCService::sharing).
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.layers.sharing = Some(sharing);
        self
    }

    /// Gives tools names that every client accepts.
    #[cfg(feature = "alias")]
    pub fn aliases(mut self, layer: impl Into<Option<AliasLayer>>) -> Self {
        self.layers.aliases = layer.into();
        self
    }

    /// Reports lists of tools and calls of tools.
    #[cfg(feature = "audit")]
    pub fn audit(mut self, layer: impl Into<Option<AuditLayer>>) -> Self {
        self.layers.audit = layer.into();
        self
    }

    /// Checks and mends the arguments of 1C's own tools by the schemas that 1C listed; the catalog checks its own.
    #[cfg(feature = "check")]
    pub fn check(mut self, layer: impl Into<Option<CheckLayer>>) -> Self {
        self.layers.check = layer.into();
        self
    }

    /// Asks users for consent before calls of 1C's tools that require it.
    #[cfg(feature = "confirm")]
    pub fn confirm(mut self, layer: impl Into<Option<ConfirmLayer>>) -> Self {
        self.layers.confirm = layer.into();
        self
    }

    /// Adds the tools of a catalog.
    #[cfg(feature = "catalog")]
    pub fn catalog<T>(self, layer: impl Into<Option<CatalogLayer<T>>>) -> Builder<L, T, Callers> {
        Builder { leaf: self.leaf, layers: self.layers, catalog: layer.into(), said: PhantomData }
    }

    /// Remembers answers of 1C, also those to the catalog's calls.
    ///
    /// If a [`RestService`](crate::rest::RestService) is to share them, put the layer around the leaf instead, and give
    /// both the catalog and that service the handle that [`Cache::rest`](crate::cache::Cache::rest) returns.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, layer: impl Into<Option<CacheLayer>>) -> Self {
        self.layers.cache = layer.into();
        self
    }
}

impl<L, R> Builder<L, R, Said> {
    /// Builds the stack.
    pub fn build(self) -> Gateway<L, R>
    where
        L: Service<Request, Response = Response, Error = BoxError> + Clone + Send + 'static,
        L::Future: Send,
        R: Service<RestCall, Response = Response, Error = BoxError> + Clone + Send + 'static,
        R::Future: Send,
    {
        let layers = self.layers.shared();
        // From the inside out; the table in the module's docs has the reasons.
        let stack = self.leaf;
        #[cfg(feature = "cache")]
        let stack = option_layer(layers.cache).layer(stack);
        #[cfg(feature = "catalog")]
        let catalog = self.catalog;
        #[cfg(all(feature = "cache", feature = "catalog"))]
        let catalog = catalog.map(|layer| {
            layer.map_rest(|rest| match &stack {
                Either::Left(cache) => Either::Left(cache.rest(rest)),
                Either::Right(_) => Either::Right(rest),
            })
        });
        let scopes = layers.scopes;
        #[cfg(feature = "catalog")]
        let scopes = scopes.map(|policy| match &catalog {
            Some(layer) => layer.catalog().policy(policy),
            None => policy,
        });
        #[cfg(feature = "check")]
        let check = match (layers.check, &catalog) {
            (Some(layer), Some(catalog)) => Some(layer.beside(catalog.catalog().clone())),
            (layer, _) => layer,
        };
        #[cfg(feature = "catalog")]
        let stack = option_layer(catalog).layer(stack);
        #[cfg(feature = "confirm")]
        let stack = option_layer(layers.confirm).layer(stack);
        let stack = option_layer(scopes.map(ScopeLayer::new)).layer(stack);
        #[cfg(feature = "check")]
        let stack = option_layer(check).layer(stack);
        #[cfg(feature = "audit")]
        let stack = option_layer(layers.audit).layer(stack);
        #[cfg(feature = "alias")]
        let stack = option_layer(layers.aliases).layer(stack);
        Gateway(stack)
    }
}
