//! [`Lingering`]: a connection that stays open until the client has its last answer.

use super::unread::Unread;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The longest body by default; up to as much again is read and discarded.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// The longest time for which it is read and discarded.
const LONGEST: Duration = Duration::from_secs(5);
/// The bytes that are discarded at once.
const PIECE: usize = 16 * 1024;

pin_project! {
    /// Wraps a connection so that its last answer reaches a client that is still sending.
    ///
    /// A server that refuses a request before it has read the body (401, 403, 413, 415 …) answers and closes. The
    /// operating system then discards what arrives later and resets the connection, and with it the answer, which the
    /// client would read only after it has sent its body. Where a body was left unread, this connection therefore
    /// closes its own side, then reads and discards until the client closes too: for at most 5 s, and no more than
    /// twice the longest body in all ([RFC 9112, section 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)).
    ///
    /// It goes between a TCP or TLS stream and the HTTP/1.1 server. Its [`Unread`] layer tells it which bodies were
    /// read:
    ///
    /// ```
    /// use hyper_util::rt::TokioIo;
    /// use hyper_util::service::TowerToHyperService;
    /// use onec_mcp::bridge::http::JsonRpcLayer;
    /// use onec_mcp::net::Lingering;
    /// use onec_mcp::onec::OneCService;
    /// use onec_mcp::rpc::ServerInfo;
    /// use tokio::net::TcpStream;
    /// use tower::Layer;
    ///
    /// async fn serve(stream: TcpStream, onec: OneCService) -> hyper::Result<()> {
    ///     let stream = Lingering::new(stream);
    ///     let mcp = stream.unread().layer(JsonRpcLayer::new(ServerInfo::default()).layer(onec));
    ///     let server = hyper::server::conn::http1::Builder::new();
    ///     server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(mcp)).await
    /// }
    /// ```
    #[derive(Debug)]
    pub struct Lingering<I> {
        #[pin]
        io: I,
        unread: Unread,
        max_body: usize,
        end: Option<Pin<Box<Sleep>>>,
    }
}

impl<I> Lingering<I> {
    /// Wraps a connection.
    pub fn new(io: I) -> Self {
        Self { io, unread: Unread::default(), max_body: MAX_BODY, end: None }
    }

    /// Returns the layer that must see the requests of this connection.
    pub fn unread(&self) -> Unread {
        self.unread.clone()
    }

    /// Sets the longest body that the server takes, in bytes; 4 MiB by default.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }
}

impl<I: AsyncRead> AsyncRead for Lingering<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_read(cx, into)
    }
}

impl<I: AsyncRead + AsyncWrite> AsyncWrite for Lingering<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().io.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if this.end.is_none() {
            ready!(this.io.as_mut().poll_shutdown(cx))?;
            if !this.unread.is_set() {
                return Poll::Ready(Ok(()));
            }
        }
        let end = this.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(LONGEST)));
        let mut piece = [const { std::mem::MaybeUninit::uninit() }; PIECE];
        while this.unread.read() < this.max_body.saturating_mul(2) {
            let mut piece = ReadBuf::uninit(&mut piece);
            match this.io.as_mut().poll_read(cx, &mut piece) {
                Poll::Ready(Ok(())) if !piece.filled().is_empty() => {
                    this.unread.add(piece.filled().len());
                }
                // The end, or the connection broke off.
                Poll::Ready(_) => break,
                Poll::Pending => return end.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}
