//! The layer [`ProxiesLayer`], which finds the client behind trusted proxies.

mod chain;
mod forwarded;
mod node;

use super::forwarded::{Caller, Peer};
use crate::service::accessors;
use http::Request;
use ipnet::IpNet;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that puts a [`Caller`] into the extensions of each request: the address of the client, and the root URL
/// under which it reached the outermost proxy.
///
/// The server that accepts connections puts the [`Peer`] there first. What the peer says in
/// `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)) or `X-Forwarded-For`, `-Proto`
/// and `-Host` counts only if its address is in one of the trusted networks:
///
/// | Peer | Caller |
/// |---|---|
/// | unknown (a Unix socket) | nothing is known |
/// | not trusted | its address |
/// | trusted, says nothing | its address |
/// | trusted | the last address in the list that is not trusted; scheme and host as the same proxy said |
///
/// - The list is read from its end, since its beginning is what the client sent. An item that cannot be read
///   (`unknown`, `_hidden`, a broken header) ends it: then the proxy before it counts as the client.
/// - A trusted proxy must set or delete what it forwards: `X-Forwarded-For` (or `Forwarded`), and `-Proto` and `-Host`
///   too. It passes the other kind of header on as the client sent it, so when both kinds are present, neither counts
///   unless they agree.
/// - The root URL is known only if a scheme (`http` or `https`) or a host was said. The host is then the one that was
///   said or the `Host` header, and must be a plain host with or without a port.
///
/// # Example
///
/// ```
/// use http::{Request, Response};
/// use onec_mcp::net::{Caller, Peer, ProxiesLayer};
/// use std::convert::Infallible;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(|request: Request<()>| async move {
///     Ok::<_, Infallible>(Response::new(request.extensions().get::<Caller>().cloned()))
/// });
/// let service = ProxiesLayer::new(["10.0.0.0/8".parse()?]).layer(inner);
///
/// let request = Request::post("/mcp")
///     .header("x-forwarded-for", "made-up, 198.51.100.7, 10.0.0.2")
///     .header("x-forwarded-proto", "https")
///     .header("host", "mcp.example.com")
///     .extension(Peer("10.0.0.1:40000".parse()?));
/// let caller = service.oneshot(request.body(())?).await?.into_body().ok_or("no caller")?;
/// assert_eq!(caller.address(), Some("198.51.100.7".parse()?));
/// assert_eq!(caller.base(), Some("https://mcp.example.com"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProxiesLayer {
    trusted: Arc<[IpNet]>,
}

impl ProxiesLayer {
    /// Creates a layer that trusts the proxies in these networks; with none, forwarding headers never count.
    ///
    /// IPv4-mapped IPv6 addresses (`::ffff:10.0.0.1`) count as IPv4.
    pub fn new<I: IntoIterator<Item = IpNet>>(trusted: I) -> Self {
        Self { trusted: trusted.into_iter().collect() }
    }
}

impl<S> Layer<S> for ProxiesLayer {
    type Service = Proxies<S>;

    fn layer(&self, inner: S) -> Proxies<S> {
        Proxies { inner, trusted: Arc::clone(&self.trusted) }
    }
}

/// The service that [`ProxiesLayer`] produces.
#[derive(Clone, Debug)]
pub struct Proxies<S> {
    inner: S,
    trusted: Arc<[IpNet]>,
}

accessors!(Proxies<S>);

impl<S, B> Service<Request<B>> for Proxies<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let caller = caller(&self.trusted, &request);
        // Always replaced, so that no outer layer can leave another one here.
        request.extensions_mut().insert(caller);
        self.inner.call(request)
    }
}

fn caller<B>(trusted: &[IpNet], request: &Request<B>) -> Caller {
    let Some(Peer(peer)) = request.extensions().get() else { return Caller::default() };
    let peer = peer.ip().to_canonical();
    if chain::is_trusted(trusted, peer) {
        chain::caller(trusted, peer, request.uri(), request.headers())
    } else {
        Caller::new(Some(peer), None)
    }
}
