//! [`Scoped`].

use super::policy::ScopePolicy;
use crate::audit;
use crate::identity::Identity;
use crate::rpc::{BoxError, Failure, Param, Request, Response};
use http::HeaderName;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

const SUBJECT: HeaderName = HeaderName::from_static("x-mcp-sub");
const SCOPES: HeaderName = HeaderName::from_static("x-mcp-scopes");

/// An RPC service behind a [`ScopeLayer`](super::ScopeLayer).
#[derive(Clone, Debug)]
pub struct Scoped<S> {
    pub(super) inner: S,
    pub(super) policy: ScopePolicy,
}

pin_project! {
    /// The answer of a [`Scoped`] service.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum Kind<F> {
        Allowed { #[pin] call: F },
        Refused { failure: Option<Box<Failure>> },
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            Projected::Allowed { call } => Poll::Ready(ready!(call.poll(cx)).map_err(Into::into)),
            // A future is not polled after its end.
            Projected::Refused { failure } => failure.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure))),
        }
    }
}

impl<S> Service<Request> for Scoped<S>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let kind = match self.allow(&mut request) {
            Ok(()) => Kind::Allowed { call: self.inner.call(request) },
            Err(failure) => Kind::Refused { failure: Some(Box::new(failure)) },
        };
        ResponseFuture { kind }
    }
}

impl<S> Scoped<S> {
    fn allow(&self, request: &mut Request) -> Result<(), Failure> {
        request.headers.remove(SUBJECT);
        request.headers.remove(SCOPES);
        let identity = request.extensions.get::<Identity>();
        let rules = self.policy.rules();
        let needed = rules.needed();
        if !needed.is_empty() && !identity.is_some_and(|identity| identity.scopes().contains_all(needed)) {
            let tool = request.params.text(Param::Name);
            audit::scope_denied(&request.extensions, tool.as_deref(), needed);
            return Err(Failure::insufficient_scope(needed.clone()));
        }
        if let Some(identity) = identity {
            let (subject, scopes) = identity.headers();
            request.headers.insert(SUBJECT, subject.clone());
            request.headers.insert(SCOPES, scopes.clone());
        }
        Ok(())
    }
}
