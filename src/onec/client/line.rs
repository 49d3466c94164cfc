//! One connection to 1C's web server.

use super::line_errors::{ConnectTimeoutError, EndedError, SpeaksTlsError};
use super::stream::{Secured, Stream, is_plain, wire};
use crate::rpc::BoxError;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::{Timeout, timeout};
use tower_service::Service;

/// The requests of one connection, after which Apache closes it (`MaxKeepAliveRequests`).
const MAX_REQUESTS: u32 = 100;

/// Within this time of an answer a connection is not checked: hyper is still watching it, and the check is a
/// system call.
const FRESH: Duration = Duration::from_micros(500);

/// Opens [`Line`]s.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    https: Secured,
    /// The time limit for the connection and its TLS together.
    limit: Duration,
}

impl Connector {
    pub(super) const fn new(https: Secured, limit: Duration) -> Self {
        Self { https, limit }
    }
}

impl Service<http::Uri> for Connector {
    type Response = Line;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: http::Uri) -> Connecting {
        Connecting { stream: Box::pin(timeout(self.limit, self.https.call(uri))), limit: self.limit }
    }
}

/// A connection that is being opened.
pub(super) struct Connecting {
    // Pinned in a box: hyper's pool moves the future, and a timer must not move.
    stream: Pin<Box<Timeout<<Secured as Service<http::Uri>>::Future>>>,
    limit: Duration,
}

impl Future for Connecting {
    type Output = Result<Line, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = ready!(self.stream.as_mut().poll(cx)).map_err(|_| ConnectTimeoutError(self.limit))??;
        Poll::Ready(Ok(Line { stream, begun: 0, sent: true, heard: None }))
    }
}

/// A connection that is checked before each further request on it.
///
/// The web server may close an idle connection at any moment. hyper notices when its task runs next; a request
/// that is written before that is lost, and cannot be repeated, since it may have run. So the socket is read
/// just before the first byte: if it has ended, nothing is sent and the call uses another connection. A close
/// at that very moment cannot be seen by any client
/// ([RFC 9112, section 9.5](https://www.rfc-editor.org/rfc/rfc9112#section-9.5)).
#[derive(Debug)]
pub(super) struct Line {
    stream: Stream,
    /// The number of requests so far.
    begun: u32,
    /// Whether the last request is written in full, so that the next write begins another one. hyper flushes
    /// only then: the body of a request is one piece here.
    sent: bool,
    /// The time of the last answer.
    heard: Option<Instant>,
}

impl Line {
    /// Called before a write.
    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.sent) {
            return Ok(());
        }
        self.begun = self.begun.saturating_add(1);
        let fresh = self.heard.is_some_and(|heard| heard.elapsed() < FRESH);
        if self.begun == 1 || self.begun <= MAX_REQUESTS && (fresh || wire(&self.stream).is_quiet()) {
            return Ok(());
        }
        Err(io::Error::new(ErrorKind::NotConnected, EndedError))
    }

    /// Reads the first bytes of the first answer over plain HTTP.
    fn poll_hear(&mut self, cx: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 16];
        let length = bytes.len().min(out.remaining());
        let Some(bytes) = bytes.get_mut(..length) else { return Poll::Ready(Ok(())) };
        let mut first = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.stream).poll_read(cx, first.unfilled()))?;
        self.heard = Some(Instant::now());
        if first.filled().starts_with(&[0x15, 3]) {
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, SpeaksTlsError)));
        }
        out.put_slice(first.filled());
        Poll::Ready(Ok(()))
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        // Without the addresses, which each answer would carry.
        Connected::new()
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.heard.is_none() && is_plain(&self.stream) {
            return self.poll_hear(cx, out);
        }
        ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        self.heard = Some(Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.begin()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.begin()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.sent = true;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
