//! [`Tools`].

use super::error::CatalogError;
use super::hidden::{Hidden, Names};
use super::limits::Limits;
use super::listing::Listing;
use super::program::Program;
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
    /// A different number for each set: the key of lists that are made from it.
    id: u64,
    tools: Vec<Tool>,
    by_name: HashMap<String, usize>,
    /// For each tool, in the order of `tools`.
    hidden: Vec<Vec<Arc<Names>>>,
    listing: Listing,
    rules: Arc<ToolRules>,
    notes: Vec<String>,
}

static LAST_ID: AtomicU64 = AtomicU64::new(0);

impl Tools {
    /// Returns the built-in tools for a trading company.
    ///
    /// # Errors
    /// [`CatalogError`] if a limit is 0 or does not fit the tools.
    pub fn trade(limits: Limits) -> Result<Self, CatalogError> {
        super::read::trade(limits).map(|tools| Self::of(tools, Vec::new(), &Program::default()))
    }

    /// Reads a catalog file, parsed from YAML or JSON into a value; `origin` names it in errors.
    ///
    /// The [module](super) describes the format.
    ///
    /// # Errors
    /// [`CatalogError`] with all errors of the file.
    pub fn read(file: &Value, origin: &str, limits: Limits) -> Result<Self, CatalogError> {
        let found = super::read::file(file, limits).map_err(|error| error.of_file(origin))?;
        let notes = found.notes.into_iter().map(|note| format!("{origin}: {note}")).collect();
        Ok(Self::of(found.tools, notes, &Program::default()))
    }

    /// Returns the tools of a program followed by these, without those that have the name of one of the program's. The
    /// rules that its prompts and resources carry are among the rules.
    pub(super) fn after(self, program: &Program) -> Self {
        if program.is_empty() {
            return self;
        }
        let is_own = |tool: &&Tool| program.tools.iter().any(|own| own.name() == tool.name());
        let replaced = self.iter().filter(is_own).filter(|tool| tool.path().is_some());
        let left_out = |tool: &Tool| format!("tool \"{}\" is left out: the program has one of this name", tool.name());
        let notes = self.notes().iter().cloned().chain(replaced.map(left_out)).collect();
        let others = self.iter().filter(|tool| !is_own(tool));
        Self::of(program.tools.iter().chain(others).cloned().collect(), notes, program)
    }

    fn of(tools: Vec<Tool>, notes: Vec<String>, program: &Program) -> Self {
        let by_name = tools.iter().enumerate().map(|(at, tool)| (tool.name().to_owned(), at)).collect();
        let hidden = Names::of_each(&tools);
        let listing = Listing::of(&tools);
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        let rules = rules(&tools).and(program.resource_scopes(), program.prompt_scopes());
        let rules = Arc::new(rules);
        Self(Arc::new(Inner { id, tools, by_name, hidden, listing, rules, notes }))
    }

    /// Returns notes about the file, one line each: unknown keywords and formats in schemas, which may be mistakes, as
    /// nothing is checked by them; and tools whose name a tool of the program has.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.0.listing
    }

    /// Returns the tool of this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.0.tools.get(*self.0.by_name.get(name)?)
    }

    /// Returns the names that a caller with the scopes `held` may not see in the answers of this tool; `None` is a
    /// caller who may do everything.
    pub(super) fn hidden(&self, name: &str, held: Option<&Scopes>) -> Hidden {
        let names = self.0.by_name.get(name).and_then(|at| self.0.hidden.get(*at));
        names.map(|names| Hidden::from(names, held)).unwrap_or_default()
    }

    /// Returns an iterator over the tools, in the order in which they are listed.
    pub fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.0.tools.iter()
    }

    /// Returns all scopes that the tools and their guarded values need.
    pub fn scopes(&self) -> Scopes {
        let guards = self.iter().flat_map(|tool| tool.0.guards.iter().map(|guard| &*guard.scope));
        self.iter().map(Tool::scope).chain(guards).collect()
    }

    /// Returns the rules for these tools and their guarded values.
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
