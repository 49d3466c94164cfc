//! The service of the HTTP bridge: [`JsonRpc`].

use super::accept::{Accepts, is_json};
use super::options::Options;
use super::stream::{EventStream, Work};
use super::tool_params::ToolParams;
use super::{headers, reply};
use crate::bridge::{Call, Capabilities, Core, Finished, Outbox, Party, Running, boxed, era};
use crate::identity::NeededScopes;
use crate::net::holder::Holder;
use crate::net::served::{Served, served_future};
use crate::net::{Body, Refused, close_unread, is_encoded};
use crate::rpc::{
    BoxError, Encoded, Era, ErrorObject, Id, Incoming, Level, Message, MessageError, Method, Outcome, Payload, Request,
    Response as RpcResponse,
};
use bytes::Buf;
use http::{Response, StatusCode};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service that gives an RPC service a Streamable HTTP endpoint; see the [module](super).
///
/// It is always ready: it waits for the inner service only after the body of a request has arrived, so that a
/// slow upload holds no place in the queue to 1C.
pub struct JsonRpc<S> {
    shared: Arc<Shared<S>>,
}

pub(super) struct Shared<S> {
    /// The inner service, of which each call gets a clone. It is kept here, since servers clone [`JsonRpc`] at
    /// least once a request, which must be cheap.
    service: S,
    pub(super) bridge: Arc<Core>,
    options: Options,
    params: ToolParams,
}

impl<S> JsonRpc<S> {
    pub(super) fn new(service: S, bridge: Arc<Core>, options: Options) -> Self {
        Self { shared: Arc::new(Shared { service, bridge, options, params: ToolParams::default() }) }
    }
}

impl<S> Clone for JsonRpc<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> fmt::Debug for JsonRpc<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonRpc").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

served_future!("The answer of a [`JsonRpc`].");

impl<S, B> Service<http::Request<B>> for JsonRpc<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data: Buf + Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let (head, body) = request.into_parts();
        let accepts = Accepts::of(&head.headers);
        if let Some(mut refusal) = self.shared.refuse(&head, accepts, body.size_hint().lower()) {
            close_unread(&mut refusal, &head, &body);
            return ResponseFuture(Served::known(refusal));
        }
        let post = Post { accepts, head, shared: Arc::clone(&self.shared) };
        ResponseFuture(Served::later(post.serve(body)))
    }
}

impl<S> Shared<S> {
    /// Returns the error that the head alone decides, before the body is read.
    fn refuse(&self, head: &http::request::Parts, accepts: Accepts, told: u64) -> Option<Response<Body>> {
        let error = |status, text| Some(reply::error(status, &ErrorObject::invalid_request(text), None));
        if let Some(why) = self.options.origins.refuse(head) {
            return error(StatusCode::FORBIDDEN, why);
        }
        if head.method != http::Method::POST {
            return Some(reply::only("POST"));
        }
        if is_encoded(&head.headers) {
            return Some(reply::encoded());
        }
        if !is_json(&head.headers) {
            return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json");
        }
        if !accepts.json && !accepts.events {
            return error(
                StatusCode::NOT_ACCEPTABLE,
                "Accept must allow application/json or text/event-stream, best both",
            );
        }
        (told > self.options.max_body as u64).then(|| self.options.too_large())
    }
}

/// One POST and its answer.
pub(super) struct Post<S> {
    pub(super) head: http::request::Parts,
    pub(super) accepts: Accepts,
    pub(super) shared: Arc<Shared<S>>,
}

/// A request that passed all checks: one to call the service for, or one that the bridge answers.
enum Admitted {
    Call(Box<Call>, Box<Request>),
    Own(Box<Call>, Running),
    Listen(Box<Call>, Holder),
}

