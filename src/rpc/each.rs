//! Values made from the items of a list, one by one, reused by lists that share most of their items.

use super::item::Item;
use super::memo::Size;
use std::collections::HashMap;
use std::sync::Arc;

/// The items, and the value made from each.
#[derive(Debug)]
pub(super) struct Each<T>(pub(super) Arc<[(Item, T)]>);

impl<T> Clone for Each<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Size> Size for Each<T> {
    fn size(&self) -> usize {
        self.0.iter().map(|(_, made)| size_of::<(Item, T)>() + made.size()).sum()
    }
}

/// Finds items, which mostly come in the order of the earlier list.
pub(super) struct Known<'a, T> {
    items: &'a [(Item, T)],
    next: usize,
    /// Places by address, for lists in another order.
    places: HashMap<*const u8, usize>,
}

impl<'a, T> Known<'a, T> {
    pub(super) fn new(each: Option<&'a Each<T>>) -> Self {
        Self { items: each.map_or(&[], |each| &each.0), next: 0, places: HashMap::new() }
    }

    /// Returns the value made from this very item.
    pub(super) fn find(&mut self, item: &Item) -> Option<&'a T> {
        let is = |at: usize| self.items.get(at).is_some_and(|(known, _)| known.is(item));
        let at = if is(self.next) {
            self.next
        } else {
            if self.places.is_empty() {
                self.places = self.items.iter().zip(0..).map(|((known, _), at)| (known.json.as_ptr(), at)).collect();
            }
            *self.places.get(&item.json.as_ptr()).filter(|at| is(**at))?
        };
        self.next = at + 1;
        self.items.get(at).map(|(_, made)| made)
    }
}
