//! Requests of the server that wait for a legacy client's answer.

use crate::rpc::{Id, Reply};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The most questions that may be open at once, over all clients.
const LIMIT: usize = 4096;

type Answer = Result<Bytes, Bytes>;

/// The open questions, under ids that nobody can guess: the one thing that is remembered between
/// two HTTP requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Questions(Arc<Mutex<HashMap<Id, oneshot::Sender<Answer>>>>);

/// An open question. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: Id,
    questions: Questions,
    answer: oneshot::Receiver<Answer>,
}

impl Questions {
    fn open(&self) -> MutexGuard<'_, HashMap<Id, oneshot::Sender<Answer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a question; `None` when too many are open.
    pub(crate) fn ask(&self) -> Option<Question> {
        let id = Id::from_text(&Uuid::new_v4().to_string());
        let (sender, answer) = oneshot::channel();
        let mut open = self.open();
        if open.len() >= LIMIT {
            return None;
        }
        open.insert(id.clone(), sender);
        Some(Question { id, questions: self.clone(), answer })
    }

    /// Hands in a client's answer; `false` if nobody waits for it.
    pub(crate) fn answer(&self, reply: Reply) -> bool {
        let waiting = self.open().remove(&reply.id);
        waiting.is_some_and(|sender| sender.send(reply.outcome).is_ok())
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
