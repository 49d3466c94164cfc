//! [`Tool`].

use crate::onec::RestCall;
use serde_json::Value;

/// One tool of a catalog.
#[derive(Clone, Debug)]
pub struct Tool {
    name: String,
    title: String,
    description: String,
    scope: String,
    rest: Option<String>,
    input_schema: Value,
    output_schema: Option<Value>,
}

/// Why arguments do not fit a tool: which field, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unfit {
    /// A path as `filters.customer_ids[0]`; empty for the arguments as a whole.
    pub field: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl Tool {
    /// Its name in `tools/list`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// When to use it and what comes back.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The scope that a caller needs.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The path of its REST endpoint, with a slash at the start, if it has one: `/reports/sales`.
    pub fn rest(&self) -> Option<&str> {
        self.rest.as_deref()
    }

    /// What its arguments must be.
    pub const fn input_schema(&self) -> &Value {
        &self.input_schema
    }

    /// What its results are, where that is told.
    pub const fn output_schema(&self) -> Option<&Value> {
        self.output_schema.as_ref()
    }

    /// The call to 1C for these arguments (JSON text; `None` means `{}`): mended, checked, within the
    /// ceilings, with the defaults. Headers and extensions are the caller's to fill in.
    ///
    /// # Errors
    /// [`Unfit`] for what cannot be mended.
    pub fn prepare(&self, _arguments: Option<&[u8]>) -> Result<RestCall, Unfit> {
        Ok(RestCall::new("", "{}"))
    }

    /// Whether 1C sent more than the ceiling allows: how many rows or candidates, and the ceiling.
    pub fn excess(&self, _answer: &crate::rpc::Payload) -> Option<(u64, u64)> {
        None
    }
}
