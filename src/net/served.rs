//! [`Served`]: the response future of the services that answer requests over HTTP.

use super::Body;
use futures_core::future::BoxFuture;
use http::Response;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An answer that is known at once, or a future that first reads the body of the request.
pub(crate) struct Served(Kind);

enum Kind {
    Known(Option<Response<Body>>),
    // Boxed, since it is an `async fn` of many steps, whose type has no name.
    Later(BoxFuture<'static, Response<Body>>),
}

impl Served {
    /// Creates a future that is ready at once.
    pub(crate) const fn known(response: Response<Body>) -> Self {
        Self(Kind::Known(Some(response)))
    }

    /// Wraps a future that takes a while.
    pub(crate) fn later(response: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self(Kind::Later(Box::pin(response)))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl Future for Served {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // A future is not polled after its end.
            Kind::Known(response) => response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
            Kind::Later(response) => response.as_mut().poll(cx).map(Ok),
        }
    }
}

/// Declares the `ResponseFuture` of a service that answers requests over HTTP.
macro_rules! served_future {
    ($doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct ResponseFuture($crate::net::served::Served);

        impl std::future::Future for ResponseFuture {
            type Output = Result<http::Response<$crate::net::Body>, std::convert::Infallible>;

            fn poll(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Self::Output> {
                std::pin::Pin::new(&mut self.0).poll(cx)
            }
        }
    };
}
pub(crate) use served_future;
