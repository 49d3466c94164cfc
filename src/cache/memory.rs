//! [`Memory`].

use super::key::Key;
use crate::identity::Sharing;
use crate::onec::AnswerCheck;
use crate::rpc::json::{JsonError, Scanner};
use crate::rpc::{BoxError, Payload, Response};
use crate::service::flight::Flights;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The bytes that an answer is taken to need besides its JSON.
const BESIDE: usize = 256;

/// The longest time that any answer is remembered.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The remembered answers, and the calls under way.
pub(super) struct Memory {
    pub(super) sharing: Sharing,
    kept: Cache<Key, Kept>,
    room: u64,
    flights: Flights<Key, Result<Answer, Arc<dyn StdError + Send + Sync>>>,
}

#[derive(Clone)]
struct Kept {
    payload: Payload,
    /// By tokio's clock, like all time limits here.
    since: Instant,
    ttl: Duration,
}

/// An answer, and how much longer it is remembered.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) left: Option<Duration>,
}

/// Lets moka drop expired answers. It uses a clock of its own; [`Memory::get`] checks the time by tokio's.
struct Expiry;

impl moka::Expiry<Key, Kept> for Expiry {
    fn expire_after_create(&self, _: &Key, kept: &Kept, _: std::time::Instant) -> Option<Duration> {
        Some(kept.ttl)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        kept: &Kept,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.ttl)
    }
}

impl Memory {
    pub(super) fn new(sharing: Sharing, entries: u64, bytes: u64) -> Self {
        // With this minimum weight, `entries` answers fill the room even if they are small.
        let least = bytes.checked_div(entries).unwrap_or_default().clamp(1, u32::MAX.into());
        let room = bytes.min(least.saturating_mul(entries));
        let least = u32::try_from(least).unwrap_or(u32::MAX);
        let kept = Cache::builder()
            .max_capacity(room)
            .weigher(move |_: &Key, kept: &Kept| u32::try_from(size(&kept.payload)).unwrap_or(u32::MAX).max(least))
            .expire_after(Expiry)
            // LRU always admits a new answer, and it is easy to tell which one is dropped for it.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { sharing, kept, room, flights: Flights::default() }
    }

    /// Returns the remembered answer, if it is no older than `ttl`.
    pub(super) fn get(&self, key: &Key, ttl: Duration) -> Option<Answer> {
        let kept = self.kept.get(key)?;
        let left = kept.ttl.min(ttl).checked_sub(kept.since.elapsed()).filter(|left| !left.is_zero())?;
        Some(Answer { response: Response::result(kept.payload), left: Some(left) })
    }

    /// Returns the answer that `call` gets, or shares the answer of another caller's call for the same key that is
    /// under way. An answer that does not pass `check` is not remembered.
    ///
    /// # Errors
    /// The error of the call.
    pub(super) async fn ask(
        &self,
        key: Key,
        ttl: Duration,
        check: Option<AnswerCheck>,
        call: impl Future<Output = Result<Response, BoxError>>,
    ) -> Result<Answer, BoxError> {
        let call = async {
            // Another call may have ended since the caller's look into the memory.
            if let Some(answer) = self.get(&key, ttl) {
                return Ok(answer);
            }
            call.await.map(|response| self.keep(key.clone(), ttl, check.as_ref(), response)).map_err(Arc::from)
        };
        self.flights.join(key.clone(), call, |_| {}).await.map_err(|error| Shared(error).into())
    }

    fn keep(&self, key: Key, ttl: Duration, check: Option<&AnswerCheck>, response: Response) -> Answer {
        let ttl = ttl.min(LONGEST);
        match response.outcome {
            Ok(payload)
                if size(&payload) as u64 <= self.room
                    && may_be_kept(&payload)
                    && check.is_none_or(|check| check.passes(&payload)) =>
            {
                // On one line, as clients get it; otherwise each of them would make such a copy.
                let payload = payload.detached().on_one_line();
                let kept = Kept { payload: payload.clone(), since: Instant::now(), ttl };
                self.kept.insert(key, kept);
                // Applies the limits at once, not at moka's next maintenance.
                self.kept.run_pending_tasks();
                Answer { response: Response { outcome: Ok(payload), ..response }, left: Some(ttl) }
            }
            outcome => Answer { response: Response { outcome, ..response }, left: None },
        }
    }
}

fn size(payload: &Payload) -> usize {
    payload.json().len() + BESIDE
}

/// Returns whether a result may be remembered: it is neither an error nor a question to the client.
fn may_be_kept(payload: &Payload) -> bool {
    let json = payload.json();
    let mut failed = false;
    let read = Scanner::new(json).and_then(|mut scanner| {
        scanner.object::<JsonError>(|scanner, member| {
            let value = scanner.skip()?.of(json);
            failed |= match &*member.key {
                "isError" => value != Some(b"false"),
                "error" => value != Some(b"null"),
                _ => false,
            };
            Ok(())
        })
    });
    read.is_ok() && !failed && !payload.is_input_required()
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("sharing", &self.sharing)
            .field("entries", &self.kept.entry_count())
            .field("calls", &self.flights.count())
            .finish_non_exhaustive()
    }
}

/// An error shared by all callers who waited for the call.
#[derive(Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
