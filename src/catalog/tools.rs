//! [`Tools`].

use super::error::CatalogError;
use super::hidden::{Hidden, Names};
use super::limits::Limits;
use super::listing::Listing;
use super::tool::Tool;
use crate::identity::Scopes;
use crate::scope::{Guard, ToolRules};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A set of tools, read and checked. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Tools(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Another one for each set, so that what was made of one is never taken for another's.
    id: u64,
    tools: Vec<Tool>,
    by_name: HashMap<String, usize>,
    /// For each tool, in their order.
    hidden: Vec<Vec<Arc<Names>>>,
    listing: Listing,
    rules: Arc<ToolRules>,
    notes: Vec<String>,
}

static LAST_ID: AtomicU64 = AtomicU64::new(0);

impl Tools {
    /// The built-in tools of a trading company.
    ///
    /// # Errors
    /// [`CatalogError`] where the limits do not serve: none may be 0.
    pub fn trade(limits: Limits) -> Result<Self, CatalogError> {
        super::read::trade(limits).map(|tools| Self::of(tools, Vec::new()))
    }

    /// Reads a catalog file, parsed from YAML or JSON into a value. `origin` names it in errors. The
    /// format is told in the documentation of the [module](super).
    ///
    /// # Errors
    /// [`CatalogError`] with all that is wrong.
    pub fn read(file: &Value, origin: &str, limits: Limits) -> Result<Self, CatalogError> {
        let found = super::read::file(file, limits).map_err(|error| error.of_file(origin))?;
        let notes = found.notes.into_iter().map(|note| format!("{origin}: {note}")).collect();
        Ok(Self::of(found.tools, notes))
    }

    fn of(tools: Vec<Tool>, notes: Vec<String>) -> Self {
        let by_name = tools.iter().enumerate().map(|(at, tool)| (tool.name().to_owned(), at)).collect();
        let hidden = Names::of_each(&tools);
        let listing = Listing::of(&tools);
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        let rules = Arc::new(rules(&tools));
        Self(Arc::new(Inner { id, tools, by_name, hidden, listing, rules, notes }))
    }

    /// What the file says that may be a mistake, one line each: keywords and formats of schemas that nobody
    /// knows, and that check nothing.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.0.listing
    }

    /// The tool of that name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.0.tools.get(*self.0.by_name.get(name)?)
    }

    /// What a caller who holds `held` may not see in the answers of the tool of that name; `None` is a caller who
    /// may do everything.
    pub(super) fn hidden(&self, name: &str, held: Option<&Scopes>) -> Hidden {
        let names = self.0.by_name.get(name).and_then(|at| self.0.hidden.get(*at));
        names.map(|names| Hidden::from(names, held)).unwrap_or_default()
    }

    /// All of them, in the order in which they are listed.
    pub fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.0.tools.iter()
    }

    /// All the scopes that the tools and their guarded values need.
    pub fn scopes(&self) -> Scopes {
        let guards = self.iter().flat_map(|tool| tool.0.guards.iter().map(|guard| &*guard.scope));
        self.iter().map(Tool::scope).chain(guards).collect()
    }

    /// What callers need for these tools and their guarded values.
    pub(super) fn rules(&self) -> &Arc<ToolRules> {
        &self.0.rules
    }
}

fn rules(tools: &[Tool]) -> ToolRules {
    let guards = tools.iter().flat_map(|tool| {
        tool.0.guards.iter().map(|guard| Guard {
            tool: tool.name().to_owned(),
            field: guard.path.text.clone(),
            values: guard.values.clone(),
            scope: guard.scope.clone(),
        })
    });
    ToolRules::new(tools.iter().map(|tool| (tool.name(), tool.scope())), guards)
}
