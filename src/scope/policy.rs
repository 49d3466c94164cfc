//! [`ScopePolicy`].

use super::fold::folded_name;
use super::guards::{Guard, Guarded};
use super::names::Names;
use super::needed::scopes;
use super::own::{OwnNames, RuledTools, ToolRules};
use super::rules_id::next_id;
use crate::identity::Scopes;
use crate::rpc::{Extensions, Method, Request};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Rules that say which scopes a request needs.
///
/// The policy is a handle: clones share the rules, and [`replace`](Self::replace) changes them for all clones. A
/// request is judged by the rules in force when it came.
///
/// Names are compared as they are written. A name that differs from a rule's only in case, the form of its
/// characters (NFKC) or the white space around it needs the scopes of the rule and those that it would need without
/// the rule, as 1C may take it for either. One string may hold several scopes, separated by spaces; then all of
/// them are needed. With an empty string, any identified caller is allowed. Text that is not a scope token counts as
/// a scope that no caller holds.
///
/// The default policy needs no scopes, but an identity.
#[derive(Clone, Debug, Default)]
pub struct ScopePolicy {
    rules: Arc<RwLock<Arc<Base>>>,
    tools: Option<Arc<dyn RuledTools>>,
}

/// The rules of a policy, without those that tools carry. Immutable.
#[derive(Clone, Debug, Default)]
struct Base {
    /// Unique among all rules of the process.
    id: u64,
    everything: Scopes,
    tools: Names,
    resources: Names,
    prompts: Names,
    /// The guards by the folded name of the tool.
    guards: HashMap<String, Vec<Guarded>>,
    /// All scopes of the rules and guards above.
    mentioned: Scopes,
}

/// The rules that one request is judged by, from start to end.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    base: Arc<Base>,
    /// The rules of the tools that serve the request.
    own: Option<Arc<ToolRules>>,
}

impl ScopePolicy {
    /// Creates a policy in which everything without a rule of its own needs this scope.
    pub fn everything(scope: &str) -> Self {
        Self::default().with(scope, |rules, scopes| rules.everything = scopes)
    }

    /// Sets the scope, or scopes, that tools of this name need, or whose name matches this pattern (`*` for any
    /// characters, `?` for one). The first rule that matches counts, be it a name or a pattern.
    #[must_use]
    pub fn tool(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.tools.add(pattern, &scopes))
    }

    /// Adds tools that carry rules of their own. These need the scopes of their own rules, whatever the rules for other
    /// tools say; a rule for the exact name of such a tool counts as well. So it is with resources and prompts.
    #[cfg(feature = "catalog")]
    pub(crate) fn with_tools(self, tools: Arc<dyn RuledTools>) -> Self {
        Self { tools: Some(tools), ..self }
    }

    /// Sets the scope, or scopes, that resources and resource templates of this URI or pattern need.
    ///
    /// In a rule for a template, its `{expressions}` stand for any characters, so the rule also counts for the URIs
    /// that the template expands to.
    #[must_use]
    pub fn resource(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.resources.add_uri(pattern, &scopes))
    }

    /// Sets the scope, or scopes, that prompts of this name need, or whose name matches this pattern.
    #[must_use]
    pub fn prompt(self, pattern: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.prompts.add(pattern, &scopes))
    }

    /// Adds a scope for some values of an argument.
    #[must_use]
    pub fn guard(self, guard: Guard) -> Self {
        let Guard { tool, field, values, scope } = guard;
        self.with(&scope, |rules, scopes| {
            rules.guards.entry(folded_name(&tool)).or_default().push(Guarded::new(&field, &values, scopes));
        })
    }

    /// Replaces the rules by those of `other`, for this handle and all its clones. Requests under way end
    /// with the old rules. Rules that tools carry are not replaced: they come and go with the tools.
    pub fn replace(&self, other: &Self) {
        let rules = other.base();
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Returns the scopes that a call of this tool needs, not counting guarded values.
    pub fn of_tool(&self, name: &str) -> Scopes {
        self.now().tool(name).into_owned()
    }

    /// Returns the scopes that this resource or resource template needs.
    pub fn of_resource(&self, uri: &str) -> Scopes {
        self.now().resource(uri).into_owned()
    }

    /// Returns the scopes that this prompt needs.
    pub fn of_prompt(&self, name: &str) -> Scopes {
        self.now().prompt(name).into_owned()
    }

    /// Returns all scopes in the rules and guards.
    pub fn scopes(&self) -> Scopes {
        let InForce { base, own } = self.now();
        own.map_or_else(|| base.mentioned.clone(), |own| base.mentioned.union(own.mentioned()))
    }

    fn base(&self) -> Arc<Base> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> InForce {
        InForce { base: self.base(), own: self.tools.as_ref().map(|tools| tools.rules(&mut Extensions::new())) }
    }

    /// Returns the rules for this request. The tools that carry some of them are put into its extensions.
    pub(super) fn of(&self, request: &mut Request) -> InForce {
        let tools = self.tools.as_ref().filter(|tools| tools.rule(&request.method));
        InForce { base: self.base(), own: tools.map(|tools| tools.rules(&mut request.extensions)) }
    }

    /// Returns a separate policy with one more rule; clones of `self` do not change.
    fn with(self, scope: &str, change: impl FnOnce(&mut Base, Scopes)) -> Self {
        let mut base = Arc::unwrap_or_clone(self.base());
        let scopes = scopes(scope);
        base.id = next_id();
        base.mentioned = base.mentioned.union(&scopes);
        change(&mut base, scopes);
        Self { rules: Arc::new(RwLock::new(Arc::new(base))), tools: self.tools }
    }
}

