//! The HTTP/1.1 server around the routes: connections, TLS, shutdown.

use crate::BoxError;
use crate::connections::{Answer, Connection, Connections, Requests};
use crate::settings;
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use onec_mcp::net::{Lingering, Peer, RefusalsLayer, Watched};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service, ServiceExt};

/// The time limit for a request head; without one a new or idle connection is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The time after which a connection is closed if its client reads nothing of an answer or of events.
const STALLED: Duration = Duration::from_secs(60);
/// The buffer of a connection, and so the longest head of a request.
const BUFFER: usize = 64 * 1024;
/// The time limit for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the certificate chain and the key, both PEM.
pub(crate) fn tls(files: &settings::Tls) -> Result<TlsAcceptor, BoxError> {
    let unusable = |why| format!("cannot use the certificate {}: {why}", files.cert.display());
    let mut config = files.server().map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The service with all routes, for any body type of the server.
pub(crate) trait App<R>:
    Service<Request<Watched<Incoming>>, Response = Response<R>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<A, R> App<R> for A where
    A: Service<Request<Watched<Incoming>>, Response = Response<R>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// The parts that all connections share.
#[derive(Clone)]
pub(crate) struct Server<A> {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) app: A,
    pub(crate) connections: Connections,
    pub(crate) stop: CancellationToken,
    pub(crate) refusals: RefusalsLayer,
}

impl<A> Server<A> {
    /// Accepts connections until `stop`, then gives running calls `drain` to finish.
    pub(crate) async fn run<R>(self, listener: TcpListener, drain: Duration)
    where
        A: App<R>,
        R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        let mut full = Scarce::default();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let place = self.connections.open(peer.ip());
                        full.tell(place.as_ref(), peer);
                        if let Some(place) = place {
                            connections.spawn(self.clone().connection(stream, peer, place));
                        }
                    }
                    Err(error) => {
                        // Mostly too many open files, which passes when connections close.
                        tracing::warn!("cannot accept a connection: {error}");
                        sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = self.stop.cancelled() => break,
            }
        }
        drop(listener);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(drain, finished).await.is_err() {
            tracing::warn!("some calls did not finish in time and are dropped");
        }
    }

    async fn connection<R>(self, stream: TcpStream, peer: SocketAddr, place: Connection)
    where
        A: App<R>,
        R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        // Send answers at once: otherwise the last piece of a large one may wait for an ACK.
        let _ = stream.set_nodelay(true);
        // Lets the system detect a client that is gone, by the few bytes that an event stream sends.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(STALLED));
        let evicted = place.evicted();
        let served = async {
            match self.tls.clone() {
                None => self.serve(stream, peer, place.requests()).await,
                Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => self.serve(stream, peer, place.requests()).await,
                    Ok(Err(error)) => tracing::debug!("TLS handshake failed: {error}"),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                },
            }
        };
        tokio::select! {
            () = served => {}
            () = evicted => tracing::debug!(%peer, "an idle connection made room for another"),
        }
    }

    /// Serves one connection to its end.
    pub(crate) async fn serve<I, R>(self, stream: I, peer: SocketAddr, requests: Requests)
    where
        I: AsyncRead + AsyncWrite + Send,
        A: App<R>,
        R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(STALLED));
        // An early error response must reach a client that is still sending.
        let stream = Lingering::new(Box::pin(stream));
        // Limits and the audit trail need the address of the client.
        let app = self.app.map_request(move |mut request: Request<Watched<Incoming>>| {
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let app = stream.unread().layer(app).map_future(move |answer| {
            let request = requests.begin();
            async move { answer.await.map(|answer: Response<R>| answer.map(|body| Answer::new(body, request))) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        tokio::pin!(connection);
        let end = tokio::select! {
            end = connection.as_mut() => end,
            () = self.stop.cancelled() => {
                // The running call is answered, and no other is accepted.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match end {
            Ok(()) => {}
            Err(error) if error.is_parse_too_large() => {
                self.refusals.unread(peer.ip(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &error);
            }
            Err(error) if error.is_parse() => self.refusals.unread(peer.ip(), StatusCode::BAD_REQUEST, &error),
            Err(error) => tracing::debug!("connection ended: {error}"),
        }
    }
}

/// A warning, once a minute, that connections reach their limit.
#[derive(Default)]
struct Scarce {
    told: Option<Instant>,
    closed: u64,
    refused: u64,
}

impl Scarce {
    /// Counts a connection by the place that it got, and logs.
    fn tell(&mut self, place: Option<&Connection>, peer: SocketAddr) {
        match place {
            Some(place) if !place.made_room() => return,
            Some(_) => self.closed += 1,
            None => self.refused += 1,
        }
        if self.told.is_none_or(|told| told.elapsed() > Duration::from_secs(60)) {
            let (closed, refused) = (self.closed, self.refused);
            tracing::warn!(
                closed, refused, last = %peer,
                "the places for connections are taken, all (MCP_MAX_CONNECTIONS) or those of one address: \
                 idle ones are closed for new ones, and where all have calls new ones are refused"
            );
            *self = Self { told: Some(Instant::now()), closed: 0, refused: 0 };
        }
    }
}
