//! Lists (`tools/list` and the other three) as items: read once for all layers, and written once.

use super::each::{Each, Known};
use super::item::{Item, item};
use super::json::{self, JsonError, Scanner, Span};
use super::memo::{Memo, Size, Source, number};
use super::method::Method;
use super::outline::Outline;
use bytes::Bytes;
use std::sync::{Arc, OnceLock, Weak};

/// The most items of a page, and of the tools of all pages together; far more than a model can use.
pub(crate) const MAX_ITEMS: usize = 10_000;

/// A list as its items, without those that have no readable name.
///
/// It travels in its [`Payload`], so that the next layer finds it there. A layer that shows other items makes
/// another list with [`with`](Self::with), whose bytes are written only when they are needed.
#[derive(Debug)]
pub(crate) struct List {
    number: u64,
    method: Method,
    frame: Frame,
    items: Vec<Item>,
    partial: bool,
    /// Whether the items differ from those of the frame.
    edited: bool,
    /// The length of the written list.
    length: usize,
    written: OnceLock<(Bytes, Outline)>,
    /// The memo of values made from this list.
    memo: Weak<Memo>,
}

/// The text around the items: the answer of 1C.
#[derive(Clone, Debug)]
struct Frame {
    json: Bytes,
    outline: Outline,
    /// The array, brackets included.
    array: Span,
}

impl List {
    /// Reads the items of an answer to `method`.
    ///
    /// Leaves out an item without a name: no client could call it, and no layer could decide about it. The rest
    /// of the list works.
    ///
    /// # Errors
    /// [`JsonError`] if the answer is no list, or if the list or the name of an item stands there twice:
    /// another reader could take the other one.
    pub(super) fn read(
        method: &Method,
        (json, outline): (Bytes, Outline),
        memo: &Arc<Memo>,
    ) -> Result<Arc<Self>, JsonError> {
        let (member, key) = method.listed().ok_or(JsonError::Expected("not a list"))?;
        let mut items = Vec::new();
        let mut partial = false;
        let mut array = Span::default();
        Scanner::new(&json)?.object::<JsonError>(|scanner, found| {
            if found.key != member {
                return scanner.skip().map(drop);
            }
            if !array.is_empty() {
                return Err(JsonError::Duplicate(member));
            }
            array = scanner.array::<JsonError>(|scanner| {
                match item(scanner, &json, key)? {
                    Some(item) => items.push(item),
                    None => partial = true,
                }
                Ok(())
            })?;
            Ok(())
        })?;
        if array.is_empty() {
            return Err(JsonError::Expected("a list without its items"));
        }
        Ok(Arc::new(Self {
            number: number(),
            method: method.clone(),
            length: json.len(),
            frame: Frame { json, outline, array },
            items,
            partial,
            edited: false,
            written: OnceLock::new(),
            memo: Arc::downgrade(memo),
        }))
    }

    /// Returns this list with other items. All else stays as it is, but on one line, as clients get it: lists
    /// are kept, and would otherwise be copied each time to join the lines.
    pub(crate) fn with(&self, items: Vec<Item>) -> Arc<Self> {
        let frame = self.frame.clone();
        let commas = items.len().saturating_sub(1);
        let array = items.iter().map(|item| item.json.len()).sum::<usize>() + commas + 2;
        Arc::new(Self {
            number: number(),
            method: self.method.clone(),
            length: (frame.json.len() + array).saturating_sub(frame.array.end() - frame.array.start()),
            frame,
            items,
            partial: false,
            edited: true,
            written: OnceLock::new(),
            memo: Weak::clone(&self.memo),
        })
    }

    /// Returns what `make` made from this list for `key`, from memory if it is there.
    ///
    /// # Errors
    /// The errors of `make`; they are not remembered.
    pub(crate) fn made<K, V, E>(&self, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        V: Size + Clone + Send + Sync + 'static,
    {
        match self.memo.upgrade() {
            Some(memo) => memo.made_of(Source::List(self.number), key, make),
            None => make(),
        }
    }

    /// Returns what `make` makes from each item for `key`, reusing the values of items that an earlier list had too.
    ///
    /// # Errors
    /// The errors of `make`.
    pub(crate) fn each<K, T, E>(&self, key: &K, make: impl Fn(&Item) -> Result<T, E>) -> Result<Vec<T>, E>
    where
        K: PartialEq + Clone + Send + Sync + 'static,
        T: Size + Clone + Send + Sync + 'static,
    {
        let Some(memo) = self.memo.upgrade() else { return self.items.iter().map(make).collect() };
        let last: Option<(_, Each<T>)> = memo.recent(key, 1).pop();
        let mut known = Known::new(last.as_ref().map(|(_, each)| each));
        let each = self.items.iter().map(|item| match known.find(item) {
            Some(made) => Ok((item.clone(), made.clone())),
            None => Ok((item.clone(), make(item)?)),
        });
        let each = Each(each.collect::<Result<_, _>>()?);
        let made = each.0.iter().map(|(_, made)| made.clone()).collect();
        memo.keep(Source::List(self.number), key, &each);
        Ok(made)
    }

    /// Returns whether the list was read as an answer to `method`.
    pub(super) fn is_of(&self, method: &Method) -> bool {
        self.method == *method
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns whether items were left out.
    pub(crate) const fn is_partial(&self) -> bool {
        self.partial
    }

    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Returns the answer that the list was read from.
    pub(super) fn frame(&self) -> (Bytes, Outline) {
        (self.frame.json.clone(), self.frame.outline)
    }

    /// Returns the bytes of the list, if they differ from those of its frame.
    pub(super) fn edited(&self) -> Option<&(Bytes, Outline)> {
        self.edited.then(|| self.written())
    }

    /// Returns the list as clients get it, on one line.
    pub(super) fn written(&self) -> &(Bytes, Outline) {
        self.written.get_or_init(|| {
            let Frame { json, outline, array } = &self.frame;
            let mut outline = *outline;
            if !self.edited && !outline.breaks {
                return (json.clone(), outline);
            }
            let mut out = Vec::with_capacity(self.length);
            if self.edited {
                out.extend_from_slice(json.get(..array.start()).unwrap_or_default());
                self.write_items(&mut out);
                outline = outline.with_part(*array, out.len() - array.start());
                out.extend_from_slice(json.get(array.end()..).unwrap_or_default());
            } else {
                out.extend_from_slice(json);
            }
            if std::mem::take(&mut outline.breaks) {
                json::blank_line_breaks(&mut out);
            }
            (out.into(), outline)
        })
    }

    fn write_items(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, item) in self.items.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&item.json);
        }
        out.push(b']');
    }
}

impl Size for Arc<List> {
    fn size(&self) -> usize {
        self.length + self.items.len() * size_of::<Item>()
    }
}
