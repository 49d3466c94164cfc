//! Server-sent events ([HTML, section 9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html)).

use crate::bridge::Outbox;
use crate::rpc::Encoded;
use bytes::Bytes;
use futures_core::Stream;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The work on a request, which ends with the last message, if there is one.
pub(in crate::bridge) type Work = Pin<Box<dyn Future<Output = Option<Encoded>> + Send>>;

/// The answer to one request as events: the messages in the outbox while the work runs, then the reply.
///
/// The stream owns the work: when the client closes it, the work is dropped.
pub(in crate::bridge) struct EventStream {
    work: Option<Work>,
    outbox: Outbox,
    ready: VecDeque<Bytes>,
    keep_alive: Pin<Box<Sleep>>,
    every: Duration,
}

impl EventStream {
    pub(in crate::bridge) fn new(work: Work, outbox: Outbox, every: Duration) -> Self {
        Self { work: Some(work), outbox, ready: VecDeque::new(), keep_alive: Box::pin(sleep(every)), every }
    }

    /// Sends `bytes` before everything else.
    #[cfg(feature = "sse")]
    pub(in crate::bridge) fn starting_with(mut self, bytes: Bytes) -> Self {
        self.ready.push_back(bytes);
        self
    }

    /// Appends an event. Messages have no line breaks, so one `data` field is enough.
    fn event(&mut self, pieces: impl IntoIterator<Item = Bytes>) {
        self.ready.push_back(Bytes::from_static(b"event: message\ndata: "));
        self.ready.extend(pieces);
        self.ready.push_back(Bytes::from_static(b"\n\n"));
    }
}

impl Stream for EventStream {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                let next = Instant::now() + self.every;
                self.keep_alive.as_mut().reset(next);
                return Poll::Ready(Some(bytes));
            }
            let end = self.work.as_mut().map(|work| work.as_mut().poll(cx));
            if let Some(message) = self.outbox.pop() {
                // The last message waits until all others are sent.
                self.event([message]);
                while let Some(message) = self.outbox.pop() {
                    self.event([message]);
                }
            }
            match end {
                Some(Poll::Ready(last)) => {
                    self.work = None;
                    if let Some(mut last) = last {
                        self.event(std::iter::from_fn(|| last.next_piece()));
                    }
                }
                None if self.ready.is_empty() => return Poll::Ready(None),
                Some(Poll::Pending) if self.ready.is_empty() => {
                    if self.keep_alive.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.ready.push_back(Bytes::from_static(b": keep-alive\n\n"));
                }
                _ => {}
            }
        }
    }
}
