//! [`Catalog`].

use super::error::CatalogError;
use super::limits::Limits;
use super::tools::Tools;
use crate::rpc::Extensions;
use crate::scope::{RuledTools, ScopePolicy, ToolRules};
use std::sync::{Arc, PoisonError, RwLock};

/// A handle to the tools in use.
///
/// Clones share the tools, and [`replace`](Self::replace) changes them for all clones.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<RwLock<Arc<Tools>>>);

impl Catalog {
    /// Creates a catalog of these tools.
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(tools))))
    }

    /// Creates a catalog of the built-in tools for a trading company.
    ///
    /// # Errors
    /// [`CatalogError`] as for [`Tools::trade`].
    pub fn trade(limits: Limits) -> Result<Self, CatalogError> {
        Tools::trade(limits).map(Self::new)
    }

    /// Returns the current tools.
    pub fn current(&self) -> Arc<Tools> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the tools, and the rules that they carry. Requests under way are judged and served by the old ones.
    pub fn replace(&self, tools: Tools) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tools);
    }

    /// Adds the rules of these tools to a policy: each tool needs its scope, and its guarded values need theirs.
    ///
    /// If `base` has a rule for the exact name of a tool, both count; patterns do not apply to these tools. A policy
    /// has the tools of one catalog: that of the last call.
    ///
    /// The rules change with [`replace`](Self::replace), and each request is judged by those of the tools that serve
    /// it. [`Gateway::builder`](crate::Gateway::builder) does this for its own catalog.
    pub fn policy(&self, base: ScopePolicy) -> ScopePolicy {
        base.with_tools(Arc::new(self.clone()))
    }

    /// Returns the tools that serve the request with these extensions: those that a layer above took, or the current
    /// ones.
    pub(crate) fn found(&self, extensions: &Extensions) -> Arc<Tools> {
        match extensions.get::<Snapshot>().filter(|snapshot| snapshot.is_of(self)) {
            Some(snapshot) => Arc::clone(&snapshot.tools),
            None => self.current(),
        }
    }

    /// Takes the tools that serve the request with these extensions, until it ends.
    pub(crate) fn taken(&self, extensions: &mut Extensions) -> Arc<Tools> {
        if let Some(snapshot) = extensions.get::<Snapshot>().filter(|snapshot| snapshot.is_of(self)) {
            return Arc::clone(&snapshot.tools);
        }
        let tools = self.current();
        extensions.insert(Snapshot { catalog: self.clone(), tools: Arc::clone(&tools) });
        tools
    }
}

/// The tools by which one request is judged and served.
#[derive(Clone, Debug)]
struct Snapshot {
    catalog: Catalog,
    tools: Arc<Tools>,
}

impl Snapshot {
    fn is_of(&self, catalog: &Catalog) -> bool {
        Arc::ptr_eq(&self.catalog.0, &catalog.0)
    }
}

impl RuledTools for Catalog {
    fn rules(&self, extensions: &mut Extensions) -> Arc<ToolRules> {
        Arc::clone(self.taken(extensions).rules())
    }
}
