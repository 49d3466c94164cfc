//! [`Catalog`].

use super::error::CatalogError;
use super::limits::Limits;
use super::tools::Tools;
use std::sync::{Arc, PoisonError, RwLock};

/// The tools in force. A handle: clones share them, and [`replace`](Self::replace) changes them for all.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<RwLock<Arc<Tools>>>);

impl Catalog {
    /// These tools.
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(tools))))
    }

    /// The built-in tools of a trading company.
    ///
    /// # Errors
    /// As [`Tools::trade`].
    pub fn trade(limits: Limits) -> Result<Self, CatalogError> {
        Tools::trade(limits).map(Self::new)
    }

    /// The tools of now.
    pub fn current(&self) -> Arc<Tools> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these tools are in force. Calls under way end with the old ones. Which scopes they
    /// need is not changed by this: where callers have scopes, call
    /// [`Rules::replace`](crate::gateway::Rules::replace) instead.
    pub fn replace(&self, tools: Tools) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tools);
    }
}
