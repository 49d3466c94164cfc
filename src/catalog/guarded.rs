//! Values that need a scope of their own.

use super::constraints::Path;

/// A guard: values of an argument that need a scope of their own.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) path: Path,
    pub(super) values: Vec<String>,
    /// Other names of the values in answers.
    pub(super) names: Vec<String>,
    pub(super) scope: String,
}

impl Guarded {
    pub(super) fn holds(&self, value: &str) -> bool {
        self.values.iter().any(|guarded| guarded == value)
    }
}
