//! [`Message`]: what becomes of a message when its body has arrived.

use super::streams::Streams;
use crate::bridge::Core;
use crate::bridge::http::{Options, reply};
use crate::net::Body;
use crate::net::budget::Tally;
use crate::net::collect::BodyError;
use crate::net::served::{Next, Then};
use crate::rpc::ErrorObject;
use bytes::Bytes;
use http::{Response, StatusCode};
use std::future::Ready;
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

/// What the streams and the messages of a service share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) bridge: Arc<Core>,
    pub(super) options: Options,
    pub(super) messages: Arc<str>,
    pub(super) streams: Arc<Streams>,
}

impl Shared {
    pub(super) fn new(bridge: Arc<Core>, options: Options, messages: Arc<str>) -> Self {
        Self { bridge, options, messages, streams: Arc::default() }
    }

    /// Returns whether a POST goes to the stream instead of the messages. Proxies and routers may have stripped
    /// the start of the path.
    pub(super) fn is_stream(&self, uri: &http::Uri) -> bool {
        let (messages, path) = (self.messages.trim_end_matches('/'), uri.path().trim_end_matches('/'));
        session_id(uri).is_none() && !messages.ends_with(path) && !path.ends_with(messages)
    }
}

/// A message whose body is on its way.
pub(super) struct Message<S> {
    pub(super) stream: Uuid,
    pub(super) head: http::request::Parts,
    pub(super) shared: Arc<Shared>,
    pub(super) inner: PhantomData<fn() -> S>,
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
        Next::Answer(match shared.streams.post(stream, bytes, head.extensions) {
            Ok(()) => reply::accepted(),
            Err(TrySendError::Full(())) => error(StatusCode::SERVICE_UNAVAILABLE, "Too many messages wait"),
            Err(TrySendError::Closed(())) => error(StatusCode::NOT_FOUND, "No such stream; open one with GET"),
        })
    }
}

pub(super) fn session_id(uri: &http::Uri) -> Option<&str> {
    uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("session_id="))
}

pub(super) fn error(status: StatusCode, text: &'static str) -> Response<Body> {
    reply::error(status, &ErrorObject::invalid_request(text), None)
}
