//! [`OneCService`].

use super::client::{ClientError, HttpClient};
use super::deadline::{Deadline, DeadlineLayer, Patience};
use super::decode::{decode, words};
use super::encode::{encode, forwarded};
use super::error::{Error, Trouble};
use super::infobase::{Infobase, InfobaseError};
use super::queue::{Queue, QueueLayer};
use crate::rpc::{BoxError, ErrorObject, Method, Payload, Request, Response, cause};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;
use tower_layer::Layer as _;
use tower_service::Service;

/// The HTTP client as [`OneCService::new`] builds it.
pub type DefaultClient = Queue<Deadline<HttpClient>>;

/// How many calls run at once, if nobody says otherwise.
const DEFAULT_CONCURRENCY: usize = 16;

/// Between a refused connection and the one other try.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The leaf of the RPC stack: turns a request into a call of the infobase's HTTP service.
///
/// `C` is any client that takes a request and gives the whole answer. Methods that 1C does not
/// know are answered here: unknown ones with -32601, and where an older extension lacks
/// `resources/templates/list` or `completion/complete`, with nothing to offer.
///
/// # Errors
/// [`Error`] for trouble with 1C, tower's `Overloaded` when too many calls wait, and whatever `C`
/// fails with. JSON-RPC errors of 1C are answers.
#[derive(Clone)]
pub struct OneCService<C = DefaultClient> {
    client: C,
    target: Arc<Target>,
}

/// What is the same for every call.
struct Target {
    infobase: Infobase,
    rpc: Uri,
    health: Uri,
    headers: HeaderMap,
    last_id: AtomicU64,
}

impl OneCService {
    /// A leaf with the default client: 16 calls at once, connections kept warm.
    ///
    /// # Errors
    /// [`InfobaseError`] where the URL or this machine's certificates do not serve.
    pub fn new(infobase: Infobase) -> Result<Self, InfobaseError> {
        Self::with_concurrency(infobase, DEFAULT_CONCURRENCY)
    }

    /// The same with another ceiling on calls at once. Each takes a session of 1C and maybe a
    /// licence.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_concurrency(infobase: Infobase, calls: usize) -> Result<Self, InfobaseError> {
        let client = HttpClient::new(&infobase)?;
        Self::with_client(infobase, QueueLayer::new(calls).layer(DeadlineLayer.layer(client)))
    }
}

impl<C> OneCService<C> {
    /// A leaf over a client of your own. Limits on time and concurrency are layers around it, such
    /// as [`QueueLayer`] and [`DeadlineLayer`]; a failure that is a [`ClientError`] says whether the
    /// call can have run.
    ///
    /// # Errors
    /// [`InfobaseError`] where the URL does not serve.
    pub fn with_client(infobase: Infobase, client: C) -> Result<Self, InfobaseError> {
        let json = HeaderValue::from_static("application/json");
        let mut headers = infobase.headers.clone();
        headers.insert(ACCEPT, json.clone());
        headers.insert(CONTENT_TYPE, json);
        let target = Target {
            rpc: infobase.uri("rpc")?,
            health: infobase.uri("health")?,
            headers,
            last_id: AtomicU64::new(0),
            infobase,
        };
        Ok(Self { client, target: Arc::new(target) })
    }
}

impl<C> fmt::Debug for OneCService<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCService").field("infobase", &self.target.infobase).finish_non_exhaustive()
    }
}

/// The call of a [`OneCService`].
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>);

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<C> Service<Request> for OneCService<C>
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

    fn call(&mut self, request: Request) -> ResponseFuture {
        // The client that was polled to readiness makes the first try.
        let clone = self.client.clone();
        let ready = std::mem::replace(&mut self.client, clone);
        let target = Arc::clone(&self.target);
        ResponseFuture(Box::pin(async move { target.answer(ready, request).await }))
    }
}

impl<C> OneCService<C>
where
    C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone + Send + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    /// Asks the HTTP service whether it is there: `GET {service}/health`.
    ///
    /// Where calls run under no account of their own, a 401 of 1C proves that it is.
    ///
    /// # Errors
    /// [`Error`] with what is wrong.
    pub async fn health(&self) -> Result<(), BoxError> {
        let target = &self.target;
        let mut request = http::Request::get(target.health.clone()).body(Bytes::new())?;
        request.headers_mut().extend(target.headers.clone());
        request.headers_mut().remove(CONTENT_TYPE);
        request.extensions_mut().insert(Patience(target.infobase.quick));
        let answer = self.client.clone().oneshot(request).await.map_err(|error| trouble(error.into()))?;
        match answer.status() {
            StatusCode::OK => Ok(()),
            StatusCode::UNAUTHORIZED if !target.infobase.has_account() => Ok(()),
            status => Err(Error::from(Trouble::Status(status, words(answer.headers(), answer.body()))).into()),
        }
    }
}

