//! The service of the HTTP+SSE transport: [`LegacySse`].

use super::post::{Message, Shared, error, session_id};
use super::streams::{MAX_BYTES, Waiting};
use crate::bridge::http::accept::is_json;
use crate::bridge::http::{EventStream, reply};
use crate::bridge::{Connection, Outbox};
use crate::net::budget::Tally;
use crate::net::holder::ShareError;
use crate::net::served::{Served, served_future};
use crate::net::{Body, is_encoded};
use crate::rpc::{BoxError, Request, Response as RpcResponse};
use bytes::Buf;
use http::{Response, StatusCode};
use std::convert::Infallible;
use std::future::{Future, Ready, poll_fn};
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tower_service::Service;
use uuid::Uuid;

/// The most running calls of one stream; a further request is answered with an error.
const MAX_CALLS: usize = 128;

/// A service of the HTTP+SSE transport; see [`LegacySseLayer`](super::LegacySseLayer).
#[derive(Clone, Debug)]
pub struct LegacySse<S> {
    inner: S,
    shared: Arc<Shared>,
}

served_future!("The answer of a [`LegacySse`].", [S] where {}, Message<S>, Ready<Response<Body>>);

impl<S, B> Service<http::Request<B>> for LegacySse<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let served = match self.stream_of(&head) {
            Ok(stream) => {
                let shared = Arc::clone(&self.shared);
                Served::read(shared.options.read(body), Message { stream, head, shared, inner: PhantomData })
            }
            Err(answer) => Served::known(answer),
        };
        ResponseFuture { served }
    }
}

impl<S> LegacySse<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared: Arc::new(shared) }
    }
}

impl<S> LegacySse<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    /// The id of the stream that a message is for, or the answer to what is no message.
    #[expect(clippy::result_large_err, reason = "the error is the answer, and short-lived")]
    fn stream_of(&self, head: &http::request::Parts) -> Result<Uuid, Response<Body>> {
        if let Some(why) = self.shared.options.origins.refuse(head) {
            return Err(error(StatusCode::FORBIDDEN, why));
        }
        let id = session_id(&head.uri);
        Err(match head.method {
            // The messages of a stream that is open are no stream.
            http::Method::GET if id.is_some() => reply::only("POST"),
            http::Method::GET => self.open(&head.extensions),
            // Clients that try Streamable HTTP first fall back to this transport only at a 404 or a 405.
            _ if self.shared.is_stream(&head.uri) => reply::only("GET"),
            http::Method::POST => match id.map(Uuid::try_parse) {
                None => error(StatusCode::BAD_REQUEST, "session_id is missing"),
                Some(Err(_)) => error(StatusCode::BAD_REQUEST, "session_id is malformed: it must be a UUID"),
                Some(Ok(_)) if is_encoded(&head.headers) => reply::encoded(),
                Some(Ok(_)) if !is_json(&head.headers) => {
                    error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")
                }
                Some(Ok(id)) => return Ok(id),
            },
            _ => reply::only("GET, POST"),
        })
    }

    fn open(&self, extensions: &http::Extensions) -> Response<Body> {
        let (open, messages) = match self.shared.streams.open(extensions) {
            Ok(opened) => opened,
            Err(ShareError::All) => return error(StatusCode::SERVICE_UNAVAILABLE, "Too many streams are open"),
            Err(ShareError::Own) => {
                return error(StatusCode::SERVICE_UNAVAILABLE, "Too many streams of this user are open; close one");
            }
        };
        let endpoint = format!("event: endpoint\ndata: {}?session_id={}\n\n", self.shared.messages, open.id.simple());
        let bridge = Arc::clone(&self.shared.bridge);
        let keep_alive = bridge.keep_alive;
        let shutdown = bridge.shutdown.clone();
        let connection = Connection::new(bridge, self.inner.clone()).at_most(MAX_CALLS);
        let outbox = Outbox::default();
        let serve = serve(connection, messages, outbox.clone(), extensions.get::<Tally>().cloned());
        let work = async move {
            until(serve, shutdown).await;
            drop(open);
            None
        };
        let stream = EventStream::new(Box::pin(work), outbox, keep_alive).starting_with(endpoint.into());
        reply::events(Body::events(stream))
    }
}

/// Runs the calls of a stream, and puts what comes of them into its outbox, until the stream is closed.
async fn serve<S>(
    mut connection: Connection<S>,
    mut messages: mpsc::Receiver<Waiting>,
    outbox: Outbox,
    tally: Option<Tally>,
) where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    poll_fn(|cx| {
        while let Poll::Ready(message) = messages.poll_recv(cx) {
            let Some(mut message) = message else { return Poll::Ready(()) };
            let extensions = std::mem::take(&mut message.extensions);
            connection.accept(&message.message, extensions.into());
        }
        // The stream polls here again after it has passed on what is in the outbox.
        while outbox.bytes() < MAX_BYTES
            && let Poll::Ready(Some(message)) = connection.poll_next(cx)
        {
            outbox.push(match &tally {
                Some(tally) => tally.hold(message),
                None => message,
            });
        }
        Poll::Pending
    })
    .await;
}

/// Waits until either ends.
async fn until(work: impl Future<Output = ()>, shutdown: impl Future<Output = ()>) {
    tokio::pin!(work, shutdown);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Pending => shutdown.as_mut().poll(cx),
        done @ Poll::Ready(()) => done,
    })
    .await;
}
