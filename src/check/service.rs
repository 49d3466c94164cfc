//! [`Checked`].

use super::known::Known;
use crate::catalog::{Catalog, Fit, Unfit};
use crate::rpc::{BoxError, Method, Param, Payload, Request, Response};
use crate::service::aside::{Rework, Reworked, aside, is_long};
use crate::service::ask;
use futures_core::future::BoxFuture;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower::ServiceExt as _;
use tower_service::Service;

/// By an older schema nothing is refused.
const FRESH: Duration = Duration::from_secs(60);

/// An RPC service behind a [`CheckLayer`](super::CheckLayer).
#[derive(Clone, Debug)]
pub struct Checked<S> {
    inner: S,
    catalog: Option<Catalog>,
    known: Arc<Known>,
}

impl<S> Checked<S> {
    pub(super) fn new(inner: S, catalog: Option<Catalog>) -> Self {
        Self { inner, catalog, known: Arc::default() }
    }
}

pin_project! {
    /// The answer of a [`Checked`] service.
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<F> {
        Called { #[pin] call: F },
        Listed { #[pin] call: Reworked<F, Learn> },
        Refused { answer: Option<Response> },
        // The list of tools comes first.
        Asking { call: BoxFuture<'static, Result<Response, BoxError>> },
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Learns the schemas of a list.
struct Learn {
    request: Box<Request>,
    known: Arc<Known>,
}

impl Rework for Learn {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        if let Ok(Response { outcome: Ok(list), .. }) = &answer {
            self.known.learn(&self.request, list);
        }
        answer
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
            // A future is not polled after its end.
            Projected::Refused { answer } => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            Projected::Asking { call } => call.as_mut().poll(cx),
        }
    }
}

impl<S> Service<Request> for Checked<S>
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
                let learn = Learn { request: Box::new(request.clone()), known: Arc::clone(&self.known) };
                Kind::Listed { call: Reworked::new(self.inner.call(request), learn) }
            }
            Method::ToolsCall => self.call_tool(request),
            _ => Kind::Called { call: self.inner.call(request) },
        };
        ResponseFuture { kind }
    }
}

type Compile = Box<dyn FnOnce() + Send>;

/// What becomes of a call.
enum Checking {
    Passed(Box<Request>),
    Refused(Unfit),
    /// By a schema that may be another one by now.
    Doubtful,
    /// By a schema that is to be compiled so, which takes long.
    Uncompiled(Compile),
}

impl<S> Checked<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call_tool(&mut self, mut request: Request) -> Kind<S::Future> {
        if let Some(catalog) = &self.catalog {
            catalog.taken(&mut request.extensions);
        }
        match check(&self.known, self.catalog.as_ref(), &request) {
            None => Kind::Called { call: self.inner.call(request) },
            Some(Checking::Passed(request)) => Kind::Called { call: self.inner.call(*request) },
            Some(Checking::Refused(unfit)) => Kind::Refused { answer: Some(refusal(&unfit)) },
            Some(Checking::Doubtful) => Kind::Asking { call: self.look_again(request) },
            Some(Checking::Uncompiled(compile)) => Kind::Asking { call: self.compiled(compile, request) },
        }
    }

    /// The service that was polled to readiness, with all that a decision takes.
    fn taken(&mut self) -> Self {
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        Self { inner, catalog: self.catalog.clone(), known: Arc::clone(&self.known) }
    }

    /// Checks when the schema is compiled, which may take long.
    fn compiled(&mut self, compile: Compile, request: Request) -> BoxFuture<'static, Result<Response, BoxError>> {
        let mut checked = self.taken();
        Box::pin(async move {
            aside(compile).await?;
            let (checking, request) = checked.check(request).await?;
            let request = match checking {
                Some(Checking::Refused(unfit)) => return Ok(refusal(&unfit)),
                Some(Checking::Doubtful) => return checked.by_list_of_now(request).await,
                Some(Checking::Passed(mended)) => *mended,
                None | Some(Checking::Uncompiled(_)) => request,
            };
            // It was ready before, and may be no longer.
            checked.inner.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)
        })
    }

    /// Checks by the list of now.
    fn look_again(&mut self, request: Request) -> BoxFuture<'static, Result<Response, BoxError>> {
        let mut checked = self.taken();
        Box::pin(async move { checked.by_list_of_now(request).await })
    }

    /// Long arguments aside.
    async fn check(&mut self, request: Request) -> Result<(Option<Checking>, Request), BoxError> {
        let long = request.params.raw(Param::Arguments).is_some_and(|arguments| is_long(arguments.len()));
        let (known, catalog) = (Arc::clone(&self.known), self.catalog.clone());
        let work = move || (check(&known, catalog.as_ref(), &request), request);
        if long { aside(work).await } else { Ok(work()) }
    }

    async fn by_list_of_now(&mut self, request: Request) -> Result<Response, BoxError> {
        let known = Arc::clone(&self.known);
        let asked = ask::tools(&request, &mut self.inner, move |page, list| {
            known.learn(page, list);
            true
        });
        if let Err(error) = asked.await {
            tracing::debug!(%error, "a list that would tell whether arguments fit");
        }
        let (mut checking, mut request) = self.check(request).await?;
        if let Some(Checking::Uncompiled(compile)) = checking {
            aside(compile).await?;
            (checking, request) = self.check(request).await?;
        }
        let request = match checking {
            Some(Checking::Refused(unfit)) => return Ok(refusal(&unfit)),
            Some(Checking::Passed(mended)) => *mended,
            // Nobody knows, so 1C decides.
            None | Some(Checking::Doubtful | Checking::Uncompiled(_)) => request,
        };
        self.inner.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)
    }
}

/// `None` where there is nothing to check by, or nothing to change.
fn check(known: &Known, catalog: Option<&Catalog>, request: &Request) -> Option<Checking> {
    let name = request.params.text(Param::Name)?;
    let last = known.last(request, &name)?;
    if catalog.is_some_and(|catalog| catalog.found(&request.extensions).get(&name).is_some()) {
        return None;
    }
    if last.is_work(&name) {
        let name = name.into_owned();
        return Some(Checking::Uncompiled(Box::new(move || drop(last.form(&name)))));
    }
    match last.form(&name)?.fit(request.params.raw(Param::Arguments).unwrap_or(b"{}")) {
        Ok(Fit::AsTheyAre) => None,
        Ok(Fit::Mended(json)) => {
            let params = request.params.with(Param::Arguments, &json);
            Some(Checking::Passed(Box::new(Request { params, ..request.clone() })))
        }
        Err(_) if last.at.elapsed() >= FRESH => Some(Checking::Doubtful),
        Err(unfit) => Some(Checking::Refused(unfit)),
    }
}

/// For the language model to mend its call.
fn refusal(unfit: &Unfit) -> Response {
    Payload::tool_error(&unfit.message).into()
}
