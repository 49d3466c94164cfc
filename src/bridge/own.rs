//! [`Own`]: what a bridge answers itself, as a service.

use crate::rpc::{BoxError, Request, Response};
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// The answer to a request that a bridge answers itself, in its extensions.
#[derive(Clone, Debug)]
pub(super) struct OwnAnswer(pub(super) Response);

/// Gives what a bridge answers itself (`initialize`, `server/discover`, `ping` …), for layers to stand around.
#[derive(Clone, Debug)]
pub(super) struct Own;

impl Service<Request> for Own {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let answer = request.extensions.get().cloned();
        ready(answer.map(|OwnAnswer(answer)| answer).ok_or_else(|| "the bridge does not answer this itself".into()))
    }
}
