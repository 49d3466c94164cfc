//! [`Scope`].

use super::decide::{ScopeError, decide};
use super::lists::Filter;
use super::policy::{InForce, ScopePolicy};
use crate::audit;
use crate::identity::Identity;
use crate::rpc::{BoxError, Memo, Method, Param, Payload, Request, Response, RpcError, Unasked, empty_list};
use crate::service::accessors;
use crate::service::answer::{Answer, Rework, response_future};
use http::{HeaderMap, HeaderName};
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
    /// Shared by all clones, as each connection has a clone.
    pub(super) lists: Arc<Memo>,
}

accessors!(Scope<S>);

response_future!("The answer of a [`Scope`] service.", After);

/// The work on an answer.
#[derive(Debug)]
enum After {
    Nothing,
    /// Marks it as private to the caller.
    Private,
    /// Marks it as private, and removes the items that the caller may not see.
    Filter(Box<Filter>),
    /// The caller may see nothing of it.
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
            // The layers below are not asked for a list of which the caller could see nothing.
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
        // The rules for the request and its answer, even if the policy is replaced meanwhile.
        let rules = self.policy.of(request);
        allowed(&rules, request)?;
        #[cfg(feature = "catalog")]
        if request.method == Method::ToolsCall {
            request.extensions.insert(Judged);
        }
        // An allowed request has an identity.
        let Some(identity) = request.extensions.get::<Identity>() else { return Ok(After::Nothing) };
        tell(identity, &mut request.headers);
        if request.method == Method::ResourcesRead {
            return Ok(After::Private);
        }
        if request.method.listed().is_none() {
            return Ok(After::Nothing);
        }
        let opens = rules.opens(&request.method, identity.scopes());
        let lists_others = rules.has_own(&request.method);
        let filter = Filter::new(rules, request.method.clone(), identity.scopes(), &self.lists);
        match (opens, lists_others) {
            (false, false) => return Ok(After::Empty),
            (false, true) => request.extensions.insert(CatalogAlone),
            _ => {}
        }
        Ok(After::Filter(Box::new(filter)))
    }
}

/// Tells 1C who calls.
pub(crate) fn tell(caller: &Identity, headers: &mut HeaderMap) {
    let (subject, scopes) = caller.headers();
    headers.insert(SUBJECT, subject.clone());
    headers.insert(SCOPES, scopes.clone());
}

fn allowed(rules: &InForce, request: &Request) -> Result<(), Box<RpcError>> {
    let have = request.extensions.get::<Identity>().map(Identity::scopes);
    decide(rules, request, have).map_err(|no| {
        // Requests that layers make themselves are not reported.
        if let (ScopeError::Scopes(needed), None) = (&no, request.extensions.get::<Unasked>()) {
            audit::scope_denied(&request.extensions, request.params.text(Param::Name).as_deref(), needed);
        }
        Box::new(no.into())
    })
}

/// Marks a list whose caller can see nothing of the 1C extension: the catalog beneath answers alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogAlone;

/// Marks a call that a [`ScopeLayer`](super::ScopeLayer) allowed, for a layer beneath that checks its arguments
/// by the scopes of the identity.
#[cfg(feature = "catalog")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged;
