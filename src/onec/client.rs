//! The HTTP client to 1C: hyper with a pool of warm connections.

pub(super) mod line;

use super::infobase::Infobase;
use super::infobase_error::InfobaseError;
use super::tls;
use crate::net::budget::{OverBudgetError, Tally};
use crate::net::collect::{Collect, CollectError, collect};
use crate::rpc::{BoxError, cause};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use line::{Connector, EndedError};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_service::Service;

/// The longest answer that is accepted, in bytes.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// The time limit for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// An HTTP/1.1 client for 1C that reads the whole answer.
///
/// A connection is kept for 4 s without use ([`Infobase::keep_alive`]) and for 100 requests, the least that web
/// servers allow, and is checked before each use; clones share the connections. There are no redirects, no
/// cookies and no proxies.
#[derive(Clone, Debug)]
pub struct HttpClient {
    // Each layer above clones the client once a call.
    client: Arc<Client<Connector, Full<Bytes>>>,
    max_answer: usize,
}

/// An error of the HTTP client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection failed, so nothing was sent.
    #[error("cannot connect to 1C")]
    Connect(#[source] BoxError),
    /// The kept connection had ended before anything was sent.
    #[error("the connection to 1C was closed before the call was sent")]
    NotSent(#[source] BoxError),
    /// The connection broke after the call was sent.
    #[error("the connection to 1C broke during the call")]
    Broken(#[source] BoxError),
    /// The answer is longer than this limit, in bytes.
    #[error("1C's answer is longer than {0} bytes")]
    TooLarge(usize),
}

impl HttpClient {
    /// Creates a client for the infobase.
    ///
    /// An https URL gets TLS that trusts the root certificates of this machine, those of `SSL_CERT_FILE` and
    /// those of [`Infobase::trust`].
    ///
    /// # Errors
    /// [`InfobaseError::Certificates`] for an https URL if there is no trusted certificate.
    pub fn new(infobase: &Infobase) -> Result<Self, InfobaseError> {
        // Reading the machine's certificates takes milliseconds and megabytes; plain HTTP needs none.
        let tls = if infobase.is_https() { infobase.trust.config()? } else { tls::none()? };
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        // A call without a connection after most of its time fails with that cause, not with the time limit.
        let limit = CONNECT.min(infobase.quick * 3 / 4);
        let connector = Connector::new(https.wrap_connector(line::plain(limit)), limit);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(infobase.keep_alive);
        if infobase.keep_alive.is_zero() {
            client.pool_max_idle_per_host(0);
        }
        Ok(Self { client: Arc::new(client.build(connector)), max_answer: MAX_ANSWER })
    }

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
                        CollectError::TooLarge => ClientError::TooLarge(limit),
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

fn classify(error: legacy::Error) -> ClientError {
    if error.is_connect() {
        return ClientError::Connect(error.into());
    }
    let canceled = cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_canceled);
    if canceled || cause::<EndedError>(&error).is_some() {
        return ClientError::NotSent(error.into());
    }
    ClientError::Broken(error.into())
}
