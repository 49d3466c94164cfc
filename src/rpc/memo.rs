//! A memo: values made from bytes or from a list, reused while those stay unchanged.

use bytes::Bytes;
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most values that are kept: enough for some pages of the four lists, for each layer and for several callers.
const KEPT: usize = 256;
/// The most bytes of all values, sources included; the lists of a usual server take about 1 % of it.
const TOTAL: usize = 16 * 1024 * 1024;
/// A larger value is not kept: a few of them would push out all others.
const LONGEST: usize = TOTAL / 4;

/// Estimates how many bytes a value takes: a short list may become a long one.
pub(crate) trait Size {
    fn size(&self) -> usize;
}

impl<T: Size> Size for Option<T> {
    fn size(&self) -> usize {
        self.as_ref().map_or(0, Size::size)
    }
}

/// The source that a value is made from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Bytes, compared by content; bytes in one place in memory need no comparison.
    Bytes(Bytes),
    /// A list, by its [`number`].
    List(u64),
}

impl Source {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::List(_) => 0,
        }
    }

    /// Returns whether both are one thing in memory, not only equal ones.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(one), Self::Bytes(other)) => one.as_ptr() == other.as_ptr() && one.len() == other.len(),
            (Self::List(one), Self::List(other)) => one == other,
            _ => false,
        }
    }
}

/// Returns a number that is unique in this process.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Values by their source and the key that they depend on, the most recently used first.
#[derive(Default)]
pub(crate) struct Memo(Mutex<VecDeque<Kept>>);

struct Kept {
    source: Source,
    key: Box<dyn Any + Send + Sync>,
    made: Box<dyn Any + Send + Sync>,
    size: usize,
}

impl Kept {
    /// Returns the value, if it has this type and this key.
    fn made<K: PartialEq + 'static, V: 'static>(&self, key: &K) -> Option<&V> {
        self.made.downcast_ref().filter(|_| self.key.downcast_ref() == Some(key))
    }
}

