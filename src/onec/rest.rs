//! Calls in the REST dialect: [`OneCRest`] and [`RestCall`].

use super::answer_error::AnswerError;
use super::deadline::Patience;
use super::decode::{repaired, text};
use super::error::failed;
use super::exchange::{Route, Target};
use super::failed::{nonsense, placed, refused};
use super::future::ResponseFuture;
use super::queue::Flow;
use super::service::{DefaultClient, OneCService};
use crate::identity::Identity;
use crate::net::budget::Tally;
use crate::rpc::{BoxError, Extensions, Payload, Response};
use crate::service::aside::{aside, is_long};
use crate::service::take_ready;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_service::Service;

/// A call in the REST dialect: `POST {infobase}/hs/{root}/{path}` with a JSON object.
///
/// The answer is a JSON object too, the payload of the [`Response`]. An [`OneCRest`] makes the call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestCall {
    /// The path below the service root, without a slash at the start: `reports/sales`.
    pub path: Arc<str>,
    /// The body, a JSON object.
    pub body: Bytes,
    /// Whether the call has the time limit of a report, not that of a quick call.
    pub slow: bool,
    /// The time that a cache may keep the answer; `None` means not at all.
    pub cache: Option<Duration>,
    /// The check that an answer must pass to be cached.
    pub check: Option<AnswerCheck>,
    /// Headers for 1C. An `Authorization` among them is dropped.
    pub headers: HeaderMap,
    /// Values that layers share, such as the [`Identity`] of the caller or the call's [`Flow`].
    pub extensions: Extensions,
}

impl RestCall {
    /// Creates a quick call whose answer is not cached, without a caller.
    pub fn new(path: impl Into<Arc<str>>, body: impl Into<Bytes>) -> Self {
        let (headers, extensions) = (HeaderMap::new(), Extensions::new());
        Self { path: path.into(), body: body.into(), slow: false, cache: None, check: None, headers, extensions }
    }

    /// Sets whether the call has the time limit of a report, not that of a quick call.
    #[must_use]
    pub const fn slow(mut self, slow: bool) -> Self {
        self.slow = slow;
        self
    }

    /// Sets how long a cache may keep the answer.
    #[must_use]
    pub fn cache(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.cache = ttl.into();
        self
    }

    /// Sets the check that an answer must pass to be cached.
    #[must_use]
    pub fn check(mut self, check: AnswerCheck) -> Self {
        self.check = Some(check);
        self
    }
}

/// A check of whether the caller can use an answer.
#[derive(Clone)]
pub struct AnswerCheck(Arc<dyn Fn(&Payload) -> bool + Send + Sync>);

impl AnswerCheck {
    /// Creates a check from a function.
    pub fn new(passes: impl Fn(&Payload) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(passes))
    }

    /// Returns whether an answer passes the check.
    pub fn passes(&self, answer: &Payload) -> bool {
        (self.0)(answer)
    }
}

impl fmt::Debug for AnswerCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerCheck").finish_non_exhaustive()
    }
}

/// A service for calls in the REST dialect; [`OneCService::rest`] returns it.
///
/// Calls share the client, queue, account and headers with those in the RPC dialect. Such a call is repeated
/// only if it certainly did not run.
///
/// # Errors
/// As for RPC requests. Any status but 200 is [`ErrorKind::Status`](super::ErrorKind::Status), with the message
/// of a body `{"error","message"}`, or with the text of any other body. 401 to a caller's own login is
/// [`ErrorKind::LoginRefused`](super::ErrorKind::LoginRefused).
#[derive(Clone)]
pub struct OneCRest<C = DefaultClient> {
    client: C,
    target: Arc<Target>,
}

impl<C: Clone> OneCService<C> {
    /// Returns the service for calls in the REST dialect, which shares the client of this service.
    pub fn rest(&self) -> OneCRest<C> {
        OneCRest { client: self.client.clone(), target: Arc::clone(&self.target) }
    }
}

impl<C> fmt::Debug for OneCRest<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCRest").field("infobase", &self.target.infobase).finish_non_exhaustive()
    }
}

impl<C> Service<RestCall> for OneCRest<C>
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
        let ready = take_ready(&mut self.client);
        let target = Arc::clone(&self.target);
        ResponseFuture::new(async move { target.rest(ready, call).await.map_err(failed) })
    }
}

impl Target {
    async fn rest<C>(&self, ready: C, call: RestCall) -> Result<Response, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let uri = self.paths.uri(&self.infobase, &call.path)?;
        self.posted(ready, &call, &uri).await.map_err(|error| placed(error, &uri, None))
    }

    async fn posted<C>(&self, ready: C, call: &RestCall, uri: &Uri) -> Result<Response, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let started = Instant::now();
        let build = || {
            let mut request = http::Request::post(uri.clone()).body(call.body.clone())?;
            *request.headers_mut() = self.headers_for(&call.headers, call.extensions.get::<Identity>());
            let limit = if call.slow { self.infobase.slow } else { self.infobase.quick };
            request.extensions_mut().insert(Patience(limit));
            Flow::of(&call.extensions).mark(&mut request);
            if let Some(tally) = call.extensions.get::<Tally>() {
                request.extensions_mut().insert(tally.clone());
            }
            Ok(request)
        };
        let route = Route { name: &call.path, uri, harmless: false };
        let answer = match self.exchange(ready, build, route).await {
            Err(error) => return Err(refused(error, call.extensions.get::<Identity>())),
            Ok(answer) => answer,
        };
        let (upstream, body) = (Some(started.elapsed()), answer.body().clone());
        let payload = if is_long(body.len()) { aside(move || object(answer)).await? } else { object(answer) };
        let payload = payload.map_err(|why| nonsense(&why, &body))?;
        Ok(Response { upstream, ..Response::result(payload) })
    }
}

/// The beginning of an exception of the application server.
const EXCEPTION: &[u8] = b"\"#exception\"";

fn object(answer: http::Response<Bytes>) -> Result<Payload, AnswerError> {
    let (head, body) = answer.into_parts();
    let body = text(&head.headers, body)?;
    // An exception in the answer, though the status is a success.
    if body.trim_ascii_start().strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(EXCEPTION)) {
        return Err(AnswerError::Neither);
    }
    let payload = repaired(&head.headers, body, |body| Payload::parse(body.clone()), |fault| Some(*fault))?;
    Ok(payload.without_lone_surrogates()?)
}
