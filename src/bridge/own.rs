//! The answers of the bridge itself, as a service: [`OwnAnswers`].

use crate::rpc::{BoxError, Request, Response};
use futures_core::future::BoxFuture;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::ServiceExt as _;
use tower::util::{BoxCloneSyncService, service_fn};
use tower_service::Service;

/// A service that gives the answers of the bridge itself (`initialize`, `server/discover`, `ping` …). The
/// layers of [`Bridge::layer`](super::Bridge::layer) are applied to it.
#[derive(Clone, Debug)]
pub struct OwnAnswers(BoxCloneSyncService<Request, Response, BoxError>);

/// The answer of the bridge to a request, in the request's extensions.
#[derive(Clone, Debug)]
pub(super) struct OwnAnswer(pub(super) Response);

impl OwnAnswers {
    pub(super) fn new() -> Self {
        Self::through(service_fn(|request: Request| {
            let answer = request.extensions.get().cloned().map(|OwnAnswer(answer)| answer);
            ready(answer.ok_or("the bridge does not answer this itself"))
        }))
    }

    /// Boxes `service`, which is this one with layers around it.
    pub(super) fn through<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service.map_err(Into::into)))
    }
}

impl Service<Request> for OwnAnswers {
    type Response = Response;
    type Error = BoxError;
    type Future = OwnAnswerFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> OwnAnswerFuture {
        OwnAnswerFuture(self.0.call(request))
    }
}

/// The future of [`OwnAnswers`]. It is boxed, since the type of the layers is open and these requests are rare.
pub struct OwnAnswerFuture(BoxFuture<'static, Result<Response, BoxError>>);

impl Future for OwnAnswerFuture {
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for OwnAnswerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnAnswerFuture").finish_non_exhaustive()
    }
}
