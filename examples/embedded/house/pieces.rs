//! Pieces of tower between the layers of this crate.

use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::CacheLayer;
use onec_mcp::catalog::{Catalog, CatalogLayer};
use onec_mcp::rpc::{BoxError, Request, Response};
use onec_mcp::{OneCService, ScopeLayer, ScopePolicy, Sharing};
use std::time::Duration;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder};

/// A stack of any layers.
pub(crate) type Rpc = BoxCloneSyncService<Request, Response, BoxError>;

/// The stack of one infobase, outermost layer first.
pub(crate) fn stack(onec: OneCService, catalog: Catalog, policy: ScopePolicy) -> Rpc {
    let rest = onec.rest();
    let stack = ServiceBuilder::new()
        // Above everything, so that it reports what the layers beneath refuse or give up.
        .layer(AuditLayer::new())
        .timeout(Duration::from_secs(60))
        .layer(ScopeLayer::new(policy))
        // Callers who may not call have been refused. Of the others so many run at once; one more gets 503.
        .load_shed()
        .concurrency_limit(64)
        .layer(CatalogLayer::new(catalog, rest))
        .layer(CacheLayer::new().sharing(onec.sharing()).lists(Duration::from_secs(30)))
        .service(onec);
    Rpc::new(stack)
}

/// A short stack: the least that belongs above a leaf whose callers log in.
pub(crate) fn scoped<S>(leaf: S, sharing: Sharing, policy: ScopePolicy) -> Rpc
where
    S: Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
{
    let stack = ServiceBuilder::new()
        .layer(AuditLayer::new())
        .layer(ScopeLayer::new(policy))
        .layer(CacheLayer::new().sharing(sharing).lists(Duration::from_secs(30)))
        .service(leaf);
    Rpc::new(stack)
}
