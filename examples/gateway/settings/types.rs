//! The settings for the rest of the program: typed, checked, complete.

use super::catalog::Catalog;
use super::log_level::LogLevel;
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use onec_mcp::Scopes;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// All settings. `Debug` shows no password and no token.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The mode to run in.
    pub(crate) mode: Mode,
    /// The connection to 1C.
    pub(crate) onec: Onec,
    /// The services for clients.
    pub(crate) serving: Serving,
    /// The HTTP server, in [`Mode::Http`].
    pub(crate) http: Http,
    /// The name for MCP clients.
    pub(crate) server_name: String,
    /// The version for MCP clients.
    pub(crate) server_version: String,
    /// The lowest level of events in the log.
    pub(crate) log_level: LogLevel,
    /// The file of the audit trail.
    pub(crate) audit_log: Option<PathBuf>,
    /// The authentication of clients.
    pub(crate) auth: Auth,
    /// The names under which some settings were given.
    pub(crate) names: Names,
    /// Possible mistakes that do not stop the start; for the log, without secrets.
    pub(crate) warnings: Vec<String>,
    /// Remarks on how the settings were read; for the log, without secrets.
    pub(crate) notes: Vec<String>,
}

/// The name that gave a setting (a flag, a variable or a key), for errors that occur only when it is used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// The name for [`OAuth2::store`].
    pub(crate) store: String,
    /// The name for [`Settings::audit_log`].
    pub(crate) audit_log: String,
}

/// The mode to run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// MCP over standard input and output.
    Stdio,
    /// MCP over HTTP.
    Http,
    /// Try everything once and report what to fix.
    Check,
}

/// The connection to 1C.
#[derive(Clone, Debug)]
pub(crate) struct Onec {
    /// The infobase.
    pub(crate) target: Target,
    /// The root URL of the HTTP service, without slashes at its ends.
    pub(crate) service_root: String,
    /// The time limit of a quick call.
    pub(crate) timeout: Duration,
    /// The time limit of a report or a `tools/call`.
    pub(crate) report_timeout: Duration,
    /// The most calls at once.
    pub(crate) max_concurrency: usize,
    /// How long an idle connection is kept.
    pub(crate) keep_alive: Duration,
    /// A file in PEM format with certificates to trust.
    pub(crate) ca: Option<PathBuf>,
    /// Whether certificates are checked at all.
    pub(crate) tls_verify: bool,
    /// The most calls of one caller at once.
    pub(crate) user_concurrency: usize,
    /// A header for each call.
    pub(crate) tenant: Option<Tenant>,
}

/// The infobase to call.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The built-in stand-in, with an account of its own (`--demo`).
    Demo,
    /// A real infobase.
    Infobase {
        /// The URL: http or https with a host; no login, query or fragment.
        url: Url,
        /// The service account; optional if users log in to 1C themselves.
        account: Option<Account>,
    },
}

/// The service account.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// A 1C user; the password may be empty.
    Basic {
        /// The name, without a colon.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A bearer token that can be a header value.
    Bearer(SecretString),
}

/// A header that tells a web server the tenant of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// The name: not one that the gateway sets itself.
    pub(crate) header: HeaderName,
    /// The value.
    pub(crate) value: HeaderValue,
}

/// The services for clients.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    /// Whether MCP is served; if not, the REST endpoints are.
    pub(crate) mcp: bool,
    /// Whether the 1C extension has tools, resources and prompts of its own; if not, there is a catalog.
    pub(crate) rpc: bool,
    /// The catalog of business tools.
    pub(crate) catalog: Option<Catalog>,
    /// Whether results of the catalog have `structuredContent`.
    pub(crate) structured: bool,
    /// Whether tools have names that every client accepts.
    pub(crate) aliases: bool,
    /// Whether arguments of the 1C extension's own tools are checked and mended.
    pub(crate) check: bool,
    /// How long lists of the 1C extension are remembered.
    pub(crate) list_cache: Option<Duration>,
    /// Patterns of names of the extension's tools, and the scope that each needs.
    pub(crate) tool_scopes: Vec<(String, String)>,
    /// The token of the REST endpoints, if there are any; then there is a catalog.
    pub(crate) rest: Option<SecretString>,
}

