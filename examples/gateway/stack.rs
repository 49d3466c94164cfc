//! The services over the leaf: the stack of MCP, the REST endpoints, and the catalog that both share.

use crate::infobase::Opened;
use crate::settings::{self, Account, Auth, Serving, Settings, Target};
use onec_mcp::alias::AliasLayer;
use onec_mcp::audit::AuditLayer;
use onec_mcp::cache::{Cache, CacheLayer, RestCache};
use onec_mcp::catalog::{Catalog, CatalogLayer, Tools};
use onec_mcp::check::CheckLayer;
use onec_mcp::confirm::ConfirmLayer;
use onec_mcp::onec::{OneCRest, OneCService};
use onec_mcp::rest::RestService;
use onec_mcp::rpc::ServerInfo;
use onec_mcp::scope::ScopePolicy;
use onec_mcp::{Gateway, LogLayer, Scopes};
use secrecy::ExposeSecret;
use serde_json::json;
use std::future::Future;
use tokio::sync::Mutex;
use tower::Layer;
use tower::layer::util::{Identity, Stack as Both};

/// The leaf with its cache.
type Leaf = Cache<OneCService>;
/// The REST service of the leaf, which calls the tools of the catalog, with the leaf's cache.
type Rest = RestCache<OneCRest>;
/// The RPC stack for the bridges.
pub(crate) type Rpc = Gateway<Leaf, Rest>;
/// The bridge, with the log around every request of clients.
pub(crate) type Bridge = onec_mcp::Bridge<Both<Identity, LogLayer>>;

/// Instructions for a model. They do not name the day: this text is as old as the process.
const INSTRUCTIONS: &str = "Business data of a 1C:Enterprise infobase. \
    Begin with the resolve_... tools: they turn names, articles and codes into the ids that all other tools take; never \
    make up an id. Then call the report that answers the question; its columns say what each value is, and its totals \
    cover all rows that match. Dates are YYYY-MM-DD; a period needs both from and to. The server does not tell today's \
    date: take it from the conversation, or ask, before you say \"last month\" or \"this year\". If arguments do not fit, \
    the error names the field and what is allowed there: mend the call and repeat it.";

/// The services that answer clients of both types.
pub(crate) struct Stack {
    mcp: Rpc,
    rest: Option<RestService<Rest>>,
    live: Option<Live>,
}

/// A catalog that can be replaced while it is in use.
pub(crate) struct Live {
    source: Mutex<settings::Catalog>,
    catalog: Catalog,
    /// The scopes that callers can get, if there are scopes.
    supported: Option<Scopes>,
}

impl Stack {
    pub(crate) fn new(settings: &Settings, infobase: &Opened) -> Self {
        let serving = &settings.serving;
        let (leaf, handle) = cached(serving, &infobase.onec);
        let supported = supported(settings);
        let catalog = serving.catalog.as_ref().map(|source| (source, Catalog::new(source.tools.clone())));
        let layer = catalog.as_ref().map(|(_, catalog)| {
            CatalogLayer::new(catalog.clone(), handle.clone()).structured(serving.structured).rpc(serving.rpc)
        });
        let aliases = AliasLayer::new();
        // Even without aliases, names with invisible characters get one: they could deceive a reader.
        let aliases = if serving.aliases { aliases } else { aliases.only_unseen() };
        let builder = Gateway::builder(leaf).sharing(infobase.onec.sharing());
        let builder = match supported {
            Some(_) => builder.scopes(policy(serving)),
            None => builder.without_authentication(),
        };
        let mcp = builder
            .aliases(aliases)
            .audit(AuditLayer::new())
            .check(serving.check.then(CheckLayer::new))
            .confirm(ConfirmLayer::new().shared(secret(settings).as_bytes()))
            .catalog(layer)
            // The cache is around the leaf already, since the REST endpoints share it.
            .build();
        let rest = catalog.as_ref().zip(serving.rest.clone()).zip(infobase.account());
        let rest = rest.map(|(((_, catalog), token), account)| {
            // If users log in as themselves, answers to the service account are not for them.
            let handle = if settings.auth.is_own_login() { cached(serving, account).1 } else { handle };
            let rest = RestService::new(catalog.clone(), token, handle);
            let rest = rest.title(&settings.server_name).version(&settings.server_version);
            match &settings.http.public_url {
                Some(url) => rest.server(url.as_str().trim_end_matches('/')),
                None => rest,
            }
        });
        let live = catalog.map(|(source, catalog)| Live { source: Mutex::new(source.clone()), catalog, supported });
        Self { mcp, rest, live }
    }

