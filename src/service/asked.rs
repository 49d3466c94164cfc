//! Who asked for a list of tools when, so that nobody makes lists for ever.

use crate::identity::Identity;
use crate::rpc::{BoxError, Payload, Request, Response};
use crate::service::ask::tools;
use http::HeaderValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower_service::Service;

/// How long a caller's list is believed about names that are not in it: a client that calls unknown
/// names for ever makes no more lists than this.
const FRESH: Duration = Duration::from_secs(5);
/// Beyond this many callers, those who asked long ago are forgotten.
const MAX_CALLERS: usize = 1_000;

/// Subject and scopes: who sees the same list. Nobody, without authentication.
type Caller = Option<(HeaderValue, HeaderValue)>;
/// When the last list ended. One list at a time: those who wait for it use what it brought, and where it failed ask
/// for another, so that no answer is shared as in a flight.
type Turn = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// Who asked when.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<HashMap<Caller, Turn>>);

impl Asked {
    fn turn(&self, caller: Caller) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MAX_CALLERS && !turns.contains_key(&caller) {
            turns.retain(|_, turn| turn.try_lock().map_or(true, |last| last.is_some_and(is_fresh)));
            if turns.len() >= MAX_CALLERS {
                turns.clear();
            }
        }
        Arc::clone(turns.entry(caller).or_default())
    }

    /// What `find` finds, if need be after `each` page was seen of the list that the sender of `request`
    /// sees.
    ///
    /// # Errors
    /// What the list failed with, unless it told before; an answer that is an error teaches nothing instead.
    pub(crate) async fn look_up<S, T>(
        &self,
        request: &Request,
        service: &mut S,
        each: impl Fn(&Payload) -> bool + Clone + Send + 'static,
        find: impl Fn() -> Option<T>,
    ) -> Result<Option<T>, BoxError>
    where
        S: Service<Request, Response = Response>,
        S::Error: Into<BoxError>,
    {
        let caller = request.extensions.get::<Identity>().map(|identity| identity.headers().clone());
        let turn = self.turn(caller);
        let mut last = turn.lock().await;
        let known = find();
        if known.is_some() || last.is_some_and(is_fresh) {
            return Ok(known);
        }
        let asked = tools(request, service, move |_, page| each(page)).await;
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
