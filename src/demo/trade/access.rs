//! The scopes of the caller.

pub(super) const COST: &str = "mcp:report:cost";
pub(super) const RESOLVE: &str = "mcp:resolve";
pub(super) const SALES: &str = "mcp:report:sales";
pub(super) const STOCK: &str = "mcp:report:stock";
pub(super) const MONEY: &str = "mcp:report:money";
pub(super) const EVENTS: &str = "mcp:admin:eventlog";

use super::request::RequestError;

/// The content of `X-MCP-Scopes`; without the header everything is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a>(Option<&'a str>);

impl<'a> Access<'a> {
    /// Reads scopes separated by commas.
    pub(crate) const fn new(scopes: Option<&'a str>) -> Self {
        Self(scopes)
    }

    pub(super) fn holds(self, scope: &str) -> bool {
        self.0.is_none_or(|scopes| scopes.split(',').any(|own| own.trim() == scope))
    }

    pub(super) fn want(self, scope: &'static str) -> Result<(), RequestError> {
        if self.holds(scope) { Ok(()) } else { Err(RequestError::Forbidden(scope)) }
    }
}
