//! The service over HTTP: [`RestService`].

use super::door::Door;
use super::endpoints::{Endpoints, Route};
use super::error::RestError;
use super::future::{Asked, Calling, Closing, ToolRequest};
use crate::auth::{BearerAuthLayer, TokenValidator, token};
use crate::catalog::Catalog;
use crate::identity::Identity;
use crate::net::Body;
use crate::net::served::Served;
use crate::onec::RestCall;
use crate::rpc::{BoxError, RequestId, Response};
use crate::service::{accessors, take_ready};
use bytes::Buf;
use futures_core::future::BoxFuture;
use http::request::Parts;
use pin_project_lite::pin_project;
use secrecy::SecretString;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
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
    /// Creates the endpoints of `catalog` over `inner`, for callers with `token`. All of them may call every tool, and 1C
    /// is not told who calls.
    pub fn new(catalog: Catalog, token: impl Into<SecretString>, inner: S) -> Self {
        Self::with_door(catalog, Door::token(&token.into()), inner)
    }

    /// Creates the endpoints of `catalog` over `inner`, for callers whom the validator of `layer` knows.
    ///
    /// A caller may call the tools whose scopes it holds, and name and see the guarded values whose scopes it holds; 1C is
    /// told who calls, and calls run under the caller's own login, if the identity has one. The settings of `layer` say
    /// what tokens are valid here and what challenges name. The layer need not be around the service too.
    pub fn with_auth<V: TokenValidator>(catalog: Catalog, layer: BearerAuthLayer<V>, inner: S) -> Self {
        Self::with_door(catalog, Door::callers(layer), inner)
    }

    fn with_door(catalog: Catalog, door: Door, inner: S) -> Self {
        Self { endpoints: Arc::new(Endpoints::new(catalog, door)), inner, failed: None }
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

pin_project! {
    /// The answer of a [`RestService`]. Dropping it ends the call to 1C.
    pub struct ResponseFuture<S, F, B> {
        #[pin]
        state: State<S, F, B>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<S, F, B> {
        Serving { #[pin] served: Answering<S, F, B> },
        // The caller is looked up first, by a validator whose future has no name.
        Admitting { served: BoxFuture<'static, Result<http::Response<Body>, Infallible>> },
    }
}

/// The answer to a caller who is known.
type Answering<S, F, B> = Served<B, Asked<S>, Calling<F>>;

impl<S, F, B> fmt::Debug for ResponseFuture<S, F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S, F, B> Future for ResponseFuture<S, F, B>
where
    S: Service<RestCall, Response = Response, Future = F> + Send + 'static,
    S::Error: Into<BoxError>,
    F: Future<Output = Result<Response, S::Error>> + Send,
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<http::Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Serving { served } => served.poll(cx),
            Projected::Admitting { served } => served.as_mut().poll(cx),
        }
    }
}

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
        let state = match &self.endpoints.door {
            Door::Token(expected) => {
                let is_right = matches!(token(&head.headers), Ok(Some(token)) if expected.is_of(token));
                let caller = if is_right { Ok(None) } else { Err(RestError::unauthorized()) };
                State::Serving { served: serve(endpoints, inner, (head, caller), body) }
            }
            Door::Callers(callers) => {
                let admitted = callers.admit(head);
                State::Admitting {
                    served: Box::pin(async move { serve(endpoints, inner, admitted.await, body).await }),
                }
            }
        };
        ResponseFuture { state }
    }
}

/// Returns the answer to a caller who is admitted, or refused.
fn serve<S, B>(
    endpoints: Arc<Endpoints>,
    inner: Result<S, BoxError>,
    (head, caller): (Parts, Result<Option<Identity>, RestError>),
    body: B,
) -> Answering<S, S::Future, B>
where
    S: Service<RestCall, Response = Response>,
    B: http_body::Body,
{
    let closing = Closing::of(&head, !body.is_end_stream());
    let tools = endpoints.tools();
    let route = caller.and_then(|caller| Ok((caller, endpoints.route(&head, &tools)?)));
    match route {
        Ok((caller, Route::Tool(tool))) => {
            let call = ToolRequest::new((tool.clone(), Arc::clone(&tools)), caller, head, closing);
            Served::read(endpoints.read(body), Asked { endpoints, inner, call })
        }
        Ok((_, Route::Document)) => Served::work(Calling::later(async move {
            let document = endpoints.document.of(&tools).await;
            closing.answer(document.map_err(|error| RestError::onec(error, RequestId::next())))
        })),
        Err(error) => Served::known(closing.answer(Err(error))),
    }
}
