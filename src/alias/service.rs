//! [`Alias`].

use super::arguments::TwiceError;
use super::book::{Book, Meaning};
use crate::audit::{ToolCall, Verdict};
use crate::identity::Sharing;
use crate::rpc::name::{Kept, looks_made, may_hold_alias};
use crate::rpc::{BoxError, ErrorObject, Method, Param, Params, Payload, Request, Response, RpcError};
use crate::service::answer::{Answer, Rework, response_future};
use crate::service::asked::Asked;
use crate::service::shown::Asking;
use crate::service::{accessors, take_ready};
use http::StatusCode;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::ServiceExt as _;
use tower_service::Service;

/// An RPC service behind [`AliasLayer`](super::AliasLayer).
#[derive(Clone, Debug)]
pub struct Alias<S> {
    inner: S,
    known: Arc<Known>,
}

accessors!(Alias<S>);

#[derive(Debug)]
struct Known {
    book: Book,
    asked: Asked,
}

impl<S> Alias<S> {
    pub(super) fn new(inner: S, kept: Kept, sharing: Sharing) -> Self {
        Self { inner, known: Arc::new(Known { book: Book::new(kept, sharing), asked: Asked::default() }) }
    }
}

response_future!("The answer of an [`Alias`] service.", Show);

/// Turns a list into the one that clients see.
struct Show(Arc<Known>, Asking);

impl Rework for Show {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.map(|answer| shown(&self.0.book, &self.1, answer))
    }
}

/// Turns a list into the one that clients see. An answer that cannot be read as a list passes as it is.
fn shown(book: &Book, asking: &Asking, mut answer: Response) -> Response {
    if let Ok(payload) = &mut answer.outcome
        && let Err(fault) = book.show(asking, payload)
    {
        tracing::debug!("a list of tools whose names cannot be read: {fault}");
    }
    answer
}

impl<S> Service<Request> for Alias<S>
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
                let show = Show(Arc::clone(&self.known), self.known.book.asking(&request));
                Answer::reworked(self.inner.call(request), show)
            }
            Method::ToolsCall => self.call_tool(request),
            _ => Answer::passed(self.inner.call(request)),
        };
        ResponseFuture { answer }
    }
}

impl<S> Alias<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call_tool(&mut self, request: Request) -> Answer<S::Future, Show> {
        let Some(asked) = Named::of(&request) else { return Answer::passed(self.inner.call(request)) };
        let report = report(&request, &asked.name);
        match asked.meant(&request, &self.known.book) {
            Some(Ok(params)) => {
                forget(report);
                Answer::passed(self.inner.call(Request { params, ..request }))
            }
            Some(Err(refusal)) => Answer::known(told(report, Ok(*refusal))),
            None => Answer::later(self.ask(request, asked, report)),
        }
    }

    fn ask(
        &mut self,
        request: Request,
        asked: Named,
        report: Option<ToolCall>,
    ) -> impl Future<Output = Result<Response, BoxError>> + Send + use<S> {
        // Let go of the service that was polled to readiness: it may hold a place (say, of a concurrency limit)
        // that the other caller's list needs, for which this call would wait.
        drop(take_ready(&mut self.inner));
        let mut service = self.inner.clone();
        let known = Arc::clone(&self.known);
        async move {
            let shows = Arc::clone(&known);
            let each = move |asked: &Request, page: &Payload| {
                shows.book.show(&shows.book.asking(asked), &mut page.clone()).is_ok()
            };
            let found = known.asked.look_up(&request, &mut service, each, || asked.meant(&request, &known.book));
            let meant = match found.await {
                // A caller who may see no list is refused the call itself too, and the layer below reports that.
                Err(error) if RpcError::from_error(&error).status == StatusCode::FORBIDDEN => None,
                // A key that looks like an alias may be 1C's own; without the list the call still goes to 1C.
                Err(_) if !asked.by_alias => None,
                Err(error) => return told(report, Err(error)),
                Ok(meant) => meant,
            };
            let params = match meant.unwrap_or_else(|| asked.as_known(&request, &known.book)) {
                Ok(params) => params,
                Err(refusal) => return told(report, Ok(*refusal)),
            };
            if let Err(error) = service.ready().await {
                return told(report, Err(error.into()));
            }
            forget(report);
            service.call(Request { params, ..request }).await.map_err(Into::into)
        }
    }
}

/// Starts the audit event for a call that ends in this layer, as the audit layer below does not see it.
fn report(request: &Request, name: &str) -> Option<ToolCall> {
    ToolCall::of(request, Some(name))
}

/// Drops the event: the audit layer below reports the call.
fn forget(report: Option<ToolCall>) {
    if let Some(report) = report {
        report.forget();
    }
}

fn told(report: Option<ToolCall>, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
    if let Some(report) = report {
        report.end(Verdict::of(&answer));
    }
    answer
}

/// A call with a name of a tool or an argument that may be an alias.
struct Named {
    /// The tool's name.
    name: String,
    by_alias: bool,
    /// Whether some argument's name may be an alias.
    arguments: bool,
}

/// The parameters under 1C's names, or the answer to the client.
type Meant = Result<Params, Box<Response>>;

impl Named {
    fn of(request: &Request) -> Option<Self> {
        let name = request.params.text(Param::Name)?;
        let by_alias = looks_made(&name);
        let arguments = request.params.raw(Param::Arguments).is_some_and(may_hold_alias);
        (by_alias || arguments).then(|| Self { name: name.into_owned(), by_alias, arguments })
    }

    /// Returns the parameters under 1C's names; `None` if the book does not know all of the names.
    fn meant(&self, request: &Request, book: &Book) -> Option<Meant> {
        let meaning = if self.by_alias { Some(book.meaning(request, &self.name)?) } else { None };
        self.resolved(request, book, meaning, true)
    }

    /// Returns the parameters with known names mapped; 1C rejects the unknown ones.
    fn as_known(&self, request: &Request, book: &Book) -> Meant {
        let meaning = book.meaning(request, &self.name).filter(|_| self.by_alias);
        self.resolved(request, book, meaning, false).unwrap_or_else(|| Ok(request.params.clone()))
    }

    fn resolved(&self, request: &Request, book: &Book, meaning: Option<Meaning>, all: bool) -> Option<Meant> {
        let (params, tool) = match &meaning {
            Some(Meaning::Several) => return Some(Err(Box::new(Response::error(self.several())))),
            Some(Meaning::Tool(tool)) if **tool != *self.name => (request.params.with_name(tool), &**tool),
            _ => (request.params.clone(), &*self.name),
        };
        let Some(arguments) = params.raw(Param::Arguments).filter(|_| self.arguments) else { return Some(Ok(params)) };
        match book.back(request, tool, arguments) {
            Err(twice) => Some(Err(Box::new(twice.refusal()))),
            Ok(back) if all && back.strange => None,
            Ok(back) => Some(Ok(match back.json {
                Some(json) => params.with_json(Param::Arguments, &json),
                None => params,
            })),
        }
    }

    fn several(&self) -> ErrorObject {
        ErrorObject::invalid_params(format!(
            "Several tools have the name {}, so none was called. Rename one of them in 1C, or call it by its own name.",
            self.name
        ))
    }
}

impl TwiceError {
    /// Returns the tool error from which the language model can correct its call.
    fn refusal(&self) -> Response {
        let Self { alias, name } = self;
        Payload::tool_error(&format!(
            "Arguments: {alias} and {name} are two names of one argument, and it was given twice. Leave one of them out."
        ))
        .into()
    }
}
