//! [`ToolRules`].

use super::fold::folded_name;
use super::guards::{Guard, Guarded};
use super::needed::scopes;
use super::rules_id::next_id;
use crate::identity::Scopes;
use crate::rpc::{Extensions, Method};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The rules that a set of tools carries: the scopes of each tool and of its guarded values. Resources and prompts that
/// the program adds carry theirs likewise.
#[derive(Debug, Default)]
pub(crate) struct ToolRules {
    /// Unique among all rules of the process.
    id: u64,
    tools: OwnNames,
    resources: OwnNames,
    prompts: OwnNames,
    /// The guards by the folded name of the tool.
    guards: HashMap<String, Vec<Guarded>>,
    mentioned: Scopes,
}

/// Names that carry the scopes that they need.
#[derive(Debug, Default)]
pub(super) struct OwnNames {
    written: HashMap<Box<str>, Scopes>,
    /// The scopes by folded name, for names that 1C may take for these.
    folded: HashMap<Box<str>, Scopes>,
}

/// A set of tools that carry rules and may be replaced while it is in use.
pub(crate) trait RuledTools: fmt::Debug + Send + Sync {
    /// Returns whether anything that a request of this method may ask for carries rules. The answer never changes for
    /// methods that are not about tools.
    fn rule(&self, method: &Method) -> bool;

    /// Returns the rules of the tools that serve the request with these extensions.
    ///
    /// The first caller in a request gets the current rules, and the tools are put into the extensions; later
    /// ones get the rules of the tools found there.
    fn rules(&self, extensions: &mut Extensions) -> Arc<ToolRules>;
}

impl OwnNames {
    /// Adds a name, and returns the scopes that it needs.
    fn add(&mut self, name: &str, scope: &str) -> Scopes {
        let needed = scopes(scope);
        let alike = self.folded.entry(folded_name(name).into()).or_default();
        *alike = alike.union(&needed);
        self.written.insert(name.into(), needed.clone());
        needed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.written.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Scopes> {
        self.written.get(name)
    }

    pub(super) fn alike(&self, folded: &str) -> Option<&Scopes> {
        self.folded.get(folded)
    }
}

impl ToolRules {
    /// Creates the rules of `tools`, each with its name and scope, and of their guarded values.
    pub(crate) fn new<'a>(
        tools: impl IntoIterator<Item = (&'a str, &'a str)>,
        guards: impl IntoIterator<Item = Guard>,
    ) -> Self {
        let mut rules = Self { id: next_id(), ..Self::default() };
        for (name, scope) in tools {
            let needed = rules.tools.add(name, scope);
            rules.mentioned = rules.mentioned.union(&needed);
        }
        for Guard { tool, field, values, scope } in guards {
            let needed = scopes(&scope);
            rules.mentioned = rules.mentioned.union(&needed);
            rules.guards.entry(folded_name(&tool)).or_default().push(Guarded::new(&field, &values, needed));
        }
        rules
    }

    /// Adds the rules of resources, each with its URI and scope, and of prompts, each with its name and scope.
    #[cfg(feature = "catalog")]
    pub(crate) fn and<'a>(
        mut self,
        resources: impl IntoIterator<Item = (&'a str, &'a str)>,
        prompts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        for (uri, scope) in resources {
            let needed = self.resources.add(uri, scope);
            self.mentioned = self.mentioned.union(&needed);
        }
        for (name, scope) in prompts {
            let needed = self.prompts.add(name, scope);
            self.mentioned = self.mentioned.union(&needed);
        }
        self
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    pub(super) const fn tools(&self) -> &OwnNames {
        &self.tools
    }

    pub(super) const fn resources(&self) -> &OwnNames {
        &self.resources
    }

    pub(super) const fn prompts(&self) -> &OwnNames {
        &self.prompts
    }

    /// Returns the guards by the folded name of the tool.
    pub(super) const fn guards(&self) -> &HashMap<String, Vec<Guarded>> {
        &self.guards
    }

    /// Returns all scopes that a call of `tool` needs, if `have` lacks one of them. The arguments are judged as the client
    /// wrote them.
    #[cfg(feature = "rest")]
    pub(crate) fn lacking(&self, tool: &str, arguments: &[u8], have: &Scopes) -> Option<Scopes> {
        let own = self.tools.get(tool).cloned().unwrap_or_default();
        let guards = self.guards.get(&folded_name(tool)).map(Vec::as_slice).unwrap_or_default();
        let is_closed = |guard: &&Guarded| !have.contains_all(guard.scopes()) && guard.is_named(arguments);
        if have.contains_all(&own) && !guards.iter().any(|guard| is_closed(&guard)) {
            return None;
        }
        // Name all scopes, also those that the caller holds: a client that asks only for the missing ones may lose them.
        let named = guards.iter().filter(|guard| guard.is_named(arguments));
        Some(named.fold(own, |all, guard| all.union(guard.scopes())))
    }

    pub(super) const fn mentioned(&self) -> &Scopes {
        &self.mentioned
    }
}
