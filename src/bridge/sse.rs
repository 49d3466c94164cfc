//! The HTTP+SSE transport of revision 2024-11-05
//! ([transports](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse)).
//!
//! GET opens the stream; its first event, `endpoint`, holds the URL where the client POSTs its messages (202
//! each). All replies come over the stream, which owns the calls: closing it drops them.
//!
//! # Example
//!
//! ```
//! use onec_mcp::bridge::sse::LegacySseLayer;
//! use onec_mcp::rpc::{BoxError, Payload, Request, Response, ServerInfo};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rpc = service_fn(|_: Request| async { Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?)) });
//! let sse = LegacySseLayer::new(ServerInfo::new("1C", "1.0.0"), "/sse/messages").layer(rpc);
//!
//! // One service for both: the stream, and its messages.
//! let app = axum::Router::new().route_service("/sse", sse.clone()).route_service("/sse/messages", sse);
//! let stream = app.oneshot(http::Request::get("/sse").body(axum::body::Body::empty())?).await?;
//! assert_eq!(stream.headers()["content-type"], "text/event-stream");
//! # Ok(())
//! # }
//! ```

use super::http::accept::is_json;
use super::http::{EventStream, Options, reply};
use crate::Identity;
use crate::bridge::{Bridge, Connection, Core, Outbox};
use crate::net::Body;
use crate::net::budget::Tally;
use crate::net::collect::BodyError;
use crate::net::holder::{Holder, Share, ShareError, Shares};
use crate::net::served::{Next, Served, Then, served_future};
use crate::net::{OriginPolicy, is_encoded};
use crate::rpc::{BoxError, ErrorObject, Request, Response as RpcResponse};
use bytes::{Buf, Bytes};
use http::{Response, StatusCode};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, poll_fn};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tower_layer::{self, Layer};
use tower_service::Service;
use uuid::Uuid;

/// The most streams that may be open at once; beyond it the answer is 503.
const MAX_STREAMS: usize = 1024;
/// The most streams of one user, who needs one for each program.
const STREAMS_OF_SUBJECT: usize = 8;
/// The most streams of one address, where users have no names of their own.
const STREAMS_OF_ADDRESS: usize = MAX_STREAMS / 16;
/// The most messages of one stream that may wait to be read; beyond it the answer is 503.
const MAX_WAITING: usize = 64;
/// The most bytes of waiting messages, unless it is a single one. As many bytes of replies may wait for the
/// client; then its calls wait too.
const MAX_BYTES: usize = 1024 * 1024;
/// The most running calls of one stream; a further request is answered with an error.
const MAX_CALLS: usize = 128;

/// A layer that serves a stream at GET and its messages at POST. Mount it at two routes, one for the stream and
/// one for the messages, both to (clones of) one service; a POST to the stream is 405.
///
/// 1024 streams may be open, of them 8 for one subject, and 64 for one address whose users have no subject of
/// their own; beyond that the answer is 503. Each stream holds at most 1 MiB of waiting messages and 1 MiB of
/// waiting replies (a single one may be longer), and at most 128 calls run.
#[derive(Clone, Debug)]
pub struct LegacySseLayer<L = tower_layer::Identity> {
    bridge: Arc<Core>,
    layer: L,
    options: Options,
    messages: Arc<str>,
}

impl<L> LegacySseLayer<L> {
    /// Creates the layer. `messages` is the path of the POST route as clients see it, with the path of the
    /// public URL and any prefix that a proxy or router strips.
    pub fn new(bridge: impl Into<Bridge<L>>, messages: &str) -> Self {
        let Bridge { core, layer } = bridge.into();
        Self { bridge: Arc::new(core), layer, options: Options::default(), messages: messages.into() }
    }

    /// Sets which `Origin` and `Host` headers are accepted; by default all but the `Origin` of a foreign web page.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.options.origins = policy;
        self
    }
}

impl<S, L: Layer<S>> Layer<S> for LegacySseLayer<L> {
    type Service = LegacySse<L::Service>;

    fn layer(&self, inner: S) -> LegacySse<L::Service> {
        let shared = Shared {
            bridge: Arc::clone(&self.bridge),
            options: self.options.clone(),
            messages: Arc::clone(&self.messages),
            streams: Mutex::default(),
            shares: Shares::new(MAX_STREAMS, STREAMS_OF_SUBJECT, STREAMS_OF_ADDRESS),
        };
        LegacySse { inner: self.layer.layer(inner), shared: Arc::new(shared) }
    }
}

/// A service of the HTTP+SSE transport; see [`LegacySseLayer`].
#[derive(Clone, Debug)]
pub struct LegacySse<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bridge: Arc<Core>,
    options: Options,
    messages: Arc<str>,
    /// The open streams, under ids that cannot be guessed.
    streams: Mutex<HashMap<Uuid, Stream>>,
    shares: Shares,
}

/// An open stream, as POSTed messages see it.
#[derive(Clone, Debug)]
struct Stream {
    messages: mpsc::Sender<Waiting>,
    /// How many bytes of messages wait.
    bytes: Arc<AtomicUsize>,
    /// The subject that opened the stream. Messages of other subjects are rejected.
    subject: Option<String>,
}

/// A message that was not read yet.
#[derive(Debug)]
struct Waiting {
    message: Bytes,
    extensions: http::Extensions,
    bytes: Arc<AtomicUsize>,
}

