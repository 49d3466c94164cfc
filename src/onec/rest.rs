//! Calls in the REST dialect: `POST {infobase}/hs/{root}/{path}` with a JSON object, answered by one.

use super::deadline::Patience;
use super::decode::BadAnswer;
use super::error::{Error, Trouble};
use super::exchange::{Target, refused};
use super::service::{OneCService, ResponseFuture};
use crate::identity::Identity;
use crate::rpc::{BoxError, Extensions, Payload, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_service::Service;

/// One call in the REST dialect. Its answer is a [`Response`] whose payload is the object that 1C sent.
#[derive(Clone, Debug)]
pub struct RestCall {
    /// Below the service root, without a slash at its start: `reports/sales`.
    pub path: Arc<str>,
    /// A JSON object.
    pub body: Bytes,
    /// Whether it may take as long as a report; otherwise as long as a quick call.
    pub slow: bool,
    /// How long its answer may be remembered, by a layer that remembers answers; `None` means not at
    /// all.
    pub cache: Option<Duration>,
    /// Headers that travel on to 1C.
    pub headers: HeaderMap,
    /// What layers tell each other, the [`Identity`] of the caller among it.
    pub extensions: Extensions,
}

impl RestCall {
    /// A quick call whose answer is not remembered, of nobody in particular.
    pub fn new(path: impl Into<Arc<str>>, body: impl Into<Bytes>) -> Self {
        let (headers, extensions) = (HeaderMap::new(), Extensions::new());
        Self { path: path.into(), body: body.into(), slow: false, cache: None, headers, extensions }
    }
}

/// As calls in the RPC dialect: the same client, account, headers and errors. 1C's errors (400, 401,
/// 500 with `{"error","message"}` or anything else) are [`Trouble::Status`](super::Trouble::Status)
/// with 1C's message. A call is repeated only if it surely did not run.
impl<C> Service<RestCall> for OneCService<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.client.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: RestCall) -> ResponseFuture {
        let clone = self.client.clone();
        let ready = std::mem::replace(&mut self.client, clone);
        let target = Arc::clone(&self.target);
        ResponseFuture::new(async move { target.rest(ready, call).await })
    }
}

impl Target {
    async fn rest<C>(&self, ready: C, call: RestCall) -> Result<Response, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let uri = self.infobase.uri(&call.path)?;
        let started = Instant::now();
        let build = || {
            let mut request = http::Request::post(uri.clone()).body(call.body.clone())?;
            *request.headers_mut() = self.headers_for(&call.headers, call.extensions.get::<Identity>());
            let limit = if call.slow { self.infobase.slow } else { self.infobase.quick };
            request.extensions_mut().insert(Patience(limit));
            Ok(request)
        };
        let body = match self.exchange(ready, build, &call.path, false).await {
            Err(error) => return Err(refused(error, call.extensions.get::<Identity>()).await),
            Ok(body) => body,
        };
        let payload = object(body).map_err(|why| Error::from(Trouble::Nonsense(why.to_string())))?;
        Ok(Response { upstream: Some(started.elapsed()), ..Response::result(payload) })
    }
}

fn object(body: Bytes) -> Result<Payload, BadAnswer> {
    let body = if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body };
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(BadAnswer::Empty),
        Some(b'<') => Err(BadAnswer::Html),
        Some(_) => Ok(Payload::parse(body)?),
    }
}
