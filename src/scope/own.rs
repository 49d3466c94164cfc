//! [`ToolRules`].

use super::fold::folded_name;
use super::guards::{Guard, Guarded};
use super::needed::scopes;
use super::rules_id::next_id;
use crate::identity::Scopes;
use crate::rpc::Extensions;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The rules that a set of tools carries: the scopes of each tool, and of its guarded values.
#[derive(Debug, Default)]
pub(crate) struct ToolRules {
    /// Unique among all rules of the process.
    id: u64,
    written: HashMap<Box<str>, Scopes>,
    /// The scopes by folded name, for names that 1C may take for those of the tools.
    folded: HashMap<Box<str>, Scopes>,
    /// The guards by the folded name of the tool.
    guards: HashMap<String, Vec<Guarded>>,
    mentioned: Scopes,
}

/// A set of tools that carry rules and may be replaced while it is in use.
pub(crate) trait RuledTools: fmt::Debug + Send + Sync {
    /// Returns the rules of the tools that serve the request with these extensions.
    ///
    /// The first caller in a request gets the current rules, and the tools are put into the extensions; later
    /// ones get the rules of the tools found there.
    fn rules(&self, extensions: &mut Extensions) -> Arc<ToolRules>;
}

impl ToolRules {
    /// Creates the rules of `tools`, each with its name and scope, and of their guarded values.
    pub(crate) fn new<'a>(
        tools: impl IntoIterator<Item = (&'a str, &'a str)>,
        guards: impl IntoIterator<Item = Guard>,
    ) -> Self {
        let mut rules = Self { id: next_id(), ..Self::default() };
        for (name, scope) in tools {
            let needed = scopes(scope);
            rules.mentioned = rules.mentioned.union(&needed);
            let alike = rules.folded.entry(folded_name(name).into()).or_default();
            *alike = alike.union(&needed);
            rules.written.insert(name.into(), needed);
        }
        for Guard { tool, field, values, scope } in guards {
            let needed = scopes(&scope);
            rules.mentioned = rules.mentioned.union(&needed);
            rules.guards.entry(folded_name(&tool)).or_default().push(Guarded::new(&field, &values, needed));
        }
        rules
    }

    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.written.contains_key(name)
    }

    pub(super) fn tool(&self, name: &str) -> Option<&Scopes> {
        self.written.get(name)
    }

    pub(super) fn alike(&self, folded: &str) -> Option<&Scopes> {
        self.folded.get(folded)
    }

    /// Returns the guards by the folded name of the tool.
    pub(super) const fn guards(&self) -> &HashMap<String, Vec<Guarded>> {
        &self.guards
    }

    pub(super) const fn mentioned(&self) -> &Scopes {
        &self.mentioned
    }
}
