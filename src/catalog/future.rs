//! [`ResponseFuture`].

use super::argument_error::ArgumentError;
use super::full::Asked;
use super::handler::FunctionError;
use super::hidden::Hidden;
use super::merge::Merge;
use super::program::misfit;
use super::shorten::{Cut, shorten};
use super::tool::{AnswerError, Seen, Tool};
use super::wrap::{failed, result, too_many};
use crate::onec::{Error, ErrorKind, RestCall};
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, ErrorObject, Payload, Response, RpcError, cause};
use crate::service::answer::{Answer, Rework};
use futures_core::future::BoxFuture;
use http::StatusCode;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::util::Oneshot;
use tower_service::Service;

pin_project! {
    /// The answer of a [`CatalogService`](super::CatalogService).
    ///
    /// `F` is the future of the inner service, `R` the handle for REST calls.
    pub struct ResponseFuture<F, R>
    where
        R: Service<RestCall>,
    {
        #[pin]
        state: State<F, Oneshot<R, RestCall>>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T> {
        /// The answer of the inner service; merged if it is a list of tools.
        Request { #[pin] answer: Answer<F, Merge> },
        /// The answer of 1C to a call of a catalog's tool.
        Tool { #[pin] answer: Answer<T, Wrap> },
        /// The answer of the program to a call of a tool of its own.
        Program { #[pin] answer: Answer<BoxFuture<'static, Result<Response, BoxError>>, Wrap> },
    }
}

impl<F, R: Service<RestCall>> ResponseFuture<F, R> {
    /// Creates the answer to a request that is not a call of a catalog's tool.
    pub(super) const fn request(answer: Answer<F, Merge>) -> Self {
        Self { state: State::Request { answer } }
    }

    /// Creates the answer of a tool that the program itself answers.
    pub(super) const fn program(answer: Answer<BoxFuture<'static, Result<Response, BoxError>>, Wrap>) -> Self {
        Self { state: State::Program { answer } }
    }

    /// Creates the answer of a tool that 1C answers.
    pub(super) const fn tool(answer: Answer<Oneshot<R, RestCall>, Wrap>) -> Self {
        Self { state: State::Tool { answer } }
    }
}

impl<F, R: Service<RestCall>> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
    R: Service<RestCall, Response = Response>,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Request { answer } => answer.poll(cx),
            Projected::Tool { answer } => answer.poll(cx),
            Projected::Program { answer } => answer.poll(cx),
        }
    }
}

impl Rework for Merge {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.and_then(|response| self.apply(response))
    }
}

/// The work on the answer to a call of a tool.
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
            Seen { flaw: Some(AnswerError::Excess(rows, ceiling)), .. } => too_many(tool.answerer(), rows, ceiling),
            // Without `structuredContent` the text may be anything.
            Seen { flaw: Some(AnswerError::Misfit(why)), .. } if structured => {
                return Err(match tool.path() {
                    Some(_) => RpcError::no_answer(&why).of_tool(tool.name()).into(),
                    None => misfit(tool, &why),
                });
            }
            seen => {
                told(answer, tool, &seen, structured).unwrap_or_else(|fault| Response::error(ErrorObject::from(fault)))
            }
        },
    };
    Ok(Response { upstream, ..answer })
}

/// Returns the result of a tool, cut if it is too long, with a note if it may not hold all there is.
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

/// Returns 1C's text about the arguments (400), and that of a function of the program, as a tool error for the language
/// model; other errors stay errors.
fn refused(error: BoxError, tool: &Tool) -> Result<Response, BoxError> {
    if let Some(unfit) = cause::<ArgumentError>(&*error) {
        return Ok(failed(&unfit.message));
    }
    if let Some(error) = cause::<FunctionError>(&*error) {
        return Ok(failed(&error.to_string()));
    }
    match cause::<Error>(&*error).map(Error::kind) {
        Some(ErrorKind::Status(StatusCode::BAD_REQUEST, text)) => Ok(failed(match text.trim() {
            "" => "1C refused these arguments (400) without saying why.",
            text => text,
        })),
        _ => Err(match cause::<RpcError>(&*error).cloned() {
            Some(failure) => failure.of_tool(tool.name()).into(),
            None => error,
        }),
    }
}
