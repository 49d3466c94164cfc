//! [`Calling`]: from the body of a request to the answer of 1C.

use super::endpoints::Endpoints;
use super::error::{RestError, json};
use crate::audit::{ToolCall, Verdict, scope_denied};
use crate::catalog::{JudgedError, Prepared, Tool, Tools};
use crate::identity::{Identity, Scopes};
use crate::net::budget::Tally;
use crate::net::collect::BodyError;
use crate::net::served::{Next, Then};
use crate::net::{Body, remote};
use crate::onec::{Flow, RestCall};
use crate::rpc::{BoxError, ErrorObject, Extensions, RequestId, Response, tell_refused};
use crate::scope::tell;
use crate::service::aside::{aside, is_long};
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// A call of a tool whose arguments are on their way.
pub(super) struct Asked<S> {
    pub(super) endpoints: Arc<Endpoints>,
    /// The service that is ready, or why there is none.
    pub(super) inner: Result<S, BoxError>,
    pub(super) call: ToolRequest,
}

/// What is known of a call until its end.
pub(super) struct ToolRequest {
    tool: Tool,
    /// The tools that judge and serve the call.
    tools: Arc<Tools>,
    /// The caller, where callers are told apart.
    caller: Option<Identity>,
    head: Parts,
    id: RequestId,
    /// Dropped before its end, it tells that the call was cancelled.
    report: Option<ToolCall>,
    closing: Closing,
}

/// Whether the connection cannot go on where the body stays unread.
#[derive(Clone, Copy)]
pub(super) struct Closing(pub(super) bool);

impl Closing {
    pub(super) fn of(head: &Parts, has_body: bool) -> Self {
        Self(has_body && head.version <= Version::HTTP_11)
    }

