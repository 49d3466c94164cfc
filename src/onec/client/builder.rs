//! [`HttpClientBuilder`].

use super::line::Connector;
use super::pooled::HttpClient;
#[cfg(feature = "tls")]
use super::secure::{ClientCertificate, Secure};
use super::stream::Secured;
use super::wire::Dial;
use crate::onec::infobase::Infobase;
use crate::onec::infobase_error::InfobaseError;
use crate::rpc::BoxError;
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

/// The longest answer that is accepted, in bytes.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// The time limit for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

impl HttpClient {
    /// Creates a client for the infobase, with the defaults of a [`builder`](Self::builder).
    ///
    /// An https URL gets TLS that trusts the root certificates of this machine, those of `SSL_CERT_FILE` and
    /// those of [`Infobase::trust`]. It takes the feature `tls`.
    ///
    /// # Errors
    /// [`InfobaseError::Certificates`] for an https URL if there is no trusted certificate,
    /// [`InfobaseError::NoTls`] for one without the feature `tls`.
    pub fn new(infobase: &Infobase) -> Result<Self, InfobaseError> {
        Self::builder().build(infobase)
    }

    /// Returns a builder of a client, for other connections, certificates or times.
    pub const fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }
}

/// A builder of an [`HttpClient`].
///
/// # Example
///
/// A client whose connections go through a Unix socket, that keeps few of them:
///
/// ```
/// # #[cfg(unix)]
/// # fn client() -> Result<(), Box<dyn std::error::Error>> {
/// use onec_mcp::onec::{HttpClient, Infobase};
/// use std::time::Duration;
///
/// let infobase = Infobase::new("http://localhost/base")?;
/// let client = HttpClient::builder()
///     .connector(tower::service_fn(|_: http::Uri| tokio::net::UnixStream::connect("/run/1c.sock")))
///     .idle_timeout(Duration::from_secs(60))
///     .max_idle(8)
///     .build(&infobase)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "there is no client before `build`"]
pub struct HttpClientBuilder {
    dial: Option<Dial>,
    connect_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    max_idle: usize,
    max_answer: usize,
    #[cfg(feature = "tls")]
    secure: Secure,
}

impl HttpClientBuilder {
    const fn new() -> Self {
        Self {
            dial: None,
            connect_timeout: None,
            idle_timeout: None,
            max_idle: usize::MAX,
            max_answer: MAX_ANSWER,
            #[cfg(feature = "tls")]
            secure: Secure::new(),
        }
    }

    /// Sets the service that opens connections, instead of TCP: it is given the URL of a call, and returns a stream to
    /// its host. For https, TLS goes over that stream.
    ///
    /// A kept connection of TCP is checked before each use; one of another kind is not, so such a client may lose a
    /// call to a web server that closes idle connections before [`idle_timeout`](Self::idle_timeout).
    pub fn connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        self.dial = Some(Dial::own(connector));
        self
    }

    /// Sets the time limit for a new connection, TLS included; the default is 10 s, or three quarters of the quick
    /// limit of [`Infobase::timeouts`] if that is less.
    pub const fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = Some(time);
        self
    }

    /// Sets how long an idle connection is kept for the next call; the default is that of
    /// [`Infobase::keep_alive`], 4 s. Zero gives each call a connection of its own.
    pub const fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(time);
        self
    }

    /// Sets how many idle connections to one host are kept; by default all.
    pub const fn max_idle(mut self, connections: usize) -> Self {
        self.max_idle = connections;
        self
    }

    /// Sets the longest answer that is accepted, in bytes; the default is 32 MiB.
    pub const fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Sets the root certificates, instead of those of this machine. Those of [`Infobase::trust`] count beside them.
    #[cfg(feature = "tls")]
    pub fn roots(mut self, roots: rustls::RootCertStore) -> Self {
        self.secure.roots = Some(roots);
        self
    }

    /// Sets the certificate that the client shows to the web server: the certificate, with the chain to its authority,
    /// and the private key, all in PEM format.
    ///
    /// # Errors
    /// [`InfobaseError::ClientCertificate`] if there is no certificate in `chain`, or no private key in `key`.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, InfobaseError> {
        let certificate = ClientCertificate::read(chain.as_ref(), key.as_ref())?;
        self.secure.certificate = Some(Arc::new(certificate));
        Ok(self)
    }

    /// Sets the whole configuration of TLS. [`roots`](Self::roots), [`client_certificate`](Self::client_certificate)
    /// and [`Infobase::trust`] have no effect then, and neither have its ALPN protocols: the client speaks HTTP/1.1.
    #[cfg(feature = "tls")]
    pub fn tls_config(mut self, config: rustls::ClientConfig) -> Self {
        self.secure.config = Some(config);
        self
    }

    /// Builds a client for the infobase.
    ///
    /// # Errors
    /// For an https URL: [`InfobaseError::Certificates`] if there is no trusted certificate,
    /// [`InfobaseError::ClientCertificate`] if the key is not that of the certificate, [`InfobaseError::NoTls`] without
    /// the feature `tls`.
    pub fn build(self, infobase: &Infobase) -> Result<HttpClient, InfobaseError> {
        // A call without a connection after most of its time fails with that cause, not with the time limit.
        let limit = self.connect_timeout.unwrap_or_else(|| CONNECT.min(infobase.quick * 3 / 4));
        let idle = self.idle_timeout.unwrap_or(infobase.keep_alive);
        let max_idle = if idle.is_zero() { 0 } else { self.max_idle };
        let max_answer = self.max_answer;
        let connector = Connector::new(self.secured(infobase, limit)?, limit);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(idle).pool_max_idle_per_host(max_idle);
        Ok(HttpClient { client: Arc::new(client.build(connector)), max_answer })
    }

    #[cfg(feature = "tls")]
    fn secured(self, infobase: &Infobase, limit: Duration) -> Result<Secured, InfobaseError> {
        // Reading the machine's certificates takes milliseconds and megabytes; plain HTTP needs none.
        let tls = if infobase.is_https() { self.secure.config(infobase)? } else { crate::onec::tls::none()? };
        let https = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok(https.wrap_connector(self.dial.unwrap_or_else(|| Dial::tcp(limit))))
    }

    #[cfg(not(feature = "tls"))]
    fn secured(self, infobase: &Infobase, limit: Duration) -> Result<Secured, InfobaseError> {
        if infobase.is_https() {
            return Err(InfobaseError::NoTls);
        }
        Ok(Secured(self.dial.unwrap_or_else(|| Dial::tcp(limit))))
    }
}
