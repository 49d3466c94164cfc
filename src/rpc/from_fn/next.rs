//! [`Next`].

use crate::rpc::{BoxError, Request, Response};
use std::future::Future;
use tower::ServiceExt as _;
use tower::util::BoxCloneService;
use tower_service::Service;

/// The service beneath a layer of [`from_fn`](super::from_fn).
///
/// A clone, for another call, is polled to readiness when it runs.
#[derive(Clone, Debug)]
pub struct Next(BoxCloneService<Request, Response, BoxError>);

impl Next {
    pub(super) fn new<S>(inner: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(BoxCloneService::new(inner.map_err(Into::into)))
    }

    /// Calls the service.
    ///
    /// # Errors
    /// The error of the service.
    pub fn run(self, request: Request) -> impl Future<Output = Result<Response, BoxError>> + Send + 'static {
        self.0.oneshot(request)
    }
}
