//! [`ResponseFuture`].

use super::full::Asked;
use super::hidden::Hidden;
use super::merge::Merge;
use super::shorten::{Cut, shorten};
use super::tool::{Flaw, Seen, Tool};
use super::wrap::{failed, result, too_many};
use crate::onec::{Error, Trouble};
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, ErrorObject, Failure, Payload, Response, cause};
use crate::service::answer::{Answer, Rework};
use http::StatusCode;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The answer of a [`CatalogService`](super::CatalogService) service: `R` is the answer of the service
    /// beneath, `T` that of the handle for REST calls.
    #[derive(Debug)]
    pub struct ResponseFuture<R, T> {
        #[pin]
        kind: Kind<R, T>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    pub(super) enum Kind<R, T> {
        /// The list that is merged, or nothing of the catalog's.
        Request { #[pin] answer: Answer<R, Merge> },
        /// A tool of the catalog.
        Tool { #[pin] answer: Answer<T, Wrap> },
    }
}

impl<R, T> ResponseFuture<R, T> {
    /// The answer to a request.
    pub(super) const fn request(answer: Answer<R, Merge>) -> Self {
        Self { kind: Kind::Request { answer } }
    }

    /// The answer of a tool of the catalog.
    pub(super) const fn tool(answer: Answer<T, Wrap>) -> Self {
        Self { kind: Kind::Tool { answer } }
    }
}

impl<R, T, E, F> Future for ResponseFuture<R, T>
where
    R: Future<Output = Result<Response, E>>,
    T: Future<Output = Result<Response, F>>,
    E: Into<BoxError>,
    F: Into<BoxError>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            Projected::Request { answer } => answer.poll(cx),
            Projected::Tool { answer } => answer.poll(cx),
        }
    }
}

impl Rework for Merge {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.and_then(|response| self.apply(response))
    }
}

/// What becomes of the answer to a call of a tool.
#[derive(Debug)]
pub(super) struct Wrap {
    pub(super) tool: Tool,
    pub(super) asked: Asked,
    pub(super) hidden: Hidden,
    pub(super) structured: bool,
}

impl Rework for Wrap {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        match answer {
            Ok(response) => wrapped(response, &self),
            Err(error) => refused(error, &self.tool),
        }
    }
}

fn wrapped(response: Response, wrap: &Wrap) -> Result<Response, BoxError> {
    let Wrap { tool, asked, hidden, structured } = wrap;
    let (asked, structured) = (*asked, *structured);
    let Response { outcome, upstream } = response;
    let shown = outcome.and_then(|answer| hidden.removed_from(answer).map_err(ErrorObject::from));
    let answer = match shown {
        Err(error) => Response::error(error),
        Ok(answer) => match tool.seen(&answer, asked) {
            Seen { flaw: Some(Flaw::Excess(rows, ceiling)), .. } => too_many(rows, ceiling),
            // Text alone may be anything.
            Seen { flaw: Some(Flaw::Misfit(why)), .. } if structured => {
                return Err(Failure::no_answer(&why).of_tool(tool.name()).into());
            }
            seen => {
                told(answer, tool, &seen, structured).unwrap_or_else(|fault| Response::error(ErrorObject::from(fault)))
            }
        },
    };
    Ok(Response { upstream, ..answer })
}

/// The result of a tool, cut where it is too long, with a note where it may not be all there is.
fn told(answer: Payload, tool: &Tool, seen: &Seen, structured: bool) -> Result<Response, JsonError> {
    let counters = &tool.0.counters;
    let mut notes = seen.full.map(|full| counters.told(full)).into_iter().collect::<Vec<_>>();
    let mut answer = answer;
    if let Some(max_chars) = tool.0.max_chars {
        match shorten(&answer, counters, max_chars)? {
            Cut::Whole => {}
            Cut::Part { answer: part, items, kept, all } => {
                notes.push(counters.cut(items, kept, all, max_chars));
                answer = part;
            }
            Cut::Refused { chars } => return Ok(failed(&counters.too_long(chars, max_chars))),
        }
    }
    let note = (!notes.is_empty()).then(|| notes.join(" "));
    result(&answer, note.as_deref(), structured).map(Response::result)
}

/// What 1C says of the arguments is for the language model; other trouble is trouble.
fn refused(error: BoxError, tool: &Tool) -> Result<Response, BoxError> {
    match cause::<Error>(&*error).map(Error::trouble) {
        Some(Trouble::Status(StatusCode::BAD_REQUEST, text)) => Ok(failed(match text.trim() {
            "" => "1C refused these arguments (400) without saying why.",
            text => text,
        })),
        _ => Err(match cause::<Failure>(&*error).cloned() {
            Some(failure) => failure.of_tool(tool.name()).into(),
            None => error,
        }),
    }
}
