//! [`Fetcher`]: fetches documents whose URL a stranger has named.

use super::address::is_allowed;
use super::error::MetadataError;
use super::settings::ClientMetadataSettings;
use crate::net::budget::OverBudgetError;
use crate::net::collect::{CollectError, collect};
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiFuture, GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use ipnet::IpNet;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;
use url::{Host, Url};

/// The longest document. The draft suggests 5 KB; documents with many redirect URIs or a key set are longer, and since
/// few are fetched at once, this takes little memory.
pub(super) const MAX_DOCUMENT: usize = 16 * 1024;
/// The longest key set, which may come with certificate chains.
pub(super) const MAX_KEYS: usize = 64 * 1024;

/// Fetches from public addresses only, over TLS, without proxies or redirects.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector<PublicOnly>>, Empty<Bytes>>,
    allowed: Arc<[IpNet]>,
}

impl Fetcher {
    /// Creates a fetcher; reading the machine's root certificates takes some milliseconds.
    pub(super) fn new(settings: &ClientMetadataSettings) -> Result<Self, MetadataError> {
        let mut roots = crate::net::roots::load();
        roots.roots.extend(settings.roots.roots.iter().cloned());
        if roots.is_empty() {
            return Err(MetadataError::Certificates);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| MetadataError::Certificates)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let allowed: Arc<[IpNet]> = settings.allowed.as_slice().into();
        let mut http = HttpConnector::new_with_resolver(PublicOnly::new(Arc::clone(&allowed)));
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Ok(Self { client, allowed })
    }

    /// Fetches a document of at most `longest` bytes; returns its headers and text.
    pub(super) async fn fetch(
        &self,
        url: &Url,
        longest: usize,
    ) -> Result<(Request<()>, Response<Bytes>), MetadataError> {
        self.check_literal(url)?;
        let request = request(url)?;
        let sent = self.client.request(request.clone().map(|()| Empty::new()));
        let (head, body) = sent.await.map_err(|error| unreachable(url, &error))?.into_parts();
        match head.status {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(MetadataError::Redirect),
            status => return Err(MetadataError::Status(status.as_u16())),
        }
        if !is_json(&head.headers) {
            return Err(MetadataError::ContentType);
        }
        match collect(body, longest).await {
            Ok(body) => Ok((request, Response::from_parts(head, body))),
            Err(CollectError::TooLarge | CollectError::CutOff) => Err(MetadataError::TooLarge(longest)),
            Err(CollectError::NoRoom) => Err(unreachable(url, &OverBudgetError)),
            Err(CollectError::Broken(error)) => Err(unreachable(url, &*error)),
        }
    }

    /// Checks a host that is an IP address: the resolver is not asked for those.
    fn check_literal(&self, url: &Url) -> Result<(), MetadataError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(MetadataError::Unreachable),
        };
        if is_allowed(address, &self.allowed) { Ok(()) } else { Err(MetadataError::Unreachable) }
    }
}

fn request(url: &Url) -> Result<Request<()>, MetadataError> {
    Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(USER_AGENT, concat!("onec-mcp/", env!("CARGO_PKG_VERSION")))
        .body(())
        .map_err(|_| MetadataError::Url("it cannot be read as a URL"))
}

/// Logs the cause for the administrator, and returns an error that hides it from the stranger who named the URL.
fn unreachable(url: &Url, error: &(dyn std::error::Error + 'static)) -> MetadataError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    tracing::debug!(host = url.host_str(), error = causes.join(": "), "no client metadata document");
    MetadataError::Unreachable
}

/// Whether the type is `application/json`, or one built on it.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.strip_suffix("+json").is_some_and(|kind| !kind.is_empty()))
}

/// A resolver that returns only public addresses.
///
/// The connection uses the addresses that it returns, so no second look-up can return others. A name with one address
/// that is not public is refused altogether; honest names have none.
#[derive(Clone, Debug)]
struct PublicOnly {
    resolver: GaiResolver,
    allowed: Arc<[IpNet]>,
}

impl PublicOnly {
    fn new(allowed: Arc<[IpNet]>) -> Self {
        Self { resolver: GaiResolver::new(), allowed }
    }
}

impl Service<Name> for PublicOnly {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Resolving;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.resolver.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Resolving {
        Resolving { found: self.resolver.call(name), allowed: Arc::clone(&self.allowed) }
    }
}

pin_project! {
    /// The future of a name look-up.
    struct Resolving {
        #[pin]
        found: GaiFuture,
        allowed: Arc<[IpNet]>,
    }
}

impl Future for Resolving {
    type Output = io::Result<std::vec::IntoIter<SocketAddr>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let found: Vec<SocketAddr> = ready!(this.found.poll(cx))?.collect();
        check_all(&found, this.allowed)?;
        Poll::Ready(Ok(found.into_iter()))
    }
}

fn check_all(found: &[SocketAddr], allowed: &[IpNet]) -> io::Result<()> {
    match found.iter().find(|found| !is_allowed(found.ip(), allowed)) {
        Some(other) => Err(io::Error::other(format!("{} is not a public address", other.ip()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let is_json = |value: &str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/x+json ;a=b"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["", "text/html", "text/json", "application/jsonp", "application/+json", "application/json5"] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }

    #[test]
    fn one_private_address_spoils_a_name() {
        let check = |found: &[&str]| {
            let found: Vec<_> = found.iter().map(|found| found.parse().unwrap()).collect();
            check_all(&found, &[]).is_ok()
        };
        assert!(check(&["93.184.216.34:0", "[2606:4700::1]:0"]));
        assert!(!check(&["93.184.216.34:0", "10.0.0.1:0"]));
        assert!(!check(&["[::1]:0", "93.184.216.34:0"]));
        assert!(!check(&["[::ffff:169.254.169.254]:0"]));
    }

    #[tokio::test]
    async fn names_of_this_machine() {
        let resolve = |allowed: &[IpNet]| {
            let mut resolver = PublicOnly::new(allowed.into());
            resolver.call("localhost".parse().unwrap())
        };
        let error = resolve(&[]).await.unwrap_err();
        assert!(error.to_string().contains("is not a public address"), "{error}");
        let loopback = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert!(resolve(&loopback).await.unwrap().all(|found| found.ip().is_loopback()));
    }
}
