//! [`Answer`]: the future of a layer's answer, forwarded or its own.

use super::aside::{aside, is_long};
use crate::rpc::{BoxError, Payload, Response};
use futures_core::future::BoxFuture;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Changes the answer of the inner service.
pub(crate) trait Rework: Send + 'static {
    /// Returns the changed answer.
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError>;

    /// Returns whether the work takes long for long answers.
    fn is_thorough(&self) -> bool {
        true
    }
}

/// For layers that pass all answers on as they are.
impl Rework for Infallible {
    fn rework(self, _: Result<Response, BoxError>) -> Result<Response, BoxError> {
        match self {}
    }
}

pin_project! {
    /// The answer to a request: that of the inner service, reworked by `W` (off the serving threads if that takes
    /// long), or one of the layer itself.
    pub(crate) struct Answer<F, W> {
        #[pin]
        state: State<F, W>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, W> {
        Calling { #[pin] call: F, work: Option<W> },
        // Several calls in an `async fn`, whose future cannot be named.
        Later { answer: BoxFuture<'static, Result<Response, BoxError>> },
        Known { answer: Option<Result<Response, BoxError>> },
    }
}

impl<F, W> Answer<F, W> {
    /// Returns the answer of `call`, reworked.
    pub(crate) const fn reworked(call: F, work: W) -> Self {
        Self { state: State::Calling { call, work: Some(work) } }
    }

    /// Returns the answer of `call` as it is.
    pub(crate) const fn passed(call: F) -> Self {
        Self { state: State::Calling { call, work: None } }
    }

    /// Returns an answer that is known already.
    pub(crate) fn known(answer: Result<impl Into<Response>, BoxError>) -> Self {
        Self { state: State::Known { answer: Some(answer.map(Into::into)) } }
    }

    /// Returns an answer that takes more than one call.
    #[cfg(any(feature = "alias", feature = "cache", feature = "catalog", feature = "confirm"))]
    pub(crate) fn later(answer: impl Future<Output = Result<Response, BoxError>> + Send + 'static) -> Self {
        Self { state: State::Later { answer: Box::pin(answer) } }
    }
}

impl<F, W> fmt::Debug for Answer<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl<F, W, E> Future for Answer<F, W>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
    W: Rework,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let (answer, work) = match state.as_mut().project() {
                Projected::Calling { call, work } => (ready!(call.poll(cx)).map_err(Into::into), work.take()),
                Projected::Later { answer } => return answer.as_mut().poll(cx),
                // A future is not polled after it is ready.
                Projected::Known { answer } => return answer.take().map_or(Poll::Pending, Poll::Ready),
            };
            let Some(work) = work else { return Poll::Ready(answer) };
            let length = |response: &Response| response.outcome.as_ref().map_or(0, Payload::length);
            if !answer.as_ref().is_ok_and(|response| is_long(length(response))) || !work.is_thorough() {
                return Poll::Ready(work.rework(answer));
            }
            let worked = aside(move || work.rework(answer));
            state.set(State::Later { answer: Box::pin(async move { worked.await? }) });
        }
    }
}

/// Declares the `ResponseFuture` of a middleware whose answers `$work` reworks.
macro_rules! response_future {
    ($doc:literal, $work:ty) => {
        pin_project_lite::pin_project! {
            #[doc = $doc]
            pub struct ResponseFuture<F> {
                #[pin]
                answer: $crate::service::answer::Answer<F, $work>,
            }
        }

        impl<F> std::fmt::Debug for ResponseFuture<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ResponseFuture").finish_non_exhaustive()
            }
        }

        impl<F, E> std::future::Future for ResponseFuture<F>
        where
            F: std::future::Future<Output = Result<$crate::rpc::Response, E>>,
            E: Into<$crate::rpc::BoxError>,
        {
            type Output = Result<$crate::rpc::Response, $crate::rpc::BoxError>;

            fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
                self.project().answer.poll(cx)
            }
        }
    };
}
pub(crate) use response_future;
