//! Messages on their way to the client.

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A queue from the calls of a stream to the stream. The stream polls the calls, so the queue needs no waker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn push(&self, message: impl Into<Bytes>) {
        let message = message.into();
        let mut waiting = self.waiting();
        waiting.bytes += message.len();
        waiting.messages.push_back(message);
    }

    pub(crate) fn pop(&self) -> Option<Bytes> {
        let mut waiting = self.waiting();
        let message = waiting.messages.pop_front()?;
        waiting.bytes -= message.len();
        Some(message)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting().messages.is_empty()
    }

    /// Returns how many bytes wait.
    #[cfg(feature = "sse")]
    pub(crate) fn bytes(&self) -> usize {
        self.waiting().bytes
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
