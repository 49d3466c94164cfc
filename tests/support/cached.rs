//! A fake 1C beneath a cache: it answers with what it was asked and by whom.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use onec_mcp::cache::{Cache, CacheLayer, ResponseFuture, RestCache};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Extensions, Method, Param, Params, Payload, Request, Response, Version};
use onec_mcp::{Credentials, Identity, Scopes, Sharing};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

pub(crate) type Answer = Result<Response, BoxError>;

type Say = dyn Fn(&str) -> Answer + Send + Sync;

/// The fake 1C.
#[derive(Clone)]
pub(crate) struct OneC {
    asked: Arc<Mutex<Vec<String>>>,
    say: Arc<Say>,
    /// Calls end when they are released.
    gate: Option<Arc<Semaphore>>,
    delay: Duration,
}

impl OneC {
    /// Answers what was asked.
    pub(crate) fn new() -> Self {
        Self::saying(|asked| Ok(Response::result(Payload::parse(asked.to_owned())?)))
    }

    pub(crate) fn saying(say: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self { asked: Arc::default(), say: Arc::new(say), gate: None, delay: Duration::ZERO }
    }

    /// The same result for everything.
    pub(crate) fn always(json: impl Into<Bytes>) -> Self {
        let json = json.into();
        Self::saying(move |_| Ok(Response::result(Payload::parse(json.clone())?)))
    }

    pub(crate) fn held(mut self) -> Self {
        self.gate = Some(Arc::new(Semaphore::new(0)));
        self
    }

    pub(crate) fn taking(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn release(&self, calls: usize) {
        self.gate.as_ref().unwrap().add_permits(calls);
    }

    /// How many calls it got.
    pub(crate) fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Treats all callers of one account alike, and says so.
    pub(crate) fn cached(&self, layer: CacheLayer) -> Cached {
        let layer = layer.sharing(Sharing::by_account());
        let lists = layer.layer(self.clone());
        let rest = lists.rest(self.clone());
        Cached { lists, rest }
    }

    async fn answer(self, asked: String) -> Answer {
        self.asked.lock().unwrap().push(asked.clone());
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        (self.say)(&asked)
    }
}

impl std::fmt::Debug for OneC {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneC").finish_non_exhaustive()
    }
}

/// The cache of both dialects, with one memory.
#[derive(Clone, Debug)]
pub(crate) struct Cached {
    pub(crate) lists: Cache<OneC>,
    pub(crate) rest: RestCache<OneC>,
}

macro_rules! cached {
    ($($asked:ty, $cache:ident;)*) => { $(
        impl Service<$asked> for Cached {
            type Response = Response;
            type Error = BoxError;
            type Future = ResponseFuture<Call>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                self.$cache.poll_ready(cx)
            }

            fn call(&mut self, asked: $asked) -> Self::Future {
                self.$cache.call(asked)
            }
        }
    )* };
}

cached! { Request, lists; RestCall, rest; }

pub(crate) type Call = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Service<RestCall> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Call;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: RestCall) -> Call {
        Box::pin(self.clone().answer(of_call(&call)))
    }
}

impl Service<Request> for OneC {
    type Response = Response;
    type Error = BoxError;
    type Future = Call;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Call {
        Box::pin(self.clone().answer(of_request(&request)))
    }
}

/// What the fake answers to a call.
pub(crate) fn of_call(call: &RestCall) -> String {
    let body = String::from_utf8(call.body.to_vec()).unwrap();
    told("rest", &call.path, Some(body), &call.headers, &call.extensions)
}

/// What the fake answers to a request.
pub(crate) fn of_request(request: &Request) -> String {
    let cursor = request.params.raw(Param::Cursor).map(|raw| String::from_utf8(raw.to_vec()).unwrap());
    told("rpc", request.method.as_str(), cursor, &request.headers, &request.extensions)
}

/// All that 1C can go by. Who calls under the service account is for its log alone.
fn told(kind: &str, what: &str, with: Option<String>, headers: &HeaderMap, extensions: &Extensions) -> String {
    let login = extensions.get::<Identity>().and_then(Identity::credentials);
    let header = |name: &str| {
        let values = headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    json!({
        "kind": kind,
        "what": what,
        "with": with,
        "login": login.map(|login| login.authorization().to_str().unwrap().to_owned()),
        "sub": login.map(|_| header("x-mcp-sub")),
        "scopes": header("x-mcp-scopes"),
        "own": header("x-own"),
    })
    .to_string()
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A call whose answer may be remembered for a minute.
pub(crate) fn call(path: &str, body: &str) -> RestCall {
    RestCall::new(path, body.to_owned()).cache(MINUTE)
}

pub(crate) fn customer() -> RestCall {
    call("resolve/customer", r#"{"query":"a"}"#)
}

pub(crate) fn list(method: Method, params: &str) -> Request {
    let params = Params::parse(&Bytes::copy_from_slice(params.as_bytes())).unwrap();
    Request::new(method, params, Version::V2026_07_28)
}

pub(crate) fn tools() -> Request {
    list(Method::ToolsList, "{}")
}

pub(crate) fn login(user: &str, password: &str) -> Identity {
    Identity::new(format!("onec:{user}"), Scopes::default()).with_credentials(Credentials::new(user, password))
}

pub(crate) fn with_header(mut call: RestCall, name: &'static str, value: &str) -> RestCall {
    call.headers.append(name, value.parse().unwrap());
    call
}

pub(crate) fn by(identity: &Identity, mut call: RestCall) -> RestCall {
    call.extensions.insert(identity.clone());
    call
}

/// The JSON of the answer.
pub(crate) async fn ask<R, S>(service: &S, question: R) -> String
where
    S: Service<R, Response = Response, Error = BoxError> + Clone,
{
    text(&service.clone().oneshot(question).await.unwrap())
}

pub(crate) fn text(response: &Response) -> String {
    String::from_utf8(bytes(response).to_vec()).unwrap()
}

pub(crate) fn bytes(response: &Response) -> Bytes {
    response.outcome.as_ref().unwrap().json().clone()
}
