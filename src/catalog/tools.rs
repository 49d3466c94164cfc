//! [`Tools`].

use super::tool::Tool;
use crate::identity::Scopes;
use crate::scope::ScopePolicy;
use serde_json::Value;

/// Ceilings that a catalog refers to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most candidates that a resolver returns; 10 by default.
    pub resolve_limit: u64,
    /// The most rows of a report; 5000 by default.
    pub max_rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { resolve_limit: 10, max_rows: 5000 }
    }
}

/// Why something is no catalog: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}")]
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

/// A set of tools, read and checked.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    tools: Vec<Tool>,
}

impl Tools {
    /// The built-in tools of a trading company.
    pub fn trade(_limits: Limits) -> Self {
        Self::default()
    }

    /// Reads a catalog file, parsed from YAML or JSON into a value. `origin` names it in errors.
    ///
    /// # Errors
    /// [`CatalogError`] with the first thing that is wrong.
    pub fn read(_file: &Value, _origin: &str, _limits: Limits) -> Result<Self, CatalogError> {
        Ok(Self::default())
    }

    /// The tool of that name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// All of them, in the order in which they are listed.
    pub fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter()
    }

    /// All the scopes that the tools and their guarded values need.
    pub fn scopes(&self) -> Scopes {
        Scopes::default()
    }

    /// `base` with the rules of these tools.
    pub fn policy(&self, base: ScopePolicy) -> ScopePolicy {
        base
    }
}
