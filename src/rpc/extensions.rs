//! What layers tell each other of one request.

use super::request_id::RequestId;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A map of values by type, as [`http::Extensions`], that costs nothing to clone: a bridge keeps a
/// request for the rounds that may follow.
#[derive(Clone, Default)]
pub struct Extensions(Option<Arc<http::Extensions>>);

impl Extensions {
    /// An empty map, without allocating.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The value of this type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get()
    }

    /// Puts a value in, in place of another of its type. What clones hold does not change.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(value);
    }
}

/// Marks a request that a layer or bridge makes for its own use, in its extensions: no client asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unasked;

/// Which request it is, and whether it has its line in the log already. Whoever writes a line for every request puts
/// this into the extensions first, and leaves its own out where a layer beneath has told as much.
#[derive(Clone, Debug)]
pub(crate) struct Told(Arc<(RequestId, AtomicBool)>);

impl Told {
    /// Nobody has told of it.
    pub(crate) fn new(request: RequestId) -> Self {
        Self(Arc::new((request, AtomicBool::new(false))))
    }

    /// Which request it is.
    #[cfg_attr(
        not(any(feature = "alias", feature = "audit", feature = "rest")),
        expect(dead_code, reason = "the audit trail's layers write such lines")
    )]
    pub(crate) fn request(&self) -> RequestId {
        self.0.0
    }

    /// This request's line is written.
    #[cfg_attr(
        not(any(feature = "alias", feature = "audit", feature = "rest")),
        expect(dead_code, reason = "the audit trail's layers write such lines")
    )]
    pub(crate) fn set(&self) {
        self.0.1.store(true, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl From<http::Extensions> for Extensions {
    fn from(map: http::Extensions) -> Self {
        Self(if map.is_empty() { None } else { Some(Arc::new(map)) })
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions").finish_non_exhaustive()
    }
}
