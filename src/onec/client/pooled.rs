//! [`HttpClient`].

use super::error::{ClientError, classify};
use super::line::Connector;
use crate::net::budget::{OverBudgetError, Tally};
use crate::net::collect::{Collect, CollectError, collect};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// An HTTP/1.1 client for 1C that reads the whole answer.
///
/// A connection is kept for 4 s without use ([`Infobase::keep_alive`](crate::Infobase::keep_alive)) and for 100
/// requests, the least that web servers allow, and is checked before each use; clones share the connections. There are
/// no redirects, no cookies and no proxies.
#[derive(Clone, Debug)]
pub struct HttpClient {
    // Each layer above clones the client once a call.
    pub(super) client: Arc<Client<Connector, Full<Bytes>>>,
    pub(super) max_answer: usize,
}

impl HttpClient {
    /// Sets the longest answer that is accepted, in bytes; the default is 32 MiB.
    #[must_use]
    pub const fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }
}

impl Service<http::Request<Bytes>> for HttpClient {
    type Response = http::Response<Bytes>;
    type Error = ClientError;
    type Future = HttpClientFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        // The pool has no limit; the queue above it has.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> HttpClientFuture {
        let tally = request.extensions().get::<Tally>().cloned();
        let sent = self.client.request(request.map(Full::new));
        HttpClientFuture { stage: Stage::Sent { sent }, tally, limit: self.max_answer }
    }
}

pin_project! {
    /// The future of an [`HttpClient`].
    pub struct HttpClientFuture {
        #[pin]
        stage: Stage,
        tally: Option<Tally>,
        limit: usize,
    }
}

pin_project! {
    #[project = StageOf]
    enum Stage {
        Sent { #[pin] sent: legacy::ResponseFuture },
        Coming { head: Option<http::response::Parts>, #[pin] body: Collect<Incoming> },
    }
}

impl fmt::Debug for HttpClientFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientFuture").finish_non_exhaustive()
    }
}

impl Future for HttpClientFuture {
    type Output = Result<http::Response<Bytes>, ClientError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let limit = *this.limit;
        loop {
            match this.stage.as_mut().project() {
                StageOf::Sent { sent } => {
                    let (head, body) = ready!(sent.poll(cx)).map_err(classify)?.into_parts();
                    let body = collect(body, limit).counted(this.tally.take());
                    this.stage.set(Stage::Coming { head: Some(head), body });
                }
                StageOf::Coming { head, body } => {
                    let body = ready!(body.poll(cx)).map_err(|error| match error {
                        CollectError::TooLarge | CollectError::CutOff => ClientError::TooLarge(limit),
                        CollectError::NoRoom => ClientError::Broken(OverBudgetError.into()),
                        CollectError::Broken(error) => ClientError::Broken(error),
                    })?;
                    // A future is not polled after its end.
                    let Some(head) = head.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(http::Response::from_parts(head, body)));
                }
            }
        }
    }
}
