//! A connection on which all messages from and to a client share one stream: stdio and HTTP+SSE.

use super::call::boxed;
use super::{Call, Capabilities, ConnectionId, Core, Outbox, Party, Running, era};
use crate::net::holder::{Holder, Share};
use crate::rpc::{
    BoxError, Era, ErrorObject, Extensions, Id, Incoming, Level, Message, MessageError, Method, Outcome, Param, Params,
    Payload, Request, Response, Version, asked_version, encode_error,
};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::{AbortHandle, Abortable, join_all};
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The work on a message, which ends with the reply, if there is one.
type Work = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

/// A call that returns its id at the end, so that the id may be used again. A cancelled one has no reply.
type Tagged = Pin<Box<dyn Future<Output = (Option<Id>, Option<Bytes>)> + Send>>;

/// A connection with many calls at once and replies in any order.
///
/// The `initialize` of a legacy client applies to its later messages on this connection; a modern client sends
/// the metadata with each request.
pub(crate) struct Connection<S> {
    id: ConnectionId,
    bridge: Arc<Core>,
    service: S,
    extensions: Extensions,
    version: Version,
    can: Capabilities,
    log_level: Level,
    calls: FuturesUnordered<Tagged>,
    max_calls: usize,
    /// The calls by id, with the handle to cancel them; `None` for one that cannot be cancelled.
    running: HashMap<Id, Option<AbortHandle>>,
    outbox: Outbox,
}

