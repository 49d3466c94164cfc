//! Mode `oauth2`: the gateway's own authorization server, and the guard that accepts its tokens.

use crate::BoxError;
use crate::access::Access;
use crate::endpoints::Unguarded;
use crate::infobase::Opened;
use crate::settings::{Login as LoginType, OAuth2, Settings, Store};
use axum::Router;
use onec_mcp::auth::login::{AccessKey, Cached, CachedLayer, Login, OwnLogin, SlowdownLayer};
use onec_mcp::auth::server::{AuthorizationServer, ClientMetadata, Lifetimes, RateLimits};
use onec_mcp::auth::store::{MemoryStore, PostgresStore, SqliteStore, TokenStore};
use onec_mcp::auth::{BearerAuthLayer, Site};
use onec_mcp::net::OriginPolicy;
use secrecy::SecretString;
use std::error::Error as StdError;
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;
use tower::Layer;

/// The pause between removals of expired entries.
const SWEEP: Duration = Duration::from_secs(300);
/// Equal logins within this time are checked once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Puts a bearer guard around the MCP endpoints, and the authorization server beside them.
pub(crate) async fn guard(
    mcp: Unguarded,
    infobase: &Opened,
    settings: &Settings,
    oauth: &OAuth2,
    hosts: &OriginPolicy,
) -> Result<Access, BoxError> {
    let setup = Setup { mcp, settings, oauth, hosts };
    let name = &settings.names.store;
    Ok(match &oauth.store {
        Store::Memory => setup.with_store(infobase, MemoryStore::new()),
        Store::Sqlite(path) => {
            if oauth.makes_folder {
                make_folder(path, name)?;
            }
            setup.with_store(infobase, sqlite(path, name).await?)
        }
        Store::Postgres(url) => setup.with_store(infobase, postgres(url, name).await?),
    })
}

/// Creates the folder of the file, if it is missing; a missing folder further up is an error.
fn make_folder(path: &Path, name: &str) -> Result<(), BoxError> {
    let Some(folder) = path.parent().filter(|folder| !folder.exists()) else { return Ok(()) };
    let made = std::fs::create_dir(folder);
    made.map_err(|error| format!("{name}: cannot make the folder {}: {error}", folder.display()).into())
}

async fn sqlite(path: &Path, name: &str) -> Result<SqliteStore, BoxError> {
    let store = SqliteStore::open(path).await;
    store.map_err(|error| format!("{name}: cannot use the file {}: {}", path.display(), why(&error)).into())
}

/// Opens the database. The URL stays out of the error: it may hold a password.
async fn postgres(url: &SecretString, name: &str) -> Result<PostgresStore, BoxError> {
    let store = PostgresStore::connect(url).await;
    store.map_err(|error| format!("{name}: cannot use the PostgreSQL database: {}", why(&error)).into())
}

/// Returns the innermost cause: the error of the file system or the database.
fn why(mut error: &(dyn StdError + 'static)) -> String {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// Checks whether the database answers. Creates nothing in it.
pub(crate) async fn reach(url: &SecretString, name: &str) -> Result<(), BoxError> {
    let reached = PostgresStore::reach(url).await;
    reached.map_err(|error| format!("{name}: cannot use the PostgreSQL database: {}", why(&error)).into())
}

/// The parts of the authorization server, except for login and store, whose types differ.
struct Setup<'a> {
    mcp: Unguarded,
    settings: &'a Settings,
    oauth: &'a OAuth2,
    hosts: &'a OriginPolicy,
}

impl Setup<'_> {
    fn with_store<S: TokenStore>(self, infobase: &Opened, store: S) -> Access {
        let onec = infobase.onec.clone();
        match self.oauth.login {
            // One login sent by many programs at once is one question to 1C, and no guessing.
            LoginType::Credentials => {
                let slow = SlowdownLayer::new().remember_in(store.clone()).layer(OwnLogin::new(onec));
                self.with_login(store, CachedLayer::new().ttl(AT_ONCE, AT_ONCE).layer(slow))
            }
            LoginType::Key => self.with_login(store, Cached::new(AccessKey::new(onec))),
        }
    }

    fn with_login<L: Login, S: TokenStore>(self, store: S, login: L) -> Access {
        let Self { mcp, settings, oauth, hosts } = self;
        let site = site(settings);
        let lifetimes = Lifetimes::default()
            .code(oauth.code_ttl)
            .access(oauth.access_ttl)
            .refresh(oauth.refresh_ttl)
            .grace(oauth.refresh_grace);
        let limits = RateLimits::unlimited()
            .authorize(oauth.authorize_per_minute)
            .register(oauth.register_per_minute)
            .token(oauth.token_per_minute);
        let server = AuthorizationServer::new(site.clone(), login, store)
            .name(&settings.server_name)
            .scopes(oauth.scopes.clone())
            .default_scopes(oauth.default_scopes.clone())
            .lifetimes(lifetimes)
            .rate_limits(limits)
            .password_grant(oauth.password_grant)
            .hosts(hosts.clone());
        let server = if oauth.client_metadata { server.client_metadata(ClientMetadata::new()) } else { server };
        let guard = BearerAuthLayer::new(server.tokens()).site(site).scopes(oauth.default_scopes.clone());
        let (sweeping, closing) = (server.clone(), server.clone());
        let upkeep = async move {
            loop {
                sleep(SWEEP).await;
                match sweeping.sweep().await {
                    Ok(gone) => tracing::debug!(gone, "expired tokens, codes and clients are thrown away"),
                    Err(error) => tracing::warn!("expired tokens cannot be thrown away: {error}"),
                }
            }
        };
        Access {
            mcp: mcp.behind(guard),
            others: Router::new().fallback_service(server),
            upkeep: Box::pin(upkeep),
            closing: Box::pin(async move { closing.close().await }),
        }
    }
}

/// Returns the address of the gateway for clients.
fn site(settings: &Settings) -> Site {
    let site = Site::new().resources(["/mcp", "/sse"]);
    let site = if settings.http.tls.is_some() { site.https() } else { site };
    match &settings.http.public_url {
        Some(url) => site.public_url(url),
        None => site,
    }
}
