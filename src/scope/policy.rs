//! [`ScopePolicy`].

use super::fold::folded_name;
use super::guards::{Guard, Guarded};
use super::names::Names;
use super::needed::scopes;
use super::own::{RuledTools, ToolRules};
use super::rules_id::next_id;
use crate::identity::Scopes;
use crate::rpc::{Extensions, Method, Request};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Which scopes a request needs. A handle: clones share the rules, and [`replace`](Self::replace)
/// changes them for all. A request is judged by the rules that were in force when it came.
///
/// Names are compared as they are written. One that is that of a rule but for its case, the form of its
/// characters (NFKC) or the white space around it, needs what the rule says and what it would need without
/// the rule: 1C may take it for either. Several scopes may stand in one string,
/// separated by spaces; all of them are needed then. With none, any caller will do whose identity is
/// known. What is no scope token is a scope that nobody holds.
///
/// The default policy needs no scopes, but an identity.
#[derive(Clone, Debug, Default)]
pub struct ScopePolicy {
    rules: Arc<RwLock<Arc<Base>>>,
    tools: Option<Arc<dyn RuledTools>>,
}

/// The rules of a policy, without those that tools carry. They do not change.
#[derive(Clone, Debug, Default)]
struct Base {
    /// Of these rules and no others, in the life of the process.
    id: u64,
    everything: Scopes,
    tools: Names,
    resources: Names,
    prompts: Names,
    /// By the folded name of the tool.
    guards: HashMap<String, Vec<Guarded>>,
    /// All the scopes above.
    mentioned: Scopes,
}

/// The rules that one request is judged by, from its first question to its answer.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    base: Arc<Base>,
    /// Those of the tools that serve it.
    own: Option<Arc<ToolRules>>,
}

impl ScopePolicy {
    /// What is not named otherwise needs this scope.
    pub fn everything(scope: &str) -> Self {
        Self::default().with(scope, |rules, scopes| rules.everything = scopes)
    }

    /// Tools of this name, or whose name fits this pattern (`*` for any characters, `?` for one),
    /// need this scope, or these, instead. The first rule that fits counts, be it a name or a pattern.
    #[must_use]
    pub fn tool(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.tools.add(pattern, &scopes))
    }

    /// Tools that carry rules of their own need what those say, whatever is said of other tools; a rule for
    /// the very name of one counts beside its own.
    #[cfg(feature = "catalog")]
    pub(crate) fn with_tools(self, tools: Arc<dyn RuledTools>) -> Self {
        Self { tools: Some(tools), ..self }
    }

    /// The same of resources and resource templates, by their URI. In a rule for a template, its
    /// `{expressions}` stand for any characters, so that it counts for the resources that come of it.
    #[must_use]
    pub fn resource(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.resources.add_uri(pattern, &scopes))
    }

    /// The same of prompts.
    #[must_use]
    pub fn prompt(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.prompts.add(pattern, &scopes))
    }

    /// Some values of an argument need more.
    #[must_use]
    pub fn guard(self, guard: Guard) -> Self {
        let Guard { tool, field, values, scope } = guard;
        self.with(&scope, |rules, scopes| {
            rules.guards.entry(folded_name(&tool)).or_default().push(Guarded::new(&field, &values, scopes));
        })
    }

    /// From now on the rules of `other` count, for this handle and all its clones. Requests under way end
    /// with the old ones. Rules that tools carry are not among them: they come and go with the tools.
    pub fn replace(&self, other: &Self) {
        let rules = other.base();
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// What a call of this tool needs, guarded values aside.
    pub fn of_tool(&self, name: &str) -> Scopes {
        self.now().tool(name).into_owned()
    }

    /// What this resource or resource template needs.
    pub fn of_resource(&self, uri: &str) -> Scopes {
        self.now().resource(uri).into_owned()
    }

    /// What this prompt needs.
    pub fn of_prompt(&self, name: &str) -> Scopes {
        self.now().prompt(name).into_owned()
    }

    /// All the scopes that some rule or guard speaks of.
    pub fn scopes(&self) -> Scopes {
        let Rules { base, own } = self.now();
        own.map_or_else(|| base.mentioned.clone(), |own| base.mentioned.union(own.mentioned()))
    }

    fn base(&self) -> Arc<Base> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Rules {
        Rules { base: self.base(), own: self.tools.as_ref().map(|tools| tools.rules(&mut Extensions::new())) }
    }

    /// The rules for this request. The tools that they come with stay in its extensions.
    pub(super) fn of(&self, request: &mut Request) -> Rules {
        let tools = self.tools.as_ref().filter(|_| matches!(request.method, Method::ToolsCall | Method::ToolsList));
        Rules { base: self.base(), own: tools.map(|tools| tools.rules(&mut request.extensions)) }
    }

    /// A policy of its own with one more rule: clones of `self` do not change.
    fn with(self, scope: &str, change: impl FnOnce(&mut Base, Scopes)) -> Self {
        let mut base = Arc::unwrap_or_clone(self.base());
        let scopes = scopes(scope);
        base.id = next_id();
        base.mentioned = base.mentioned.union(&scopes);
        change(&mut base, scopes);
        Self { rules: Arc::new(RwLock::new(Arc::new(base))), tools: self.tools }
    }
}

