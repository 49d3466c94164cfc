//! [`Scoped`].

use super::decide::{No, decide};
use super::lists::{Filter, Shown};
use super::policy::{Rules, ScopePolicy};
use crate::audit;
use crate::identity::Identity;
use crate::rpc::{BoxError, Failure, Method, Param, Request, Response, Unasked};
use http::HeaderName;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;

const SUBJECT: HeaderName = HeaderName::from_static("x-mcp-sub");
const SCOPES: HeaderName = HeaderName::from_static("x-mcp-scopes");

/// An RPC service behind a [`ScopeLayer`](super::ScopeLayer).
#[derive(Clone, Debug)]
pub struct Scoped<S> {
    pub(super) inner: S,
    pub(super) policy: ScopePolicy,
    /// Shared by all clones: a connection is a clone.
    pub(super) shown: Arc<Shown>,
}

pin_project! {
    /// The answer of a [`Scoped`] service.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum Kind<F> {
        Allowed { #[pin] call: F, after: After },
        Refused { failure: Option<Box<Failure>> },
    }
}

/// What becomes of the answer.
#[derive(Debug)]
enum After {
    Nothing,
    /// It is the caller's alone.
    Private,
    /// That, and it holds what the caller may not see.
    Filter(Box<Filter>),
}

impl After {
    fn apply(&self, mut response: Response) -> Result<Response, BoxError> {
        response.outcome = match (self, response.outcome) {
            (Self::Private, Ok(payload)) => Ok(payload.private()),
            (Self::Filter(filter), Ok(list)) => Ok(filter.apply(&list)?),
            (_, outcome) => outcome,
        };
        Ok(response)
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
            Projected::Allowed { call, after } => {
                Poll::Ready(ready!(call.poll(cx)).map_err(Into::into).and_then(|response| after.apply(response)))
            }
            // A future is not polled after its end.
            Projected::Refused { failure } => failure.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure))),
        }
    }
}

impl<S> Service<Request> for Scoped<S>
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

    fn call(&mut self, mut request: Request) -> Self::Future {
        let kind = match self.allow(&mut request) {
            Ok(after) => Kind::Allowed { call: self.inner.call(request), after },
            Err(failure) => Kind::Refused { failure: Some(failure) },
        };
        ResponseFuture { kind }
    }
}

impl<S> Scoped<S> {
    fn allow(&self, request: &mut Request) -> Result<After, Box<Failure>> {
        request.headers.remove(SUBJECT);
        request.headers.remove(SCOPES);
        // The same ones for the request and its answer, whatever happens to the policy meanwhile.
        let rules = self.policy.rules();
        allowed(&rules, request)?;
        #[cfg(feature = "catalog")]
        if request.method == Method::ToolsCall {
            request.extensions.insert(Decided { policy: self.policy.clone(), rules: rules.id() });
        }
        // Whoever is allowed anything is known.
        let Some(identity) = request.extensions.get::<Identity>() else { return Ok(After::Nothing) };
        let (subject, scopes) = identity.headers();
        request.headers.insert(SUBJECT, subject.clone());
        request.headers.insert(SCOPES, scopes.clone());
        Ok(match request.method {
            Method::ResourcesRead => After::Private,
            ref method if method.listed().is_some() => {
                After::Filter(Box::new(Filter::new(rules, method.clone(), identity.scopes(), &self.shown)))
            }
            _ => After::Nothing,
        })
    }
}

fn allowed(rules: &Rules, request: &Request) -> Result<(), Box<Failure>> {
    let have = request.extensions.get::<Identity>().map(Identity::scopes);
    decide(rules, request, have).map_err(|no| {
        // The trail is of what clients ask.
        if let (No::Scopes(needed), None) = (&no, request.extensions.get::<Unasked>()) {
            audit::scope_denied(&request.extensions, request.params.text(Param::Name).as_deref(), needed);
        }
        Box::new(no.into())
    })
}

/// By which rules a call was let through, for a layer below that finds out what will be called. By then
/// others may be in force, and the tool may be another.
#[cfg(feature = "catalog")]
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    policy: ScopePolicy,
    rules: u64,
}

#[cfg(feature = "catalog")]
impl Decided {
    /// Decides once more by the rules of now, if they are others.
    ///
    /// # Errors
    /// As the layer itself.
    pub(crate) fn again(&self, request: &Request) -> Result<(), Box<Failure>> {
        let rules = self.policy.rules();
        if rules.id() == self.rules { Ok(()) } else { allowed(&rules, request) }
    }
}
