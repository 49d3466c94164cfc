//! What layers tell each other of one request.

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

/// Whether a request has its line in the log already. Whoever writes a line for every request puts this into the
/// extensions first, and leaves its own out where a layer beneath has told as much.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<AtomicBool>);

impl Told {
    /// This request's line is written.
    #[cfg(any(feature = "alias", feature = "audit"))]
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
