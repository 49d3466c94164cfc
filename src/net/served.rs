//! [`Served`]: the one future of the services that read a body and answer.

use super::Body;
use super::collect::{BodyError, Within};
use crate::rpc::BoxError;
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Makes an answer of the body of a request.
pub(crate) trait Then {
    /// What takes longer than to look at the body.
    type Work: Future<Output = Response<Body>>;

    /// Makes it.
    fn then(self, body: Result<Bytes, BodyError>) -> Next<Self::Work>;
}

/// What comes of a body.
pub(crate) enum Next<W> {
    /// The answer.
    Answer(Response<Body>),
    /// Work, at the end of which there is one.
    Work(W),
}

pin_project! {
    /// An answer that is known at once, or that `T` makes of the body of the request, by `W` if that takes longer.
    pub(crate) struct Served<B, T, W> {
        #[pin]
        state: State<B, T, W>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<B, T, W> {
        Known { answer: Option<Response<Body>> },
        Reading { #[pin] body: Within<B>, then: Option<T> },
        Working { #[pin] work: W },
    }
}

impl<B, T, W> Served<B, T, W> {
    /// An answer that is known already.
    pub(crate) const fn known(answer: Response<Body>) -> Self {
        Self { state: State::Known { answer: Some(answer) } }
    }

    /// The one that `then` makes of the body.
    pub(crate) const fn read(body: Within<B>, then: T) -> Self {
        Self { state: State::Reading { body, then: Some(then) } }
    }

    /// The one at the end of `work`, which needs no body.
    #[cfg(feature = "rest")]
    pub(crate) const fn work(work: W) -> Self {
        Self { state: State::Working { work } }
    }
}

impl<B, T, W> fmt::Debug for Served<B, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl<B, T, W> Future for Served<B, T, W>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
    T: Then<Work = W>,
    W: Future<Output = Response<Body>>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                // A future is not polled after its end.
                Projected::Known { answer } => {
                    return answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)));
                }
                Projected::Working { work } => return work.poll(cx).map(Ok),
                Projected::Reading { body, then } => {
                    let body = ready!(body.poll(cx));
                    let Some(then) = then.take() else { return Poll::Pending };
                    then.then(body)
                }
            };
            match next {
                Next::Answer(answer) => return Poll::Ready(Ok(answer)),
                Next::Work(work) => state.set(State::Working { work }),
            }
        }
    }
}

/// Declares the `ResponseFuture` of a service over `$of`, within `$bounds`, that makes an answer of the body with
/// `$then` and `$work`.
macro_rules! served_future {
    ($doc:literal, [$($of:ident),*] where { $($bounds:tt)* }, $then:ty, $work:ty) => {
        pin_project_lite::pin_project! {
            #[doc = $doc]
            pub struct ResponseFuture<$($of,)* B> {
                #[pin]
                served: $crate::net::served::Served<B, $then, $work>,
            }
        }

        impl<$($of,)* B> std::fmt::Debug for ResponseFuture<$($of,)* B> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ResponseFuture").finish_non_exhaustive()
            }
        }

        impl<$($of,)* B> std::future::Future for ResponseFuture<$($of,)* B>
        where
            $($bounds)*
            B: http_body::Body,
            B::Error: Into<$crate::rpc::BoxError>,
        {
            type Output = Result<http::Response<$crate::net::Body>, std::convert::Infallible>;

            fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
                self.project().served.poll(cx)
            }
        }
    };
}
pub(crate) use served_future;
