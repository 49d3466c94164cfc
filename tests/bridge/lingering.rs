//! `Lingering`: the answer to a request that is refused reaches a client that is still sending its body.

use crate::support::mcp::{always, server};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use onec_mcp::auth::{BearerAuthLayer, StaticToken};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::{HostLayer, Lingering, OriginPolicy};
use onec_mcp::{Identity, Scopes};
use std::io::{Read, Write};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::Layer;

const MIB: usize = 1024 * 1024;
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Serves one connection: whoever bears the token `secret`, with bodies up to 1 MiB.
fn serve<I: AsyncRead + AsyncWrite + Unpin + Send>(stream: I) -> impl Future<Output = hyper::Result<()>> + Send {
    let stream = Lingering::new(stream).max_body(MIB);
    let mcp = JsonRpcLayer::new(server()).max_body(MIB).layer(always(r#"{"tools":[]}"#));
    let token = StaticToken::new("secret".to_owned(), Identity::new("me", Scopes::default()));
    let guarded = BearerAuthLayer::new(token).layer(mcp);
    let app = stream.unread().layer(HostLayer::new(OriginPolicy::new().loopback_listener()).layer(guarded));
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
}

fn head(headers: &str, length: &str) -> String {
    format!("POST /mcp HTTP/1.1\r\n{headers}{length}\r\n\r\n")
}

const OWN: &str = "Host: localhost\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\n";

/// A socket whose buffers hold little: what is sent must be read.
fn socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket
}

/// What a client gets that sends all of its request before it reads anything.
async fn send_all_then_read(request: Vec<u8>) -> String {
    let listener = socket();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let stream = socket().connect(listener.local_addr().unwrap()).await.unwrap().into_std().unwrap();
    let client = tokio::task::spawn_blocking(move || {
        let mut stream = stream;
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(&request).expect("the server reads on");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer arrives whole");
        answer
    });
    let serving = tokio::spawn(serve(listener.accept().await.unwrap().0));
    let answer = client.await.unwrap();
    serving.await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn refusals_reach_who_sends_before_reading() {
    let long = vec![b' '; 2 * MIB - 200];
    let chunked = |size: usize| [format!("{size:x}\r\n").as_bytes(), &vec![b' '; size][..], b"\r\n0\r\n\r\n"].concat();
    let length = format!("Content-Length: {}", long.len());
    for (headers, status) in [
        (OWN.to_owned(), 413),
        (OWN.replace("secret", "guess"), 401),
        (OWN.replace("Host: localhost", "Host: rebound.example"), 403),
        (OWN.replace("Host: localhost\r\n", ""), 400),
        (OWN.replace("application/json", "text/plain"), 415),
        (format!("{OWN}Content-Encoding: gzip\r\n"), 415),
        (format!("{OWN}Origin: https://evil.example\r\n"), 403),
        (format!("{OWN}Accept: text/html\r\n"), 406),
    ] {
        let answer = send_all_then_read([head(&headers, &length).as_bytes(), &long[..]].concat()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{headers}: {answer}");
        let body = head(&headers, "Transfer-Encoding: chunked").into_bytes();
        let answer = send_all_then_read([body, chunked(2 * MIB - 200)].concat()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "chunked {headers}: {answer}");
    }
}

fn start() -> (DuplexStream, JoinHandle<hyper::Result<()>>) {
    let (client, stream) = duplex(64 * 1024);
    (client, tokio::spawn(serve(stream)))
}

async fn answer(client: &mut DuplexStream) -> String {
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The answer does not wait, and who neither sends on nor goes away is not waited for longer than 5 s.
#[tokio::test(start_paused = true)]
async fn the_answer_comes_at_once_and_the_connection_ends() {
    let (mut client, serving) = start();
    let since = Instant::now();
    client.write_all(head(&OWN.replace("secret", "guess"), "Content-Length: 1000").as_bytes()).await.unwrap();
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 401 "));
    assert_eq!(since.elapsed(), Duration::ZERO);
    serving.await.unwrap().unwrap();
    assert_eq!(since.elapsed(), Duration::from_secs(5));
}

/// Twice the longest body in all, and no more.
#[tokio::test(start_paused = true)]
async fn what_is_discarded_is_bounded() {
    for (headers, status) in [(OWN.to_owned(), 413), (OWN.replace("secret", "guess"), 401)] {
        let (mut client, serving) = start();
        let endless = format!("Content-Length: {}", 100 * MIB);
        client.write_all(head(&headers, &endless).as_bytes()).await.unwrap();
        let (mut sent, piece) = (0, [b' '; 4096]);
        while client.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        assert!((2 * MIB - 64 * 1024..=2 * MIB + 256 * 1024).contains(&sent), "{status}: {sent}");
        assert!(answer(&mut client).await.starts_with(&format!("HTTP/1.1 {status} ")));
        serving.await.unwrap().unwrap();
    }
}

/// Nothing lingers where all was read: neither a connection that goes on, nor one that ends.
#[tokio::test(start_paused = true)]
async fn connections_that_were_read_end_at_once() {
    let (mut client, serving) = start();
    let since = Instant::now();
    let refused = head(&OWN.replace("secret", "guess"), "Content-Length: 0");
    let length = format!("Content-Length: {}", PING.len());
    for request in [refused, head(OWN, &length) + PING, head(&format!("{OWN}Connection: close\r\n"), &length) + PING] {
        client.write_all(request.as_bytes()).await.unwrap();
    }
    let answer = answer(&mut client).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 3, "{answer}");
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.matches("HTTP/1.1 200 ").count() == 2, "{answer}");
    serving.await.unwrap().unwrap();
    assert_eq!(since.elapsed(), Duration::ZERO);
}
