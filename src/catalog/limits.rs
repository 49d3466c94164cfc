//! [`Limits`]: the most candidates and rows.

/// Limits that a catalog refers to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most candidates that a resolver returns; 10 by default.
    pub resolve_limit: u64,
    /// The most rows of a report; 5000 by default.
    pub max_rows: u64,
    /// The rows of a report if a language model names no number; 200 by default, and never more than `max_rows`.
    pub default_rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { resolve_limit: 10, max_rows: 5000, default_rows: 200 }
    }
}

impl Limits {
    /// Sets the most candidates that a resolver returns.
    #[must_use]
    pub const fn resolve_limit(mut self, candidates: u64) -> Self {
        self.resolve_limit = candidates;
        self
    }

    /// Sets the most rows of a report.
    #[must_use]
    pub const fn max_rows(mut self, rows: u64) -> Self {
        self.max_rows = rows;
        self
    }

    /// Sets the rows of a report if a language model names no number.
    #[must_use]
    pub const fn default_rows(mut self, rows: u64) -> Self {
        self.default_rows = rows;
        self
    }
}
