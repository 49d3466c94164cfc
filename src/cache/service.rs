//! [`Cache`] and [`RestCache`].

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

impl<S> Cache<S> {
    /// Returns `rest` with the memory of this cache, which remembers each answer for as long as its
    /// [`RestCall`] says. It must be the handle of the same infobase.
    pub fn rest<R>(&self, rest: R) -> RestCache<R> {
        RestCache { inner: rest, memory: Arc::clone(&self.memory) }
    }
}

/// A service of REST calls whose answers are remembered; see [`Cache::rest`].
#[derive(Clone, Debug)]
pub struct RestCache<R> {
    inner: R,
    memory: Arc<Memory>,
}

pin_project! {
    /// The answer of a [`Cache`] or a [`RestCache`].
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
            Some(ttl) => {
                let wanted = (key::of_list(&request), ttl, None);
                look_up(&mut self.inner, &self.memory, wanted, request, told)
            }
            None => Kind::Passed { call: self.inner.call(request) },
        };
        ResponseFuture { kind }
    }
}

impl<R> Service<RestCall> for RestCache<R>
where
    R: Service<RestCall, Response = Response> + Clone + Send + 'static,
    R::Error: Into<BoxError>,
    R::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<R::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: RestCall) -> Self::Future {
        let kind = match call.cache.filter(|ttl| !ttl.is_zero()) {
            Some(ttl) => {
                let wanted = (key::of_call(&call), ttl, call.check.clone());
                look_up(&mut self.inner, &self.memory, wanted, call, |answer| answer.response)
            }
            None => Kind::Passed { call: self.inner.call(call) },
        };
        ResponseFuture { kind }
    }
}

/// What is known, or what `inner` is asked.
fn look_up<S, Q>(
    inner: &mut S,
    memory: &Arc<Memory>,
    (key, ttl, check): (Key, Duration, Option<Check>),
    question: Q,
    finish: fn(Answer) -> Response,
) -> Kind<S::Future>
where
    Q: Send + 'static,
    S: Service<Q, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    if let Some(known) = memory.get(&key, ttl) {
        return Kind::Known { response: Some(finish(known)) };
    }
    // The service that was polled to readiness makes the call, if it comes to one.
    let clone = inner.clone();
    let mut ready = std::mem::replace(inner, clone);
    let memory = Arc::clone(memory);
    let call = Box::pin(async move {
        let call = async { ready.call(question).await.map_err(Into::into) };
        memory.ask(key, ttl, check, call).await.map(finish)
    });
    Kind::Asked { call }
}

/// A list says how long it stays the same.
fn told(Answer { response, left }: Answer) -> Response {
    let Some(left) = left else { return response };
    let ttl = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    Response { outcome: response.outcome.map(|list| list.with_ttl_ms(ttl)), ..response }
}