impl Stream {
    /// Queues a message, if there is room.
    fn post(&self, message: Bytes, extensions: http::Extensions) -> Result<(), mpsc::error::TrySendError<()>> {
        let length = message.len();
        let room = |waiting: usize| (waiting == 0 || waiting + length <= MAX_BYTES).then_some(waiting + length);
        if self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            return Err(mpsc::error::TrySendError::Full(()));
        }
        let waiting = Waiting { message, extensions, bytes: Arc::clone(&self.bytes) };
        self.messages.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => mpsc::error::TrySendError::Full(()),
            mpsc::error::TrySendError::Closed(_) => mpsc::error::TrySendError::Closed(()),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.message.len(), Ordering::Relaxed);
    }
}

fn subject(extensions: &http::Extensions) -> Option<&str> {
    extensions.get::<Identity>().map(Identity::subject)
}

impl Shared {
    fn streams(&self) -> MutexGuard<'_, HashMap<Uuid, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a stream when it ends.
struct Open {
    id: Uuid,
    shared: Arc<Shared>,
    _share: Share,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.streams().remove(&self.id);
    }
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
        let share = match self.shared.shares.take(Holder::of_http(extensions)) {
            Ok(share) => share,
            Err(ShareError::All) => return error(StatusCode::SERVICE_UNAVAILABLE, "Too many streams are open"),
            Err(ShareError::Own) => {
                return error(StatusCode::SERVICE_UNAVAILABLE, "Too many streams of this user are open; close one");
            }
        };
        let (sender, mut messages) = mpsc::channel::<Waiting>(MAX_WAITING);
        let stream =
            Stream { messages: sender, bytes: Arc::default(), subject: subject(extensions).map(str::to_owned) };
        let open = Open { id: Uuid::new_v4(), shared: Arc::clone(&self.shared), _share: share };
        self.shared.streams().insert(open.id, stream);
        let endpoint = format!("event: endpoint\ndata: {}?session_id={}\n\n", self.shared.messages, open.id.simple());
        let bridge = Arc::clone(&self.shared.bridge);
        let keep_alive = bridge.keep_alive;
        let shutdown = bridge.shutdown.clone();
        let mut connection = Connection::new(bridge, self.inner.clone()).at_most(MAX_CALLS);
        let outbox = Outbox::default();
        let mailbox = outbox.clone();
        let tally = extensions.get::<Tally>().cloned();
        let work = async move {
            let _open = open;
            let serve = poll_fn(|cx| {
                while let Poll::Ready(message) = messages.poll_recv(cx) {
                    // The map holds the sender as long as `_open` lives.
                    let Some(mut message) = message else { return Poll::Ready(()) };
                    let extensions = std::mem::take(&mut message.extensions);
                    connection.accept(&message.message, extensions.into());
                }
                // The stream polls here again after it has passed on what is in the mailbox.
                while mailbox.bytes() < MAX_BYTES
                    && let Poll::Ready(Some(message)) = connection.poll_next(cx)
                {
                    mailbox.push(match &tally {
                        Some(tally) => tally.hold(message),
                        None => message,
                    });
                }
                Poll::Pending
            });
            tokio::pin!(serve);
            tokio::pin!(shutdown);
            poll_fn(|cx| match std::future::Future::poll(serve.as_mut(), cx) {
                Poll::Pending => std::future::Future::poll(shutdown.as_mut(), cx),
                done @ Poll::Ready(()) => done,
            })
            .await;
            None
        };
        let stream = EventStream::new(Box::pin(work), outbox, keep_alive).starting_with(endpoint.into());
        reply::events(Body::events(stream))
    }
}

impl Shared {
    /// Returns whether a POST goes to the stream instead of the messages. Proxies and routers may have stripped
    /// the start of the path.
    fn is_stream(&self, uri: &http::Uri) -> bool {
        let (messages, path) = (self.messages.trim_end_matches('/'), uri.path().trim_end_matches('/'));
        session_id(uri).is_none() && !messages.ends_with(path) && !path.ends_with(messages)
    }
}

/// A message whose body is on its way.
struct Message<S> {
    stream: Uuid,
    head: http::request::Parts,
    shared: Arc<Shared>,
    inner: PhantomData<fn() -> S>,
}

impl<S> Then for Message<S> {
    type Work = Ready<Response<Body>>;

    fn then(self, body: Result<Bytes, BodyError>) -> Next<Self::Work> {
        let Self { stream, mut head, shared, .. } = self;
        let bytes = match body {
            Ok(bytes) => bytes,
            Err(why) => return Next::Answer(shared.options.unread(why)),
        };
        // The message outlives its POST.
        if let Some(tally) = head.extensions.get::<Tally>().map(|tally| tally.apart(bytes.len())) {
            head.extensions.insert(tally);
        }
        let stream = shared.streams().get(&stream).cloned();
        let stream = stream.filter(|stream| stream.subject.as_deref() == subject(&head.extensions));
        Next::Answer(match stream.map(|stream| stream.post(bytes, head.extensions)) {
            Some(Ok(())) => reply::accepted(),
            Some(Err(mpsc::error::TrySendError::Full(_))) => {
                error(StatusCode::SERVICE_UNAVAILABLE, "Too many messages wait")
            }
            _ => error(StatusCode::NOT_FOUND, "No such stream; open one with GET"),
        })
    }
}

fn session_id(uri: &http::Uri) -> Option<&str> {
    uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("session_id="))
}

fn error(status: StatusCode, text: &'static str) -> Response<Body> {
    reply::error(status, &ErrorObject::invalid_request(text), None)
}
