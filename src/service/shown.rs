//! [`Shown`]: the lists that callers were shown, for layers that must know the tools of a call.

use crate::identity::{CallerKey, Identity, Sharing};
use crate::rpc::{Param, Request};
use bytes::Bytes;
use http::HeaderMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a page is remembered.
const KNOWN: Duration = Duration::from_secs(12 * 60 * 60);
/// Beyond these limits, callers are forgotten and pages of one list are not remembered.
const MAX_CALLERS: usize = 1_000;
const MAX_PAGES: usize = 100;
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What a layer knows of one page of a list.
pub(crate) trait Page {
    /// Estimates how many bytes it takes.
    fn bytes(&self) -> usize;
}

/// A caller, and the page that the caller asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    caller: CallerKey,
    cursor: Bytes,
}

/// Returns the key of the caller of `request`: lists may differ by all that sets callers apart.
#[cfg(any(feature = "alias", feature = "confirm"))]
pub(super) fn caller(request: &Request) -> CallerKey {
    CallerKey::private(request.extensions.get::<Identity>(), &request.headers)
}

#[derive(Debug)]
struct Seen<P> {
    #[cfg_attr(not(any(feature = "check", feature = "confirm")), allow(dead_code, reason = "for `learn` alone"))]
    cursor: Bytes,
    page: Arc<P>,
    at: Instant,
}

/// The pages that each caller was shown. What one caller was shown is not used for another, unless the leaf treats both
/// alike.
pub(crate) struct Shown<P> {
    sharing: Sharing,
    key: Key,
    callers: Mutex<Callers<P>>,
}

/// Returns the key of a caller.
type Key = fn(&Sharing, Option<&Identity>, &HeaderMap) -> CallerKey;

type Callers<P> = HashMap<CallerKey, Vec<Seen<P>>>;

impl<P> Default for Shown<P> {
    fn default() -> Self {
        Self::new(Sharing::nobody())
    }
}

impl<P> Shown<P> {
    pub(crate) fn new(sharing: Sharing) -> Self {
        Self { sharing, key: CallerKey::shared, callers: Mutex::default() }
    }

    /// Remembers what a user was shown under any scopes.
    #[cfg(feature = "alias")]
    pub(crate) fn of_users(sharing: Sharing) -> Self {
        Self { key: CallerKey::of_user, ..Self::new(sharing) }
    }

    /// Returns the key by which the caller of `request` is known here.
    pub(crate) fn caller(&self, request: &Request) -> CallerKey {
        (self.key)(&self.sharing, request.extensions.get::<Identity>(), &request.headers)
    }

    /// Returns who asks `request`, and by which cursor.
    pub(crate) fn asking(&self, request: &Request) -> Asking {
        let cursor = Bytes::copy_from_slice(request.params.raw(Param::Cursor).unwrap_or_default());
        Asking { caller: self.caller(request), cursor }
    }
}

impl<P: Page> Shown<P> {
    /// Returns what `pick` finds on the page that the caller of `request` was shown last of those where it finds
    /// something, and when that was.
    pub(crate) fn last<T>(&self, request: &Request, pick: impl Fn(&Arc<P>) -> Option<T>) -> Option<(T, Instant)> {
        let callers = self.lock();
        if callers.is_empty() {
            return None;
        }
        let pages = callers.get(&self.caller(request))?.iter().filter(|seen| seen.at.elapsed() < KNOWN);
        pages.filter_map(|seen| Some((pick(&seen.page)?, seen.at))).max_by_key(|(_, at)| *at)
    }

    /// Returns what `pick` finds on all pages that the caller of `request` was shown, the last one first.
    #[cfg(feature = "alias")]
    pub(crate) fn all<T>(&self, request: &Request, pick: impl Fn(&P) -> Option<T>) -> Vec<T> {
        let callers = self.lock();
        let mut pages: Vec<_> = callers.get(&self.caller(request)).into_iter().flatten().collect();
        pages.sort_by_key(|seen| std::cmp::Reverse(seen.at));
        pages.into_iter().filter_map(|seen| pick(&seen.page)).collect()
    }

    /// Learns a page, which takes the place of the one that the caller was shown for the same cursor.
    #[cfg(any(feature = "check", feature = "confirm"))]
    pub(crate) fn learn(&self, asking: &Asking, page: &Arc<P>) {
        self.put(asking, page, |seen| seen.cursor == asking.cursor);
    }

    /// Learns a page beside all others that the caller was shown.
    pub(crate) fn learn_too(&self, asking: &Asking, page: &Arc<P>) {
        self.put(asking, page, |seen| Arc::ptr_eq(&seen.page, page));
    }

    fn put(&self, asking: &Asking, page: &Arc<P>, is_place: impl Fn(&Seen<P>) -> bool) {
        let now = Instant::now();
        let mut callers = self.lock();
        if let Some(known) =
            callers.get_mut(&asking.caller).and_then(|seen| seen.iter_mut().find(|seen| is_place(seen)))
        {
            let same = Arc::ptr_eq(&known.page, page);
            (known.page, known.at) = (Arc::clone(page), now);
            if same {
                return;
            }
        } else {
            let seen = callers.entry(asking.caller.clone()).or_default();
            if seen.len() >= MAX_PAGES {
                seen.sort_by_key(|seen| std::cmp::Reverse(seen.at));
                seen.truncate(MAX_PAGES - 1);
            }
            seen.push(Seen { cursor: asking.cursor.clone(), page: Arc::clone(page), at: now });
        }
        bound(&mut callers);
    }

    fn lock(&self) -> MutexGuard<'_, Callers<P>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets old pages, and then the callers who were shown a list longest ago, until the limits are kept.
fn bound<P: Page>(callers: &mut Callers<P>) {
    callers.retain(|_, seen| {
        seen.retain(|seen| seen.at.elapsed() < KNOWN);
        !seen.is_empty()
    });
    loop {
        let pages = callers.values().flatten().map(|seen| (Arc::as_ptr(&seen.page), seen.page.bytes()));
        let bytes = pages.collect::<HashMap<_, _>>().values().sum::<usize>();
        if callers.len() <= MAX_CALLERS && bytes <= MAX_BYTES {
            return;
        }
        let last = |seen: &Vec<Seen<P>>| seen.iter().map(|seen| seen.at).max();
        let oldest = callers.iter().min_by_key(|(_, seen)| last(seen)).map(|(caller, _)| caller.clone());
        let Some(oldest) = oldest else { return };
        callers.remove(&oldest);
    }
}

impl<P> fmt::Debug for Shown<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("Shown").field("callers", &callers).finish_non_exhaustive()
    }
}
