//! The types of a stack, which depend on the enabled features.

#[cfg(feature = "alias")]
use crate::alias::Alias;
#[cfg(feature = "audit")]
use crate::audit::Audit;
#[cfg(feature = "cache")]
use crate::cache::Cache;
#[cfg(all(feature = "cache", feature = "catalog"))]
use crate::cache::RestCache;
#[cfg(feature = "catalog")]
use crate::catalog::CatalogService;
#[cfg(feature = "check")]
use crate::check::Check;
#[cfg(feature = "confirm")]
use crate::confirm::Confirm;
use crate::onec::RestCall;
use crate::rpc::{BoxError, Response};
use crate::scope::Scope;
use std::future::Ready;
use std::task::{Context, Poll};
use tower::util::Either;
use tower_service::Service;

/// Declares the type of a service with or without a layer; without it where the layer's feature is off.
macro_rules! optional {
    ($feature:literal, $alias:ident, $layered:ident) => {
        #[cfg(feature = $feature)]
        pub(super) type $alias<S> = Either<$layered<S>, S>;
        #[cfg(not(feature = $feature))]
        pub(super) type $alias<S> = S;
    };
}

optional!("cache", MaybeCached, Cache);
#[cfg(feature = "catalog")]
optional!("cache", MaybeRestCached, RestCache);
optional!("confirm", MaybeConfirmed, Confirm);
optional!("check", MaybeChecked, Check);
optional!("audit", MaybeAudited, Audit);
optional!("alias", MaybeAliased, Alias);
type MaybeScoped<S> = Either<Scope<S>, S>;
#[cfg(feature = "catalog")]
type MaybeCatalogued<S, R> = Either<CatalogService<S, MaybeRestCached<R>>, S>;
#[cfg(not(feature = "catalog"))]
type MaybeCatalogued<S, R> = <(S, R) as Pair>::First;

/// The whole stack over a leaf.
pub(super) type Stack<L, R> =
    MaybeAliased<MaybeAudited<MaybeChecked<MaybeScoped<MaybeConfirmed<MaybeCatalogued<MaybeCached<L>, R>>>>>>;

/// Names the first type of a pair; without a catalog nothing uses the second.
#[cfg(not(feature = "catalog"))]
pub(super) trait Pair {
    /// The first type.
    type First;
}

#[cfg(not(feature = "catalog"))]
impl<S, R> Pair for (S, R) {
    type First = S;
}

/// The REST handle of a stack without a catalog; it has no values.
#[derive(Clone, Copy, Debug)]
pub enum NoRest {}

impl Service<RestCall> for NoRest {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match *self {}
    }

    fn call(&mut self, _: RestCall) -> Self::Future {
        match *self {}
    }
}
