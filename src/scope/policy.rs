//! [`ScopePolicy`].

use crate::identity::Scopes;
use std::sync::{Arc, PoisonError, RwLock};

/// Which scopes a request needs. A handle: clones share the rules, and [`replace`](Self::replace)
/// changes them for all.
#[derive(Clone, Debug)]
pub struct ScopePolicy(Arc<RwLock<Arc<Rules>>>);

/// Values of one argument that need a scope of their own: the measure-level rule.
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

#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    everything: Scopes,
    tools: Vec<(String, Scopes)>,
    resources: Vec<(String, Scopes)>,
    prompts: Vec<(String, Scopes)>,
    guards: Vec<Guard>,
}

impl ScopePolicy {
    /// What is not named otherwise needs this scope.
    pub fn everything(scope: &str) -> Self {
        Self::of(Rules { everything: Scopes::parse(scope), ..Rules::default() })
    }

    /// Tools of this name, or whose name fits this pattern (`*` for any characters, `?` for one),
    /// need this scope, or these. An exact name goes before a pattern, an earlier pattern before a later one.
    #[must_use]
    pub fn tool(self, pattern: &str, scope: &str) -> Self {
        self.with(|rules| rules.tools.push((pattern.to_owned(), Scopes::parse(scope))))
    }

    /// The same of resources and resource templates, by their URI.
    #[must_use]
    pub fn resource(self, pattern: &str, scope: &str) -> Self {
        self.with(|rules| rules.resources.push((pattern.to_owned(), Scopes::parse(scope))))
    }

    /// The same of prompts.
    #[must_use]
    pub fn prompt(self, pattern: &str, scope: &str) -> Self {
        self.with(|rules| rules.prompts.push((pattern.to_owned(), Scopes::parse(scope))))
    }

    /// Some values of an argument need more.
    #[must_use]
    pub fn guard(self, guard: Guard) -> Self {
        self.with(|rules| rules.guards.push(guard))
    }

    /// From now on these rules count, for this handle and all its clones.
    pub fn replace(&self, other: &Self) {
        let rules = other.rules();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn of(rules: Rules) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(rules))))
    }

    /// A policy of its own: clones of `self` do not change.
    fn with(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = Rules::clone(&self.rules());
        change(&mut rules);
        Self::of(rules)
    }
}

impl Rules {
    /// All the scopes that a request needs.
    pub(super) const fn needed(&self) -> &Scopes {
        &self.everything
    }
}
