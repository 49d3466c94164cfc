//! Makes a request into one call of the infobase's HTTP service, or two.

use super::answer_error::AnswerError;
use super::body::{is_unmarked, unmarked};
use super::cause::{self, Found};
use super::client::ClientError;
use super::client::line_errors::SpeaksTlsError;
use super::deadline::Patience;
use super::decode::decode;
use super::encode::{encode, forwarded};
use super::error::Error;
use super::error_body::words;
use super::error_kind::ErrorKind;
use super::failed::{harmless, is_unsent, nonsense, placed, refused, retry};
use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use super::lists::Lists;
use super::outputs::Outputs;
use super::paths::Paths;
use super::queue::Flow;
use crate::identity::Identity;
use crate::net::budget::Tally;
use crate::rpc::{BoxError, ErrorObject, Method, Param, Payload, Request, Response, RpcError, cause as find};
use crate::service::aside::{aside, is_long};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;
use tower_service::Service;

/// How many kept connections in a row may turn out to have ended before one call: after a restart of the web
/// server, all of them.
const MAX_ENDED: usize = 64;

/// The differences between calls of two kinds.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    /// The name of the call in the log.
    pub(super) name: &'a str,
    /// The address of the call.
    pub(super) uri: &'a Uri,
    /// Whether the call may run twice without harm.
    pub(super) harmless: bool,
}

/// The parts that all calls share.
pub(super) struct Target {
    pub(super) infobase: Infobase,
    pub(super) health: Uri,
    pub(super) verify: Uri,
    /// The headers of every call, with the service account's login, if there is one.
    pub(super) headers: HeaderMap,
    pub(super) paths: Paths,
    rpc: Uri,
    lists: Lists,
    outputs: Outputs,
    /// Whether the service has answered before, so that it exists.
    answered: AtomicBool,
}

impl Target {
    /// Prepares the addresses and headers for an infobase.
    ///
    /// # Errors
    /// [`InfobaseError`] if the URL cannot be used.
    pub(super) fn new(infobase: Infobase) -> Result<Self, InfobaseError> {
        let json = HeaderValue::from_static("application/json");
        let mut headers = infobase.headers.clone();
        headers.insert(ACCEPT, json.clone());
        headers.insert(CONTENT_TYPE, json);
        Ok(Self {
            rpc: infobase.uri("rpc")?,
            health: infobase.uri("health")?,
            verify: infobase.uri("auth/verify")?,
            headers,
            paths: Paths::default(),
            lists: Lists::default(),
            outputs: Outputs::default(),
            answered: AtomicBool::new(false),
            infobase,
        })
    }

