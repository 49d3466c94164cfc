//! Requests of the server that wait for a legacy client's answer.

use crate::net::holder::{Holder, Share, Shares};
use crate::rpc::{Id, Reply};
use bytes::Bytes;
use std::collections::HashMap;
#[cfg(any(feature = "stdio", feature = "sse"))]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The most questions that may be open at once, over all clients.
const LIMIT: usize = 4096;
/// And those of one caller.
const OF_ONE: usize = LIMIT / 16;

type Answer = Result<Bytes, Bytes>;

/// To whom a question is put, and who alone may answer it: the connection where all messages of a client share one,
/// and the subject who called, or else, where each message comes by itself, the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    holder: Holder,
    connection: Option<ConnectionId>,
}

/// A connection that is no other's, in the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId(u64);

/// A question that nobody has answered yet.
#[derive(Debug)]
struct Waiting {
    party: Party,
    answer: oneshot::Sender<Answer>,
}

/// The open questions, under ids that nobody can guess: the one thing that is remembered between
/// two HTTP requests.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    open: Arc<Mutex<HashMap<Id, Waiting>>>,
    shares: Shares,
}

/// An open question. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: Id,
    questions: Questions,
    answer: oneshot::Receiver<Answer>,
    /// Of the questions that may be open.
    _share: Share,
}

impl Default for Questions {
    fn default() -> Self {
        Self { open: Arc::default(), shares: Shares::new(LIMIT, OF_ONE, OF_ONE) }
    }
}

impl Party {
    pub(crate) const fn new(holder: Holder, connection: Option<ConnectionId>) -> Self {
        match (holder, connection) {
            // The connection may go through a proxy that has several addresses.
            (Holder::Address(_), Some(_)) => Self { holder: Holder::Nobody, connection },
            _ => Self { holder, connection },
        }
    }
}

impl ConnectionId {
    #[cfg(any(feature = "stdio", feature = "sse"))]
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Questions {
    fn open(&self) -> MutexGuard<'_, HashMap<Id, Waiting>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a question of `holder`'s call; `None` when too many are open.
    pub(crate) fn ask(&self, party: Party, holder: Holder) -> Option<Question> {
        let share = self.shares.take(holder).ok()?;
        let id = Id::from_text(&Uuid::new_v4().to_string());
        let (sender, receiver) = oneshot::channel();
        self.open().insert(id.clone(), Waiting { party, answer: sender });
        Some(Question { id, questions: self.clone(), answer: receiver, _share: share })
    }

    /// Hands in the answer of `from`; `false` if none of theirs waits for it. The question of another stays open.
    pub(crate) fn answer(&self, reply: Reply, from: &Party) -> bool {
        let mut open = self.open();
        let theirs = open.get(&reply.id).is_some_and(|waiting| waiting.party == *from);
        let waiting = if theirs { open.remove(&reply.id) } else { None };
        drop(open);
        waiting.is_some_and(|waiting| waiting.answer.send(reply.outcome).is_ok())
    }
}

impl Question {
    /// The raw result or error; `None` if it will never come.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.questions.open().remove(&self.id);
    }
}
