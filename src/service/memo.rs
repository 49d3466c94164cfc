//! What was made of some bytes, so that it is not made again while they stay the same.

use crate::rpc::Payload;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most results that are kept: some callers' views of some pages of the four lists.
const KEPT: usize = 64;
/// The most bytes of them together, sources included; lists of a usual server take a hundredth of it.
const TOTAL: usize = 8 * 1024 * 1024;
/// What takes more than this is not kept: one such would push all the others out.
const LONGEST: usize = TOTAL / 2;

/// How many bytes a result takes, more or less: a short list may become a long one.
pub(crate) trait Size {
    fn size(&self) -> usize;
}

impl Size for usize {
    fn size(&self) -> usize {
        0
    }
}

impl Size for Payload {
    fn size(&self) -> usize {
        self.json().len()
    }
}

impl Size for Option<Payload> {
    fn size(&self) -> usize {
        self.as_ref().map_or(0, |payload| payload.json().len())
    }
}

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

impl<K: PartialEq + Clone, V: Clone + Size> Memo<K, V> {
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
        self.keep(source, key, &made);
        Ok(made)
    }

    fn keep(&self, source: &Bytes, key: &K, made: &V) {
        let size = source.len() + made.size();
        if size > LONGEST {
            return;
        }
        let mut kept = self.lock();
        kept.retain(|(bytes, known, _)| known != key || !is_same(bytes, source));
        kept.truncate(KEPT - 1);
        let mut room = TOTAL - size;
        let fitting = kept.iter().take_while(|(bytes, _, made)| {
            let size = bytes.len() + made.size();
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let fitting = fitting.count();
        kept.truncate(fitting);
        kept.push_front((source.clone(), key.clone(), made.clone()));
    }

    fn get(&self, source: &Bytes, key: &K) -> Option<V> {
        let mut alike = Vec::new();
        {
            let mut kept = self.lock();
            let mut found = None;
            for (at, (bytes, known, value)) in kept.iter().enumerate() {
                if bytes.len() != source.len() || known != key {
                    continue;
                }
                if is_same(bytes, source) {
                    found = Some(at);
                    break;
                }
                alike.push((bytes.clone(), value.clone()));
            }
            if let Some(at) = found {
                return used(&mut kept, at);
            }
        }
        // Others need not wait while many bytes are compared.
        let (same, value) = alike.into_iter().find(|(bytes, _)| bytes == source)?;
        let mut kept = self.lock();
        if let Some(at) = kept.iter().position(|(bytes, known, _)| known == key && is_same(bytes, &same)) {
            used(&mut kept, at);
        }
        Some(value)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Bytes, K, V)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is the same memory.
fn is_same(one: &Bytes, other: &Bytes) -> bool {
    one.as_ptr() == other.as_ptr() && one.len() == other.len()
}

/// The value at `at`, which goes to the front.
fn used<K, V: Clone>(kept: &mut VecDeque<(Bytes, K, V)>, at: usize) -> Option<V> {
    if at > 0 {
        let found = kept.remove(at)?;
        kept.push_front(found);
    }
    kept.front().map(|(.., value)| value.clone())
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

    #[test]
    fn sources_together_are_bounded() {
        let memo = Memo::<usize, usize>::default();
        let source = Bytes::from(vec![b' '; LONGEST / 2]);
        for key in 0..20 {
            assert_eq!(memo.get_or(&source, &key, || Ok::<_, ()>(key)), Ok(key));
        }
        let total = || memo.0.lock().unwrap().iter().map(|(bytes, ..)| bytes.len()).sum::<usize>();
        assert_eq!(total(), TOTAL);
        assert_eq!(memo.get_or(&source, &19, || Ok::<_, ()>(0)), Ok(19));
        let long = Bytes::from(vec![b' '; LONGEST + 1]);
        for value in [1, 2] {
            assert_eq!(memo.get_or(&long, &0, || Ok::<_, ()>(value)), Ok(value));
        }
        assert_eq!(total(), TOTAL);
        let longest = Bytes::from(vec![b'x'; LONGEST]);
        assert_eq!(memo.get_or(&longest, &0, || Ok::<_, ()>(3)), Ok(3));
        assert!(total() <= TOTAL);
        assert_eq!(memo.get_or(&longest, &0, || Ok::<_, ()>(4)), Ok(3));
    }

    #[test]
    fn what_is_made_counts_too() {
        let memo = Memo::<usize, Option<Payload>>::default();
        let made = |length: usize| Payload::parse(format!("{{\"x\":\"{}\"}}", "x".repeat(length))).unwrap();
        for key in 0..20 {
            memo.get_or(&Bytes::from_static(b"short"), &key, || Ok::<_, ()>(Some(made(TOTAL / 4)))).unwrap();
        }
        assert_eq!(memo.0.lock().unwrap().len(), 3);
        memo.get_or(&Bytes::from_static(b"short"), &20, || Ok::<_, ()>(Some(made(LONGEST)))).unwrap();
        assert!(memo.0.lock().unwrap().iter().all(|(_, key, _)| *key != 20));
    }

    #[test]
    fn equal_bytes_elsewhere_are_the_same_source() {
        let memo = Memo::<u8, usize>::default();
        for (at, text) in ["ab", "cd", "ab", "cd"].into_iter().enumerate() {
            let value = memo.get_or(&Bytes::copy_from_slice(text.as_bytes()), &1, || Ok::<_, ()>(at));
            assert_eq!(value, Ok(at % 2));
        }
        assert_eq!(memo.0.lock().unwrap().len(), 2);
    }
}
