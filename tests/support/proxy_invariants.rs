//! What must hold of `Host`, forwarding headers and client metadata documents for any bytes whatever: shared
//! by the property tests, the corpus and the fuzz targets.
#![allow(dead_code, reason = "each user takes a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken invariant is a panic")]

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use onec_mcp::auth::server::ClientMetadata;
use onec_mcp::net::{Caller, HostLayer, OriginPolicy, Peer, ProxiesLayer};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::net::{IpAddr, SocketAddr};
use tower::{Layer, Service, service_fn};

/// Who calls, by these headers; proxies are trusted in 10.0.0.0/8 and at `fd00::1`.
pub(crate) fn caller(peer: Option<&str>, headers: &[(&str, &[u8])]) -> Caller {
    let mut request = Request::new(());
    if let Some(peer) = peer {
        let address: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::new(address, 40_000)));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
    }
    let inner = service_fn(|request: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(request.extensions().get::<Caller>().cloned())))
    });
    let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::1/128".parse().unwrap()];
    let answer = ProxiesLayer::new(trusted).layer(inner).call(request);
    now(answer).into_body().expect("a caller")
}

/// The service above is ready at once, so there is nothing to wait for.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(Ok(value)) => value,
        std::task::Poll::Ready(Err(never)) => match never {},
        std::task::Poll::Pending => unreachable!("nothing is pending"),
    }
}

/// Header lines, each with its first character for the name. Whatever they say, the answer is an
/// address and a plain root URL; from a stranger they change nothing; and no beginning that a client
/// makes up changes what a trusted proxy says at the end.
pub(crate) fn forwarded(bytes: &[u8]) {
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((kind, value)) = line.split_first() else { continue };
        let name = match kind {
            b'F' => "forwarded",
            b'a' => "x-forwarded-for",
            b'p' => "x-forwarded-proto",
            b'h' => "x-forwarded-host",
            _ => "host",
        };
        headers.push((name, value));
    }
    let stranger: IpAddr = "198.51.100.9".parse().unwrap();
    assert_eq!(caller(Some("198.51.100.9"), &headers), Caller::new(Some(stranger), None));
    assert_eq!(caller(None, &headers), Caller::default());

    let found = caller(Some("10.0.0.1"), &headers);
    assert!(found.address().is_some());
    if let Some(base) = found.base() {
        let url = url::Url::parse(base).expect("a root URL");
        assert!(matches!(url.scheme(), "http" | "https"), "{base}");
        assert!(url.username().is_empty() && url.password().is_none() && url.host_str().is_some(), "{base}");
        // Nothing but scheme, host and port, and in the form that every client makes of it.
        assert_eq!(url.as_str().strip_suffix('/'), Some(base));
    }

    for (name, last) in [("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")] {
        let mut told: Vec<_> = headers.iter().filter(|(known, _)| *known == name).copied().collect();
        told.push((name, last.as_bytes()));
        assert_eq!(caller(Some("10.0.0.1"), &told).address(), "192.0.2.1".parse().ok());
    }
}

/// Whether a `Host` header is let in where any host may be.
pub(crate) fn is_host(host: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(host) else { return false };
    let mut request = Request::new(Full::<Bytes>::default());
    request.headers_mut().insert(HOST, value);
    let inner =
        service_fn(|_: Request<Full<Bytes>>| ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))));
    let policy = OriginPolicy::new().authenticated();
    now(HostLayer::new(policy).layer(inner).call(request)).status() == 200
}

/// A `Host` that is let in is a host with or without a port for every reader: in a URL nothing of it is a user, a path or a
/// query, and what a URL holds is let in as well.
pub(crate) fn host(bytes: &[u8]) {
    if !is_host(bytes) {
        return;
    }
    let text = std::str::from_utf8(bytes).expect("a host is ASCII");
    match url::Url::parse(&format!("http://{text}")) {
        Ok(url) => {
            assert!(url.username().is_empty() && url.password().is_none(), "{text}");
            assert_eq!((url.path(), url.query(), url.fragment()), ("/", None, None), "{text}");
            let authority = url.as_str().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/')).expect(text);
            assert!(is_host(authority.as_bytes()), "{text}: {authority}");
        }
        // Of names a URL takes neither broken punycode nor numbers at the end that are no address of IPv4.
        Err(_) => {
            let name = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
            let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_owned();
            assert!(
                name.contains("xn--") || last.starts_with(|first: char| first.is_ascii_digit()) || last.is_empty(),
                "{text}"
            );
        }
    }
}

/// A client metadata document; its first line is its URL. What is accepted keeps to the rules.
pub(crate) fn client_metadata(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (url, document) = bytes.split_at(end);
    let Ok(url) = std::str::from_utf8(url) else { return };
    match ClientMetadata::read(url, document) {
        Ok(client) => {
            assert!(url.starts_with("https://") && !url.contains(['#', '@', '\\', ' ']), "{url}");
            assert_eq!(client.id, url);
            assert!(!client.redirect_uris.is_empty());
            for uri in &client.redirect_uris {
                let scheme = uri.split(':').next().unwrap().trim().to_ascii_lowercase();
                assert!(!["javascript", "data", "file"].contains(&scheme.as_str()), "{uri}");
            }
        }
        Err(error) => assert!(error.to_string().len() < 200, "{error}"),
    }
}
