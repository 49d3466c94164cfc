//! The shapes of a whole schema, and the way along them to an argument.

use super::shape::{LONGEST_CHAIN, Shape};
use super::types::Types;
use super::unfold::unfold;
use serde_json::Value;

/// All the shapes of one schema; the first one is the whole.
#[derive(Clone, Debug)]
pub(super) struct Shapes(Vec<Shape>);

impl Shapes {
    /// Those of `root`, whose references all lead into `root`.
    ///
    /// # Errors
    /// A sentence about a reference that leads nowhere, or in a circle.
    pub(super) fn read(root: &Value) -> Result<Self, String> {
        unfold(root).map(Self)
    }

    /// The same for a tool that completes its arguments itself.
    #[cfg(feature = "check")]
    pub(super) fn without_defaults(mut self) -> Self {
        self.0.iter_mut().for_each(|shape| shape.default = None);
        self
    }

    pub(super) fn get(&self, at: usize) -> Option<&Shape> {
        self.0.get(at)
    }

    /// The values of all enums.
    pub(super) fn choices(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|shape| shape.choices.as_ref()).flatten().map(|choice| &**choice)
    }

    /// The shape at a path of members, as `sort.field`; arrays are passed through.
    pub(super) fn find(&self, path: &str) -> Option<&Shape> {
        let mut shape = self.get(0)?;
        for name in path.split('.') {
            shape = self.get(*self.through_arrays(shape)?.members.get(name)?)?;
        }
        Some(shape)
    }

    /// Changes what is said in words of the shape at a path.
    pub(super) fn reword(&mut self, path: &str, change: impl FnOnce(&str) -> String) {
        let mut at = 0;
        for name in path.split('.') {
            let inside = self.get(at).and_then(|shape| self.through_arrays(shape)?.members.get(name).copied());
            let Some(inside) = inside else { return };
            at = inside;
        }
        if let Some(Shape { about: Some(about), .. }) = self.0.get_mut(at) {
            *about = change(about);
        }
    }

    /// Whether there are only objects on the way along a path.
    pub(super) fn is_plain(&self, path: &str) -> bool {
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('.') {
            if self.find(parent).is_none_or(|shape| shape.types.meets(Types::ARRAY)) {
                return false;
            }
            above = parent;
        }
        true
    }

    /// The items of arrays of arrays, or the shape itself.
    pub(super) fn through_arrays<'a>(&'a self, mut shape: &'a Shape) -> Option<&'a Shape> {
        for _ in 0..LONGEST_CHAIN {
            match shape.items {
                Some(items) if shape.types.meets(Types::ARRAY) => shape = self.get(items)?,
                _ => return Some(shape),
            }
        }
        None
    }
}
