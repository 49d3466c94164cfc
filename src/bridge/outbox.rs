//! Messages on their way to the client.

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A queue between the calls of one stream and the stream, which polls them and so needs no waker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox(Arc<Mutex<VecDeque<Bytes>>>);

impl Outbox {
    pub(crate) fn push(&self, message: impl Into<Bytes>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(message.into());
    }

    pub(crate) fn pop(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
