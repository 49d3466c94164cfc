//! [`Rules`].

use crate::catalog::{Catalog, Tools};
use crate::scope::ScopePolicy;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// For this long nothing changes between rules and tools: long enough for every list that will be shown
/// by the rules to have found its tools. Calls need no time, the catalog asks the rules of now for them.
const SETTLE: Duration = Duration::from_millis(100);

/// Which scopes requests need, where the tools of a catalog may be replaced while they are in use.
///
/// ```
/// use onec_mcp::catalog::{Catalog, Limits, Tools};
/// use onec_mcp::gateway::Rules;
/// use onec_mcp::scope::ScopePolicy;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = Catalog::new(Tools::trade(Limits::default())?);
/// let rules = Rules::new(ScopePolicy::everything("mcp"));
/// // Gateway::builder(onec).scopes(rules.policy()).catalog(CatalogLayer::new(catalog.clone())).build()
///
/// let file = json!({ "extends": "trade", "tools": [{ "name": "cash_flow", "drop": true }] });
/// rules.replace(&catalog, Tools::read(&file, "my catalog", Limits::default())?).await;
/// assert_eq!(catalog.current().iter().count(), 18);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    /// Without those of the catalog.
    base: ScopePolicy,
    in_force: ScopePolicy,
    /// One change at a time: each knows only the tools that it began with.
    turn: Arc<Mutex<()>>,
}

impl Rules {
    /// `base` says what is needed for everything but the tools of the catalog.
    pub fn new(base: ScopePolicy) -> Self {
        // One of its own: that of the caller stays without the catalog.
        let in_force = ScopePolicy::default();
        in_force.replace(&base);
        Self { base, in_force, turn: Arc::default() }
    }

    /// What [`Builder::scopes`](super::Builder::scopes) takes, and this changes.
    pub fn policy(&self) -> ScopePolicy {
        self.in_force.clone()
    }

    /// Puts `tools` and their rules in the place of those of `catalog`. It takes a moment, in which
    /// the rules are as strict as the old and the new ones together: at no time can a tool be called
    /// under a weaker rule than the one that came with it.
    ///
    /// Several changes are made one after the other. Dropped before its end, it leaves the strict rules in force.
    pub async fn replace(&self, catalog: &Catalog, tools: Tools) {
        let _turn = self.turn.lock().await;
        let rules = tools.policy(self.base.clone());
        self.in_force.replace(&self.both(&catalog.current(), &tools));
        sleep(SETTLE).await;
        catalog.replace(tools);
        sleep(SETTLE).await;
        self.in_force.replace(&rules);
    }

    /// Rules as strict as those of both. A tool that one lacks may be one of the 1C extension there.
    fn both(&self, old: &Tools, new: &Tools) -> ScopePolicy {
        let (before, after) = (old.policy(self.base.clone()), new.policy(self.base.clone()));
        let policy = old.iter().chain(new.iter()).fold(self.base.clone(), |policy, tool| {
            let name = tool.name();
            policy.also(name, &before.of_tool(name).union(&after.of_tool(name)).to_string())
        });
        new.policy(old.policy(policy))
    }
}
