//! The client to 1C as an embedder builds it, and clients of an embedder's own.

use crate::support::fault::{Faulty, json, list, result, tool, trouble};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use onec_mcp::onec::{
    Cause, ClientError, DeadlineLayer, Error, ErrorKind, FairQueueLayer, HttpClient, Infobase, InfobaseError,
    OneCService,
};
use onec_mcp::rpc::BoxError;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tower::{Layer, Service, ServiceExt, service_fn};

const TOOLS: &str = r#"{"tools":[]}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#;

fn plain() -> Infobase {
    Infobase::new("http://1c.test/base").unwrap()
}

fn secure() -> Infobase {
    Infobase::new("https://1c.test/base").unwrap()
}

/// Answers every request of a connection.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
        let Some(head) = request.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        if request.len() < head + 4 + length.map_or(0, |length| length.parse().unwrap()) {
            continue;
        }
        request.clear();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// A connector to a server in memory, and how many connections it has opened.
fn wires(
    serve: impl Fn(DuplexStream) + Clone + Send + Sync + 'static,
) -> (
    impl Service<http::Uri, Response = DuplexStream, Error = io::Error, Future: Send> + Clone + Send + Sync + 'static,
    Arc<AtomicUsize>,
) {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let connector = service_fn(move |uri: http::Uri| {
        assert_eq!(uri.host(), Some("1c.test"));
        count.fetch_add(1, Ordering::SeqCst);
        let (near, far) = duplex(4096);
        serve(far);
        std::future::ready(Ok(near))
    });
    (connector, opened)
}

fn in_memory() -> (
    impl Service<http::Uri, Response = DuplexStream, Error = io::Error, Future: Send> + Clone + Send + Sync + 'static,
    Arc<AtomicUsize>,
) {
    wires(|far| drop(tokio::spawn(serve(far))))
}

#[tokio::test(start_paused = true)]
async fn a_connector_of_ones_own_with_times_of_ones_own() {
    let (connector, opened) = in_memory();
    let client = HttpClient::builder().connector(connector).idle_timeout(Duration::from_secs(60));
    let onec = OneCService::with_client(plain(), client.build(&plain()).unwrap()).unwrap();
    for (passed, connections) in [(0, 1), (0, 1), (50, 1), (50, 1), (61, 2)] {
        tokio::time::sleep(Duration::from_secs(passed)).await;
        assert_eq!(json(onec.clone().oneshot(list()).await), TOOLS);
        assert_eq!(opened.load(Ordering::SeqCst), connections, "{passed}");
    }
    // None is kept.
    for client in [HttpClient::builder().idle_timeout(Duration::ZERO), HttpClient::builder().max_idle(0)] {
        let (connector, opened) = in_memory();
        let client = client.connector(connector).build(&plain()).unwrap();
        let onec = OneCService::with_client(plain(), client).unwrap();
        for connections in 1..=3 {
            assert_eq!(json(onec.clone().oneshot(list()).await), TOOLS);
            assert_eq!(opened.load(Ordering::SeqCst), connections);
        }
    }
    // The limit on answers holds here too.
    let (connector, _) = in_memory();
    let client = HttpClient::builder().connector(connector).max_answer(10).build(&plain()).unwrap();
    let onec = OneCService::with_client(plain(), client).unwrap();
    assert_eq!(trouble(onec.oneshot(list()).await).0, ErrorKind::TooLarge(10));
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_fails_or_takes_too_long() {
    for (kind, cause, tries) in [
        (io::ErrorKind::ConnectionRefused, Some(Cause::Refused), 2),
        (io::ErrorKind::TimedOut, Some(Cause::ConnectTimeout), 1),
        (io::ErrorKind::Other, None, 2),
    ] {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let connector = service_fn(move |_: http::Uri| {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err::<DuplexStream, _>(io::Error::from(kind)))
        });
        let client = HttpClient::builder().connector(connector).build(&plain()).unwrap();
        let error = OneCService::with_client(plain(), client).unwrap().oneshot(tool()).await.unwrap_err();
        let error = Error::find(&*error).unwrap();
        assert_eq!((error.kind(), error.why()), (&ErrorKind::Unreachable, cause));
        assert_eq!(opened.load(Ordering::SeqCst), tries, "{kind}");
    }
    let silent = service_fn(|_: http::Uri| std::future::pending::<io::Result<DuplexStream>>());
    let limit = Duration::from_millis(1500);
    let client = HttpClient::builder().connector(silent).connect_timeout(limit).build(&plain()).unwrap();
    let started = tokio::time::Instant::now();
    let error = OneCService::with_client(plain(), client).unwrap().oneshot(tool()).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().why(), Some(Cause::ConnectTimeout));
    assert_eq!(started.elapsed(), limit);
}

