//! One port for HTTP/1.1 and HTTP/2, and the house's own client towards 1C.

use crate::house::reqwest_client::{Network, client, service};
use crate::lab::Served;
use bytes::Bytes;
use http::Version;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use onec_mcp::demo::DemoInfobase;
use onec_mcp::onec::{ClientError, Infobase, OneCService};
use rcgen::{BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

#[tokio::test]
async fn both_versions_of_http_on_one_port() {
    let served = Served::start().await;
    for (http2, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http::<Empty<Bytes>>();
        for (path, status) in
            [("/api/v1/orders", 200), ("/.well-known/oauth-authorization-server/api/v1/1c/trade", 200)]
        {
            let answer = client.get(format!("{}{path}", served.base).parse().unwrap()).await.unwrap();
            assert_eq!((answer.version(), answer.status().as_u16()), (version, status), "{path}");
            assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
        let request = http::Request::post(format!("{}/api/v1/1c/trade/mcp", served.base)).body(Empty::new()).unwrap();
        assert_eq!(client.request(request).await.unwrap().status(), 401);
    }
}

/// A proxy that forwards one request to where its target says, and notes it.
async fn forward(stream: TcpStream, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let (mut head, mut length, mut host) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match &*name.to_ascii_lowercase() {
                "content-length" => length = value.trim().parse().unwrap(),
                "host" => host = value.trim().to_owned(),
                _ => {}
            }
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await?;
    let (first, rest) = head.split_once("\r\n").unwrap();
    seen.lock().unwrap().push(first.to_owned());
    let path = first.replacen(&format!("http://{host}"), "", 1);
    let mut onec = TcpStream::connect(&host).await?;
    onec.write_all(format!("{path}\r\n{rest}connection: close\r\n\r\n").as_bytes()).await?;
    onec.write_all(&body).await?;
    tokio::io::copy(&mut onec, client.get_mut()).await?;
    client.get_mut().shutdown().await
}

#[tokio::test]
async fn calls_go_through_the_proxy() {
    let demo = DemoInfobase::start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            forward(stream, &noted).await.unwrap();
        }
    });
    let network = Network { proxy: Some(&proxy), ..Network::default() };
    let infobase = Infobase::new(demo.url()).unwrap().basic(demo.username(), demo.password());
    let onec = OneCService::with_client(infobase, service(client(network).unwrap())).unwrap();
    onec.health().await.unwrap();
    let seen = seen.lock().unwrap();
    let expected = format!("GET {}/hs/mcp/health HTTP/1.1", demo.url().trim_end_matches('/'));
    assert_eq!(*seen, [expected]);
}

/// An authority of its own, and a certificate of it for the server and for the client, as PEM.
struct Certificates {
    authority: Certificate,
    server: (Certificate, KeyPair),
    client: (Certificate, KeyPair),
}

fn certificates() -> Certificates {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let issued = |usage| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &issuer).unwrap(), key)
    };
    let (server, client) = (issued(ExtendedKeyUsagePurpose::ServerAuth), issued(ExtendedKeyUsagePurpose::ClientAuth));
    Certificates { authority: certificate, server, client }
}

/// A 1C behind https that wants a certificate of its clients; its URL.
async fn https_host(certificates: &Certificates, tasks: &mut tokio::task::JoinSet<()>) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificates.authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let (certificate, key) = &certificates.server;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who has no certificate gets no further.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4096];
            if stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"ok\"}";
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.ok();
            }
        }
    });
    url
}

#[tokio::test]
async fn the_client_has_a_certificate_of_its_own() {
    let (certificates, mut tasks) = (certificates(), tokio::task::JoinSet::new());
    let url = https_host(&certificates, &mut tasks).await;
    let authority = certificates.authority.pem();
    let own = format!("{}{}", certificates.client.0.pem(), certificates.client.1.serialize_pem());
    let infobase = || Infobase::new(&url).unwrap().basic("mcp", String::new());
    let ask = async |network: Network<'_>| {
        OneCService::with_client(infobase(), service(client(network).unwrap())).unwrap().health().await
    };
    let authority = Some(authority.as_bytes());
    ask(Network { authority, identity: Some(own.as_bytes()), proxy: None }).await.unwrap();
    ask(Network { authority, ..Network::default() }).await.unwrap_err();
    ask(Network { identity: Some(own.as_bytes()), ..Network::default() }).await.unwrap_err();
}

/// A call that certainly did not run says so, and so may be made again.
#[tokio::test]
async fn what_was_not_sent_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let error = service(client(Network::default()).unwrap()).oneshot(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(_)), "{error:?}");
}
