//! [`CatalogError`].

use super::argument_error::cut;
use std::fmt;

/// The most lines of an error: a file with more usually has one mistake many times.
const MOST_LINES: usize = 100;

/// An error of a catalog file: where it is, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogError {
    /// The name of the file, as given to [`Tools::read`](super::Tools::read).
    pub origin: String,
    /// The tool, if the error is in one.
    pub tool: Option<String>,
    /// The field of the tool, or of the file.
    pub field: Option<String>,
    /// The text of the error, with what is allowed.
    pub message: String,
    /// The other errors in the same file.
    pub others: Vec<CatalogError>,
}

impl CatalogError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { origin: String::new(), tool: None, field: None, message: message.into(), others: Vec::new() }
    }

    pub(super) fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(message) }
    }

    /// Joins several errors into one, in this order.
    ///
    /// # Errors
    /// The joined error, if there is any.
    pub(super) fn all(errors: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut errors = errors.into_iter();
        let Some(mut first) = errors.next() else { return Ok(()) };
        for mut other in errors {
            let others = std::mem::take(&mut other.others);
            first.others.push(other);
            first.others.extend(others);
        }
        Err(first)
    }

    /// Changes this error and the others.
    fn each(&mut self, change: impl Fn(&mut Self)) {
        self.others.iter_mut().for_each(&change);
        change(self);
    }

    /// Prepends a field to the path of the error.
    pub(super) fn within(mut self, field: &str) -> Self {
        self.each(|error| {
            error.field = Some(match error.field.take() {
                Some(inner) if inner.starts_with('[') => format!("{field}{inner}"),
                Some(inner) => format!("{field}.{inner}"),
                None => field.to_owned(),
            });
        });
        self
    }

    pub(super) fn of_tool(mut self, tool: &str) -> Self {
        self.each(|error| error.tool = Some(tool.to_owned()));
        self
    }

    pub(super) fn of_file(mut self, origin: &str) -> Self {
        self.each(|error| error.origin = origin.to_owned());
        self
    }
}

/// Writes one line for each error.
impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(tool) = &self.tool {
            write!(f, ": tool \"{}\"", cut(tool))?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {}", cut(field))?;
        }
        write!(f, ": {}", self.message)?;
        for other in self.others.iter().take(MOST_LINES) {
            write!(f, "\n{other}")?;
        }
        match self.others.len().saturating_sub(MOST_LINES) {
            0 => Ok(()),
            more => write!(f, "\n{}: and {more} more", self.origin),
        }
    }
}

impl std::error::Error for CatalogError {}
