//! [`Catalog`].

use super::error::CatalogError;
use super::limits::Limits;
use super::own::{Prompt, Resource};
use super::program::Program;
use super::tool::Tool;
use super::tools::Tools;
use crate::rpc::{Extensions, Method};
use crate::scope::{RuledTools, ScopePolicy, ToolRules};
use std::sync::{Arc, PoisonError, RwLock};

/// A handle to the tools in use, and to the prompts and resources of the program itself.
///
/// Clones share the tools, and [`replace`](Self::replace) changes those of the file for all clones. What the program
/// adds ([`with_tools`](Self::with_tools) and its kin) is fixed for the life of a catalog.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<Live>);

#[derive(Debug)]
struct Live {
    program: Program,
    /// The tools of the program, then those of the file.
    tools: RwLock<Arc<Tools>>,
}

impl Catalog {
    /// Creates a catalog of these tools.
    pub fn new(tools: Tools) -> Self {
        Self::of(Program::default(), tools)
    }

    fn of(program: Program, file: Tools) -> Self {
        let tools = RwLock::new(Arc::new(file.after(&program)));
        Self(Arc::new(Live { program, tools }))
    }

    /// Returns a separate catalog that has these tools of the program too; [`Tool::from_fn`] creates one.
    ///
    /// They stand first in lists, and stay when the tools of the file are [replaced](Self::replace). A tool of the file
    /// with such a name is left out, and of several tools with one REST path the first one answers. A later tool of
    /// the program takes the place of an earlier one with its name.
    #[must_use]
    pub fn with_tools(self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.with(|program| tools.into_iter().for_each(|tool| program.add_tool(tool)))
    }

    /// Returns a separate catalog that has these resources of the program too, listed before those of 1C.
    #[must_use]
    pub fn with_resources(self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.with(|program| resources.into_iter().for_each(|resource| program.add_resource(resource)))
    }

    /// Returns a separate catalog that has these prompts of the program too, listed before those of 1C.
    #[must_use]
    pub fn with_prompts(self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        self.with(|program| prompts.into_iter().for_each(|prompt| program.add_prompt(prompt)))
    }

    fn with(self, add: impl FnOnce(&mut Program)) -> Self {
        let mut program = self.0.program.clone();
        add(&mut program);
        Self::of(program, (*self.current()).clone())
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
        Arc::clone(&self.0.tools.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the tools of the file, and the rules that they carry; tools of the program stay. Requests under way are
    /// judged and served by the old ones.
    pub fn replace(&self, tools: Tools) {
        let all = Arc::new(tools.after(&self.0.program));
        *self.0.tools.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// Returns what the program itself answers.
    pub(super) fn program(&self) -> &Program {
        &self.0.program
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
    fn rule(&self, method: &Method) -> bool {
        matches!(method, Method::ToolsCall | Method::ToolsList) || self.0.program.answers(method)
    }

    fn rules(&self, extensions: &mut Extensions) -> Arc<ToolRules> {
        Arc::clone(self.taken(extensions).rules())
    }
}
