//! Requests of the server to a legacy client that wait for an answer.

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
/// The most open questions of one caller.
const OF_ONE: usize = LIMIT / 16;

type Answer = Result<Bytes, Bytes>;

/// The client that a question is for, and the only one that may answer it.
///
/// On a transport with connections it is the connection and the caller's subject; over HTTP it is the subject
/// or, without one, the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    holder: Holder,
    connection: Option<ConnectionId>,
}

/// A connection, by a number that is unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId(u64);

/// A question without an answer so far.
#[derive(Debug)]
struct Waiting {
    party: Party,
    answer: oneshot::Sender<Answer>,
}

/// The open questions, under ids that cannot be guessed: the only state that is kept between two HTTP requests.
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
    /// The share of the caller in the limit of open questions.
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
            // The connection may go through a proxy with several addresses.
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

    /// Opens a question of `holder`'s call; `None` if too many are open.
    pub(crate) fn ask(&self, party: Party, holder: Holder) -> Option<Question> {
        let share = self.shares.take(holder).ok()?;
        let id = Id::from_text(&Uuid::new_v4().to_string());
        let (sender, receiver) = oneshot::channel();
        self.open().insert(id.clone(), Waiting { party, answer: sender });
        Some(Question { id, questions: self.clone(), answer: receiver, _share: share })
    }

    /// Accepts the answer of `from`; `false` if no question to `from` has this id. Questions to others stay open.
    pub(crate) fn answer(&self, reply: Reply, from: &Party) -> bool {
        let mut open = self.open();
        let theirs = open.get(&reply.id).is_some_and(|waiting| waiting.party == *from);
        let waiting = if theirs { open.remove(&reply.id) } else { None };
        drop(open);
        waiting.is_some_and(|waiting| waiting.answer.send(reply.outcome).is_ok())
    }
}

impl Question {
    /// Waits for the `result` or `error` as JSON text; `None` if it will never come.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.questions.open().remove(&self.id);
    }
}
