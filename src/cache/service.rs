//! [`Cache`] and [`RestCache`].

use super::key::{self, Key};
use super::memory::{Answer, Memory};
use crate::onec::{AnswerCheck, RestCall};
use crate::rpc::{BoxError, Request, Response};
use crate::service::answer::{Answer as Answered, response_future};
use crate::service::{accessors, take_ready};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// A service behind a [`CacheLayer`](super::CacheLayer).
#[derive(Clone, Debug)]
pub struct Cache<S> {
    pub(super) inner: S,
    pub(super) lists: Option<Duration>,
    pub(super) memory: Arc<Memory>,
}

accessors!(Cache<S>);

impl<S> Cache<S> {
    /// Returns a service around `rest`, the REST handle of the same infobase, that shares this cache's memory.
    ///
    /// Each answer is remembered for as long as its [`RestCall`] says.
    pub fn rest<R>(&self, rest: R) -> RestCache<R> {
        RestCache { inner: rest, memory: Arc::clone(&self.memory) }
    }
}

/// A service of REST calls that remembers answers; see [`Cache::rest`].
#[derive(Clone, Debug)]
pub struct RestCache<R> {
    inner: R,
    memory: Arc<Memory>,
}

accessors!(RestCache<R>);

response_future!("The answer of a [`Cache`] or a [`RestCache`].", Infallible);

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
        let answer = match self.lists.filter(|_| request.method.listed().is_some()) {
            Some(ttl) => {
                let wanted = (key::of_list(&self.memory.sharing, &request), ttl, None);
                look_up(&mut self.inner, &self.memory, wanted, request, told)
            }
            None => Answered::passed(self.inner.call(request)),
        };
        ResponseFuture { answer }
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
        let answer = match call.cache.filter(|ttl| !ttl.is_zero()) {
            Some(ttl) => {
                let wanted = (key::of_call(&self.memory.sharing, &call), ttl, call.check.clone());
                look_up(&mut self.inner, &self.memory, wanted, call, |answer| answer.response)
            }
            None => Answered::passed(self.inner.call(call)),
        };
        ResponseFuture { answer }
    }
}

/// Returns the remembered answer, or that of `inner`.
fn look_up<S, Q>(
    inner: &mut S,
    memory: &Arc<Memory>,
    (key, ttl, check): (Key, Duration, Option<AnswerCheck>),
    question: Q,
    finish: fn(Answer) -> Response,
) -> Answered<S::Future, Infallible>
where
    Q: Send + 'static,
    S: Service<Q, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    if let Some(known) = memory.get(&key, ttl) {
        return Answered::known(Ok(finish(known)));
    }
    // The call, if there is one, is made by the service that was polled to readiness.
    let mut ready = take_ready(inner);
    let memory = Arc::clone(memory);
    Answered::later(async move {
        let call = async { ready.call(question).await.map_err(Into::into) };
        memory.ask(key, ttl, check, call).await.map(finish)
    })
}

/// Adds to a list how long it stays remembered.
fn told(Answer { response, left }: Answer) -> Response {
    let Some(left) = left else { return response };
    let ttl = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    Response { outcome: response.outcome.map(|list| list.with_ttl_ms(ttl)), ..response }
}