/// An authority, and what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

struct Signed {
    pem: String,
    key: KeyPair,
    der: Vec<u8>,
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Without names of their own, authorities would be taken for each other.
        let name = format!("authority {}", NUMBER.fetch_add(1, Ordering::SeqCst));
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        Signed { pem: made.pem(), der: made.der().to_vec(), key }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }
}

/// A connector to a web server in memory that wants a certificate of `clients`.
fn behind_tls(
    server: &Authority,
    clients: &Authority,
) -> impl Service<http::Uri, Response = DuplexStream, Error = io::Error, Future: Send> + Clone + Send + Sync + 'static {
    let own = server.sign("1c.test");
    let provider = Arc::new(default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(clients.roots()), Arc::clone(&provider)).build().unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.der.into()], PrivateKeyDer::Pkcs8(own.key.serialize_der().into()))
        .unwrap();
    // Whoever offers HTTP/2 only gets no connection.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (connector, _) = wires(move |far| {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(far).await {
                serve(stream).await;
            }
        });
    });
    connector
}

#[tokio::test]
async fn roots_and_a_client_certificate() {
    let (server, clients) = (Authority::new(), Authority::new());
    let shown = clients.sign("house");
    let ask = async |client: HttpClient| OneCService::with_client(secure(), client).unwrap().oneshot(list()).await;
    let builder = || HttpClient::builder().connector(behind_tls(&server, &clients));

    let with = |roots, shown: &Signed| {
        let client = builder().roots(roots).client_certificate(&shown.pem, shown.key.serialize_pem()).unwrap();
        client.build(&secure()).unwrap()
    };
    assert_eq!(json(ask(with(server.roots(), &shown)).await), TOOLS);
    // The roots are those that were given; a certificate that the infobase trusts counts beside them.
    let error = ask(with(Authority::new().roots(), &shown)).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().why(), Some(Cause::UntrustedCertificate));
    let trusting = secure().trust(server.issuer.pem()).unwrap();
    let client = builder().roots(clients.roots()).client_certificate(&shown.pem, shown.key.serialize_pem()).unwrap();
    assert_eq!(json(ask(client.build(&trusting).unwrap()).await), TOOLS);
    // Without a certificate, or with one of somebody else, the web server ends the connection.
    let bare = builder().roots(server.roots()).build(&secure()).unwrap();
    assert!(ask(bare).await.is_err());
    assert!(ask(with(server.roots(), &server.sign("house"))).await.is_err());
}

#[tokio::test]
async fn a_tls_configuration_of_ones_own() {
    let (server, clients) = (Authority::new(), Authority::new());
    let shown = clients.sign("house");
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(server.roots())
        .with_client_auth_cert(vec![shown.der.into()], PrivateKeyDer::Pkcs8(shown.key.serialize_der().into()))
        .unwrap();
    // Such as is made for a client that speaks HTTP/2 as well.
    config.alpn_protocols = vec![b"h2".to_vec()];
    let client = HttpClient::builder().connector(behind_tls(&server, &clients)).tls_config(config);
    let onec = OneCService::with_client(secure(), client.build(&secure()).unwrap()).unwrap();
    assert_eq!(json(onec.oneshot(list()).await), TOOLS);
}

#[test]
fn certificates_that_are_none() {
    let authority = Authority::new();
    let (one, other) = (authority.sign("a"), authority.sign("b"));
    for (chain, key) in [
        ("", one.key.serialize_pem()),
        ("no PEM", one.key.serialize_pem()),
        (&*one.pem, String::new()),
        (&*one.pem, one.pem.clone()),
    ] {
        let refused = HttpClient::builder().client_certificate(chain, key).err();
        assert!(matches!(refused, Some(InfobaseError::ClientCertificate)), "{refused:?}");
    }
    let builder = HttpClient::builder().roots(authority.roots());
    let builder = builder.client_certificate(&one.pem, other.key.serialize_pem()).unwrap();
    let shown = format!("{builder:?}");
    assert!(!shown.contains("PRIVATE"), "{shown}");
    // Plain HTTP shows no certificate.
    assert!(builder.clone().build(&plain()).is_ok());
    assert!(matches!(builder.build(&secure()).err(), Some(InfobaseError::ClientCertificate)));
    let nobody = HttpClient::builder().roots(RootCertStore::empty()).build(&secure());
    assert!(matches!(nobody.err(), Some(InfobaseError::Certificates(_))));
}