    pub(super) async fn answer<C>(self: Arc<Self>, ready: C, request: Request) -> Result<Response, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let Some(keys) = forwarded(&request.method) else {
            return Ok(Response::error(ErrorObject::method_not_found(request.method.as_str())));
        };
        let body = match encode(&request, keys) {
            Ok(body) => body,
            Err(error) => return Ok(Response::error(error)),
        };
        let started = Instant::now();
        let call = || self.build(&request, body.clone());
        let harmless = request.method.is_idempotent();
        let route = Route { name: request.method.as_str(), uri: &self.rpc, harmless };
        let answer = match self.exchange(ready, call, route).await {
            Err(error) => {
                let error = refused(error, request.extensions.get::<Identity>());
                return Err(self.placed(error, &request));
            }
            Ok(answer) => answer,
        };
        let upstream = Some(started.elapsed());
        let outcome = if is_long(answer.body().len()) || self.outputs.takes_long(&request) {
            aside(move || self.read(answer, &request)).await?
        } else {
            self.read(answer, &request)
        };
        Ok(Response { outcome: outcome?, upstream })
    }

    /// Adds the place of the error, for the log.
    fn placed(&self, error: BoxError, request: &Request) -> BoxError {
        let tool = (request.method == Method::ToolsCall).then(|| request.params.text(Param::Name)).flatten();
        placed(error, &self.rpc, tool.as_deref())
    }

    fn read(&self, answer: http::Response<Bytes>, request: &Request) -> Result<Result<Payload, ErrorObject>, BoxError> {
        let body = answer.body().clone();
        let outcome =
            self.outcome(answer, request).map_err(|why| self.placed(nonsense(&why, &body).into(), request))?;
        Ok(outcome.or_else(|error| instead(&request.method, error)))
    }

    /// Returns the result or error that 1C answered to `request`.
    fn outcome(
        &self,
        answer: http::Response<Bytes>,
        request: &Request,
    ) -> Result<Result<Payload, ErrorObject>, AnswerError> {
        let (head, body) = answer.into_parts();
        if request.method.listed().is_some() {
            let made = self.lists.listing(&head.headers, &body, request, &self.outputs);
            return match made {
                Ok(list) if leads_to_itself(&list, request) => Err(AnswerError::Circle),
                Ok(list) => Ok(Ok(list)),
                Err(Ok(error)) => Ok(Err(error)),
                Err(Err(why)) => Err(why),
            };
        }
        let answer = decode(&head.headers, body, request)?;
        Ok(answer.map(|answer| {
            let lacks = request.method == Method::ToolsCall && !answer.structured && self.outputs.any();
            match lacks.then(|| request.params.text(Param::Name)).flatten() {
                Some(tool) => self.outputs.complete(&tool, answer.payload),
                None => answer.payload,
            }
        }))
    }

    /// Makes the call from `build` and returns the answer, without byte order marks in its body: a 200, or
    /// another success status with a JSON object.
    pub(super) async fn exchange<C>(
        &self,
        mut ready: C,
        build: impl Fn() -> Result<http::Request<Bytes>, BoxError>,
        route: Route<'_>,
    ) -> Result<http::Response<Bytes>, BoxError>
    where
        C: Service<http::Request<Bytes>, Response = http::Response<Bytes>> + Clone,
        C::Error: Into<BoxError>,
    {
        let (mut again, mut ended) = (true, 0);
        loop {
            let spare = ready.clone();
            let sent = Instant::now();
            let answer = ready.call(build()?).await.map_err(Into::into);
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            tracing::debug!(method = route.name, uri = %route.uri, status, ms = sent.elapsed().as_millis() as u64, "call to 1C");
            let error = match answer {
                Ok(mut answer) => {
                    if !is_unmarked(answer.body()) {
                        answer = answer.map(unmarked);
                    }
                    if is_answer(&answer) {
                        if is_object(answer.body()) {
                            self.heard(true);
                        }
                        return Ok(answer);
                    }
                    let text = words(answer.headers(), answer.body());
                    let found = cause::of_answer(route.uri, answer.status(), answer.headers(), &text)
                        .or_else(|| self.missing(route.uri, &answer));
                    BoxError::from(Error::found(ErrorKind::Status(answer.status(), text), found, None))
                }
                Err(error) => self.trouble(error, route.uri),
            };
            let pause = retry(&error, route.harmless);
            let may = if is_unsent(&error) {
                ended += 1;
                ended <= MAX_ENDED
            } else {
                std::mem::take(&mut again)
            };
            match pause.filter(|_| may) {
                Some(Duration::ZERO) => {}
                Some(pause) => tokio::time::sleep(pause).await,
                None if route.harmless => return Err(harmless(error)),
                None => return Err(error),
            }
            ready = spare;
            ready.ready().await.map_err(Into::into)?;
        }
    }

    /// Turns a [`ClientError`] into an [`Error`]; another error of a client stays as it is.
    fn trouble(&self, error: BoxError, asked: &Uri) -> BoxError {
        let (kind, found): (_, Option<Found>) = match find::<ClientError>(&*error) {
            Some(ClientError::Connect(_)) => (ErrorKind::Unreachable, cause::of_failure(&*error)),
            Some(ClientError::NotSent(_)) => (ErrorKind::Unreachable, None),
            Some(ClientError::Unanswered(_)) if find::<SpeaksTlsError>(&*error).is_some() => {
                (ErrorKind::Unreachable, cause::of_failure(&*error))
            }
            Some(ClientError::Unanswered(_)) if !self.is_known() => (ErrorKind::Broken, cause::of_silence(asked)),
            Some(ClientError::Unanswered(_) | ClientError::Broken(_)) => (ErrorKind::Broken, None),
            Some(ClientError::TooLarge(limit)) => (ErrorKind::TooLarge(*limit), None),
            None => return own(error),
        };
        Error::found(kind, found, Some(error)).into()
    }

    fn is_known(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Notes whether the service exists. Writes only a change, since all calls share the flag.
    fn heard(&self, answered: bool) {
        if self.is_known() != answered {
            self.answered.store(answered, Ordering::Relaxed);
        }
    }

    /// Returns the cause of a 404 from a service that answers at other paths.
    fn missing(&self, asked: &Uri, answer: &http::Response<Bytes>) -> Option<Found> {
        if *asked == self.health {
            self.heard(self.is_known() && answer.status() != StatusCode::NOT_FOUND);
            return None;
        }
        if self.is_known() { cause::of_missing(asked, answer.status()) } else { None }
    }

    /// Returns the headers of a call: those of every call, those in `own`, and the login.
    pub(super) fn headers_for(&self, own: &HeaderMap, identity: Option<&Identity>) -> HeaderMap {
        // Allocate for all headers at once.
        let mut headers = HeaderMap::with_capacity(self.headers.len() + own.len() + 1);
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        for (name, value) in own {
            // The login comes from the identity or the account, never from a header of the request.
            if name != AUTHORIZATION {
                headers.append(name, value.clone());
            }
        }
        if let Some(credentials) = identity.and_then(Identity::credentials) {
            headers.insert(AUTHORIZATION, credentials.authorization().clone());
        }
        headers
    }

    fn build(&self, request: &Request, body: Bytes) -> Result<http::Request<Bytes>, BoxError> {
        let mut call = http::Request::post(self.rpc.clone()).body(body)?;
        *call.headers_mut() = self.headers_for(&request.headers, request.extensions.get::<Identity>());
        let limit = match request.method {
            Method::ToolsCall => self.infobase.slow,
            _ => self.infobase.quick,
        };
        call.extensions_mut().insert(Patience(limit));
        Flow::of(&request.extensions).mark(&mut call);
        if let Some(tally) = request.extensions.get::<Tally>() {
            call.extensions_mut().insert(tally.clone());
        }
        Ok(call)
    }
}

