//! [`JsonRpcLayer`].

use super::reply;
use super::service::JsonRpc;
use crate::bridge::Bridge;
use crate::net::Body;
use crate::net::budget::{AFTER_NO_ROOM, NO_ROOM};
use crate::net::collect::{Incomplete, collect};
use crate::net::{OriginPolicy, Refused};
use crate::rpc::{BoxError, ErrorObject, encode_error};
use bytes::{Buf, Bytes};
use http::{Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// Turns a service over [`rpc::Request`](crate::rpc::Request) into one over HTTP; see the
/// [module](super).
#[derive(Clone, Debug)]
pub struct JsonRpcLayer {
    bridge: Arc<Bridge>,
    options: Options,
}

/// What only the HTTP side has to know.
#[derive(Clone, Debug)]
pub(in crate::bridge) struct Options {
    pub(in crate::bridge) origins: OriginPolicy,
    pub(in crate::bridge) max_body: usize,
    pub(in crate::bridge) body_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { origins: OriginPolicy::new(), max_body: 4 * 1024 * 1024, body_timeout: Duration::from_secs(30) }
    }
}

impl Options {
    /// Reads a body within its limits, or says what to answer instead.
    pub(in crate::bridge) async fn read<B>(&self, body: B) -> Result<Bytes, Response<Body>>
    where
        B: http_body::Body<Data: Buf + Send> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match tokio::time::timeout(self.body_timeout, collect(body, self.max_body)).await {
            Ok(Ok(whole)) => Ok(whole),
            Ok(Err(Incomplete::TooLarge)) => Err(self.too_large()),
            Ok(Err(Incomplete::NoRoom)) => {
                let error = encode_error(&ErrorObject::internal(NO_ROOM), None);
                let mut refusal = reply::json(error, StatusCode::SERVICE_UNAVAILABLE, Some(AFTER_NO_ROOM));
                Refused::Because(NO_ROOM.into()).mark(&mut refusal);
                Err(refusal)
            }
            Ok(Err(Incomplete::Broken(_))) => {
                Err(reply::error(StatusCode::BAD_REQUEST, &ErrorObject::parse_error("The body broke off"), None))
            }
            Err(_) => {
                let error = ErrorObject::invalid_request("The body took too long to arrive");
                Err(reply::error(StatusCode::REQUEST_TIMEOUT, &error, None))
            }
        }
    }

    pub(in crate::bridge) fn too_large(&self) -> Response<Body> {
        let text = format!("A body may have at most {} bytes", self.max_body);
        reply::error(StatusCode::PAYLOAD_TOO_LARGE, &ErrorObject::invalid_request(text), None)
    }
}

impl JsonRpcLayer {
    /// The bridge of a server; give a [`Bridge`] for other times than the default ones, or to share
    /// it with another transport.
    pub fn new(bridge: impl Into<Bridge>) -> Self {
        let options =
            Options { origins: OriginPolicy::new(), max_body: 4 * 1024 * 1024, body_timeout: Duration::from_secs(30) };
        Self { bridge: Arc::new(bridge.into()), options }
    }

    /// Who may call; by default anybody but foreign web pages.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.options.origins = policy;
        self
    }

    /// The longest body in bytes, 4 MiB by default; a longer one gets 413.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.options.max_body = bytes;
        self
    }

    /// How long the body may take to arrive, 30 s by default; then the answer is 408.
    #[must_use]
    pub const fn body_timeout(mut self, time: Duration) -> Self {
        self.options.body_timeout = time;
        self
    }
}

impl<S> Layer<S> for JsonRpcLayer {
    type Service = JsonRpc<S>;

    fn layer(&self, inner: S) -> JsonRpc<S> {
        JsonRpc::new(inner, Arc::clone(&self.bridge), self.options.clone())
    }
}
