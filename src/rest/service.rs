//! The service over HTTP: [`RestService`].

use super::endpoints::{Endpoints, Route};
use super::error::RestError;
use super::future::{Asked, Calling, Closing, ToolRequest};
use crate::catalog::Catalog;
use crate::net::Body;
use crate::net::served::{Served, served_future};
use crate::onec::RestCall;
use crate::rpc::{BoxError, RequestId, Response};
use crate::service::{accessors, take_ready};
use bytes::Buf;
use secrecy::SecretString;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_service::Service;

/// A service that gives the tools of a catalog REST endpoints; see the [module](super).
///
/// It is ready when the service beneath is ready. If that service fails to become ready, the next call is
/// answered with 502.
pub struct RestService<S> {
    endpoints: Arc<Endpoints>,
    inner: S,
    failed: Option<BoxError>,
}

accessors!(RestService<S>);

impl<S> RestService<S> {
    /// Creates the endpoints of `catalog` over `inner`, for callers with `token`.
    pub fn new(catalog: Catalog, token: impl Into<SecretString>, inner: S) -> Self {
        Self { endpoints: Arc::new(Endpoints::new(catalog, &token.into())), inner, failed: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Endpoints)) -> Self {
        change(Arc::make_mut(&mut self.endpoints));
        self
    }

    /// Sets the name of the API in its OpenAPI document; the default is `1C reports`.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with(|endpoints| endpoints.document.set_title(title.into()))
    }

    /// Sets the version of the API in its OpenAPI document; the default is `1.0.0`.
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with(|endpoints| endpoints.document.set_version(version.into()))
    }

    /// Adds a URL of the endpoints to the OpenAPI document. Without any, the endpoints are where the document is.
    #[must_use]
    pub fn server(self, url: impl Into<String>) -> Self {
        self.with(|endpoints| endpoints.document.add_server(url.into()))
    }

    /// Sets the longest body in bytes; the default is 4 MiB. A longer one gets 413.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        self.with(|endpoints| endpoints.max_body = bytes)
    }

    /// Sets the time limit for the body to arrive; the default is 30 s. After it the answer is 408.
    #[must_use]
    pub fn body_timeout(self, time: Duration) -> Self {
        self.with(|endpoints| endpoints.body_timeout = time)
    }
}

/// A clone is not ready yet.
impl<S: Clone> Clone for RestService<S> {
    fn clone(&self) -> Self {
        Self { endpoints: Arc::clone(&self.endpoints), inner: self.inner.clone(), failed: None }
    }
}

impl<S> fmt::Debug for RestService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestService").finish_non_exhaustive()
    }
}

served_future!(
    "The answer of a [`RestService`]. Dropping it ends the call to 1C.",
    [S, F] where {
        S: Service<RestCall, Response = Response, Future = F> + Send + 'static,
        S::Error: Into<BoxError>,
        F: Future<Output = Result<Response, S::Error>> + Send,
    },
    Asked<S>,
    Calling<F>
);

impl<S, B> Service<http::Request<B>> for RestService<S>
where
    S: Service<RestCall, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture<S, S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.failed.is_none() {
            self.failed = ready!(self.inner.poll_ready(cx)).err().map(Into::into);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let inner = match self.failed.take() {
            None => Ok(take_ready(&mut self.inner)),
            Some(error) => Err(error),
        };
        let endpoints = Arc::clone(&self.endpoints);
        let (head, body) = request.into_parts();
        let closing = Closing::of(&head, !body.is_end_stream());
        let tools = endpoints.tools();
        let served = match endpoints.route(&head, &tools) {
            Ok(Route::Tool(tool)) => {
                let call = ToolRequest::new(tool, head, closing);
                Served::read(endpoints.read(body), Asked { endpoints, inner, call })
            }
            Ok(Route::Document) => Served::work(Calling::later(async move {
                let document = endpoints.document.of(&tools).await;
                closing.answer(document.map_err(|error| RestError::onec(error, RequestId::next())))
            })),
            Err(error) => Served::known(closing.answer(Err(error))),
        };
        ResponseFuture { served }
    }
}
