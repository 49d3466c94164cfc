//! The authorization server, which logs users in and issues the tokens that clients call with
//! ([OAuth 2.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13), and the
//! [authorization](https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization) chapter of MCP).
//!
//! [`AuthorizationServer`] is one tower service with these endpoints, at the root or below
//! [`Site::mount`]:
//!
//! | Path | Method | Purpose |
//! |---|---|---|
//! | `/.well-known/oauth-protected-resource`, also with a resource's path after or before it | GET | metadata of the resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)) |
//! | `/.well-known/oauth-authorization-server`, also with the mount's or a resource's path after or before it | GET | metadata of the server ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414)) |
//! | `/register`, `/oauth/register` | POST | registers a client ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)) |
//! | `/authorize`, `/oauth/authorize` | GET, POST | shows the login page, and sends the user back to the client with a code |
//! | `/callback` | GET | takes users back from a [provider](super::login::Page::provider), if the login has any |
//! | `/token`, `/oauth/token` | POST | issues tokens for a code, a refresh token, or a user and password |
//! | `/revoke`, `/oauth/revoke` | POST | revokes tokens ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)) |
//!
//! Other paths get 404, other methods 405. Clients are public, so PKCE with S256
//! ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)) is always required, and refresh tokens change at each use; one
//! that comes again after its [grace](Lifetimes::grace) revokes the whole grant.
//!
//! A client is known by registration, by the URL of a metadata document ([`ClientMetadata`]), or as [`PUBLIC_CLIENT`],
//! which may send users back to their own machine only.
//!
//! # What the embedder does
//!
//! - **Routes**: route all these paths to the server. The documents under `/.well-known/` belong to the root of the
//!   host, even if the rest is mounted elsewhere. Routers that strip the mount path or `/.well-known` are fine;
//!   [`resource_metadata`](AuthorizationServer::resource_metadata) and
//!   [`server_metadata`](AuthorizationServer::server_metadata) are for routers that strip more. The [`Site`] has the
//!   paths that clients see, and the bearer layer is told its own ([`BearerAuthLayer::resource`]).
//! - **Sweeps**: call [`AuthorizationServer::sweep`] every few minutes.
//! - **Closes**: call [`AuthorizationServer::close`] at the end.
//! - **Addresses**: put [`Peer`](crate::net::Peer) into the extensions of requests, or [`Caller`](crate::net::Caller)
//!   behind proxies. [`RateLimits`] count by them, and without either all callers count as one.
//! - **Site**: set [`Site::public_url`], unless the `Host` header can be relied on.
//! - **CORS**: put a layer in front, where web pages are clients, but not before `/authorize`
//!   ([RFC 9700, section 2.6](https://www.rfc-editor.org/rfc/rfc9700#section-2.6)).
//! - **Validates**: give [`AuthorizationServer::tokens`] to the bearer layer.
//!
//! [`BearerAuthLayer::resource`]: super::BearerAuthLayer::resource
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use onec_mcp::Scopes;
//! use onec_mcp::auth::Site;
//! use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, Typed};
//! use onec_mcp::auth::server::AuthorizationServer;
//! use onec_mcp::auth::store::MemoryStore;
//! use tower::ServiceExt;
//!
//! /// Everybody who has a key with the right beginning.
//! #[derive(Clone)]
//! struct Keys;
//!
//! impl Login for Keys {
//!     fn form(&self) -> Form {
//!         Form::Key
//!     }
//!
//!     async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
//!         use secrecy::ExposeSecret;
//!         match typed {
//!             Typed::Key(key) if key.expose_secret().starts_with("key-") => {
//!                 Ok(LoggedIn::new("somebody"))
//!             }
//!             _ => Err(LoginError::Wrong),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = AuthorizationServer::new(Site::new(), Keys, MemoryStore::new()).scopes(Scopes::parse("mcp"));
//!
//! let client = r#"{"client_name":"Editor","redirect_uris":["http://127.0.0.1/callback"]}"#;
//! let request = http::Request::post("/register").header("host", "localhost:8000").header("content-type", "application/json");
//! let answer = server.oneshot(request.body(Full::<Bytes>::from(client))?).await?;
//! assert_eq!(answer.status(), 201);
//! let body = answer.into_body().collect().await?.to_bytes();
//! assert!(serde_json::from_slice::<serde_json::Value>(&body)?["client_id"].is_string());
//! # Ok(())
//! # }
//! ```

