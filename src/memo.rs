//! What was made of some bytes, so that it is not made again while they stay the same.

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many results are kept.
const KEPT: usize = 16;
/// Sources longer than this are not kept: 16 of them would be too much memory.
const LONGEST: usize = 4 * 1024 * 1024;

/// Results by their source and whatever else they depend on, the last used first.
///
/// A source is the same if its bytes are; if it is the same memory, that costs nothing to see.
#[derive(Debug)]
pub(crate) struct Memo<K, V>(Mutex<VecDeque<(Bytes, K, V)>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq + Clone, V: Clone> Memo<K, V> {
    /// What `make` made of `source` for `key`, or makes of it now.
    ///
    /// # Errors
    /// Those of `make`; they are not kept.
    pub(crate) fn get_or<E>(&self, source: &Bytes, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        if let Some(known) = self.get(source, key) {
            return Ok(known);
        }
        // Not under the lock: two who come at once both make it.
        let made = make()?;
        if source.len() <= LONGEST {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(KEPT - 1);
            kept.push_front((source.clone(), key.clone(), made.clone()));
        }
        Ok(made)
    }

    fn get(&self, source: &Bytes, key: &K) -> Option<V> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |bytes: &Bytes| bytes.as_ptr() == source.as_ptr() && bytes.len() == source.len() || bytes == source;
        let at = kept.iter().position(|(bytes, known, _)| known == key && same(bytes))?;
        if at > 0 {
            let found = kept.remove(at)?;
            kept.push_front(found);
        }
        kept.front().map(|(.., value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_worked_on_once() {
        let memo = Memo::<u8, usize>::default();
        let mut made = 0;
        for (text, key) in [("a", 1), ("b", 1), ("a", 1), ("a", 2), ("b", 1), ("a", 2)] {
            let value = memo.get_or(&Bytes::copy_from_slice(text.as_bytes()), &key, || {
                made += 1;
                Ok::<_, ()>(text.len())
            });
            assert_eq!(value, Ok(1));
        }
        assert_eq!(made, 3);
    }

    #[test]
    fn failures_are_not_kept_and_neither_is_everything() {
        let memo = Memo::<(), usize>::default();
        assert_eq!(memo.get_or(&Bytes::from_static(b"x"), &(), || Err(1)), Err(1));
        for number in 0..100_usize {
            let source = Bytes::from(number.to_string());
            assert_eq!(memo.get_or(&source, &(), || Ok::<_, ()>(number)), Ok(number));
        }
        assert_eq!(memo.0.lock().unwrap().len(), KEPT);
        assert_eq!(memo.get_or(&Bytes::from_static(b"99"), &(), || Ok::<_, ()>(0)), Ok(99));
        assert_eq!(memo.get_or(&Bytes::from_static(b"0"), &(), || Ok::<_, ()>(7)), Ok(7));
    }
}
