//! [`Scope`].

use super::decide::{ScopeError, decide};
use super::lists::Filter;
use super::policy::{Rules, ScopePolicy};
use crate::audit;
use crate::identity::Identity;
use crate::rpc::{BoxError, Memo, Method, Param, Payload, Request, Response, RpcError, Unasked, empty_list};
use crate::service::accessors;
use crate::service::answer::{Answer, Rework, response_future};
use http::HeaderName;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

const SUBJECT: HeaderName = HeaderName::from_static("x-mcp-sub");
const SCOPES: HeaderName = HeaderName::from_static("x-mcp-scopes");

/// An RPC service behind a [`ScopeLayer`](super::ScopeLayer).
#[derive(Clone, Debug)]
pub struct Scope<S> {
    pub(super) inner: S,
    pub(super) policy: ScopePolicy,
    /// Shared by all clones: a connection is a clone.
    pub(super) lists: Arc<Memo>,
}

accessors!(Scope<S>);

response_future!("The answer of a [`Scope`] service.", After);

/// What becomes of the answer.
#[derive(Debug)]
enum After {
    Nothing,
    /// It is the caller's alone.
    Private,
    /// That, and it holds what the caller may not see.
    Filter(Box<Filter>),
    /// There is nothing that the caller may see.
    Empty,
}

impl After {
    fn apply(&self, mut response: Response) -> Result<Response, BoxError> {
        response.outcome = match (self, response.outcome) {
            (Self::Private, Ok(payload)) => Ok(payload.private()),
            (Self::Filter(filter), Ok(list)) => Ok(filter.apply(list)?),
            (_, outcome) => outcome,
        };
        Ok(response)
    }
}

impl Rework for After {
    fn rework(self, answer: Result<Response, BoxError>) -> Result<Response, BoxError> {
        answer.and_then(|response| self.apply(response))
    }

    fn is_thorough(&self) -> bool {
        matches!(self, Self::Filter(_))
    }
}

impl<S> Service<Request> for Scope<S>
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
        let answer = match self.allow(&mut request) {
            // Nobody beneath is asked for what its caller could not see.
            Ok(After::Empty) => Answer::known(Ok(empty_list(&request).outcome.map(Payload::private))),
            Ok(after) => Answer::reworked(self.inner.call(request), after),
            Err(failure) => Answer::known(Err::<Response, BoxError>(failure)),
        };
        ResponseFuture { answer }
    }
}

impl<S> Scope<S> {
    fn allow(&self, request: &mut Request) -> Result<After, Box<RpcError>> {
        request.headers.remove(SUBJECT);
        request.headers.remove(SCOPES);
        // The same ones for the request and its answer, whatever is replaced meanwhile.
        let rules = self.policy.of(request);
        allowed(&rules, request)?;
        #[cfg(feature = "catalog")]
        if request.method == Method::ToolsCall {
            request.extensions.insert(Judged);
        }
        // Whoever is allowed anything is known.
        let Some(identity) = request.extensions.get::<Identity>() else { return Ok(After::Nothing) };
        let (subject, scopes) = identity.headers();
        request.headers.insert(SUBJECT, subject.clone());
        request.headers.insert(SCOPES, scopes.clone());
        if request.method == Method::ResourcesRead {
            return Ok(After::Private);
        }
        if request.method.listed().is_none() {
            return Ok(After::Nothing);
        }
        let opens = rules.opens(&request.method, identity.scopes());
        let lists_others = request.method == Method::ToolsList && rules.has_own_tools();
        let filter = Filter::new(rules, request.method.clone(), identity.scopes(), &self.lists);
        match (opens, lists_others) {
            (false, false) => return Ok(After::Empty),
            (false, true) => request.extensions.insert(CatalogAlone),
            _ => {}
        }
        Ok(After::Filter(Box::new(filter)))
    }
}

fn allowed(rules: &Rules, request: &Request) -> Result<(), Box<RpcError>> {
    let have = request.extensions.get::<Identity>().map(Identity::scopes);
    decide(rules, request, have).map_err(|no| {
        // The trail is of what clients ask.
        if let (ScopeError::Scopes(needed), None) = (&no, request.extensions.get::<Unasked>()) {
            audit::scope_denied(&request.extensions, request.params.text(Param::Name).as_deref(), needed);
        }
        Box::new(no.into())
    })
}

/// Marks a list of tools whose caller can see nothing of the 1C extension, for the catalog beneath.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogAlone;

/// Marks a call that a [`ScopeLayer`](super::ScopeLayer) let through, for a layer beneath that looks at its arguments
/// more closely: what the caller may do is what its identity says.
#[cfg(feature = "catalog")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged;
