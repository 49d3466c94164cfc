//! An https server on a loopback port that answers as told.
#![allow(dead_code, reason = "each test file takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use onec_mcp::auth::server::{ClientMetadata, ClientMetadataSettings};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes this and closes.
    Text(String),
    /// Writes this, and then the second piece for ever, as fast as it is taken.
    Endless(String, Vec<u8>),
    /// Writes this, and then nothing more.
    Stuck(String),
}

impl Reply {
    /// A whole answer.
    pub(crate) fn new(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Text(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"))
    }

    /// A JSON document with more headers.
    pub(crate) fn json(headers: &str, body: &str) -> Self {
        Self::new("200 OK", &format!("content-type: application/json\r\n{headers}"), body)
    }
}

type Answer = Arc<dyn Fn(&str, &str) -> Reply + Send + Sync>;

pub(crate) struct Host {
    pub(crate) port: u16,
    pub(crate) root: Vec<u8>,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    /// A server whose answers depend on its own root URL and the path asked for.
    pub(crate) async fn start(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let root = made.cert.der().to_vec();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config =
            ServerConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, connections) = (Arc::default(), Arc::new(Mutex::new(0)));
        let task =
            tokio::spawn(accept(listener, acceptor, Arc::new(answer), Arc::clone(&seen), Arc::clone(&connections)));
        Self { port, root, seen, connections, task }
    }

    /// The URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    /// The heads of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// A fetcher that may come here.
    pub(crate) fn metadata(&self) -> ClientMetadata {
        ClientMetadata::with(self.settings())
    }

    /// Of a fetcher that may come here. Its time is long, so that a slow machine fails no test.
    pub(crate) fn settings(&self) -> ClientMetadataSettings {
        let loopback = ["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let settings = ClientMetadataSettings::new().allow(loopback).timeout(Duration::from_secs(60));
        settings.trust(&self.root).unwrap()
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Answer,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
) {
    let own = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        *connections.lock().unwrap() += 1;
        let (acceptor, answer, seen, own) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&seen), own.clone());
        // A client that gives up is no failure of this server.
        tasks.spawn(async move { serve(stream, acceptor, answer, seen, &own).await.ok() });
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    answer: Answer,
    seen: Arc<Mutex<Vec<String>>>,
    own: &str,
) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    match answer(own, &path) {
        Reply::Text(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await
        }
        Reply::Endless(text, piece) => {
            stream.write_all(text.as_bytes()).await?;
            loop {
                stream.write_all(&piece).await?;
            }
        }
        Reply::Stuck(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.flush().await?;
            std::future::pending().await
        }
    }
}