impl Target {
    async fn answer<C>(&self, ready: C, request: Request) -> Result<Response, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let Some(keys) = forwarded(&request.method) else {
            return Ok(Response::error(ErrorObject::method_not_found(request.method.as_str())));
        };
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let body = match encode(&request, keys, id) {
            Ok(body) => body,
            Err(error) => return Ok(Response::error(error)),
        };
        let started = Instant::now();
        let answer = self.exchange(ready, &request, body).await?;
        let outcome = decode(answer, &request, id)
            .map_err(|why| Error::from(Trouble::Nonsense(why.to_string())))?
            .or_else(|error| instead(&request.method, error));
        Ok(Response { outcome, upstream: Some(started.elapsed()) })
    }

    /// The body of a 200.
    async fn exchange<C>(&self, mut ready: C, request: &Request, body: Bytes) -> Result<Bytes, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let mut again = true;
        loop {
            let spare = ready.clone();
            let sent = Instant::now();
            let answer = ready.call(self.build(request, body.clone())?).await.map_err(Into::into);
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            tracing::debug!(method = request.method.as_str(), uri = %self.rpc, status, ms = sent.elapsed().as_millis() as u64, "call to 1C");
            let error = match answer {
                Ok(answer) if answer.status() == StatusCode::OK => return Ok(answer.into_body()),
                Ok(answer) => {
                    let text = words(answer.headers(), answer.body());
                    BoxError::from(Error::from(Trouble::Status(answer.status(), text)))
                }
                Err(error) => trouble(error),
            };
            match retry(&error, &request.method) {
                Some(pause) if std::mem::take(&mut again) => tokio::time::sleep(pause).await,
                _ => return Err(error),
            }
            ready = spare;
            std::future::poll_fn(|cx| ready.poll_ready(cx)).await.map_err(Into::into)?;
        }
    }

    fn build(&self, request: &Request, body: Bytes) -> Result<http::Request<Bytes>, BoxError> {
        let mut call = http::Request::post(self.rpc.clone()).body(body)?;
        let headers = call.headers_mut();
        headers.clone_from(&self.headers);
        for (name, value) in &request.headers {
            headers.append(name, value.clone());
        }
        let limit = match request.method {
            Method::ToolsCall => self.infobase.slow,
            _ => self.infobase.quick,
        };
        call.extensions_mut().insert(Patience(limit));
        Ok(call)
    }
}

/// What an older extension that lacks a method is taken to mean.
fn instead(method: &Method, error: ErrorObject) -> Result<Payload, ErrorObject> {
    if error.code != ErrorObject::METHOD_NOT_FOUND {
        return Err(error);
    }
    let nothing = match method {
        Method::ResourceTemplatesList => "{\"resourceTemplates\":[]}",
        Method::Complete => "{\"completion\":{\"values\":[]}}",
        _ => return Err(error),
    };
    Payload::parse(nothing).map_err(ErrorObject::from)
}

/// Puts the failures of the default client into words; others travel on as they are.
fn trouble(error: BoxError) -> BoxError {
    let kind = match cause::<ClientError>(&*error) {
        Some(ClientError::Connect(_) | ClientError::NotSent(_)) => Trouble::Unreachable,
        Some(ClientError::Broken(_)) => Trouble::Broken,
        Some(ClientError::TooLarge(limit)) => Trouble::TooLarge(*limit),
        None => return error,
    };
    Error::new(kind, Some(error)).into()
}

/// Whether a failed call may be sent once more, and after what pause.
fn retry(error: &BoxError, method: &Method) -> Option<Duration> {
    let trouble = cause::<Error>(&**error)?.trouble();
    match (trouble, cause::<ClientError>(&**error)) {
        (_, Some(ClientError::NotSent(_))) => Some(Duration::ZERO),
        (_, Some(ClientError::Connect(_))) => Some(RETRY_PAUSE),
        (Trouble::Status(StatusCode::NOT_ACCEPTABLE, _), _) => Some(Duration::ZERO),
        (Trouble::Broken, _) if method.is_idempotent() => Some(Duration::ZERO),
        (Trouble::Status(StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE, _), _)
            if method.is_idempotent() =>
        {
            Some(RETRY_PAUSE)
        }
        _ => None,
    }
}
