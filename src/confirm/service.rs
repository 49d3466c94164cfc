//! [`Confirm`].

use super::arguments::{may_hold, without};
use super::consent::{Called, Decision, carried, decide};
use super::known::{Guarded, Known};
use super::prompts;
use super::seal::Seal;
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, Memo, Method, Param, Payload, Request, Response};
use crate::service::answer::{Answer, Rework, response_future};
use crate::service::asked::Asked;
use crate::service::shown::Asking;
use crate::service::{accessors, take_ready};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::ServiceExt as _;
use tower_service::Service;

/// An RPC service behind a [`ConfirmLayer`](super::ConfirmLayer).
#[derive(Clone, Debug)]
pub struct Confirm<S> {
    inner: S,
    shared: Arc<Shared>,
}

accessors!(Confirm<S>);

#[derive(Debug)]
struct Shared {
    seal: Seal,
    known: Known,
    lists: Arc<Memo>,
    asked: Asked,
}

impl<S> Confirm<S> {
    pub(super) fn new(inner: S, seal: Seal) -> Self {
        Self {
            inner,
            shared: Arc::new(Shared { seal, known: Known::default(), lists: Arc::default(), asked: Asked::default() }),
        }
    }
}

response_future!("The answer of a [`Confirm`] service.", Work);

/// The function that changes a list.
type Make = fn(&Shared, &Asking, &mut Payload) -> Result<(), JsonError>;

/// The work on an answer.
enum Work {
    /// Removes the argument from a list.
    Show(Arc<Shared>, Make, Asking),
    /// Keeps the consent for the next round of a call.
    Carry(Arc<Shared>, Box<Called>),
}

impl Rework for Work {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.map(|answer| match self {
            Self::Show(shared, make, asking) => shown(&shared, make, &asking, answer),
            Self::Carry(shared, called) => carried(&shared.seal, called.subject(), answer),
        })
    }

    fn is_thorough(&self) -> bool {
        matches!(self, Self::Show(..))
    }
}

/// Turns a list into the one that clients see. An answer that cannot be read as a list passes as it is.
fn shown(shared: &Shared, make: Make, asking: &Asking, mut answer: Response) -> Response {
    if let Ok(payload) = &mut answer.outcome
        && let Err(fault) = make(shared, asking, payload)
    {
        tracing::debug!("a list that cannot be read: {fault}");
    }
    answer
}

impl<S> Service<Request> for Confirm<S>
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
        let answer = match &request.method {
            Method::ToolsList => {
                self.list(request, |shared, asking, list| shared.known.show(asking, list, &shared.lists))
            }
            Method::PromptsList => self.list(request, |shared, _, list| prompts::show(list, &shared.lists)),
            Method::ToolsCall => self.call_tool(stripped(request)),
            Method::PromptsGet | Method::Complete => Answer::passed(self.inner.call(stripped(request))),
            _ => Answer::passed(self.inner.call(request)),
        };
        ResponseFuture { answer }
    }
}

impl<S> Confirm<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn list(&mut self, request: Request, make: Make) -> Answer<S::Future, Work> {
        let show = Work::Show(Arc::clone(&self.shared), make, self.shared.known.asking(&request));
        Answer::reworked(self.inner.call(request), show)
    }

    fn call_tool(&mut self, request: Request) -> Answer<S::Future, Work> {
        let Some(tool) = request.params.text(Param::Name) else {
            return Answer::passed(self.inner.call(request));
        };
        match self.shared.known.tool(&request, &tool) {
            Some(None) => Answer::passed(self.inner.call(request)),
            Some(Some(guarded)) => {
                let tool = tool.into_owned();
                match agreed(&self.shared.seal, request, &tool, &guarded) {
                    Ok((request, called)) => {
                        let carry = Work::Carry(Arc::clone(&self.shared), Box::new(called));
                        Answer::reworked(self.inner.call(request), carry)
                    }
                    Err(answer) => Answer::known(Ok(*answer)),
                }
            }
            None => {
                let tool = tool.into_owned();
                Answer::later(self.ask(request, tool))
            }
        }
    }

    /// Requests the list first, as the tool is not known yet.
    fn ask(
        &mut self,
        request: Request,
        tool: String,
    ) -> impl Future<Output = Result<Response, BoxError>> + Send + use<S> {
        // Let go of the service that was polled to readiness: it may hold a place (say, of a concurrency limit)
        // that the other caller's list needs, for which this call would wait.
        drop(take_ready(&mut self.inner));
        let mut service = self.inner.clone();
        let shared = Arc::clone(&self.shared);
        async move {
            let Shared { seal, known, asked, .. } = &*shared;
            let (shows, wanted) = (Arc::clone(&shared), (request.clone(), tool.clone()));
            let each = move |asked: &Request, page: &Payload| {
                let (request, tool) = &wanted;
                shows.known.show(&shows.known.asking(asked), &mut page.clone(), &shows.lists).is_ok()
                    && shows.known.tool(request, tool).is_none()
            };
            let found = asked.look_up(&request, &mut service, each, || known.tool(&request, &tool)).await;
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
        }
    }
}

/// Removes the arguments that only the user may give from a request.
fn stripped(mut request: Request) -> Request {
    for param in [Param::Arguments, Param::Context] {
        let given = request.params.raw(param).filter(|raw| may_hold(raw));
        // The parameters were parsed with the message, so this cannot fail.
        if let Some(Ok(Some(left))) = given.map(without) {
            tracing::info!("_confirmation in the arguments of a call was left out: only the user can give it");
            request.params = request.params.with_json(param, &left);
        }
    }
    request
}

/// Returns the call that the user agreed to, or the answer to the client.
fn agreed(seal: &Seal, request: Request, tool: &str, guarded: &Guarded) -> Result<(Request, Called), Box<Response>> {
    match decide(seal, &request, tool, guarded) {
        Decision::Answer(answer) => Err(Box::new(answer)),
        Decision::Call(params) => {
            let called = Called::of(&request, tool);
            Ok((Request { params, ..request }, called))
        }
    }
}
