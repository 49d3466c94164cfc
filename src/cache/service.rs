//! [`Cache`].

use super::key::{self, Key};
use super::memory::{Answer, Memory};
use crate::onec::{Check, RestCall};
use crate::rpc::{BoxError, Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_service::Service;

/// A service behind a [`CacheLayer`](super::CacheLayer).
#[derive(Clone, Debug)]
pub struct Cache<S> {
    pub(super) inner: S,
    pub(super) lists: Option<Duration>,
    pub(super) memory: Arc<Memory>,
}

pin_project! {
    /// The answer of a [`Cache`].
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

type Asked = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

pin_project! {
    #[project = Projected]
    enum Kind<F> {
        Passed { #[pin] call: F },
        Known { response: Option<Response> },
        Asked { call: Asked },
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
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
            Projected::Passed { call } => Poll::Ready(ready!(call.poll(cx)).map_err(Into::into)),
            // A future is not polled after its end.
            Projected::Known { response } => response.take().map_or(Poll::Pending, |known| Poll::Ready(Ok(known))),
            Projected::Asked { call } => call.as_mut().poll(cx),
        }
    }
}

impl<S> Service<Request> for Cache<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let kind = match self.lists.filter(|_| request.method.listed().is_some()) {
            Some(ttl) => self.look_up((key::of_list(&request), ttl, None), request, told),
            None => Kind::Passed { call: self.inner.call(request) },
        };
        ResponseFuture { kind }
    }
}

impl<S> Service<RestCall> for Cache<S>
where
    S: Service<RestCall, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: RestCall) -> Self::Future {
        let kind = match call.cache.filter(|ttl| !ttl.is_zero()) {
            Some(ttl) => self.look_up((key::of_call(&call), ttl, call.check.clone()), call, |answer| answer.response),
            None => Kind::Passed { call: self.inner.call(call) },
        };
        ResponseFuture { kind }
    }
}

impl<S> Cache<S> {
    fn look_up<R>(
        &mut self,
        (key, ttl, check): (Key, Duration, Option<Check>),
        question: R,
        finish: fn(Answer) -> Response,
    ) -> Kind<S::Future>
    where
        R: Send + 'static,
        S: Service<R, Response = Response> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        if let Some(known) = self.memory.get(&key, ttl) {
            return Kind::Known { response: Some(finish(known)) };
        }
        // The service that was polled to readiness makes the call, if it comes to one.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let memory = Arc::clone(&self.memory);
        let call = Box::pin(async move {
            let call = async { ready.call(question).await.map_err(Into::into) };
            memory.ask(key, ttl, check, call).await.map(finish)
        });
        Kind::Asked { call }
    }
}

/// A list says how long it stays the same.
fn told(Answer { response, left }: Answer) -> Response {
    let Some(left) = left else { return response };
    let ttl = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    Response { outcome: response.outcome.map(|list| list.with_ttl_ms(ttl)), ..response }
}