/// A client of an embedder's own that fails, and how often it was called.
fn failing(
    error: fn() -> BoxError,
) -> (
    impl Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = BoxError, Future: Send> + Clone + Send,
    Arc<AtomicUsize>,
) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let client = service_fn(move |_: http::Request<Bytes>| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Err(error()))
    });
    (client, calls)
}

/// An error of a client of an embedder's own, with one that says what happened among its causes.
#[derive(Debug, thiserror::Error)]
#[error("the house's client")]
struct HouseError(#[source] ClientError);

#[tokio::test(start_paused = true)]
async fn a_client_of_ones_own_says_what_was_sent() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    type Make = fn() -> BoxError;
    let unsent: [Make; 2] = [
        || ClientError::connect("no route through the proxy").into(),
        || HouseError(ClientError::connect(io::Error::from(io::ErrorKind::ConnectionRefused))).into(),
    ];
    for make in unsent {
        for request in [tool(), list()] {
            let (client, calls) = failing(make);
            let onec = OneCService::with_client(plain(), client).unwrap();
            assert_eq!(trouble(onec.oneshot(request).await).0, ErrorKind::Unreachable);
            assert_eq!(calls.load(Ordering::SeqCst), 2, "nothing was sent, so even a call of a tool is repeated");
        }
    }
    // A name or certificate is no better after a moment.
    let (client, calls) = failing(|| ClientError::connect(io::Error::from(io::ErrorKind::TimedOut)).into());
    trouble(OneCService::with_client(plain(), client).unwrap().oneshot(tool()).await);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    // What may have run is repeated only if that does no harm.
    for (request, tries) in [(tool(), 1), (list(), 2)] {
        let (client, calls) = failing(|| ClientError::broken("reset by the proxy").into());
        let onec = OneCService::with_client(plain(), client).unwrap();
        assert_eq!(trouble(onec.oneshot(request).await).0, ErrorKind::Broken);
        assert_eq!(calls.load(Ordering::SeqCst), tries);
    }
    assert!(ClientError::connect(refused()).is_unsent() && ClientError::not_sent("").is_unsent());
    assert!(!ClientError::broken("").is_unsent() && !ClientError::TooLarge(1).is_unsent());
}

/// A configured reqwest as the client to 1C, with the queue and the time limit of the default one.
fn by_reqwest(
    client: reqwest::Client,
) -> impl Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = BoxError, Future: Send> + Clone + Send
{
    let client = service_fn(move |request: http::Request<Bytes>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request).map_err(ClientError::connect)?;
            let answer = client.oneshot(request).await.map_err(|error| match error.is_connect() {
                true => ClientError::connect(error),
                false => ClientError::broken(error),
            })?;
            let (head, body) = http::Response::<reqwest::Body>::from(answer).into_parts();
            let body = Limited::new(body, 32 * 1024 * 1024).collect().await.map_err(ClientError::broken)?;
            Ok::<_, ClientError>(http::Response::from_parts(head, body.to_bytes()))
        }
    });
    FairQueueLayer::new(16).layer(DeadlineLayer.layer(client))
}

#[tokio::test]
async fn reqwest_with_a_proxy() {
    let proxy = Faulty::start([result(TOOLS)]).await;
    // The library for TLS is chosen by the program.
    rustls::crypto::ring::default_provider().install_default().ok();
    let through = |addr: String| reqwest::Client::builder().proxy(reqwest::Proxy::all(addr).unwrap()).build().unwrap();
    let client = by_reqwest(through(format!("http://{}", proxy.addr)));
    let onec = OneCService::with_client(plain().basic("mcp", "secret"), client).unwrap();
    assert_eq!(json(onec.oneshot(list()).await), TOOLS);
    let seen = proxy.seen().remove(0);
    assert_eq!(seen.line, "POST http://1c.test/base/hs/mcp/rpc HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some("Basic bWNwOnNlY3JldA=="));
    // A proxy that is away: nothing was sent, and the call says so.
    let addr = proxy.addr;
    proxy.stop().await;
    let onec = OneCService::with_client(plain(), by_reqwest(through(format!("http://{addr}")))).unwrap();
    let error = onec.oneshot(tool()).await.unwrap_err();
    let error = Error::find(&*error).unwrap();
    assert_eq!((error.kind(), error.why()), (&ErrorKind::Unreachable, Some(Cause::Refused)));
}
