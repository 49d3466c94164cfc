//! One request on its way through the stack and back, on any transport.

use super::Core;
use super::capabilities::Capabilities;
use super::inputs;
use super::outbox::Outbox;
use super::questions::ConnectionId;
use crate::identity::{Identity, Scopes};
use crate::rpc::json::{self, JsonError, Member, Scanner, Span};
use crate::rpc::{
    BoxError, Encoded, Era, ErrorObject, Id, Level, Meta, Method, Outcome, Param, Payload, Request, RequestId,
    Response, Version, encode, encode_error, tell_refused, without_line_breaks,
};
use crate::service::aside::{aside, is_long};
use bytes::Bytes;
use http::StatusCode;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tower_service::Service;

/// The most rounds of questions within one legacy call; it stops an extension that asks for ever.
const MAX_ROUNDS: usize = 32;

/// The error statuses that a legacy client gets: log in again, ask for more scopes, come back later.
const SAID_TO_LEGACY: [StatusCode; 3] =
    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];

/// A call of the stack that is running.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

/// The part of a request that a bridge keeps until its reply is written.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) bridge: Arc<Core>,
    pub(crate) id: Id,
    pub(super) method: Method,
    pub(super) version: Version,
    /// The identifier of the request in the log.
    line: RequestId,
    /// The caller, if 1C may refuse the caller's own login.
    identity: Option<Identity>,
    progress_token: Option<Bytes>,
    log_level: Option<Level>,
    pub(super) can: Capabilities,
    started: Instant,
    /// The request, for the next round of a legacy call.
    pub(super) request: Option<Request>,
    /// The connection of the request, on a transport where all messages of a client share one.
    pub(super) connection: Option<ConnectionId>,
    /// Whether the reply has an HTTP status of its own.
    has_status: bool,
}

/// A finished call: the reply, and the values that HTTP adds to it.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) text: Encoded,
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) scopes: Option<Scopes>,
}

impl Call {
    /// Creates a call. `log_level` and `can` are those of a legacy client; a modern request brings its own.
    pub(crate) fn new(
        bridge: &Arc<Core>,
        id: Id,
        request: &Request,
        log_level: Option<Level>,
        can: Capabilities,
    ) -> Result<Self, ErrorObject> {
        let params = &request.params;
        let modern = request.version.era() == Era::Modern;
        let token =
            params.meta(Meta::ProgressToken).filter(|raw| matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9')));
        Ok(Self {
            bridge: Arc::clone(bridge),
            id,
            method: request.method.clone(),
            version: request.version,
            line: request.id,
            identity: request.extensions.get().filter(|identity: &&Identity| identity.credentials().is_some()).cloned(),
            progress_token: token.map(Bytes::copy_from_slice),
            log_level: if modern { Level::of_meta(request)? } else { log_level },
            can: match params.meta(Meta::ClientCapabilities) {
                Some(raw) if modern && request.method.may_ask() => Capabilities::parse(raw),
                _ => can,
            },
            started: Instant::now(),
            request: (!modern && request.method.may_ask()).then(|| request.clone()),
            connection: None,
            has_status: false,
        })
    }

    /// Binds the questions of this call to a connection: only answers on it count.
    #[cfg(any(feature = "stdio", feature = "sse"))]
    pub(super) const fn on(mut self, connection: ConnectionId) -> Self {
        self.connection = Some(connection);
        self
    }

    /// Marks the reply as the body of an HTTP response.
    pub(crate) const fn with_status(mut self) -> Self {
        self.has_status = true;
        self
    }

    /// Returns the outcome of the stack's answer. All work at the end of a call is done here.
    pub(crate) async fn ended(&self, answer: Result<Response, BoxError>) -> Outcome {
        if let Err(error) = &answer {
            tell_refused(error, self.identity.as_ref()).await;
        }
        self.outcome(answer)
    }

    /// What came of an answer of which nobody [must hear](Self::must_tell).
    pub(super) fn outcome(&self, answer: Result<Response, BoxError>) -> Outcome {
        Outcome::of(answer, self.line)
    }

    /// Whether the caller may have to hear that 1C refuses their login.
    pub(super) const fn must_tell(&self, answer: &Result<Response, BoxError>) -> bool {
        answer.is_err() && self.identity.is_some()
    }

    pub(crate) const fn era(&self) -> Era {
        self.version.era()
    }

    /// Returns whether the outcome needs an event stream: messages to the user come before it, or a legacy
    /// client has questions to answer first.
    pub(crate) fn needs_stream(&self, outcome: &Outcome) -> bool {
        outcome.result.as_ref().is_ok_and(|payload| {
            self.log_level.is_some() && payload.messages().is_some()
                || payload.is_input_required() && self.era() == Era::Legacy
        })
    }

    /// Runs a call to its end. Messages to the client that come before the reply go to `outbox`.
    pub(crate) async fn run<S>(&mut self, mut running: Running, service: S, outbox: &Outbox) -> Outcome
    where
        S: Service<Request, Response = Response> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        for _ in 0..MAX_ROUNDS {
            let answer = self.with_progress(running, outbox).await;
            let mut outcome = self.ended(answer).await;
            self.relay_messages(&outcome, outbox);
            let Ok(payload) = &outcome.result else { return outcome };
            if self.era() == Era::Modern || !payload.is_input_required() {
                return outcome;
            }
            match self.next_round(payload, outbox).await {
                Ok(request) => running = boxed(service.clone(), request),
                Err(error) => {
                    outcome.result = unasked(payload.instead(), error);
                    return outcome;
                }
            }
        }
        Outcome::error(ErrorObject::internal(format!("1C asked {MAX_ROUNDS} times in one call")), StatusCode::OK)
    }

