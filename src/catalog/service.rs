//! [`CatalogService`].

use super::alone;
use super::constraints::Asker;
use super::full::Asked;
use super::future::{ResponseFuture, Wrap};
use super::handler::Prepared;
use super::live::Catalog;
use super::merge::Merge;
use super::tool::Tool;
use super::wrap::failed;
use crate::audit;
use crate::identity::{Identity, Scopes};
use crate::onec::RestCall;
use crate::rpc::{BoxError, Memo, Method, Param, Request, Response, RpcError};
use crate::scope::{CatalogAlone, Judged};
use crate::service::accessors;
use crate::service::answer::Answer;
use serde_json::Value;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::ServiceExt as _;
use tower_service::Service;

/// An RPC service with the tools of a catalog, behind a [`CatalogLayer`](super::CatalogLayer).
///
/// The service is ready when the inner service is. A call of a catalog's tool is made by a clone of the handle `R`,
/// which is polled to readiness then, unless the program itself answers the tool.
#[derive(Clone, Debug)]
pub struct CatalogService<S, R> {
    pub(super) inner: S,
    pub(super) rest: R,
    pub(super) catalog: Catalog,
    pub(super) structured: bool,
    pub(super) rpc: bool,
    pub(super) lists: Arc<Memo>,
}

accessors!(CatalogService<S, R>);

impl<S, R> Service<Request> for CatalogService<S, R>
where
    S: Service<Request, Response = Response>,
    S::Error: Into<BoxError>,
    R: Service<RestCall, Response = Response> + Clone,
    R::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { structured, rpc, .. } = *self;
        let tools = self.catalog.found(&request.extensions);
        if request.method == Method::ToolsCall
            && let Some(name) = request.params.text(Param::Name)
            && let Some(tool) = tools.get(&name)
        {
            return match prepare(tool, &request) {
                Ok((prepared, asked)) => {
                    let hidden = tools.hidden(tool.name(), held(&request));
                    let wrap = Wrap { tool: tool.clone(), asked, hidden, structured };
                    match prepared {
                        Prepared::OneC(call) => {
                            ResponseFuture::tool(Answer::reworked(self.rest.clone().oneshot(call), wrap))
                        }
                        Prepared::Program(handler, call) => {
                            ResponseFuture::program(Answer::reworked(handler.call(call), wrap))
                        }
                    }
                }
                Err(answer) => ResponseFuture::tool(Answer::known(answer)),
            };
        }
        if let Some(answer) = self.catalog.program().answer(&request) {
            return ResponseFuture::request(Answer::later(answer));
        }
        if !rpc || request.extensions.get::<CatalogAlone>().is_some() {
            let answer = alone::answer(&request, &tools, self.catalog.program(), structured);
            return ResponseFuture::request(Answer::known(Ok(answer)));
        }
        if request.method != Method::ToolsList && self.catalog.program().items(&request.method).is_empty() {
            return ResponseFuture::request(Answer::passed(self.inner.call(request)));
        }
        let method = request.method.clone();
        let first = request.params.raw(Param::Cursor).is_none_or(|cursor| cursor == b"null");
        let (tools, catalog, lists) = ((*tools).clone(), self.catalog.clone(), Arc::clone(&self.lists));
        let merge = Merge { tools, catalog, method, first, structured, lists };
        ResponseFuture::request(Answer::reworked(self.inner.call(request), merge))
    }
}

/// Returns the call and how many items it asks for, or the answer to the client.
#[expect(clippy::result_large_err, reason = "the error is the answer, and short-lived")]
fn prepare(tool: &Tool, request: &Request) -> Result<(Prepared, Asked), Result<Response, BoxError>> {
    let held = held(request);
    let arguments = match tool.mended(request.params.raw(Param::Arguments), held, Asker::Model) {
        Ok(arguments) => arguments,
        Err(unfit) => return Err(Ok(failed(&unfit.message))),
    };
    if let Some(needed) = held.and_then(|held| lacking(tool, &arguments, held, request)) {
        return Err(Err(RpcError::insufficient_scope(needed).into()));
    }
    let asked = tool.0.counters.asked(&arguments);
    let (headers, extensions) = (request.headers.clone(), request.extensions.clone());
    Ok((tool.prepared(arguments, headers, extensions, request.id), asked))
}

/// Returns the caller's scopes if there is a `ScopeLayer` above; otherwise `None`, a caller who may do everything.
fn held(request: &Request) -> Option<&Scopes> {
    request.extensions.get::<Judged>()?;
    request.extensions.get::<Identity>().map(Identity::scopes)
}

/// Returns the scopes that the caller lacks for the values that the arguments name. The `ScopeLayer` has decided
/// already, but may not see values in JSON text within a string.
fn lacking(tool: &Tool, arguments: &Value, held: &Scopes, request: &Request) -> Option<Scopes> {
    if tool.lacking(arguments, held).is_empty() {
        return None;
    }
    // Name all scopes, also those that the caller holds: a client that asks only for the missing ones may lose them.
    let needed = tool.lacking(arguments, &Scopes::default()).union(&Scopes::parse(tool.scope()));
    audit::scope_denied(&request.extensions, Some(tool.name()), &needed);
    Some(needed)
}