mod assertion;
mod authorize;
mod client_auth;
mod client_metadata;
mod document;
mod federated;
pub(crate) mod fuzzing;
mod keys;
mod limits;
mod log_in;
mod metadata;
mod page;
mod pair;
mod params;
mod pending;
mod pkce;
mod redirect;
mod register;
mod reply;
mod revocations;
mod revoke;
mod routes;
mod scheme;
mod scopes;
mod secret;
mod service;
mod target;
mod token;
mod tokens;

pub use client_metadata::{ClientMetadata, ClientMetadataSettings, MetadataError};
pub use document::MetadataService;
pub use limits::RateLimits;
pub use service::ResponseFuture;
pub use tokens::Tokens;

use super::Site;
use super::clock::{Clock, Timestamp};
use super::login::Login;
use super::store::{self, StoreError, TokenStore};
use super::trouble::Troubles;
use crate::audit;
use crate::identity::Scopes;
use crate::net::OriginPolicy;
use crate::net::sampler::Sampler;
use revocations::Revocations;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The `client_id` of a client that needs no registration. Users are sent back to loopback addresses only.
pub const PUBLIC_CLIENT: &str = "mcp-public-client";

/// The seconds after which a client that was used and has no grant any more is forgotten: 90 days.
const IDLE_CLIENT: Timestamp = 90 * 24 * 3600;

/// The lifetimes of codes and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// The lifetime of an authorization code; 2 minutes by default.
    pub code: Duration,
    /// The lifetime of an access token; 1 hour by default.
    pub access: Duration,
    /// The lifetime of a refresh token, from when it was last changed; 14 days by default. A token that carries no
    /// login of 1C (that of an access key) counts from the login on, however often it changes.
    pub refresh: Duration,
    /// How long a refresh token that was just changed still works for its client, in whole seconds; 30 by default, zero
    /// for not at all. It is for clients that refresh twice at once, or never got the answer.
    pub grace: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let (code, access, refresh, grace) = (120, 3600, 14 * 24 * 3600, 30);
        let seconds = Duration::from_secs;
        Self { code: seconds(code), access: seconds(access), refresh: seconds(refresh), grace: seconds(grace) }
    }
}

impl Lifetimes {
    /// Sets the lifetime of authorization codes.
    #[must_use]
    pub const fn code(mut self, code: Duration) -> Self {
        self.code = code;
        self
    }

    /// Sets the lifetime of access tokens.
    #[must_use]
    pub const fn access(mut self, access: Duration) -> Self {
        self.access = access;
        self
    }

    /// Sets the lifetime of refresh tokens.
    #[must_use]
    pub const fn refresh(mut self, refresh: Duration) -> Self {
        self.refresh = refresh;
        self
    }

    /// Sets the grace of refresh tokens.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// The authorization server as a tower service; see the [module](self). Cloning is cheap.
///
/// It is always ready, and answers its errors.
#[derive(Clone)]
pub struct AuthorizationServer<L, S>(Arc<Inner<L, S>>);

#[derive(Clone)]
struct Inner<L, S> {
    site: Site,
    login: L,
    store: S,
    name: String,
    documentation: Option<String>,
    supported: Scopes,
    defaults: Option<Scopes>,
    lifetimes: Lifetimes,
    password_grant: bool,
    limits: RateLimits,
    hosts: OriginPolicy,
    client_metadata: Option<ClientMetadata>,
    clock: Clock,
    revocations: Revocations,
    /// Bounds the events in the audit trail.
    sampler: Sampler,
    troubles: Troubles,
}

impl<L: Login, S: TokenStore> AuthorizationServer<L, S> {
    /// Creates a server for the resources of `site`, with one scope `mcp`, default limits, the password grant, and no
    /// client metadata documents.
    pub fn new(site: Site, login: L, store: S) -> Self {
        Self(Arc::new(Inner {
            site,
            login,
            store,
            name: "1C:Enterprise".to_owned(),
            documentation: None,
            supported: Scopes::parse("mcp"),
            defaults: None,
            lifetimes: Lifetimes::default(),
            password_grant: true,
            limits: RateLimits::default(),
            hosts: OriginPolicy::new(),
            client_metadata: None,
            clock: Clock::default(),
            revocations: Revocations::default(),
            sampler: audit::sampler(),
            troubles: Troubles::new(),
        }))
    }

