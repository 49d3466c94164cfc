//! [`Shapes`]: the shapes of a whole schema, found by the path of an argument.

use super::shape::{LONGEST_CHAIN, Shape};
use super::types::Types;
use super::unfold::unfold;
use serde_json::Value;

/// The shapes of a schema; the first one is that of the whole.
#[derive(Clone, Debug)]
pub(super) struct Shapes(Vec<Shape>);

impl Shapes {
    /// Reads the shapes of `root`, whose references all lead into `root`.
    ///
    /// # Errors
    /// A sentence about a reference that leads nowhere, or in a circle.
    pub(super) fn read(root: &Value) -> Result<Self, String> {
        unfold(root).map(Self)
    }

    /// Removes all defaults, for tools that fill them in themselves.
    #[cfg(feature = "check")]
    pub(super) fn without_defaults(mut self) -> Self {
        self.0.iter_mut().for_each(|shape| shape.default = None);
        self
    }

    pub(super) fn get(&self, at: usize) -> Option<&Shape> {
        self.0.get(at)
    }

    /// Returns the values of all enums.
    pub(super) fn choices(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|shape| shape.choices.as_ref()).flatten().map(|choice| &**choice)
    }

    /// Returns the shape at a path of members, such as `sort.field`; arrays are passed through.
    pub(super) fn find(&self, path: &str) -> Option<&Shape> {
        let mut shape = self.get(0)?;
        for name in path.split('.') {
            shape = self.get(*self.through_arrays(shape)?.members.get(name)?)?;
        }
        Some(shape)
    }

    /// Changes the description of the shape at a path.
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

    /// Returns whether there are only objects along a path.
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

    /// Returns the items of arrays of arrays, or the shape itself.
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