impl InForce {
    /// Returns an identifier that is different for other rules.
    pub(super) fn id(&self) -> (u64, u64) {
        (self.base.id, self.own.as_ref().map_or(0, |own| own.id()))
    }

    /// Returns the scopes in `have` that these rules mention. Callers with the same ones may do the same.
    pub(super) fn known(&self, have: &Scopes) -> Scopes {
        let own = self.own.as_ref().map(|own| own.mentioned());
        let known = |scope: &&str| self.base.mentioned.contains(scope) || own.is_some_and(|own| own.contains(scope));
        if have.iter().all(|scope| known(&scope)) { have.clone() } else { have.iter().filter(known).collect() }
    }

    pub(super) fn everything(&self) -> &Scopes {
        &self.base.everything
    }

    pub(super) fn tool(&self, name: &str) -> Cow<'_, Scopes> {
        self.base.tools.needed(name, &self.base.everything, self.own.as_ref().map(|own| own.tools()))
    }

    pub(super) fn resource(&self, uri: &str) -> Cow<'_, Scopes> {
        self.base.resources.needed(uri, &self.base.everything, self.own.as_ref().map(|own| own.resources()))
    }

    pub(super) fn prompt(&self, name: &str) -> Cow<'_, Scopes> {
        self.base.prompts.needed(name, &self.base.everything, self.own.as_ref().map(|own| own.prompts()))
    }

    /// Returns the scopes that an item of a list needs to be shown.
    pub(super) fn item(&self, method: &Method, name: &str) -> Cow<'_, Scopes> {
        match method {
            Method::ToolsList => self.tool(name),
            Method::PromptsList => self.prompt(name),
            _ => self.resource(name),
        }
    }

    /// Returns whether `have` could allow anything in such a list besides what carries rules.
    pub(super) fn opens(&self, method: &Method, have: &Scopes) -> bool {
        let Base { everything, tools, resources, prompts, .. } = &*self.base;
        let own = self.own_names(method);
        match method {
            Method::ToolsList => tools.opens(have, everything, own),
            Method::PromptsList => prompts.opens(have, everything, own),
            _ => resources.opens(have, everything, own),
        }
    }

    /// Returns whether something in such a list carries rules.
    pub(super) fn has_own(&self, method: &Method) -> bool {
        self.own_names(method).is_some_and(|own| !own.is_empty())
    }

    /// Returns the names in such a list that carry rules.
    fn own_names(&self, method: &Method) -> Option<&OwnNames> {
        let own = self.own.as_ref()?;
        match method {
            Method::ToolsList => Some(own.tools()),
            Method::PromptsList => Some(own.prompts()),
            Method::ResourcesList => Some(own.resources()),
            _ => None,
        }
    }

    /// Returns the guards of a tool that `have` does not satisfy; without an identity, all of them.
    pub(super) fn closed<'a>(&'a self, tool: &str, have: Option<&Scopes>) -> impl Iterator<Item = &'a Guarded> + Clone {
        let tables = [Some(&self.base.guards), self.own.as_ref().map(|own| own.guards())];
        let mut tables = tables.map(|table| table.filter(|guards| !guards.is_empty()));
        let tool = if tables.iter().any(Option::is_some) { folded_name(tool) } else { String::new() };
        let [base, own] = tables.each_mut().map(|table| table.and_then(|guards| guards.get(&tool)));
        let guards = base.into_iter().chain(own).flatten();
        guards.filter(move |guard| !have.is_some_and(|have| have.contains_all(guard.scopes())))
    }
}