impl Serving {
    /// Returns the scopes of the catalog's tools and of the rules.
    pub(crate) fn scopes(&self) -> Scopes {
        let of_catalog = self.catalog.as_ref().map(|catalog| catalog.tools.scopes());
        of_catalog.unwrap_or_default().union(&self.scopes_of_rules())
    }

    /// Returns the scopes of the rules for the 1C extension's own tools.
    pub(crate) fn scopes_of_rules(&self) -> Scopes {
        self.tool_scopes.iter().map(|(_, scope)| scope.as_str()).collect()
    }
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// An IP address (IPv6 without brackets) or a host name.
    pub(crate) host: String,
    /// The port; 0 means any free one.
    pub(crate) port: u16,
    /// Origins that may call from a browser, as browsers write them, or `*`.
    pub(crate) cors_origins: Vec<String>,
    /// The root URL under which clients reach the gateway.
    pub(crate) public_url: Option<Url>,
    /// Certificate and key, for https.
    pub(crate) tls: Option<Tls>,
    /// The proxies that are trusted to name the client.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How long running calls may go on after SIGTERM.
    pub(crate) drain_timeout: Duration,
    /// The most connections at once.
    pub(crate) max_connections: usize,
    /// The most bytes of bodies and answers in memory at once.
    pub(crate) max_buffered: usize,
}

/// A certificate and its key, in files in PEM format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The certificate, and those between it and a root.
    pub(crate) cert: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// The authentication of clients.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    /// None: every client that reaches the gateway (and has the token, if there is one) uses the service account.
    None {
        /// The token that each request must have.
        token: Option<SecretString>,
    },
    /// Tokens of the gateway's own authorization server.
    OAuth2(OAuth2),
    /// The user's own login of 1C with each request.
    Basic {
        /// The scopes of every user.
        scopes: Scopes,
    },
}

impl Auth {
    /// Returns the name of the mode, as in `MCP_AUTH_MODE` and `/health`.
    pub(crate) const fn mode(&self) -> &'static str {
        match self {
            Self::None { .. } => "none",
            Self::OAuth2(_) => "oauth2",
            Self::Basic { .. } => "basic",
        }
    }

    /// Returns whether calls run under the users' own logins of 1C, and not under the service account.
    pub(crate) fn is_own_login(&self) -> bool {
        match self {
            Self::None { .. } => false,
            Self::OAuth2(oauth) => oauth.login == Login::Credentials,
            Self::Basic { .. } => true,
        }
    }
}

/// The authorization server.
#[derive(Clone, Debug)]
pub(crate) struct OAuth2 {
    /// The login that the login page asks for.
    pub(crate) login: Login,
    /// The store of tokens.
    pub(crate) store: Store,
    /// Whether a missing folder of the token file is created.
    pub(crate) makes_folder: bool,
    /// The lifetime of an authorization code.
    pub(crate) code_ttl: Duration,
    /// The lifetime of an access token.
    pub(crate) access_ttl: Duration,
    /// The lifetime of a refresh token.
    pub(crate) refresh_ttl: Duration,
    /// How long a replaced refresh token still works.
    pub(crate) refresh_grace: Duration,
    /// The scopes that clients may ask for; at least one.
    pub(crate) scopes: Scopes,
    /// The scopes of a client that asks for none: at least one of `scopes`.
    pub(crate) default_scopes: Scopes,
    /// Whether clients may send user and password for a token.
    pub(crate) password_grant: bool,
    /// Whether the URL of a metadata document may identify a client.
    pub(crate) client_metadata: bool,
    /// The most wrong logins of one address on the login page in a minute; here and below 0 is unlimited.
    pub(crate) authorize_per_minute: u32,
    /// The most registrations of clients from one address in a minute.
    pub(crate) register_per_minute: u32,
    /// The most requests for tokens from one address in a minute.
    pub(crate) token_per_minute: u32,
}

/// The login on the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// The user's own name and password in 1C.
    Credentials,
    /// An access key, which 1C checks for the service account.
    Key,
}

/// The store of tokens.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// In this process: a restart logs out all users.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In a database that several gateways may share. The URL may hold a password.
    Postgres(SecretString),
}
