//! Values that layers attach to a request for one another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A map of values by type, like [`http::Extensions`], that is cheap to clone.
///
/// A bridge keeps a clone of a request for later rounds of the same call.
#[derive(Clone, Default)]
pub struct Extensions(Option<Arc<http::Extensions>>);

impl Extensions {
    /// Creates an empty map, without allocating.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Returns the value of type `T`.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.get()
    }

    /// Inserts a value in place of another one of its type. Clones made before do not change.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(value);
    }
}

/// Marks, in its extensions, a request that a layer or bridge makes for its own use and no client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unasked;

/// A flag in the extensions: whether the request already has its line in the log. A layer that writes a line
/// for every request inserts the flag first, and leaves out its line if a layer beneath has set it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<AtomicBool>);

impl Told {
    /// Sets the flag: the line of the request is written.
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
