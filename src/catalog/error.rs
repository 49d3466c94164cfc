//! [`CatalogError`].

use super::unfit::cut;
use std::fmt;

/// Why something is no catalog: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    /// The file, as whoever read it called it.
    pub origin: String,
    /// The tool, where the trouble is within one.
    pub tool: Option<String>,
    /// The field of the tool, or of the file.
    pub field: Option<String>,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl CatalogError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { origin: String::new(), tool: None, field: None, message: message.into() }
    }

    pub(super) fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(message) }
    }

    /// The same within a field.
    pub(super) fn within(mut self, field: &str) -> Self {
        self.field = Some(match self.field {
            Some(inner) if inner.starts_with('[') => format!("{field}{inner}"),
            Some(inner) => format!("{field}.{inner}"),
            None => field.to_owned(),
        });
        self
    }

    pub(super) fn of_tool(self, tool: &str) -> Self {
        Self { tool: Some(tool.to_owned()), ..self }
    }

    pub(super) fn of_file(self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self }
    }
}

/// One line.
impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(tool) = &self.tool {
            write!(f, ": tool \"{}\"", cut(tool))?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {}", cut(field))?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for CatalogError {}
