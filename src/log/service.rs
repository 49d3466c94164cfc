//! [`Log`].

use super::line::Line;
use crate::rpc::{BoxError, Request, Response, Unasked};
use crate::service::accessors;
use crate::service::answer::{Answer, Rework, response_future};
use std::task::{Context, Poll};
use tower_service::Service;

/// An RPC service behind [`LogLayer`](super::LogLayer).
#[derive(Clone, Debug)]
pub struct Log<S> {
    pub(super) inner: S,
    pub(super) every: bool,
}

accessors!(Log<S>);

response_future!("The answer of a [`Log`] service.", Line);

impl Rework for Line {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        self.end(&answer);
        answer
    }

    fn is_thorough(&self) -> bool {
        false
    }
}

impl<S> Service<Request> for Log<S>
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
        // Requests that layers make themselves are not logged.
        let asked = request.extensions.get::<Unasked>().is_none();
        let line = if asked { Line::begin(&mut request, self.every) } else { None };
        let call = self.inner.call(request);
        let answer = match line {
            Some(line) => Answer::reworked(call, line),
            None => Answer::passed(call),
        };
        ResponseFuture { answer }
    }
}
