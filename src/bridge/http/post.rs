//! [`Post`]: a POST, from its head to its answer.

use super::accept::{Accepts, is_json};
use super::options::Options;
use super::stream::{EventStream, Work};
use super::tool_params::ToolParams;
use super::{headers, reply};
use crate::bridge::{Call, Capabilities, Core, Finished, Outbox, Running, boxed, era};
use crate::identity::NeededScopes;
use crate::net::holder::Holder;
use crate::net::{Body, Refused, is_encoded};
use crate::rpc::{
    BoxError, Encoded, Era, ErrorObject, Id, Level, Method, Outcome, Payload, Request, Response as RpcResponse,
};
use http::{Response, StatusCode};
use std::future::Future;
use std::sync::Arc;
use tower_service::Service;

/// What all requests to one endpoint share.
pub(super) struct Shared<S> {
    /// The inner service, of which each call gets a clone. It is kept here, since servers clone [`JsonRpc`](super::JsonRpc) at
    /// least once a request, which must be cheap.
    pub(super) service: S,
    pub(super) bridge: Arc<Core>,
    pub(super) options: Options,
    pub(super) params: ToolParams,
}

impl<S> Shared<S> {
    /// Returns the error that the head alone decides, before the body is read.
    pub(super) fn refuse(&self, head: &http::request::Parts, accepts: Accepts, told: u64) -> Option<Response<Body>> {
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

/// A request that passed all checks: one to call for, or that is answered here.
pub(super) enum Admitted {
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
    pub(super) fn service(&self) -> S {
        self.shared.service.clone()
    }

    /// A request that breaks a rule never becomes a call; in both eras that is 400.
    pub(super) fn admit(&mut self, id: Id, mut request: Request) -> Result<Admitted, ErrorObject> {
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

    /// What comes of a call that ended so.
    pub(super) fn concluded(&self, call: Box<Call>, outcome: Outcome) -> Response<Body> {
        if !self.accepts.events || !call.needs_stream(&outcome) {
            return self.finish(call, outcome);
        }
        let response = RpcResponse { upstream: outcome.upstream, outcome: outcome.result };
        self.streamed(call, Box::pin(std::future::ready(Ok(response))))
    }

    /// The answer goes on as an event stream.
    pub(super) fn streamed(&self, mut call: Box<Call>, running: Running) -> Response<Body> {
        let service = self.service();
        let outbox = Outbox::default();
        let mailbox = outbox.clone();
        self.stream(outbox, async move {
            let outcome = call.run(running, service, &mailbox).await;
            Some(call.finish(outcome).text)
        })
    }

    /// A modern `tools/call` may need the list of tools first, to check the headers against.
    pub(super) fn begin(&mut self, request: Request) -> Running {
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

    /// Stays open until the client closes it or the server shuts down.
    pub(super) fn listen(&self, call: Box<Call>, holder: Holder) -> Response<Body> {
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
