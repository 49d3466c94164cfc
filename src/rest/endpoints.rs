//! Turns an HTTP request into a call of a tool, and its answer into an HTTP response.

use super::document::Document;
use super::error::{RestError, json};
use crate::audit::{ToolCall, Verdict};
use crate::auth::Digest;
use crate::catalog::{Catalog, Tool, Tools};
use crate::net::Body;
use crate::net::budget::Tally;
use crate::net::collect::{Incomplete, collect};
use crate::net::{is_encoded, remote};
use crate::onec::{Flow, RestCall};
use crate::rpc::json::{JsonError, Scanner};
use crate::rpc::{BoxError, RequestId, Response, tell_refused, without_bom};
use crate::service::aside::{aside, is_long};
use bytes::{Buf, Bytes};
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Version};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tower_service::Service;

/// Everything that a request needs, except the service beneath.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    catalog: Catalog,
    token: Digest,
    pub(super) document: Document,
    pub(super) max_body: usize,
    pub(super) body_timeout: Duration,
}

/// The endpoint that a request is for.
enum Route<'a> {
    Document,
    Tool(&'a Tool),
}

impl Endpoints {
    pub(super) fn new(catalog: Catalog, token: &SecretString) -> Self {
        Self {
            catalog,
            token: Digest::of(token.expose_secret()),
            document: Document::default(),
            max_body: 4 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
        }
    }

    /// Answers a request; `inner` is the service that is ready, or the error why none is.
    pub(super) async fn serve<S, B>(
        &self,
        request: http::Request<B>,
        inner: Result<S, BoxError>,
    ) -> http::Response<Body>
    where
        S: Service<RestCall, Response = Response>,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data: Buf + Send>,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        // Use the current catalog; a call that runs ends with the catalog that it began with.
        let tools = self.catalog.current();
        let answer = match self.route(&head, &tools) {
            Ok(Route::Document) => {
                self.document.of(&tools).await.map_err(|error| RestError::onec(error, RequestId::next()))
            }
            Ok(Route::Tool(tool)) => {
                let (from, id) = (remote(head.extensions.get(), head.extensions.get()), RequestId::next());
                // All callers share the token, so there is no subject to report.
                let report = ToolCall::over_rest(tool.name(), from, id);
                let answer = self.call(tool, &head.extensions, id, body, inner).await;
                if let Some(report) = report {
                    report
                        .end(answer.as_ref().map_or_else(|problem| Verdict::failed(problem.code), |_| Verdict::SERVED));
                }
                answer
            }
            Err(problem) => Err(problem),
        };
        match answer {
            Ok(text) => json(StatusCode::OK, text),
            Err(problem) => {
                let closes = problem.unread && has_body && head.version <= Version::HTTP_11;
                let mut response = problem.into_response();
                // The body stays unread, so the connection cannot be reused: say so before it closes.
                if closes {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
        }
    }

    /// Decides what the head alone can decide. A caller without the token does not learn which endpoints exist.
    fn route<'a>(&self, head: &Parts, tools: &'a Tools) -> Result<Route<'a>, RestError> {
        match crate::auth::token(&head.headers) {
            Ok(Some(token)) if self.token.is_of(token) => {}
            _ => return Err(RestError::unauthorized()),
        }
        let path = percent_decode_str(head.uri.path()).decode_utf8().map_err(|_| RestError::not_found())?;
        if path == "/openapi.json" {
            return match head.method {
                Method::GET | Method::HEAD => Ok(Route::Document),
                _ => Err(RestError::only("GET, HEAD")),
            };
        }
        let tool = tools.iter().find(|tool| tool.rest() == Some(&*path)).ok_or_else(RestError::not_found)?;
        match head.method {
            Method::POST if is_encoded(&head.headers) => Err(RestError::encoded()),
            Method::POST => Ok(Route::Tool(tool)),
            _ => Err(RestError::only("POST")),
        }
    }

    async fn call<S, B>(
        &self,
        tool: &Tool,
        of: &http::Extensions,
        id: RequestId,
        body: B,
        inner: Result<S, BoxError>,
    ) -> Result<Bytes, RestError>
    where
        S: Service<RestCall, Response = Response>,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data: Buf + Send>,
        B::Error: Into<BoxError>,
    {
        let arguments = self.read(body).await?;
        // The call starts from nothing: the request's head gives it only its turn in the queue and the budget
        // that its bytes count against.
        let long = is_long(arguments.len());
        let tool = tool.clone();
        let prepare = move || (tool.prepare_whole(Some(&arguments)), tool);
        let prepared = if long { aside(prepare).await } else { Ok(prepare()) };
        let (call, tool) = prepared.map_err(|error| RestError::onec(error, id))?;
        let mut call = call.map_err(|unfit| RestError::unfit(unfit.field, unfit.message))?;
        if let Some(address) = remote(of.get(), of.get()) {
            call.extensions.insert(Flow::address(address));
        }
        if let Some(tally) = of.get::<Tally>() {
            call.extensions.insert(tally.clone());
        }
        let mut inner = inner.map_err(|error| RestError::onec(error, id))?;
        let answer = match inner.call(call).await.map_err(Into::into) {
            Ok(answer) => answer,
            Err(error) => {
                tell_refused(&error, of.get()).await;
                return Err(RestError::onec(error, id));
            }
        };
        let payload = answer.outcome.map_err(|error| RestError::onec(error.into(), id))?;
        match tool.excess(&payload) {
            Some((count, ceiling)) => Err(RestError::excess(count, ceiling)),
            None => Ok(payload.json().clone()),
        }
    }

    /// Reads the arguments: a body that is a JSON object, whatever its `Content-Type` says.
    async fn read<B>(&self, body: B) -> Result<Bytes, RestError>
    where
        B: http_body::Body<Data: Buf + Send>,
        B::Error: Into<BoxError>,
    {
        let whole = match tokio::time::timeout(self.body_timeout, collect(body, self.max_body)).await {
            Ok(Ok(whole)) => whole,
            Ok(Err(Incomplete::TooLarge)) => return Err(RestError::too_large(self.max_body)),
            Ok(Err(Incomplete::NoRoom)) => return Err(RestError::no_room()),
            Ok(Err(Incomplete::Broken(_))) => return Err(RestError::invalid_request("The body broke off")),
            Err(_) => return Err(RestError::too_late()),
        };
        // HTTP clients written in 1C send a byte order mark.
        let whole = without_bom(whole);
        if whole.iter().all(u8::is_ascii_whitespace) {
            return Err(RestError::invalid_request("The body must be a JSON object with the arguments; it is empty"));
        }
        match object(&whole) {
            Ok(()) => Ok(whole),
            Err(fault) => {
                Err(RestError::invalid_request(format!("The body must be a JSON object with the arguments: {fault}")))
            }
        }
    }
}

fn object(text: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text)?;
    scanner.object::<JsonError>(|scanner, _| scanner.skip().map(|_| ()))?;
    scanner.end()
}