impl Memo {
    /// Returns what `make` made from these bytes for `key`, from memory if it is there.
    ///
    /// # Errors
    /// The errors of `make`; they are not remembered.
    pub(crate) fn get_or<K, V, E>(&self, bytes: &Bytes, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        V: Size + Clone + Send + Sync + 'static,
    {
        self.made_of(Source::Bytes(bytes.clone()), key, make)
    }

    /// Returns what `make` made from `source` for `key`, from memory if it is there.
    ///
    /// # Errors
    /// The errors of `make`; they are not remembered.
    pub(super) fn made_of<K, V, E>(&self, source: Source, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        V: Size + Clone + Send + Sync + 'static,
    {
        if let Some(known) = self.get(&source, key) {
            return Ok(known);
        }
        // Not under the lock: two callers at once may both make it.
        let made = make()?;
        self.keep(source, key, &made);
        Ok(made)
    }

    pub(super) fn keep<K, V>(&self, source: Source, key: &K, made: &V)
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        V: Size + Clone + Send + Sync + 'static,
    {
        let size = source.len() + made.size();
        if size > LONGEST {
            return;
        }
        let new = Kept { source, key: Box::new(key.clone()), made: Box::new(made.clone()), size };
        let mut kept = self.lock();
        kept.retain(|known| !known.source.is(&new.source) || known.made::<K, V>(key).is_none());
        let mut room = TOTAL - size;
        let fitting = kept.iter().take(KEPT - 1).take_while(|known| {
            let fits = known.size <= room;
            room = room.saturating_sub(known.size);
            fits
        });
        let fitting = fitting.count();
        let gone = kept.split_off(fitting);
        kept.push_front(new);
        drop(kept);
        // Free large values outside the lock.
        drop(gone);
    }

    fn get<K: PartialEq + 'static, V: Clone + 'static>(&self, source: &Source, key: &K) -> Option<V> {
        let mut alike = Vec::new();
        {
            let mut kept = self.lock();
            for at in 0..kept.len() {
                let Some(known) = kept.get(at) else { break };
                if known.source.is(source) {
                    if let Some(made) = known.made::<K, V>(key).cloned() {
                        used(&mut kept, at);
                        return Some(made);
                    }
                } else if let (Source::Bytes(bytes), Source::Bytes(wanted)) = (&known.source, source)
                    && bytes.len() == wanted.len()
                    && let Some(made) = known.made::<K, V>(key)
                {
                    alike.push((bytes.clone(), made.clone()));
                }
            }
        }
        let Source::Bytes(wanted) = source else { return None };
        // Compare long texts outside the lock.
        let (same, made) = alike.into_iter().find(|(bytes, _)| bytes == wanted)?;
        let same = Source::Bytes(same);
        let mut kept = self.lock();
        if let Some(at) = kept.iter().position(|known| known.source.is(&same) && known.made::<K, V>(key).is_some()) {
            used(&mut kept, at);
        }
        Some(made)
    }

    /// Returns the most recently used values for `key` from any source, with the bytes of a source that is bytes.
    pub(crate) fn recent<K: PartialEq + 'static, V: Clone + 'static>(&self, key: &K, most: usize) -> Vec<(Bytes, V)> {
        let kept = self.lock();
        let made = kept.iter().filter_map(|known| {
            let bytes = match &known.source {
                Source::Bytes(bytes) => bytes.clone(),
                Source::List(_) => Bytes::new(),
            };
            Some((bytes, known.made::<K, V>(key)?.clone()))
        });
        made.take(most).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves the entry at `at` to the front.
fn used(kept: &mut VecDeque<Kept>, at: usize) {
    if at > 0
        && let Some(found) = kept.remove(at)
    {
        kept.push_front(found);
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("kept", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Size for usize {
        fn size(&self) -> usize {
            0
        }
    }

    #[derive(Clone, Debug)]
    struct Long(usize);

    impl Size for Long {
        fn size(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn the_same_bytes_are_worked_on_once() {
        let memo = Memo::default();
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
        let memo = Memo::default();
        assert_eq!(memo.get_or(&Bytes::from_static(b"x"), &(), || Err::<usize, _>(1)), Err(1));
        for number in 0..=KEPT {
            let source = Bytes::from(number.to_string());
            assert_eq!(memo.get_or(&source, &(), || Ok::<_, ()>(number)), Ok(number));
        }
        assert_eq!(memo.0.lock().unwrap().len(), KEPT);
        assert_eq!(memo.get_or(&Bytes::from_static(b"256"), &(), || Ok::<_, ()>(0)), Ok(256));
        assert_eq!(memo.get_or(&Bytes::from_static(b"0"), &(), || Ok::<_, ()>(7_usize)), Ok(7));
    }

    #[test]
    fn sources_together_are_bounded() {
        let memo = Memo::default();
        let source = Bytes::from(vec![b' '; LONGEST / 2]);
        for key in 0..20_usize {
            assert_eq!(memo.get_or(&source, &key, || Ok::<_, ()>(key)), Ok(key));
        }
        let total = || memo.0.lock().unwrap().iter().map(|known| known.size).sum::<usize>();
        assert_eq!(total(), TOTAL);
        assert_eq!(memo.get_or(&source, &19_usize, || Ok::<usize, ()>(0)), Ok(19));
        let long = Bytes::from(vec![b' '; LONGEST + 1]);
        for value in [1, 2] {
            assert_eq!(memo.get_or(&long, &0, || Ok::<usize, ()>(value)), Ok(value));
        }
        assert_eq!(total(), TOTAL);
        let longest = Bytes::from(vec![b'x'; LONGEST]);
        assert_eq!(memo.get_or(&longest, &0, || Ok::<usize, ()>(3)), Ok(3));
        assert!(total() <= TOTAL);
        assert_eq!(memo.get_or(&longest, &0, || Ok::<usize, ()>(4)), Ok(3));
    }

    #[test]
    fn what_is_made_counts_too() {
        let memo = Memo::default();
        for key in 0..20 {
            memo.get_or(&Bytes::from_static(b"short"), &key, || Ok::<_, ()>(Some(Long(LONGEST / 2)))).unwrap();
        }
        assert_eq!(memo.0.lock().unwrap().len(), 7);
        memo.get_or(&Bytes::from_static(b"short"), &20, || Ok::<_, ()>(Some(Long(LONGEST + 1)))).unwrap();
        assert!(memo.0.lock().unwrap().iter().all(|known| known.made::<i32, Option<Long>>(&20).is_none()));
    }

    #[test]
    fn equal_bytes_elsewhere_are_the_same_source() {
        let memo = Memo::default();
        for (at, text) in ["ab", "cd", "ab", "cd"].into_iter().enumerate() {
            let value = memo.get_or(&Bytes::copy_from_slice(text.as_bytes()), &1, || Ok::<_, ()>(at));
            assert_eq!(value, Ok(at % 2));
        }
        assert_eq!(memo.0.lock().unwrap().len(), 2);
    }
}
