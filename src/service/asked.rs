//! Remembers when lists of tools were requested for a caller, so that they are not requested too often.

use crate::identity::CallerKey;
use crate::rpc::{BoxError, Payload, Request, Response};
use crate::service::ask::tools;
use crate::service::shown;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower_service::Service;

/// How long a caller's list is trusted about names that are not in it: a client that keeps calling unknown
/// names causes no more lists than this.
const FRESH: Duration = Duration::from_secs(5);
/// Beyond this many callers, those whose list is old are forgotten.
const MAX_CALLERS: usize = 1_000;

/// When the last list ended. One list at a time: those who wait use what it brought, and request another if it
/// failed, so no answer is shared between them (as it is in a flight).
type Turn = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// When each caller's list was requested last.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<HashMap<CallerKey, Turn>>);

impl Asked {
    fn turn(&self, caller: CallerKey) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MAX_CALLERS && !turns.contains_key(&caller) {
            turns.retain(|_, turn| turn.try_lock().map_or(true, |last| last.is_some_and(is_fresh)));
            if turns.len() >= MAX_CALLERS {
                turns.clear();
            }
        }
        Arc::clone(turns.entry(caller).or_default())
    }

    /// Returns what `find` finds, if needed after `each` page of the list that the caller of `request` sees was given
    /// to the closure.
    ///
    /// # Errors
    /// The error of the list, unless `find` succeeds anyway. An answer that is a JSON-RPC error is no such error.
    pub(crate) async fn look_up<S, T>(
        &self,
        request: &Request,
        service: &mut S,
        each: impl Fn(&Request, &Payload) -> bool + Clone + Send + 'static,
        find: impl Fn() -> Option<T>,
    ) -> Result<Option<T>, BoxError>
    where
        S: Service<Request, Response = Response>,
        S::Error: Into<BoxError>,
    {
        let turn = self.turn(shown::caller(request));
        let mut last = turn.lock().await;
        let known = find();
        if known.is_some() || last.is_some_and(is_fresh) {
            return Ok(known);
        }
        let asked = tools(request, service, each).await;
        let found = find();
        if let (Err(error), None) = (asked, &found) {
            return Err(error);
        }
        *last = Some(Instant::now());
        Ok(found)
    }
}

fn is_fresh(last: Instant) -> bool {
    last.elapsed() < FRESH
}