    /// Writes the reply.
    pub(crate) fn finish(self, outcome: Outcome) -> Finished {
        let Outcome { result, mut status, retry_after, scopes, .. } = outcome;
        let result = match result {
            // For a client that cannot ask for more scopes, tell the model which ones are missing.
            Err(error) if scopes.is_some() && !self.may_step_up() && self.method == Method::ToolsCall => {
                Payload::tool_error(&error.message)
            }
            result => result.and_then(|payload| self.asked(payload)),
        };
        status = match &result {
            Ok(_) => StatusCode::OK,
            Err(error) => self.status(error, status),
        };
        let encoded = match result {
            // On one line even as plain JSON: some clients read bodies line by line.
            Ok(payload) => encode(payload.on_one_line(), &self.id, &self.method, self.era(), self.bridge.server.json()),
            Err(mut error) => {
                error.data = error.data.map(without_line_breaks);
                encode_error(&error, Some(&self.id))
            }
        };
        Finished { text: encoded, status, retry_after, scopes: scopes.filter(|_| status == StatusCode::FORBIDDEN) }
    }

    /// Returns whether a 403 makes the client ask its user for more scopes.
    fn may_step_up(&self) -> bool {
        self.has_status && self.version.has_step_up()
    }

    /// Returns the questions that a modern client can answer; a legacy client was asked before this point.
    fn asked(&self, payload: Payload) -> Result<Payload, ErrorObject> {
        if !payload.is_input_required() {
            return Ok(payload);
        }
        if !self.method.may_ask() {
            return Err(ErrorObject::internal(format!("1C asks for input in answer to {}", self.method)));
        }
        let instead = payload.instead();
        let asked = match self.era() {
            Era::Modern => inputs::only_declared(payload, self.can),
            Era::Legacy => Err(ErrorObject::internal("1C asks for input, and this client can take no event stream")),
        };
        asked.or_else(|error| unasked(instead, error))
    }

