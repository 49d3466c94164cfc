//! [`Check`].

use super::known::Known;
use crate::catalog::{ArgumentError, Catalog, Fit};
use crate::rpc::{BoxError, Method, Param, Payload, Request, Response};
use crate::service::answer::{Answer, Rework, response_future};
use crate::service::aside::{aside, is_long};
use crate::service::shown::Asking;
use crate::service::{accessors, ask, take_ready};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::ServiceExt as _;
use tower_service::Service;

/// How long a schema may reject calls; an older one is read again first.
const FRESH: Duration = Duration::from_secs(60);

/// An RPC service behind a [`CheckLayer`](super::CheckLayer).
#[derive(Clone, Debug)]
pub struct Check<S> {
    inner: S,
    catalog: Option<Catalog>,
    known: Arc<Known>,
}

accessors!(Check<S>);

impl<S> Check<S> {
    pub(super) fn new(inner: S, catalog: Option<Catalog>) -> Self {
        Self { inner, catalog, known: Arc::default() }
    }
}

response_future!("The answer of a [`Check`] service.", Learn);

/// Learns the schemas of a list of tools.
struct Learn {
    asking: Asking,
    known: Arc<Known>,
}

impl Rework for Learn {
    fn rework(self, mut answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        if let Ok(Response { outcome: Ok(list), .. }) = &mut answer {
            self.known.learn(&self.asking, list);
        }
        answer
    }
}

impl<S> Service<Request> for Check<S>
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
                let learn = Learn { asking: self.known.asking(&request), known: Arc::clone(&self.known) };
                Answer::reworked(self.inner.call(request), learn)
            }
            Method::ToolsCall => self.call_tool(request),
            _ => Answer::passed(self.inner.call(request)),
        };
        ResponseFuture { answer }
    }
}

type Compile = Box<dyn FnOnce() + Send>;

/// The outcome of a check.
enum Checking {
    Passed(Box<Request>),
    Refused(ArgumentError),
    /// The schema rejects the call, but may have changed by now.
    Doubtful,
    /// The schema is not compiled yet, and compiling it takes long.
    Uncompiled(Compile),
}

impl<S> Check<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn call_tool(&mut self, mut request: Request) -> Answer<S::Future, Learn> {
        if let Some(catalog) = &self.catalog {
            catalog.taken(&mut request.extensions);
        }
        match check(&self.known, self.catalog.as_ref(), &request) {
            None => Answer::passed(self.inner.call(request)),
            Some(Checking::Passed(request)) => Answer::passed(self.inner.call(*request)),
            Some(Checking::Refused(unfit)) => Answer::known(Ok(refusal(&unfit))),
            Some(Checking::Doubtful) => Answer::later(self.look_again(request)),
            Some(Checking::Uncompiled(compile)) => Answer::later(self.compiled(compile, request)),
        }
    }

    /// Takes the service that was polled to readiness, with the state that a check needs.
    fn taken(&mut self) -> Self {
        let inner = take_ready(&mut self.inner);
        Self { inner, catalog: self.catalog.clone(), known: Arc::clone(&self.known) }
    }

    /// Compiles the schema off the serving threads, then checks.
    fn compiled(
        &mut self,
        compile: Compile,
        request: Request,
    ) -> impl Future<Output = Result<Response, BoxError>> + Send + use<S> {
        let mut checked = self.taken();
        async move {
            aside(compile).await?;
            let (checking, request) = checked.check(request).await?;
            let request = match checking {
                Some(Checking::Refused(unfit)) => return Ok(refusal(&unfit)),
                Some(Checking::Doubtful) => return checked.by_list_of_now(request).await,
                Some(Checking::Passed(mended)) => *mended,
                None | Some(Checking::Uncompiled(_)) => request,
            };
            // The service was ready before, but may be no longer.
            checked.inner.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)
        }
    }

    /// Requests the list again, then checks.
    fn look_again(&mut self, request: Request) -> impl Future<Output = Result<Response, BoxError>> + Send + use<S> {
        let mut checked = self.taken();
        async move { checked.by_list_of_now(request).await }
    }

    /// Checks, off the serving threads if the arguments are long.
    async fn check(&mut self, request: Request) -> Result<(Option<Checking>, Request), BoxError> {
        let long = request.params.raw(Param::Arguments).is_some_and(|arguments| is_long(arguments.len()));
        let (known, catalog) = (Arc::clone(&self.known), self.catalog.clone());
        let work = move || (check(&known, catalog.as_ref(), &request), request);
        if long { aside(work).await } else { Ok(work()) }
    }

    async fn by_list_of_now(&mut self, request: Request) -> Result<Response, BoxError> {
        let known = Arc::clone(&self.known);
        let asked = ask::tools(&request, &mut self.inner, move |page, list| {
            known.learn(&known.asking(page), &mut list.clone());
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
            // Without a schema to check by, 1C decides.
            None | Some(Checking::Doubtful | Checking::Uncompiled(_)) => request,
        };
        self.inner.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)
    }
}

/// Checks the arguments; `None` if there is no schema to check by, or nothing to change.
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
            let params = request.params.with_json(Param::Arguments, &json);
            Some(Checking::Passed(Box::new(Request { params, ..request.clone() })))
        }
        Err(_) if last.at.elapsed() >= FRESH => Some(Checking::Doubtful),
        Err(unfit) => Some(Checking::Refused(unfit)),
    }
}

/// Returns the tool error from which the language model can correct its call.
fn refusal(unfit: &ArgumentError) -> Response {
    Payload::tool_error(&unfit.message).into()
}