impl Rules {
    /// What tells these rules from all others.
    pub(super) fn id(&self) -> (u64, u64) {
        (self.base.id, self.own.as_ref().map_or(0, |own| own.id()))
    }

    /// What of `have` these rules know. Callers in whom it is the same may do the same.
    pub(super) fn known(&self, have: &Scopes) -> Scopes {
        let own = self.own.as_ref().map(|own| own.mentioned());
        let known = |scope: &&str| self.base.mentioned.contains(scope) || own.is_some_and(|own| own.contains(scope));
        if have.iter().all(|scope| known(&scope)) { have.clone() } else { have.iter().filter(known).collect() }
    }

    pub(super) fn everything(&self) -> &Scopes {
        &self.base.everything
    }

    pub(super) fn tool(&self, name: &str) -> Cow<'_, Scopes> {
        self.base.tools.needed(name, &self.base.everything, self.own.as_deref())
    }

    pub(super) fn resource(&self, uri: &str) -> Cow<'_, Scopes> {
        self.base.resources.needed(uri, &self.base.everything, None)
    }

    pub(super) fn prompt(&self, name: &str) -> Cow<'_, Scopes> {
        self.base.prompts.needed(name, &self.base.everything, None)
    }

    /// What an item of a list needs to be seen.
    pub(super) fn item(&self, method: &Method, name: &str) -> Cow<'_, Scopes> {
        match method {
            Method::ToolsList => self.tool(name),
            Method::PromptsList => self.prompt(name),
            _ => self.resource(name),
        }
    }

    /// Whether a holder of `have` could see anything in such a list besides tools that carry rules.
    pub(super) fn opens(&self, method: &Method, have: &Scopes) -> bool {
        let everything = &self.base.everything;
        match method {
            Method::ToolsList => self.base.tools.opens(have, everything, self.own.as_deref()),
            Method::PromptsList => self.base.prompts.opens(have, everything, None),
            _ => self.base.resources.opens(have, everything, None),
        }
    }

    /// Whether there are tools that carry rules.
    pub(super) fn has_own_tools(&self) -> bool {
        self.own.as_ref().is_some_and(|own| !own.is_empty())
    }

    /// The guards of a tool that a holder of `have` does not pass; a stranger passes none.
    pub(super) fn closed<'a>(&'a self, tool: &str, have: Option<&Scopes>) -> impl Iterator<Item = &'a Guarded> + Clone {
        let tables = [Some(&self.base.guards), self.own.as_ref().map(|own| own.guards())];
        let mut tables = tables.map(|table| table.filter(|guards| !guards.is_empty()));
        let tool = if tables.iter().any(Option::is_some) { folded_name(tool) } else { String::new() };
        let [base, own] = tables.each_mut().map(|table| table.and_then(|guards| guards.get(&tool)));
        let guards = base.into_iter().chain(own).flatten();
        guards.filter(move |guard| !have.is_some_and(|have| have.contains_all(guard.scopes())))
    }
}