impl<S> Post<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn serve<B>(mut self, body: B) -> Response<Body>
    where
        B: http_body::Body<Data: Buf + Send> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let bytes = match self.shared.options.read(body).await {
            Ok(bytes) => bytes,
            Err(refusal) => return refusal,
        };
        match Incoming::parse(&bytes) {
            Incoming::One(Ok(Message::Request(id, request))) => match self.admit(id.clone(), request) {
                Ok(admitted) => self.answer(admitted).await,
                Err(error) => bad_request(&error, Some(&id)),
            },
            Incoming::One(Ok(Message::Notification(..))) => reply::accepted(),
            Incoming::One(Ok(Message::Reply(answer))) => {
                let from = Party::new(Holder::of_http(&self.head.extensions), None);
                match self.shared.bridge.questions.answer(answer, &from) {
                    true => reply::accepted(),
                    false => bad_request(&ErrorObject::invalid_request("An answer to no open question"), None),
                }
            }
            Incoming::One(Err(MessageError { id, error })) => bad_request(&error, id.as_ref()),
            Incoming::Batch(messages) => self.batch(messages).await,
        }
    }

    pub(super) fn service(&self) -> S {
        self.shared.service.clone()
    }

    /// Checks a request before it becomes a call. A broken rule is 400 in both eras.
    fn admit(&mut self, id: Id, mut request: Request) -> Result<Admitted, ErrorObject> {
        request.version = headers::check(&self.head.headers, &request)?;
        request.extensions = std::mem::take(&mut self.head.extensions).into();
        let log_level = self.accepts.events.then_some(Level::Debug);
        let bridge = &self.shared.bridge;
        let call = Box::new(Call::new(bridge, id, &request, log_level, Capabilities::ALL)?.with_status());
        if let Some(answer) = bridge.server.answer(&request) {
            return Ok(Admitted::Own(call, bridge.answered(request, answer)));
        }
        if request.version.era() == Era::Modern && request.method == Method::Listen {
            era::check_listen(&request)?;
            return Ok(Admitted::Listen(call, Holder::of(&request.extensions)));
        }
        Ok(Admitted::Call(call, Box::new(request)))
    }

    async fn answer(mut self, admitted: Admitted) -> Response<Body> {
        let (mut call, mut running) = match admitted {
            Admitted::Call(call, request) => (call, self.begin(*request)),
            Admitted::Own(call, running) => (call, running),
            Admitted::Listen(call, holder) => return self.listen(call, holder),
        };
        if !self.accepts.events {
            let outcome = call.ended(running.await).await;
            return self.finish(call, outcome);
        }
        // A quick call without messages to the client is answered in one piece.
        if let Ok(answer) = tokio::time::timeout(self.shared.bridge.stream_after, &mut running).await {
            let outcome = call.ended(answer).await;
            if !call.needs_stream(&outcome) {
                return self.finish(call, outcome);
            }
            let response = RpcResponse { upstream: outcome.upstream, outcome: outcome.result };
            running = Box::pin(std::future::ready(Ok(response)));
        }
        let service = self.service();
        let outbox = Outbox::default();
        let mailbox = outbox.clone();
        self.stream(outbox, async move {
            let outcome = call.run(running, service, &mailbox).await;
            Some(call.finish(outcome).text)
        })
    }

    /// Starts the call. A modern `tools/call` may first need the list of tools, to check the headers.
    fn begin(&mut self, request: Request) -> Running {
        if request.version.era() == Era::Legacy || request.method != Method::ToolsCall {
            return boxed(self.service(), request);
        }
        let (shared, service) = (Arc::clone(&self.shared), self.service());
        let headers = std::mem::take(&mut self.head.headers);
        Box::pin(async move {
            shared.params.check(&headers, &request, &service).await?;
            boxed(service, request).await
        })
    }

    fn finish(&self, call: Box<Call>, outcome: Outcome) -> Response<Body> {
        let mismatch = match &outcome.result {
            Err(error) if error.code == ErrorObject::HEADER_MISMATCH => Some(error.message.clone()),
            _ => None,
        };
        let Finished { text, status, retry_after, scopes } = call.finish(outcome);
        if !self.accepts.json && status == StatusCode::OK {
            return self.stream(Outbox::default(), async move { Some(text) });
        }
        let mut response = reply::json(text, status, retry_after);
        if status != StatusCode::OK {
            // The headers are checked before the call; a failed request for the list of tools has its own log
            // line, if any.
            mismatch.map_or(Refused::Told, Refused::Because).mark(&mut response);
        }
        if let Some(scopes) = scopes {
            response.extensions_mut().insert(NeededScopes(scopes));
        }
        response
    }

    pub(super) fn stream(
        &self,
        outbox: Outbox,
        work: impl Future<Output = Option<Encoded>> + Send + 'static,
    ) -> Response<Body> {
        let work: Work = Box::pin(work);
        reply::events(Body::events(EventStream::new(work, outbox, self.shared.bridge.keep_alive)))
    }

    /// Answers a subscription with a stream that stays open until the client closes it or the server shuts down.
    fn listen(&self, call: Box<Call>, holder: Holder) -> Response<Body> {
        if !self.accepts.events {
            let error = ErrorObject::invalid_request("subscriptions/listen is answered with text/event-stream only");
            return reply::error(StatusCode::NOT_ACCEPTABLE, &error, Some(&call.id));
        }
        let Ok(share) = self.shared.bridge.listeners.take(holder) else {
            return reply::error(StatusCode::SERVICE_UNAVAILABLE, &era::too_many_listen(), Some(&call.id));
        };
        let outbox = Outbox::default();
        outbox.push(era::listen_acknowledged(call.id.as_json()));
        let shutdown = self.shared.bridge.shutdown.clone();
        self.stream(outbox, async move {
            let _share = share;
            shutdown.await;
            let ended = Payload::parse(era::listen_ended(call.id.as_json()));
            let outcome = Outcome::answered(ended.map_err(ErrorObject::from).into());
            Some(call.finish(outcome).text)
        })
    }
}

pub(super) fn bad_request(error: &ErrorObject, id: Option<&Id>) -> Response<Body> {
    reply::error(StatusCode::BAD_REQUEST, error, id)
}
