//! The bridge over standard streams or another pair of byte streams, with one JSON-RPC message per line
//! ([stdio](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio)).
//!
//! Both eras may share the stream. Many calls run at once and are answered as they finish;
//! `notifications/cancelled` drops a call, which ends the call to 1C.
//!
//! # Example
//!
//! ```
//! use onec_mcp::rpc::{Request, Response, Payload, BoxError, ServerInfo};
//! use onec_mcp::bridge::stdio;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let rpc = tower::service_fn(|request: Request| async move {
//!     Ok::<_, BoxError>(Response::result(Payload::parse(r#"{"tools":[]}"#)?))
//! });
//! let input = &b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"[..];
//! let mut output = Vec::new();
//! stdio::serve(ServerInfo::default(), rpc, input, &mut output).await?;
//! assert_eq!(output, b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}\n");
//! # Ok(())
//! # }
//! ```

use crate::bridge::{Bridge, Connection};
use crate::rpc::{BoxError, ErrorObject, Extensions, Request, Response, encode_error, without_bom};
use bytes::{Buf, Bytes, BytesMut};

use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tower_layer::Layer;
use tower_service::Service;

/// The longest line that is accepted, in bytes.
pub const MAX_LINE: usize = 4 * 1024 * 1024;

/// The most running calls; beyond it no input is read.
const MAX_IN_FLIGHT: usize = 1024;
/// The most bytes of unread output; beyond it the calls are not polled.
const MAX_PENDING: usize = 1024 * 1024;
/// How long calls may go on after the end of input.
const GRACE: Duration = Duration::from_secs(1);

/// Serves one client until its input ends or the [`Bridge`] shuts down.
///
/// Running calls then have one second to finish and to send their answers. If the client does not read, at most
/// 1 MiB of answers is kept for it, and no more input is read.
///
/// # Errors
/// The errors of reading and writing. If the reader of the output is gone, the client has ended, which is no error.
pub async fn serve<S, L, R, W>(bridge: impl Into<Bridge<L>>, service: S, mut input: R, mut output: W) -> io::Result<()>
where
    L: Layer<S>,
    L::Service: Service<Request, Response = Response, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Bridge { core, layer } = bridge.into();
    let mut shutdown = core.shutdown.clone();
    let mut connection = Connection::new(Arc::new(core), layer.layer(service));
    let mut lines = Lines::default();
    let mut pending = BytesMut::new();
    let (mut open, mut flushed) = (true, true);
    let end = tokio::time::sleep(Duration::MAX);
    tokio::pin!(end);
    // Await nothing outside the `select!`: a client that does not read must not block the shutdown.
    while open || connection.in_flight() > 0 || !pending.is_empty() || !flushed {
        let all_written = pending.is_empty();
        tokio::select! {
            biased;
            put = put(&mut output, &pending), if !(all_written && flushed) => match put {
                Ok(0) if all_written => flushed = true,
                Ok(0) => return Ok(()),
                Ok(count) => {
                    pending.advance(count);
                    flushed = false;
                }
                // The reader is gone: the client has ended.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(error),
            },
            Some(message) = std::future::poll_fn(|cx| connection.poll_next(cx)), if pending.len() < MAX_PENDING => {
                pending.extend_from_slice(&message);
                pending.extend_from_slice(b"\n");
            }
            read = input.read_buf(&mut lines.buffer), if open && connection.in_flight() < MAX_IN_FLIGHT && pending.len() < MAX_PENDING => {
                if read? == 0 {
                    open = false;
                    lines.buffer.extend_from_slice(b"\n");
                    end.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
                for line in lines.by_ref() {
                    match line {
                        Ok(line) => connection.accept(&line, Extensions::new()),
                        Err(LineTooLongError) => {
                            let error = ErrorObject::invalid_request("a line is longer than 4 MiB");
                            pending.extend_from_slice(&encode_error(&error, None).into_bytes());
                            pending.extend_from_slice(b"\n");
                        }
                    }
                }
            }
            () = &mut shutdown, if open => {
                open = false;
                end.as_mut().reset(tokio::time::Instant::now() + GRACE);
            }
            () = &mut end, if !open => break,
        }
    }
    Ok(())
}

/// Writes a part of `bytes`, or, if there are none, flushes `output`.
async fn put<W: AsyncWrite + Unpin>(output: &mut W, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() { output.flush().await.map(|()| 0) } else { output.write(bytes).await }
}

/// The error for a line of more than [`MAX_LINE`] bytes, which is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of more than {MAX_LINE} bytes")]
pub struct LineTooLongError;

/// Splits input into lines. Skips empty lines, a CR before the LF, and a byte order mark at the start of a line.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: BytesMut,
    searched: usize,
    skipping: bool,
}

impl Lines {
    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }
}

impl Iterator for Lines {
    type Item = Result<Bytes, LineTooLongError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(found) = unseen.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                let too_long = self.searched > MAX_LINE;
                if too_long || self.skipping {
                    self.buffer.clear();
                    self.searched = 0;
                }
                let first = too_long && !self.skipping;
                self.skipping |= too_long;
                return first.then_some(Err(LineTooLongError));
            };
            let end = self.searched + found;
            self.searched = 0;
            let mut line = self.buffer.split_to(end).freeze();
            self.buffer.advance(1);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if line.len() > MAX_LINE {
                return Some(Err(LineTooLongError));
            }
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            let line = without_bom(line);
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(Ok(line));
            }
        }
    }
}
