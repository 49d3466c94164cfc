//! [`Audit`].

use super::{ToolCall, Verdict};
use crate::rpc::{BoxError, Memo, Method, Param, Request, Response, Unasked};
use crate::service::accessors;
use crate::service::answer::{Answer, Rework, response_future};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// An RPC service behind [`AuditLayer`](super::AuditLayer).
#[derive(Clone, Debug)]
pub struct Audit<S> {
    pub(super) inner: S,
    pub(super) lists: Arc<Memo>,
}

accessors!(Audit<S>);

response_future!("The answer of an [`Audit`] service.", Count);

/// Reports the answer, with the number of tools if it is a list.
struct Count {
    // Dropped before its end, it reports that the request was cancelled.
    begun: Option<ToolCall>,
    lists: Arc<Memo>,
    is_list: bool,
}

impl Rework for Count {
    fn rework(self, mut answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        if let Some(mut begun) = self.begun {
            begun.count(|| count(&self.lists, &mut answer));
            begun.end(Verdict::of(&answer));
        }
        answer
    }

    fn is_thorough(&self) -> bool {
        self.begun.is_some() && self.is_list
    }
}

impl<S> Service<Request> for Audit<S>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let begun = begin(&request);
        let is_list = request.method == Method::ToolsList;
        let count = Count { begun, lists: Arc::clone(&self.lists), is_list };
        ResponseFuture { answer: Answer::reworked(self.inner.call(request), count) }
    }
}

fn begin(request: &Request) -> Option<ToolCall> {
    match request.method {
        Method::ToolsCall => ToolCall::of(request, request.params.text(Param::Name).as_deref()),
        // Requests that layers make themselves are not reported.
        Method::ToolsList if request.extensions.get::<Unasked>().is_some() => None,
        Method::ToolsList => ToolCall::of_list(request),
        _ => None,
    }
}

/// Returns the number of tools in an answer; `None` if it is not a list.
fn count(lists: &Arc<Memo>, answer: &mut Result<Response, BoxError>) -> Option<usize> {
    let payload = answer.as_mut().ok()?.outcome.as_mut().ok()?;
    payload.list(&Method::ToolsList, lists).ok().map(|list| list.items().len())
}