    fn set(mut self, set: impl FnOnce(&mut Inner<L, S>)) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the name of this server on the login page, unless that of the [login](crate::auth::login::Page::name) is
    /// shown; `1C:Enterprise` by default.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.set(|server| name.clone_into(&mut server.name))
    }

    /// Sets the URL where people can read about this server, for the metadata documents.
    #[must_use]
    pub fn documentation(self, url: &str) -> Self {
        self.set(|server| server.documentation = Some(url.to_owned()))
    }

    /// Sets all supported scopes; `mcp` by default. `offline_access` is supported in addition.
    #[must_use]
    pub fn scopes(self, scopes: Scopes) -> Self {
        self.set(|server| server.supported = scopes.without(scopes::OFFLINE))
    }

    /// Sets the scopes of a client that asks for none; by default all supported ones.
    #[must_use]
    pub fn default_scopes(self, scopes: Scopes) -> Self {
        self.set(|server| server.defaults = Some(scopes))
    }

    /// Sets the lifetimes of codes and tokens.
    #[must_use]
    pub fn lifetimes(self, lifetimes: Lifetimes) -> Self {
        self.set(|server| server.lifetimes = lifetimes)
    }

    /// Sets whether programs may send user and password instead of showing the login page; on by default. Used only
    /// with a [`Login`] that asks for user and password, and nothing else.
    #[must_use]
    pub fn password_grant(self, on: bool) -> Self {
        self.set(|server| server.password_grant = on)
    }

    /// Sets how often one address may call.
    #[must_use]
    pub fn rate_limits(self, limits: RateLimits) -> Self {
        self.set(|server| server.limits = limits)
    }

    /// Sets which `Host` headers are answered; by default any. The others get 403. `Origin` does not matter here: web
    /// pages may be clients. The server gives nothing without a login, so the policy is
    /// [`authenticated`](OriginPolicy::authenticated).
    #[must_use]
    pub fn hosts(self, policy: OriginPolicy) -> Self {
        self.set(|server| server.hosts = policy.authenticated())
    }

    /// Lets clients be known by the URL of a metadata document; off by default.
    #[must_use]
    pub fn client_metadata(self, documents: ClientMetadata) -> Self {
        self.set(|server| server.client_metadata = Some(documents))
    }

    /// Sets another clock, for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        self.set(|server| server.clock = clock)
    }

    /// Returns the validator of this server's tokens for the bearer layer. It learns at once what this server revokes.
    pub fn tokens(&self) -> Tokens<S> {
        let Inner { store, clock, login, revocations, .. } = &*self.0;
        Tokens::new(store.clone()).clock(clock.clone()).own_logins(login.is_own()).revocations(revocations.clone())
    }

    /// Forgets expired codes, tokens and clients, and returns how many. To be called every few minutes.
    ///
    /// # Errors
    /// Returns a [`StoreError`] if the store does not answer.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.0.store.sweep(self.0.clock.now(), IDLE_CLIENT).await
    }

    /// Closes the store after the last request: see [`TokenStore::close`].
    pub async fn close(&self) {
        self.0.store.close().await;
    }
}

impl<L, S> Inner<L, S> {
    fn default_scopes(&self) -> Scopes {
        self.defaults.as_ref().map_or_else(|| self.supported.clone(), |scopes| scopes.intersection(&self.supported))
    }
}

impl<L, S> fmt::Debug for AuthorizationServer<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .field("site", &self.0.site)
            .field("scopes", &self.0.supported)
            .field("lifetimes", &self.0.lifetimes)
            .finish_non_exhaustive()
    }
}

/// Returns a duration in whole seconds.
fn lifetime(time: Duration) -> Timestamp {
    time.as_secs().try_into().unwrap_or(Timestamp::MAX)
}
