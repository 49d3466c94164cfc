//! Batches: several messages in one body, in revision 2025-03-26 only.

use super::post::{Post, bad_request};
use super::stream::Work;
use super::{headers, reply};
use crate::bridge::{Call, Capabilities, Outbox, Party, boxed, era};
use crate::net::Body;
use crate::net::holder::Holder;
use crate::rpc::{
    BoxError, Encoded, ErrorObject, Extensions, Id, Level, Message, MessageError, Method, Request,
    Response as RpcResponse, Version, encode_error,
};
use bytes::Bytes;
use futures_core::future::BoxFuture;
use futures_util::future::join_all;
use http::{Response, StatusCode};
use std::sync::Arc;
use tower_service::Service;

impl<S> Post<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    /// Answers a batch
    /// ([2025-03-26, batching](https://modelcontextprotocol.io/specification/2025-03-26/basic#batching)).
    pub(super) async fn batch(mut self, messages: Vec<Result<Message, MessageError>>) -> Response<Body> {
        match headers::legacy_version(&self.head.headers) {
            Ok(version) if version.has_batches() => {}
            Ok(_) => {
                let error = ErrorObject::invalid_request("Batches belong to revision 2025-03-26 only");
                return bad_request(&error, None);
            }
            Err(error) => return bad_request(&error, None),
        }
        let extensions = Extensions::from(std::mem::take(&mut self.head.extensions));
        let outbox = Outbox::default();
        let mut works: Vec<BoxFuture<'static, Encoded>> = Vec::new();
        for message in messages {
            match message {
                Ok(Message::Request(id, request)) => {
                    works.push(self.batched(id, request, extensions.clone(), outbox.clone()))
                }
                Ok(Message::Notification(..)) => {}
                Ok(Message::Reply(answer)) => {
                    let from = Party::new(Holder::of(&extensions), None);
                    self.shared.bridge.questions.answer(answer, &from);
                }
                Err(MessageError { id, error }) => {
                    let text = encode_error(&error, id.as_ref());
                    works.push(Box::pin(async move { text }));
                }
            }
        }
        if works.is_empty() {
            return reply::accepted();
        }
        let mut all: Work = Box::pin(all(works));
        if !self.accepts.events {
            return reply::json(all.await.unwrap_or_default(), StatusCode::OK, None);
        }
        match tokio::time::timeout(self.shared.bridge.stream_after, &mut all).await {
            Ok(text) if self.accepts.json && outbox.is_empty() => {
                reply::json(text.unwrap_or_default(), StatusCode::OK, None)
            }
            Ok(text) => self.stream(outbox, async move { text }),
            Err(_) => self.stream(outbox, all),
        }
    }

    fn batched(
        &self,
        id: Id,
        mut request: Request,
        extensions: Extensions,
        outbox: Outbox,
    ) -> BoxFuture<'static, Encoded> {
        request.version = Version::V2025_03_26;
        request.extensions = extensions;
        let bridge = Arc::clone(&self.shared.bridge);
        let service = self.service();
        let log_level = self.accepts.events.then_some(Level::Debug);
        Box::pin(async move {
            if request.method == Method::Initialize {
                let error = ErrorObject::invalid_request("initialize must not be part of a batch");
                return encode_error(&error, Some(&id));
            }
            let declared = era::declared(&request).and_then(|version| match version {
                None => Ok(()),
                Some(version) => Err(ErrorObject::invalid_request(format!("{version} has no batches"))),
            });
            if let Err(error) = declared {
                return encode_error(&error, Some(&id));
            }
            let mut call = match Call::new(&bridge, id.clone(), &request, log_level, Capabilities::ALL) {
                Ok(call) => call,
                Err(error) => return encode_error(&error, Some(&id)),
            };
            let running = match bridge.server.answer(&request) {
                Some(answer) => bridge.answered(request, answer),
                None => boxed(service.clone(), request),
            };
            let outcome = call.run(running, service, &outbox).await;
            call.finish(outcome).text
        })
    }
}

/// Runs all calls at once and writes their replies as one array.
async fn all(works: Vec<BoxFuture<'static, Encoded>>) -> Option<Encoded> {
    let texts: Vec<Bytes> = join_all(works).await.into_iter().map(Encoded::into_bytes).collect();
    let mut out = b"[".to_vec();
    out.extend_from_slice(&texts.join(&b","[..]));
    out.push(b']');
    Some(out.into())
}
