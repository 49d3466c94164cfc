//! [`AuditLayer`].

use super::{ToolCall, Verdict};
use crate::rpc::json::JsonError;
use crate::rpc::{BoxError, List, Method, Param, Payload, Request, Response, Unasked};
use crate::service::aside::{Rework, Reworked};
use crate::service::memo::Memo;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Reports lists of tools and calls of tools; see the [module](super). It belongs above the layers
/// that refuse and answer, so that it sees what they do, and beneath the one that renames tools.
#[derive(Clone, Debug, Default)]
pub struct AuditLayer;

impl AuditLayer {
    /// There is nothing to set.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = Audited<S>;

    fn layer(&self, inner: S) -> Audited<S> {
        Audited { inner, counts: Arc::default() }
    }
}

/// How many tools are in a list, by the bytes of the list.
type Counts = Arc<Memo<(), usize>>;

/// An RPC service behind [`AuditLayer`].
#[derive(Clone, Debug)]
pub struct Audited<S> {
    inner: S,
    counts: Counts,
}

pin_project! {
    /// The answer of an [`Audited`] service.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        call: Reworked<F, Count>,
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx)
    }
}

/// Tells of the answer.
struct Count {
    // Dropped with the future, it tells of the end itself.
    begun: Option<ToolCall>,
    counts: Counts,
    is_list: bool,
}

impl Rework for Count {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        if let Some(mut begun) = self.begun {
            begun.count(|| count(&self.counts, &answer));
            begun.end(Verdict::of(&answer));
        }
        answer
    }

    fn is_thorough(&self) -> bool {
        self.begun.is_some() && self.is_list
    }
}

impl<S> Service<Request> for Audited<S>
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
        let count = Count { begun, counts: Arc::clone(&self.counts), is_list };
        ResponseFuture { call: Reworked::new(self.inner.call(request), count) }
    }
}

fn begin(request: &Request) -> Option<ToolCall> {
    match request.method {
        Method::ToolsCall => ToolCall::of(request, request.params.text(Param::Name).as_deref()),
        // The trail is of what clients ask.
        Method::ToolsList if request.extensions.get::<Unasked>().is_some() => None,
        Method::ToolsList => ToolCall::of_list(request),
        _ => None,
    }
}

/// The tools in a list that came; a result that is none counts nothing.
fn count(counts: &Memo<(), usize>, answer: &Result<Response, BoxError>) -> Option<usize> {
    let payload: &Payload = answer.as_ref().ok()?.outcome.as_ref().ok()?;
    let read = || List::read(&Method::ToolsList, payload).map(|list| list.items.len());
    counts.get_or::<JsonError>(payload.json(), &(), read).ok()
}