    /// The answer over HTTP.
    pub(super) fn answer(self, answer: Result<Bytes, RestError>) -> http::Response<Body> {
        match answer {
            Ok(text) => json(StatusCode::OK, text),
            Err(error) => {
                let closes = error.unread && self.0;
                let mut response = error.into_response();
                if closes {
                    // Says so before it closes.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
        }
    }
}

impl ToolRequest {
    pub(super) fn new(
        (tool, tools): (Tool, Arc<Tools>),
        caller: Option<Identity>,
        head: Parts,
        closing: Closing,
    ) -> Self {
        let (from, id) = (remote(head.extensions.get(), head.extensions.get()), RequestId::next());
        let report = ToolCall::over_rest(tool.name(), caller.as_ref(), from, id);
        Self { tool, tools, caller, head, id, report, closing }
    }

    /// The scopes of the caller; `None` is one who may do everything.
    fn held(&self) -> Option<&Scopes> {
        self.caller.as_ref().map(Identity::scopes)
    }

    /// The call. Nothing of the request's head gets into it, but for who calls, whose turns it takes and where its bytes
    /// count.
    fn prepare(&self, arguments: &Bytes) -> Result<Prepared, RestError> {
        let judged = self.tools.judged(&self.tool, arguments, self.held());
        let arguments = judged.map_err(|error| match error {
            JudgedError::Arguments(error) => RestError::unfit(error.field, error.message),
            JudgedError::Scopes(needed) => {
                scope_denied(&self.head.extensions.clone().into(), Some(self.tool.name()), &needed);
                RestError::scopes(&needed)
            }
        })?;
        let of = &self.head.extensions;
        let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
        if let Some(caller) = &self.caller {
            tell(caller, &mut headers);
            extensions.insert(caller.clone());
        }
        // A token that is everybody's names nobody, so addresses take turns.
        let is_somebody = self.caller.as_ref().is_some_and(|caller| !caller.is_shared());
        if let Some(address) = remote(of.get(), of.get()).filter(|_| !is_somebody) {
            extensions.insert(Flow::address(address));
        }
        if let Some(tally) = of.get::<Tally>() {
            extensions.insert(tally.clone());
        }
        Ok(self.tool.prepared(arguments, headers, extensions, self.id))
    }

    /// What the answer of 1C or of the program comes to.
    fn read(&self, answer: Result<Response, BoxError>) -> Result<Bytes, RestError> {
        let failed = |error| match self.tool.path() {
            Some(_) => RestError::onec(error, self.id),
            None => RestError::program(error, self.id),
        };
        let answer = answer.map_err(failed)?;
        let payload = answer.outcome.map_err(|error| failed(error.into()))?;
        let shown = self.tools.shown(&self.tool, payload, self.held());
        let shown = shown.map_err(|error| failed(ErrorObject::from(error).into()))?;
        match self.tool.excess(&shown) {
            Some((count, ceiling)) => Err(RestError::excess(self.tool.answerer(), count, ceiling)),
            None => Ok(shown.json().clone()),
        }
    }

    fn answer(self, answer: Result<Bytes, RestError>) -> http::Response<Body> {
        if let Some(report) = self.report {
            report.end(answer.as_ref().map_or_else(|error| Verdict::failed(error.code), |_| Verdict::SERVED));
        }
        self.closing.answer(answer)
    }
}

impl<S> Then for Asked<S>
where
    S: Service<RestCall, Response = Response> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Work = Calling<S::Future>;

    fn then(self, body: Result<Bytes, BodyError>) -> Next<Self::Work> {
        let Self { endpoints, inner, call } = self;
        let arguments = match endpoints.arguments(body) {
            Ok(arguments) => arguments,
            Err(error) => return Next::Answer(call.answer(Err(error))),
        };
        if is_long(arguments.len()) {
            return Next::Work(Calling::later(called_aside(inner, call, arguments)));
        }
        match call.prepare(&arguments) {
            Ok(Prepared::OneC(made)) => match inner {
                Ok(mut inner) => Next::Work(Calling::of(inner.call(made), call)),
                Err(error) => {
                    let error = RestError::onec(error, call.id);
                    Next::Answer(call.answer(Err(error)))
                }
            },
            Ok(Prepared::Program(handler, made)) => Next::Work(Calling::later(async move {
                let answer = handler.call(made).await;
                told(call, answer).await
            })),
            Err(error) => Next::Answer(call.answer(Err(error))),
        }
    }
}

/// Long arguments are checked aside.
async fn called_aside<S>(inner: Result<S, BoxError>, call: ToolRequest, arguments: Bytes) -> http::Response<Body>
where
    S: Service<RestCall, Response = Response>,
    S::Error: Into<BoxError>,
{
    let id = call.id;
    let prepared = aside(move || (call.prepare(&arguments), call)).await;
    let (prepared, call) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Closing(false).answer(Err(RestError::onec(error, id))),
    };
    let answer = match prepared {
        Ok(Prepared::Program(handler, made)) => handler.call(made).await,
        Ok(Prepared::OneC(made)) => match inner {
            Ok(mut inner) => inner.call(made).await.map_err(Into::into),
            Err(error) => return call.answer(Err(RestError::onec(error, id))),
        },
        Err(error) => return call.answer(Err(error)),
    };
    told(call, answer).await
}

/// The answer, when a caller whose login 1C refused has heard of it.
async fn told(call: ToolRequest, answer: Result<Response, BoxError>) -> http::Response<Body> {
    if let Err(error) = &answer {
        tell_refused(error, call.head.extensions.get()).await;
    }
    let answer = call.read(answer);
    call.answer(answer)
}

pin_project! {
    /// A call of 1C that is under way.
    pub(super) struct Calling<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F> {
        Calling { #[pin] call: F, of: Option<ToolRequest> },
        // The document, long arguments, and failures: rare, and of many steps.
        Later { answer: BoxFuture<'static, http::Response<Body>> },
    }
}

impl<F> Calling<F> {
    const fn of(call: F, of: ToolRequest) -> Self {
        Self { state: State::Calling { call, of: Some(of) } }
    }

    pub(super) fn later(answer: impl Future<Output = http::Response<Body>> + Send + 'static) -> Self {
        Self { state: State::Later { answer: Box::pin(answer) } }
    }
}

impl<F, E> Future for Calling<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = http::Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let (answer, of) = match state.as_mut().project() {
                Projected::Later { answer } => return answer.as_mut().poll(cx),
                Projected::Calling { call, of } => (ready!(call.poll(cx)).map_err(Into::into), of),
            };
            // A future is not polled after its end.
            let Some(of) = of.take() else { return Poll::Pending };
            if answer.is_ok() {
                let answer = of.read(answer);
                return Poll::Ready(of.answer(answer));
            }
            state.set(State::Later { answer: Box::pin(told(of, answer)) });
        }
    }
}
