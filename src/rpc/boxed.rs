//! [`BoxService`] and [`ResponseFuture`].

use super::error::BoxError;
use super::message::Request;
use super::response::Response;
use futures_core::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use tower_layer::{LayerFn, layer_fn};
use tower_service::Service;

/// An RPC service of any type, boxed, that is `Clone`, `Send` and `Sync`.
///
/// A stack has one type whatever layers it has, so it can be a field or be chosen at run time. axum's routers take it
/// beneath a bridge; tower's `BoxCloneService` is not `Sync` and does not fit there. Each request costs one allocation
/// for its future.
///
/// # Example
/// ```
/// use onec_mcp::rpc::{BoxError, BoxService, Payload, Request, Response};
/// use onec_mcp::scope::{ScopeLayer, ScopePolicy};
/// use tower::{Layer, service_fn};
///
/// fn stack(scopes: Option<ScopePolicy>) -> BoxService {
///     let leaf = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::empty())) });
///     match scopes {
///         Some(policy) => BoxService::new(ScopeLayer::new(policy).layer(leaf)),
///         None => BoxService::new(leaf),
///     }
/// }
/// # fn shared<T: Clone + Send + Sync>(_: T) {}
/// # shared(stack(None));
/// # shared(stack(Some(ScopePolicy::default())));
/// ```
#[derive(Clone, Debug)]
pub struct BoxService(BoxCloneSyncService<Request, Response, BoxError>);

impl BoxService {
    /// Boxes a service.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service.map_err(Into::into)))
    }

    /// Returns a layer that boxes the services beneath it.
    pub fn layer<S>() -> LayerFn<fn(S) -> Self>
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        layer_fn(Self::new)
    }
}

impl Service<Request> for BoxService {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        ResponseFuture(self.0.call(request))
    }
}

/// The answer of a service whose future has no name, boxed.
pub struct ResponseFuture(BoxFuture<'static, Result<Response, BoxError>>);

impl ResponseFuture {
    pub(super) fn new(answer: impl Future<Output = Result<Response, BoxError>> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
