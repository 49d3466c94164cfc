//! Values that not every caller may name.

use super::constraints::Path;

/// Values of an argument that need a scope of their own.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) path: Path,
    pub(super) values: Vec<String>,
    /// What answers call them besides.
    pub(super) names: Vec<String>,
    pub(super) scope: String,
}

impl Guarded {
    pub(super) fn holds(&self, value: &str) -> bool {
        self.values.iter().any(|guarded| guarded == value)
    }
}