    /// Returns the HTTP status that 2026-07-28 sets for an error. A legacy client gets it only if it can act on
    /// it, else 200: most other statuses end the connection for legacy client libraries.
    fn status(&self, error: &ErrorObject, status: StatusCode) -> StatusCode {
        match (self.era(), error.code) {
            (Era::Modern, ErrorObject::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
            (
                Era::Modern,
                ErrorObject::HEADER_MISMATCH
                | ErrorObject::MISSING_CLIENT_CAPABILITY
                | ErrorObject::UNSUPPORTED_VERSION,
            ) => StatusCode::BAD_REQUEST,
            _ if status == StatusCode::FORBIDDEN && !self.may_step_up() => StatusCode::OK,
            (Era::Legacy, _) if !SAID_TO_LEGACY.contains(&status) => StatusCode::OK,
            _ => status,
        }
    }

    async fn with_progress(&self, mut running: Running, outbox: &Outbox) -> Result<Response, BoxError> {
        let Some(token) = &self.progress_token else { return running.await };
        let mut next = self.started + self.bridge.stream_after;
        loop {
            if let Ok(answer) = tokio::time::timeout_at(next, &mut running).await {
                return answer;
            }
            let seconds = self.started.elapsed().as_millis() as f64 / 1e3;
            outbox.push(notification("progress", |out| {
                out.extend_from_slice(b"\"progressToken\":");
                out.extend_from_slice(token);
                out.extend_from_slice(format!(",\"progress\":{seconds},\"message\":").as_bytes());
                json::quote_into(out, &format!("1C is still working: {seconds:.0} s"));
            }));
            // Counted from now, so that a stalled client gets one notification, not many at once.
            next = Instant::now() + self.bridge.progress;
        }
    }

    /// Sends messages of 1C to the user as `notifications/message`.
    fn relay_messages(&self, outcome: &Outcome, outbox: &Outbox) {
        let (Some(least), Ok(payload)) = (self.log_level, &outcome.result) else { return };
        let Some(raw) = payload.messages() else { return };
        // Text that is not a message stays in `_meta` and is not sent.
        let _ = Scanner::new(raw).and_then(|mut scanner| {
            scanner.array::<JsonError>(|scanner| {
                let (mut level, mut data) = (Span::default(), Span::default());
                scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                    let span = scanner.skip()?;
                    match &*key {
                        "level" => level = span,
                        "data" => data = span,
                        _ => {}
                    }
                    Ok(())
                })?;
                let known = json::text(raw, level).and_then(|name| Level::parse(&name));
                if let (Some(_), Some(data)) = (known.filter(|level| *level >= least), data.of(raw)) {
                    outbox.push(without_line_breaks(notification("message", |out| {
                        out.extend_from_slice(b"\"level\":");
                        out.extend_from_slice(level.of(raw).unwrap_or_default());
                        out.extend_from_slice(b",\"logger\":\"1C\",\"data\":");
                        out.extend_from_slice(data);
                    })));
                }
                Ok(())
            })
        });
    }
}

/// Returns the result for a client that could not be asked: a tool error if there is a text for it.
fn unasked(instead: Option<&str>, error: ErrorObject) -> Result<Payload, ErrorObject> {
    instead.map_or(Err(error), Payload::tool_error)
}

/// Returns a call of the stack, started at the first poll.
pub(crate) fn boxed<S>(service: S, request: Request) -> Running
where
    S: Service<Request, Response = Response> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    if request.params.raw(Param::Arguments).is_some_and(|arguments| is_long(arguments.len())) {
        return Box::pin(begun_aside(service, request));
    }
    let call = service.oneshot(request);
    Box::pin(async move { call.await.map_err(Into::into) })
}

/// Starts a call with long arguments on a blocking thread, since layers check and mend them before they call
/// the service beneath.
async fn begun_aside<S>(mut service: S, request: Request) -> Result<Response, BoxError>
where
    S: Service<Request, Response = Response> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    service.ready().await.map_err(Into::into)?;
    let span = tracing::Span::current();
    let call = aside(move || span.in_scope(|| service.call(request))).await?;
    call.await.map_err(Into::into)
}

fn notification(name: &str, params: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{name}\",\"params\":{{").into_bytes();
    params(&mut out);
    out.extend_from_slice(b"}}");
    out.into()
}
