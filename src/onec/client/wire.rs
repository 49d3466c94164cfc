//! The connections beneath TLS: TCP, or those of a connector of the embedder's own.

use super::line_errors::NoSuchHostError;
use crate::rpc::BoxError;
use futures_core::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::util::{BoxCloneSyncService, MapErr};
use tower_service::Service;

type Resolver = MapErr<GaiResolver, fn(io::Error) -> NoSuchHostError>;

/// A stream of an embedder's own.
pub(super) trait OwnStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> OwnStream for T {}

/// Opens [`Wire`]s.
#[derive(Clone, Debug)]
pub(super) enum Dial {
    Tcp(HttpConnector<Resolver>),
    Own(BoxCloneSyncService<Uri, Wire, BoxError>),
}

impl Dial {
    /// Returns the dial of plain TCP.
    pub(super) fn tcp(limit: Duration) -> Self {
        let mut http = HttpConnector::new_with_resolver(MapErr::new(GaiResolver::new(), NoSuchHostError as _));
        http.enforce_http(false);
        http.set_nodelay(true);
        // The addresses of the host share the time, so that a dead one leaves time for the others.
        http.set_connect_timeout(Some(limit));
        http.set_keepalive(Some(Duration::from_secs(30)));
        Self::Tcp(http)
    }

    /// Returns the dial of a connector of the embedder's own.
    pub(super) fn own<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self::Own(BoxCloneSyncService::new(OwnDial(connector)))
    }
}

impl Service<Uri> for Dial {
    type Response = Wire;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Wire, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Tcp(http) => http.poll_ready(cx).map_err(Into::into),
            Self::Own(own) => own.poll_ready(cx),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Tcp(http) => {
                let stream = http.call(uri);
                Box::pin(async move { Ok(Wire::Tcp(stream.await?)) })
            }
            Self::Own(own) => own.call(uri),
        }
    }
}

/// A connector of the embedder's own.
#[derive(Clone)]
struct OwnDial<C>(C);

impl<C> Service<Uri> for OwnDial<C>
where
    C: Service<Uri>,
    C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = Wire;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Wire, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let stream = self.0.call(uri);
        Box::pin(async move {
            let stream: Box<dyn OwnStream> = Box::new(stream.await.map_err(Into::<BoxError>::into)?);
            Ok(Wire::Own(TokioIo::new(stream)))
        })
    }
}

/// A connection without TLS, or beneath it.
pub(super) enum Wire {
    Tcp(TokioIo<TcpStream>),
    Own(TokioIo<Box<dyn OwnStream>>),
}

impl Wire {
    /// Returns whether nothing has come since the last answer: neither the end nor unexpected bytes, such as a
    /// TLS `close_notify` or a 408. A stream that is no socket cannot be looked into, and counts as quiet.
    pub(super) fn is_quiet(&self) -> bool {
        let Self::Tcp(tcp) = self else { return true };
        let nothing = SockRef::from(tcp.inner()).peek(&mut [MaybeUninit::uninit()]);
        nothing.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Wire::Tcp",
            Self::Own(_) => "Wire::Own",
        })
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        // Without the addresses, which each answer would carry.
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, out),
            Self::Own(own) => Pin::new(own).poll_read(cx, out),
        }
    }
}

impl Write for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Own(own) => Pin::new(own).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, pieces),
            Self::Own(own) => Pin::new(own).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_write_vectored(),
            Self::Own(own) => own.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Own(own) => Pin::new(own).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Own(own) => Pin::new(own).poll_shutdown(cx),
        }
    }
}
