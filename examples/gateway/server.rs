//! The HTTP/1.1 server around the routes: connections, TLS, shutdown.

use crate::Failure;
use crate::settings;
use axum::Router;
use axum::http;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use onec_mcp::http::{Lingering, Peer, Watched};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};

/// A connection on which no whole request head comes within this time is closed, new or idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// So is one whose TLS handshake takes longer than this.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the certificate chain and the key, both PEM.
pub(crate) fn tls(files: &settings::Tls) -> Result<TlsAcceptor, Failure> {
    let unusable = |why| format!("cannot use the certificate {}: {why}", files.cert.display());
    let mut config = files.server().map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts until `stop`, then gives running calls `drain` to finish.
pub(crate) async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    stop: &CancellationToken,
    drain: Duration,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, tls.clone(), app.clone(), stop.clone()));
                }
                Err(error) => {
                    // Too many open files, mostly: it passes when connections close.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(drain, finished).await.is_err() {
        tracing::warn!("some calls did not finish in time and are dropped");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    app: Router,
    stop: CancellationToken,
) {
    // Answers go out at once; without this the last piece of a large one may wait for an ACK.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(stream, peer, app, stop).await,
        Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, peer, app, stop).await,
            Ok(Err(error)) => tracing::debug!("TLS handshake failed: {error}"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        },
    }
}

async fn serve<I>(stream: I, peer: SocketAddr, app: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    // A refusal must reach a client that is still sending.
    let stream = Lingering::new(stream);
    // Limits and the audit trail want to know who it is.
    let app = app.map_request(move |mut request: http::Request<Watched<Incoming>>| {
        request.extensions_mut().insert(Peer(peer));
        request
    });
    let app = stream.unread().layer(app);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    tokio::pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => end,
        () = stop.cancelled() => {
            // The call under way is answered, and no other is taken.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = end {
        tracing::debug!("connection ended: {error}");
    }
}