impl<S> Connection<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    pub(crate) fn new(bridge: Arc<Core>, service: S) -> Self {
        Self {
            id: ConnectionId::next(),
            bridge,
            service,
            extensions: Extensions::new(),
            version: Version::NEWEST_LEGACY,
            can: Capabilities::ALL,
            log_level: Level::Debug,
            calls: FuturesUnordered::new(),
            max_calls: usize::MAX,
            running: HashMap::new(),
            outbox: Outbox::default(),
        }
    }

    /// Sets how many calls may run; a further request is answered with an error. Other messages are always
    /// accepted: the calls may wait for them.
    #[cfg(feature = "sse")]
    pub(crate) const fn at_most(mut self, calls: usize) -> Self {
        self.max_calls = calls;
        self
    }

    /// Returns how many calls have no reply yet.
    #[cfg(feature = "stdio")]
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Accepts a message or batch of the client; replies come from [`poll_next`](Self::poll_next). `extensions`
    /// go with its requests.
    pub(crate) fn accept(&mut self, bytes: &Bytes, extensions: Extensions) {
        self.extensions = extensions;
        self.take_in(bytes);
        // Drop the extensions now: the requests have their own clones.
        self.extensions = Extensions::new();
    }

    fn take_in(&mut self, bytes: &Bytes) {
        match Incoming::parse(bytes) {
            Incoming::One(message) => {
                let id = match &message {
                    Ok(Message::Request(id, request)) if !self.running.contains_key(id) => {
                        Some((id.clone(), request.method != Method::Initialize))
                    }
                    _ => None,
                };
                if let Some(work) = self.work(message) {
                    self.start(id, work);
                }
            }
            Incoming::Batch(messages) if self.version.has_batches() => {
                let works: Vec<Work> = messages.into_iter().filter_map(|message| self.work(message)).collect();
                if !works.is_empty() {
                    self.start(None, Box::pin(array(works)));
                }
            }
            Incoming::Batch(_) => {
                let error = ErrorObject::invalid_request("batches belong to revision 2025-03-26 only");
                self.outbox.push(encode_error(&error, None).into_bytes());
            }
        }
    }

    /// Returns the next message to send; `None` when no call is left (more messages may still be accepted).
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(message) = self.outbox.pop() {
                return Poll::Ready(Some(message));
            }
            match Pin::new(&mut self.calls).poll_next(cx) {
                Poll::Ready(Some((id, reply))) => {
                    id.and_then(|id| self.running.remove(&id));
                    // A call may have sent messages before its reply.
                    match (self.outbox.pop(), reply) {
                        (None, reply @ Some(_)) => return Poll::Ready(reply),
                        (None, None) => {}
                        (Some(first), reply) => {
                            if let Some(reply) = reply {
                                self.outbox.push(reply);
                            }
                            return Poll::Ready(Some(first));
                        }
                    }
                }
                Poll::Ready(None) => return Poll::Ready(None),
                // A call may have sent messages while it was polled.
                Poll::Pending => return self.outbox.pop().map_or(Poll::Pending, |message| Poll::Ready(Some(message))),
            }
        }
    }

    /// Starts work. `id` holds the id of a request and whether it may be cancelled.
    fn start(&mut self, id: Option<(Id, bool)>, work: Work) {
        let (handle, registration) = AbortHandle::new_pair();
        let id = id.map(|(id, may_end)| {
            self.running.insert(id.clone(), may_end.then_some(handle));
            id
        });
        let work = Abortable::new(work, registration);
        self.calls.push(Box::pin(async move { (id, work.await.ok().flatten()) }));
    }

    fn work(&mut self, message: Result<Message, MessageError>) -> Option<Work> {
        match message {
            Ok(Message::Request(id, request)) => Some(self.request(id, request)),
            Ok(Message::Notification(method, params)) => {
                self.notification(&method, &params);
                None
            }
            Ok(Message::Reply(reply)) => {
                let from = Party::new(Holder::of(&self.extensions), Some(self.id));
                if !self.bridge.questions.answer(reply, &from) {
                    tracing::debug!("an answer to no open question was ignored");
                }
                None
            }
            Err(MessageError { id, error }) => {
                let reply = encode_error(&error, id.as_ref()).into_bytes();
                Some(Box::pin(async move { Some(reply) }))
            }
        }
    }

    fn notification(&mut self, method: &Method, params: &Params) {
        if *method != Method::Cancelled {
            return;
        }
        let id = params.bytes(Param::RequestId).and_then(|raw| Id::from_json(raw).ok());
        // `initialize` cannot be cancelled (2025-11-25, cancellation).
        if let Some(Some(call)) = id.and_then(|id| self.running.get(&id)) {
            call.abort();
        }
    }

    fn request(&mut self, id: Id, request: Request) -> Work {
        match self.admit(&id, request) {
            Ok(work) => work,
            Err(error) => {
                let reply = encode_error(&error, Some(&id)).into_bytes();
                Box::pin(async move { Some(reply) })
            }
        }
    }

    fn admit(&mut self, id: &Id, mut request: Request) -> Result<Work, ErrorObject> {
        let declared = era::declared(&request)?;
        request.version = declared.unwrap_or(self.version);
        request.extensions = self.extensions.clone();
        if declared.is_some() {
            era::check_modern(&request)?;
        }
        if self.running.contains_key(id) {
            return Err(ErrorObject::invalid_request("a request with this id is still running"));
        }
        if self.calls.len() >= self.max_calls {
            return Err(ErrorObject::internal("Too many calls of this connection are running; try again later"));
        }
        let call = Call::new(&self.bridge, id.clone(), &request, Some(self.log_level), self.can)?;
        let call = call.on(self.id);
        if let Some(answer) = self.bridge.server.answer(&request) {
            if answer.outcome.is_ok() && request.version.era() == Era::Legacy {
                self.remember(&request);
            }
            let running = self.bridge.answered(request, answer);
            return Ok(self.run(call, running));
        }
        if request.version.era() == Era::Modern && request.method == Method::Listen {
            era::check_listen(&request)?;
            let share = self.bridge.listeners.take(Holder::of(&request.extensions));
            return Ok(self.listen(call, share.map_err(|_| era::too_many_listen())?));
        }
        let running = boxed(self.service.clone(), request);
        Ok(self.run(call, running))
    }

    fn run(&self, mut call: Call, running: Running) -> Work {
        let (service, outbox) = (self.service.clone(), self.outbox.clone());
        Box::pin(async move {
            let outcome = call.run(running, service, &outbox).await;
            Some(call.finish(outcome).text.into_bytes())
        })
    }

    fn remember(&mut self, request: &Request) {
        match request.method {
            Method::Initialize => {
                if let Some(version) = asked_version(request) {
                    self.version = version;
                }
                let declared = request.params.raw(Param::Capabilities).unwrap_or(b"{}");
                self.can = Capabilities::parse(declared);
            }
            Method::SetLevel => {
                if let Ok(level) = Level::of_request(request) {
                    self.log_level = level;
                }
            }
            _ => {}
        }
    }

    fn listen(&self, call: Call, share: Share) -> Work {
        let id = Bytes::copy_from_slice(call.id.as_json());
        self.outbox.push(era::listen_acknowledged(&id));
        let shutdown = self.bridge.shutdown.clone();
        Box::pin(async move {
            let _share = share;
            shutdown.await;
            let ended = Payload::parse(era::listen_ended(&id)).map_err(ErrorObject::from);
            let outcome = match ended {
                Ok(payload) => Outcome::answered(Response::result(payload)),
                Err(error) => Outcome::error(error, StatusCode::OK),
            };
            Some(call.finish(outcome).text.into_bytes())
        })
    }
}

/// Returns the replies of a batch as one array.
async fn array(works: Vec<Work>) -> Option<Bytes> {
    let replies: Vec<Bytes> = join_all(works).await.into_iter().flatten().collect();
    if replies.is_empty() {
        return None;
    }
    let mut out = b"[".to_vec();
    out.extend_from_slice(&replies.join(&b","[..]));
    out.push(b']');
    Some(out.into())
}
