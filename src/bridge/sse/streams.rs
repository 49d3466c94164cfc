//! The streams that are open, and the messages that wait in them.

use crate::identity::Identity;
use crate::net::holder::{Holder, Share, ShareError, Shares};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

/// The most streams that may be open at once; beyond it the answer is 503.
const MAX_STREAMS: usize = 1024;
/// The most streams of one user, who needs one for each program.
const STREAMS_OF_SUBJECT: usize = 8;
/// The most streams of one address, where users have no names of their own.
const STREAMS_OF_ADDRESS: usize = MAX_STREAMS / 16;
/// The most messages of one stream that may wait to be read; beyond it the answer is 503.
const MAX_WAITING: usize = 64;
/// The most bytes of waiting messages, unless it is a single one. As many bytes of replies may wait for the
/// client; then its calls wait too.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The open streams, under ids that cannot be guessed.
#[derive(Debug)]
pub(super) struct Streams {
    open: Mutex<HashMap<Uuid, Stream>>,
    shares: Shares,
}

impl Default for Streams {
    fn default() -> Self {
        Self { open: Mutex::default(), shares: Shares::new(MAX_STREAMS, STREAMS_OF_SUBJECT, STREAMS_OF_ADDRESS) }
    }
}

impl Streams {
    fn map(&self) -> MutexGuard<'_, HashMap<Uuid, Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream, and gives what reads its messages.
    pub(super) fn open(
        self: &Arc<Self>,
        extensions: &http::Extensions,
    ) -> Result<(Open, mpsc::Receiver<Waiting>), ShareError> {
        let share = self.shares.take(Holder::of_http(extensions))?;
        let (messages, waiting) = mpsc::channel(MAX_WAITING);
        let stream = Stream { messages, bytes: Arc::default(), owner: extensions.get::<Identity>().cloned() };
        let open = Open { id: Uuid::new_v4(), streams: Arc::clone(self), _share: share };
        self.map().insert(open.id, stream);
        Ok((open, waiting))
    }

    /// Queues a message in a stream of the same subject and partition, if there is room. Without such a stream it is `Closed`.
    pub(super) fn post(
        &self,
        stream: Uuid,
        message: Bytes,
        extensions: http::Extensions,
    ) -> Result<(), TrySendError<()>> {
        let stream = self.map().get(&stream).cloned();
        match stream.filter(|stream| is_one(stream.owner.as_ref(), extensions.get())) {
            Some(stream) => stream.post(message, extensions),
            None => Err(TrySendError::Closed(())),
        }
    }
}

/// Returns whether both are one user, maybe with a newer token.
fn is_one(owner: Option<&Identity>, from: Option<&Identity>) -> bool {
    match (owner, from) {
        (Some(owner), Some(from)) => owner.subject() == from.subject() && owner.partition() == from.partition(),
        (owner, from) => owner.is_none() && from.is_none(),
    }
}

/// An open stream, as POSTed messages see it.
#[derive(Clone, Debug)]
struct Stream {
    messages: mpsc::Sender<Waiting>,
    /// How many bytes of messages wait.
    bytes: Arc<AtomicUsize>,
    /// The caller who opened the stream. Messages of others are rejected.
    owner: Option<Identity>,
}

impl Stream {
    fn post(&self, message: Bytes, extensions: http::Extensions) -> Result<(), TrySendError<()>> {
        let length = message.len();
        let room = |waiting: usize| (waiting == 0 || waiting + length <= MAX_BYTES).then_some(waiting + length);
        if self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            return Err(TrySendError::Full(()));
        }
        let waiting = Waiting { message, extensions, bytes: Arc::clone(&self.bytes) };
        self.messages.try_send(waiting).map_err(|error| match error {
            TrySendError::Full(_) => TrySendError::Full(()),
            TrySendError::Closed(_) => TrySendError::Closed(()),
        })
    }
}

/// A message that was not read yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) message: Bytes,
    pub(super) extensions: http::Extensions,
    bytes: Arc<AtomicUsize>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.message.len(), Ordering::Relaxed);
    }
}

/// A stream for as long as it is open: it ends with this.
pub(super) struct Open {
    pub(super) id: Uuid,
    streams: Arc<Streams>,
    _share: Share,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.streams.map().remove(&self.id);
    }
}
