//! [`ScopePolicy`].

use super::fold::folded_name;
use super::guards::Guarded;
use super::names::{Names, scopes};
use crate::identity::Scopes;
use crate::rpc::Method;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Which scopes a request needs. A handle: clones share the rules, and [`replace`](Self::replace)
/// changes them for all.
///
/// Names are compared as they are written. One that is that of a rule but for its case, the form of its
/// characters (NFKC) or the white space around it, needs what the rule says and what it would need without
/// the rule: 1C may take it for either. Several scopes may stand in one string,
/// separated by spaces; all of them are needed then. With none, any caller will do whose identity is
/// known. What is no scope token is a scope that nobody holds.
///
/// The default policy needs no scopes, but an identity.
#[derive(Clone, Debug, Default)]
pub struct ScopePolicy(Arc<RwLock<Arc<Rules>>>);

/// Values of one argument that need a scope of their own: the measure-level rule.
///
/// Callers without the scope do not see the values in the tool's input schema, and a call that names
/// one of them is refused. It names one wherever in the argument it stands: also in text that holds
/// JSON or a list, in other case, or as a key. What follows the first part of `field` says where the
/// values belong; they are hidden and looked for in all of that argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The tool, by its exact name.
    pub tool: String,
    /// The argument: `measures`, or a path as `sort.field`, where arrays are passed through.
    pub field: String,
    /// The values.
    pub values: Vec<String>,
    /// What a caller must hold to see and to name them.
    pub scope: String,
}

/// Rules that do not change. Whatever is decided of one request is decided by the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
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

    /// The tool of this name is that of a catalog, and needs this scope: beside those of a rule for the
    /// very name, and whatever patterns say.
    #[cfg(feature = "catalog")]
    pub(crate) fn also(self, tool: &str, scope: &str) -> Self {
        self.with(scope, |rules, scopes| rules.tools.add_own(tool, &scopes))
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

    /// From now on these rules count, for this handle and all its clones. Requests under way end
    /// with the old ones.
    pub fn replace(&self, other: &Self) {
        let rules = other.rules();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// What a call of this tool needs, guarded values aside.
    pub fn of_tool(&self, name: &str) -> Scopes {
        self.rules().tool(name).into_owned()
    }

    /// What this resource or resource template needs.
    pub fn of_resource(&self, uri: &str) -> Scopes {
        self.rules().resource(uri).into_owned()
    }

    /// What this prompt needs.
    pub fn of_prompt(&self, name: &str) -> Scopes {
        self.rules().prompt(name).into_owned()
    }

    /// All the scopes that some rule or guard speaks of.
    pub fn scopes(&self) -> Scopes {
        self.rules().mentioned.clone()
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A policy of its own with one more rule: clones of `self` do not change.
    fn with(self, scope: &str, change: impl FnOnce(&mut Rules, Scopes)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let rules = match Arc::try_unwrap(self.0) {
            Ok(own) => own.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => Self(shared).rules(),
        };
        let mut rules = Arc::unwrap_or_clone(rules);
        let scopes = scopes(scope);
        rules.id = NEXT.fetch_add(1, Ordering::Relaxed);
        rules.mentioned = rules.mentioned.union(&scopes);
        change(&mut rules, scopes);
        Self(Arc::new(RwLock::new(Arc::new(rules))))
    }
}

impl Rules {
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// What of `have` these rules know. Callers in whom it is the same may do the same.
    pub(super) fn known(&self, have: &Scopes) -> Scopes {
        if self.mentioned.contains_all(have) { have.clone() } else { have.intersection(&self.mentioned) }
    }

    pub(super) const fn everything(&self) -> &Scopes {
        &self.everything
    }

    pub(super) fn tool(&self, name: &str) -> Cow<'_, Scopes> {
        self.tools.needed(name, &self.everything)
    }

    pub(super) fn resource(&self, uri: &str) -> Cow<'_, Scopes> {
        self.resources.needed(uri, &self.everything)
    }

    pub(super) fn prompt(&self, name: &str) -> Cow<'_, Scopes> {
        self.prompts.needed(name, &self.everything)
    }

    /// What an item of a list needs to be seen.
    pub(super) fn item(&self, method: &Method, name: &str) -> Cow<'_, Scopes> {
        match method {
            Method::ToolsList => self.tool(name),
            Method::PromptsList => self.prompt(name),
            _ => self.resource(name),
        }
    }

    /// Whether a holder of `have` could see anything of the 1C extension in such a list.
    pub(super) fn opens(&self, method: &Method, have: &Scopes) -> bool {
        let names = match method {
            Method::ToolsList => &self.tools,
            Method::PromptsList => &self.prompts,
            _ => &self.resources,
        };
        names.opens(have, &self.everything)
    }

    /// Whether there are tools of a catalog.
    #[cfg(feature = "catalog")]
    pub(super) fn has_catalog(&self) -> bool {
        self.tools.has_own()
    }

    /// The guards of a tool that a holder of `have` does not pass; a stranger passes none.
    pub(super) fn closed<'a>(&'a self, tool: &str, have: Option<&Scopes>) -> impl Iterator<Item = &'a Guarded> + Clone {
        let of_tool = || self.guards.get(&folded_name(tool)).map(Vec::as_slice);
        let guards = if self.guards.is_empty() { &[] } else { of_tool().unwrap_or_default() };
        guards.iter().filter(move |guard| !have.is_some_and(|have| have.contains_all(guard.scopes())))
    }
}
