//! The layer [`BudgetLayer`], its service and its future.

use super::body::{Counted, Held};
use super::pool::{MemoryBudget, OverBudgetError};
use super::tally::Tally;
use crate::net::holder::Holder;
use crate::net::{Refused, close_unread};
use crate::rpc::{ErrorObject, encode_error};
use crate::service::{accessors, take_ready};
use futures_core::future::BoxFuture;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// A layer that counts the bytes that inner services hold, and lets requests with bodies in while there is room; see
/// the [module](super).
#[derive(Clone, Debug)]
pub struct BudgetLayer {
    budget: MemoryBudget,
}

impl BudgetLayer {
    /// Creates a layer that counts in this budget, which other layers can share.
    pub const fn new(budget: MemoryBudget) -> Self {
        Self { budget }
    }
}

impl<S> Layer<S> for BudgetLayer {
    type Service = Budget<S>;

    fn layer(&self, inner: S) -> Budget<S> {
        Budget { inner, budget: self.budget.clone() }
    }
}

/// The service that [`BudgetLayer`] produces.
#[derive(Clone, Debug)]
pub struct Budget<S> {
    inner: S,
    budget: MemoryBudget,
}

accessors!(Budget<S>);

impl<S, B, R> Service<Request<B>> for Budget<S>
where
    S: Service<Request<Counted<B>>, Response = Response<R>> + Clone,
    B: Body,
    R: Body,
{
    type Response = Response<Held<R>>;
    type Error = S::Error;
    type Future = BudgetedFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let tally = Tally::new(self.budget.clone(), Holder::of_http(request.extensions()));
        request.extensions_mut().insert(tally.clone());
        let stage = if request.body().is_end_stream() || tally.has_room() {
            let request = request.map(|body| Counted::new(body, tally.clone()));
            Stage::Called { call: self.inner.call(request), tally }
        } else {
            let ready = take_ready(&mut self.inner);
            Stage::Waiting { room: Box::pin(tally.room()), call: Some((ready, request, tally)) }
        };
        BudgetedFuture { stage }
    }
}

pin_project! {
    /// The response future of a [`Budget`] service.
    pub struct BudgetedFuture<S, B>
    where
        S: Service<Request<Counted<B>>>,
    {
        #[pin]
        stage: Stage<S, B>,
    }
}

pin_project! {
    #[project = StageOf]
    enum Stage<S, B>
    where
        S: Service<Request<Counted<B>>>,
    {
        // Boxed, since few requests wait and every future would otherwise carry the timer.
        Waiting { room: BoxFuture<'static, Result<(), OverBudgetError>>, call: Option<(S, Request<B>, Tally)> },
        Called { #[pin] call: S::Future, tally: Tally },
    }
}

impl<S, B> fmt::Debug for BudgetedFuture<S, B>
where
    S: Service<Request<Counted<B>>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetedFuture").finish_non_exhaustive()
    }
}

impl<S, B, R> Future for BudgetedFuture<S, B>
where
    S: Service<Request<Counted<B>>, Response = Response<R>>,
    B: Body,
    R: Body,
{
    type Output = Result<Response<Held<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            match stage.as_mut().project() {
                StageOf::Waiting { room, call } => {
                    let room = ready!(room.as_mut().poll(cx));
                    // A future is not polled after its end.
                    let Some((mut service, request, tally)) = call.take() else { return Poll::Pending };
                    if room.is_err() {
                        let (head, body) = request.into_parts();
                        return Poll::Ready(Ok(refusal(&head, &body)));
                    }
                    let request = request.map(|body| Counted::new(body, tally.clone()));
                    let call = service.call(request);
                    stage.set(Stage::Called { call, tally });
                }
                StageOf::Called { call, tally } => {
                    let answer = ready!(call.poll(cx))?;
                    return Poll::Ready(Ok(answer.map(|body| Held::answer(body, tally.clone()))));
                }
            }
        }
    }
}

/// The message to a client whose request finds no room.
pub(crate) const NO_ROOM: &str =
    "This server holds as many requests and answers as it can. Try again in a few seconds, with fewer at once.";

/// How long a client should wait after [`NO_ROOM`].
pub(crate) const AFTER_NO_ROOM: Duration = Duration::from_secs(2);

fn refusal<B: Body, R>(head: &Parts, body: &B) -> Response<Held<R>> {
    let text = encode_error(&ErrorObject::internal(NO_ROOM), None).into_bytes();
    let mut response = Response::new(Held::refusal(text));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    Refused::Because(NO_ROOM.into()).mark(&mut response);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RETRY_AFTER, HeaderValue::from(AFTER_NO_ROOM.as_secs()));
    close_unread(&mut response, head, body);
    response
}
