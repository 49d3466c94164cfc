//! The HTTP client to 1C: hyper with a pool of warm connections.

use super::infobase::{Infobase, InfobaseError};
use crate::collect::{Incomplete, collect};
use crate::rpc::cause;
use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// The longest answer that is taken in.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// Calls 1C over HTTP/1.1 and reads the whole answer.
///
/// Connections are kept for 50 s without use (web servers commonly drop them after a minute or
/// two); clones share them. There are no redirects, no cookies and no proxies.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    max_answer: usize,
}

/// Why the HTTP client has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There was no connection, so nothing was sent.
    #[error("cannot connect to 1C")]
    Connect(#[source] hyper_util::client::legacy::Error),
    /// The connection was found dead before anything was sent.
    #[error("the connection to 1C was closed before the call was sent")]
    NotSent(#[source] hyper_util::client::legacy::Error),
    /// The connection broke after the call was sent.
    #[error("the connection to 1C broke during the call")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is longer than this.
    #[error("1C's answer is longer than {0} bytes")]
    TooLarge(usize),
}

impl HttpClient {
    /// A client for the infobase: with TLS if its URL says https, trusting the roots of this machine
    /// (and those of `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// [`InfobaseError::Certificates`] if https is wanted and the machine trusts nobody.
    pub fn new(infobase: &Infobase) -> Result<Self, InfobaseError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(Duration::from_secs(10)));
        http.set_keepalive(Some(Duration::from_secs(30)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(50))
            .build(tls(infobase)?.enable_http1().wrap_connector(http));
        Ok(Self { client, max_answer: MAX_ANSWER })
    }

    /// The longest answer in bytes that is taken in; 32 MiB by default.
    #[must_use]
    pub const fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }
}

type Builder = HttpsConnectorBuilder<hyper_rustls::builderstates::WantsProtocols1>;

fn tls(infobase: &Infobase) -> Result<Builder, InfobaseError> {
    let builder = HttpsConnectorBuilder::new();
    let provider = rustls::crypto::ring::default_provider();
    let config = if infobase.is_https() {
        builder.with_provider_and_native_roots(provider).map_err(InfobaseError::Certificates)?
    } else {
        // Reading the machine's certificates takes milliseconds and megabytes; plain HTTP needs none.
        let nobody = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(|error| InfobaseError::Certificates(std::io::Error::other(error)))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        builder.with_tls_config(nobody)
    };
    Ok(config.https_or_http())
}

impl Service<http::Request<Bytes>> for HttpClient {
    type Response = http::Response<Bytes>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        // The pool takes any number; the queue above is what limits.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let sent = self.client.request(request.map(Full::new));
        let limit = self.max_answer;
        Box::pin(async move {
            let (head, body) = sent.await.map_err(classify)?.into_parts();
            let body = collect(body, limit).await.map_err(|error| match error {
                Incomplete::TooLarge => ClientError::TooLarge(limit),
                Incomplete::Broken(error) => ClientError::Broken(error),
            })?;
            Ok(http::Response::from_parts(head, body))
        })
    }
}

fn classify(error: hyper_util::client::legacy::Error) -> ClientError {
    if error.is_connect() {
        return ClientError::Connect(error);
    }
    if cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_canceled) {
        return ClientError::NotSent(error);
    }
    ClientError::Broken(error.into())
}