/// Takes the kind of an error of a layer between leaf and client, so that the text fits this call.
fn own(error: BoxError) -> BoxError {
    match find::<Error>(&*error).map(Error::kind) {
        Some(kind) if error.is::<RpcError>() => Error::from(kind.clone()).into(),
        _ => error,
    }
}

/// Returns whether an answer counts: a 200, or another success status with a JSON object.
fn is_answer(answer: &http::Response<Bytes>) -> bool {
    answer.status() == StatusCode::OK || answer.status().is_success() && is_object(answer.body())
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
}

/// Returns whether the next page is this page, which would make a client read for ever.
fn leads_to_itself(list: &Payload, request: &Request) -> bool {
    #[derive(Deserialize)]
    struct Page {
        #[serde(rename = "nextCursor")]
        next: Option<String>,
    }
    let asked = request.params.text(Param::Cursor);
    asked.is_some_and(|asked| {
        serde_json::from_slice::<Page>(list.frame()).is_ok_and(|page| page.next.is_some_and(|next| next == asked))
    })
}

/// Returns an empty list if an extension lacks the method: it has no items of this type.
fn instead(method: &Method, error: ErrorObject) -> Result<Payload, ErrorObject> {
    if error.code != ErrorObject::METHOD_NOT_FOUND {
        return Err(error);
    }
    let nothing = match (method, method.listed()) {
        (_, Some((member, _))) => format!("{{\"{member}\":[]}}"),
        (Method::Complete, _) => "{\"completion\":{\"values\":[]}}".to_owned(),
        _ => return Err(error),
    };
    Payload::parse(nothing).map_err(ErrorObject::from)
}
