//! [`Unread`]: knows which request bodies were read to their end.

use crate::service::accessors;
use bytes::Buf;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that knows whether the body of the last request of a [`Lingering`](super::Lingering) connection was read to
/// its end. It goes around all services of the connection. An answer to a request whose body stays unread says
/// `Connection: close`.
#[derive(Clone, Debug, Default)]
pub struct Unread(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    unread: AtomicBool,
    /// The bytes of the body that were read.
    read: AtomicUsize,
}

impl Unread {
    pub(super) fn is_set(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed)
    }

    /// Returns how many bytes of the body were read.
    pub(super) fn read(&self) -> usize {
        self.0.read.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: usize) {
        self.0.read.fetch_add(bytes, Ordering::Relaxed);
    }

    fn begin(&self) {
        self.0.unread.store(false, Ordering::Relaxed);
        self.0.read.store(0, Ordering::Relaxed);
    }
}

impl<S> Layer<S> for Unread {
    type Service = Watching<S>;

    fn layer(&self, inner: S) -> Watching<S> {
        Watching { inner, unread: self.clone() }
    }
}

/// The service that [`Unread`] produces.
#[derive(Clone, Debug)]
pub struct Watching<S> {
    inner: S,
    unread: Unread,
}

accessors!(Watching<S>);

impl<S, B, R> Service<Request<B>> for Watching<S>
where
    S: Service<Request<Watched<B>>, Response = Response<R>>,
    B: Body,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = WatchingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.unread.begin();
        let closes = request.version() <= Version::HTTP_11;
        let request = request.map(|body| Watched { body, open: true, unread: self.unread.clone() });
        WatchingFuture { call: self.inner.call(request), closes, unread: self.unread.clone() }
    }
}

pin_project! {
    /// The response future of a [`Watching`] service.
    #[derive(Debug)]
    pub struct WatchingFuture<F> {
        #[pin]
        call: F,
        closes: bool,
        unread: Unread,
    }
}

impl<F, R, E> Future for WatchingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.call.poll(cx));
        if let Ok(response) = &mut answer
            && *this.closes
            && this.unread.is_set()
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(answer)
    }
}

pin_project! {
    /// The request body that a [`Watching`] service passes on.
    #[derive(Debug)]
    pub struct Watched<B: Body> {
        #[pin]
        body: B,
        open: bool,
        unread: Unread,
    }

    impl<B: Body> PinnedDrop for Watched<B> {
        fn drop(this: Pin<&mut Self>) {
            if this.open && !this.body.is_end_stream() {
                this.unread.0.unread.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl<B: Body> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        // A body that broke off has no more to read either.
        *this.open = matches!(frame, Some(Ok(_)));
        if let Some(Ok(frame)) = &frame {
            this.unread.add(frame.data_ref().map_or(0, Buf::remaining));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Sets `Connection: close` on an answer to a request whose body stays unread, since the connection cannot be used
/// again.
pub(crate) fn close_unread<T, B: http_body::Body>(response: &mut Response<T>, head: &Parts, body: &B) {
    if head.version <= Version::HTTP_11 && !body.is_end_stream() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
