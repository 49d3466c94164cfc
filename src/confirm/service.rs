//! [`Confirmed`].

use super::arguments::{may_hold, without};
use super::consent::{Called, Decision, carried, decide};
use super::known::{Guarded, Known};
use super::prompts::Prompts;
use super::seal::Seal;
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, Method, Param, Payload, Request, Response};
use crate::service::aside::{Rework, Reworked};
use crate::service::asked::Asked;
use futures_core::future::BoxFuture;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower::ServiceExt as _;
use tower_service::Service;

/// An RPC service behind a [`ConfirmLayer`](super::ConfirmLayer).
#[derive(Clone, Debug)]
pub struct Confirmed<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    seal: Seal,
    known: Known,
    prompts: Prompts,
    asked: Asked,
}

impl<S> Confirmed<S> {
    pub(super) fn new(inner: S, seal: Seal) -> Self {
        Self {
            inner,
            shared: Arc::new(Shared {
                seal,
                known: Known::default(),
                prompts: Prompts::default(),
                asked: Asked::default(),
            }),
        }
    }
}

pin_project! {
    /// The answer of a [`Confirmed`] service.
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<F> {
        Called { #[pin] call: F },
        Listed { #[pin] call: Reworked<F, Show> },
        // With the consent of the user.
        Agreed { #[pin] call: F, shared: Arc<Shared>, called: Box<Called> },
        Answered { answer: Option<Response> },
        // The list of tools comes first.
        Asking { call: BoxFuture<'static, Result<Response, BoxError>> },
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            Projected::Called { call } => Poll::Ready(ready!(call.poll(cx)).map_err(Into::into)),
            Projected::Listed { call } => call.poll(cx),
            Projected::Agreed { call, shared, called } => {
                let answer = ready!(call.poll(cx)).map_err(Into::into);
                Poll::Ready(answer.map(|answer| carried(&shared.seal, called.subject(), answer)))
            }
            // A future is not polled after its end.
            Projected::Answered { answer } => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            Projected::Asking { call } => call.as_mut().poll(cx),
        }
    }
}

/// What a list is made into.
type Make = fn(&Shared, &Payload) -> Result<Payload, JsonError>;

/// Shows lists without what only the user may say.
struct Show(Arc<Shared>, Make);

impl Rework for Show {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.map(|answer| shown(&self.0, self.1, answer))
    }
}

/// What cannot be read as a list is for others to judge.
fn shown(shared: &Shared, make: Make, mut answer: Response) -> Response {
    if let Ok(payload) = &mut answer.outcome {
        match make(shared, payload) {
            Ok(shown) => *payload = shown,
            Err(fault) => tracing::debug!("a list that cannot be read: {fault}"),
        }
    }
    answer
}

impl<S> Service<Request> for Confirmed<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let kind = match &request.method {
            Method::ToolsList => {
                let show = Show(Arc::clone(&self.shared), |shared, list| shared.known.show(list));
                Kind::Listed { call: Reworked::new(self.inner.call(request), show) }
            }
            Method::PromptsList => {
                let show = Show(Arc::clone(&self.shared), |shared, list| shared.prompts.show(list));
                Kind::Listed { call: Reworked::new(self.inner.call(request), show) }
            }
            Method::ToolsCall => self.call_tool(stripped(request)),
            Method::PromptsGet | Method::Complete => Kind::Called { call: self.inner.call(stripped(request)) },
            _ => Kind::Called { call: self.inner.call(request) },
        };
        ResponseFuture { kind }
    }
}

impl<S> Confirmed<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call_tool(&mut self, request: Request) -> Kind<S::Future> {
        let Some(tool) = request.params.text(Param::Name) else {
            return Kind::Called { call: self.inner.call(request) };
        };
        match self.shared.known.tool(&tool) {
            Some(None) => Kind::Called { call: self.inner.call(request) },
            Some(Some(guarded)) => {
                let tool = tool.into_owned();
                match agreed(&self.shared.seal, request, &tool, &guarded) {
                    Ok((request, called)) => {
                        let shared = Arc::clone(&self.shared);
                        Kind::Agreed { call: self.inner.call(request), shared, called: Box::new(called) }
                    }
                    Err(answer) => Kind::Answered { answer: Some(*answer) },
                }
            }
            None => {
                let tool = tool.into_owned();
                Kind::Asking { call: self.ask(request, tool) }
            }
        }
    }

    /// Asks for the list first: nobody knows the tool yet.
    fn ask(&mut self, request: Request, tool: String) -> BoxFuture<'static, Result<Response, BoxError>> {
        let mut service = self.inner.clone();
        // Waiting for another's list with a place reserved could keep that list from its own place, so
        // the service that was polled to readiness is let go.
        drop(std::mem::replace(&mut self.inner, service.clone()));
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let Shared { seal, known, asked, .. } = &*shared;
            let (shows, wanted) = (Arc::clone(&shared), tool.clone());
            let each = move |page: &_| shows.known.show(page).is_ok() && shows.known.tool(&wanted).is_none();
            let found = asked.look_up(&request, &mut service, each, || known.tool(&tool)).await;
            let found = found.unwrap_or_else(|error| {
                tracing::debug!(%error, "a list that would tell which tools want consent");
                None
            });
            let Some(guarded) = found.flatten() else {
                return service.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into);
            };
            let (request, called) = match agreed(seal, request, &tool, &guarded) {
                Ok(agreed) => agreed,
                Err(answer) => return Ok(*answer),
            };
            let answer = service.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)?;
            Ok(carried(seal, called.subject(), answer))
        })
    }
}

/// The request without what only the user may say.
fn stripped(mut request: Request) -> Request {
    for param in [Param::Arguments, Param::Context] {
        let given = request.params.raw(param).filter(|raw| may_hold(raw));
        // What was read with the message is JSON.
        if let Some(Ok(Some(left))) = given.map(without) {
            tracing::info!("_confirmation in the arguments of a call was left out: only the user can give it");
            request.params = request.params.with(param, &left);
        }
    }
    request
}

/// The call that the user agreed to, or the answer to the client.
fn agreed(seal: &Seal, request: Request, tool: &str, guarded: &Guarded) -> Result<(Request, Called), Box<Response>> {
    match decide(seal, &request, tool, guarded) {
        Decision::Answer(answer) => Err(Box::new(answer)),
        Decision::Call(params) => {
            let called = Called::of(&request, tool);
            Ok((Request { params, ..request }, called))
        }
    }
}