    /// Returns the RPC stack for the bridges.
    pub(crate) fn mcp(&self) -> Rpc {
        self.mcp.clone()
    }

    /// Returns the REST endpoints, if there are any, and the catalog that lists them.
    pub(crate) fn rest(&self) -> Option<(RestService<Rest>, Catalog)> {
        Some((self.rest.clone()?, self.live.as_ref()?.catalog.clone()))
    }

    /// Returns the catalog, to read it again.
    pub(crate) const fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }
}

/// Returns a secret that all replicas have and clients do not: the service account's password or token. May be empty.
fn secret(settings: &Settings) -> &str {
    match &settings.onec.target {
        Target::Infobase { account: Some(Account::Basic { password, .. }), .. } => password.expose_secret(),
        Target::Infobase { account: Some(Account::Bearer(token)), .. } => token.expose_secret(),
        _ => "",
    }
}

fn cached(serving: &Serving, onec: &OneCService) -> (Leaf, Rest) {
    let cache = CacheLayer::new().sharing(onec.sharing());
    let leaf = cache.lists(serving.list_cache.unwrap_or_default()).layer(onec.clone());
    let rest = leaf.rest(onec.rest());
    (leaf, rest)
}

/// Returns the scopes that callers can get; `None` if every caller may do everything.
fn supported(settings: &Settings) -> Option<Scopes> {
    match &settings.auth {
        Auth::None { .. } => None,
        Auth::Basic { scopes } => Some(scopes.clone()),
        Auth::OAuth2(oauth) => Some(oauth.scopes.clone()),
    }
}

/// Returns the policy for everything but the tools of the catalog.
fn policy(serving: &Serving) -> ScopePolicy {
    let rules = serving.tool_scopes.iter();
    rules.fold(ScopePolicy::everything("mcp"), |policy, (pattern, scope)| policy.tool(pattern, scope))
}

impl Live {
    /// Reads the file again. If it is not valid, the current catalog stays.
    pub(crate) async fn reload(&self) {
        let mut source = self.source.lock().await;
        if !source.is_file() {
            return;
        }
        let (name, old) = (source.name().to_owned(), source.clone());
        let read = tokio::task::spawn_blocking(move || old.read_again()).await;
        match read.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(new) => {
                self.replace(new.tools.clone());
                tracing::info!("MCP_CATALOG: {name} was read again: {}", source.changes(&new));
                for note in &new.notes {
                    tracing::warn!("MCP_CATALOG: {name}: {note}");
                }
                *source = new;
            }
            Err(why) => tracing::error!("MCP_CATALOG: {name} is not used, the catalog stays as it was: {why}"),
        }
    }

    fn replace(&self, tools: Tools) {
        let can_get = |scope: &&str| self.supported.as_ref().is_none_or(|supported| supported.contains(scope));
        let missing: Scopes = tools.scopes().iter().filter(|scope| !can_get(scope)).collect();
        self.catalog.replace(tools);
        if !missing.is_empty() {
            tracing::warn!("MCP_CATALOG: nobody can get {missing} yet; restart the gateway to offer it");
        }
    }
}

/// Returns the bridge, which runs until `shutdown`.
pub(crate) fn bridge(
    settings: &Settings,
    infobase: &Opened,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Bridge {
    // The audit trail is the log of calls, unless it goes elsewhere.
    let log = LogLayer::new().every_request(settings.audit_log.is_some());
    onec_mcp::Bridge::new(server_info(settings)).sharing(infobase.onec.sharing()).shutdown(shutdown).layer(log)
}

/// Returns the description of the server for MCP clients.
fn server_info(settings: &Settings) -> ServerInfo {
    let server = ServerInfo::new(&settings.server_name, &settings.server_version);
    let server = if settings.serving.rpc { server } else { server.capabilities(json!({ "tools": {} })) };
    if settings.serving.catalog.is_some() { server.instructions(INSTRUCTIONS) } else { server }
}
