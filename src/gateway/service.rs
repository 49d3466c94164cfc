//! [`Gateway`].

use super::future::ResponseFuture;
use super::stack::{NoRest, Stack};
use crate::onec::RestCall;
use crate::rpc::{BoxError, Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// A stack of RPC layers over a leaf `L`, ready for any bridge; see the [module](super).
///
/// `R` is the handle that makes the calls of the catalog, if there is one.
#[derive(Clone, Debug)]
pub struct Gateway<L, R = NoRest>(pub(super) Stack<L, R>);

/// The bounds are those of all features together: enabling one more feature never rules out a leaf.
impl<L, R> Service<Request> for Gateway<L, R>
where
    L: Service<Request, Response = Response, Error = BoxError> + Clone + Send + 'static,
    L::Future: Send,
    R: Service<RestCall, Response = Response, Error = BoxError> + Clone + Send + 'static,
    R::Future: Send,
{
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture<L, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        ResponseFuture { call: self.0.call(request) }
    }
}
