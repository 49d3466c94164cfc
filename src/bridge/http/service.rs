//! The service of the HTTP bridge: [`JsonRpc`].

use super::accept::Accepts;
use super::future::Answering;
use super::options::Options;
use super::post::{Post, Shared};
use super::tool_params::ToolParams;
use crate::bridge::Core;
use crate::net::served::{Served, served_future};
use crate::net::{Body, close_unread};
use crate::rpc::{BoxError, Request, Response as RpcResponse};
use bytes::Buf;
use http::Response;
use std::convert::Infallible;
use std::fmt;
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

impl<S> JsonRpc<S> {
    pub(super) fn new(service: S, bridge: Arc<Core>, options: Options) -> Self {
        let params = ToolParams::new(bridge.sharing.clone());
        Self { shared: Arc::new(Shared { service, bridge, options, params }) }
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

served_future!(
    "The answer of a [`JsonRpc`].",
    [S] where {
        S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    },
    Post<S>,
    Answering<S>
);

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
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let accepts = Accepts::of(&head.headers);
        if let Some(mut refusal) = self.shared.refuse(&head, accepts, body.size_hint().lower()) {
            close_unread(&mut refusal, &head, &body);
            return ResponseFuture { served: Served::known(refusal) };
        }
        let body = self.shared.options.read(body);
        let post = Post { accepts, head, shared: Arc::clone(&self.shared) };
        ResponseFuture { served: Served::read(body, post) }
    }
}
