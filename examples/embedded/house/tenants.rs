//! One endpoint for several infobases: a claim of the caller's token says which.

use http::StatusCode;
use onec_mcp::rpc::{BoxError, Request, Response, RpcError};
use onec_mcp::{Identity, Sharing};
use serde::Deserialize;
use tower::{Service, ServiceExt, service_fn};

/// The tenant that a token names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tenant {
    Trade,
    Payroll,
}

/// Tells a cache above which callers get one answer: those of one tenant.
pub(crate) fn sharing() -> Sharing {
    Sharing::by(|caller| Some(format!("{:?}", caller.claim::<Tenant>()?)))
}

/// Returns a service that asks the infobase of the caller's tenant.
pub(crate) fn by_tenant<T, P>(
    trade: T,
    payroll: P,
) -> impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static
where
    T: Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
    P: Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
{
    service_fn(move |request: Request| {
        let tenant = request.extensions.get::<Identity>().and_then(|caller| caller.claim::<Tenant>().cloned());
        let (trade, payroll) = (trade.clone(), payroll.clone());
        async move {
            match tenant {
                Some(Tenant::Trade) => trade.oneshot(request).await,
                Some(Tenant::Payroll) => payroll.oneshot(request).await,
                None => Err(RpcError::new(StatusCode::FORBIDDEN, "The token names no tenant").into()),
            }
        }
    })
}
