//! The settings as the rest of the program sees them: typed, checked, complete.

use super::catalog::Catalog;
use super::log_level::LogLevel;
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use onec_mcp::Scopes;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Everything an administrator can decide. Its `Debug` shows no password and no token.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What to run.
    pub(crate) mode: Mode,
    /// How to speak to 1C.
    pub(crate) onec: Onec,
    /// What clients get.
    pub(crate) serving: Serving,
    /// How to listen, in [`Mode::Http`].
    pub(crate) http: Http,
    /// The name shown to MCP clients.
    pub(crate) server_name: String,
    /// The version shown to MCP clients.
    pub(crate) server_version: String,
    /// What is worth a line in the log.
    pub(crate) log_level: LogLevel,
    /// The file of the audit trail.
    pub(crate) audit_log: Option<PathBuf>,
    /// How clients prove who they are.
    pub(crate) auth: Auth,
    /// How some settings were given.
    pub(crate) names: Names,
    /// What looks like a mistake but does not stop the start; for the log, without secrets.
    pub(crate) warnings: Vec<String>,
    /// What is worth knowing of how they were read; for the log, without secrets.
    pub(crate) notes: Vec<String>,
}

/// What an administrator wrote to give a setting (a flag, a variable or a key), for what shows only when it is used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// For [`OAuth2::store`].
    pub(crate) store: String,
    /// For [`Settings::audit_log`].
    pub(crate) audit_log: String,
}

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// MCP over standard input and output.
    Stdio,
    /// MCP over HTTP.
    Http,
    /// Try everything once and say what to mend.
    Check,
}

/// How to speak to 1C.
#[derive(Clone, Debug)]
pub(crate) struct Onec {
    /// Whom to speak to.
    pub(crate) target: Target,
    /// The root URL of the HTTP service, without slashes at its ends.
    pub(crate) service_root: String,
    /// How long one quick call may take.
    pub(crate) timeout: Duration,
    /// How long a report or a `tools/call` may take.
    pub(crate) report_timeout: Duration,
    /// How many calls may run at once.
    pub(crate) max_concurrency: usize,
    /// How long an idle connection is kept.
    pub(crate) keep_alive: Duration,
    /// A file in PEM format with certificates to trust.
    pub(crate) ca: Option<PathBuf>,
    /// Whether certificates count at all.
    pub(crate) tls_verify: bool,
    /// How many of them for one caller.
    pub(crate) user_concurrency: usize,
    /// A header on each call.
    pub(crate) tenant: Option<Tenant>,
}

/// Whom to speak to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The built-in stand-in, with an account of its own (`--demo`).
    Demo,
    /// A real infobase.
    Infobase {
        /// Its address: http or https with a host; no login, query or fragment.
        url: Url,
        /// The service account; there may be none where users log in to 1C themselves.
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
    /// A token that can stand in a header.
    Bearer(SecretString),
}

/// A header that tells a web server which tenant a call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Its name: not one that the gateway sets itself.
    pub(crate) header: HeaderName,
    /// Its value.
    pub(crate) value: HeaderValue,
}

/// What clients get.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    /// Whether MCP is served at all; if not, the REST endpoints are.
    pub(crate) mcp: bool,
    /// Whether the 1C extension has tools, resources and prompts of its own; if not, there is a
    /// catalog.
    pub(crate) rpc: bool,
    /// The business tools.
    pub(crate) catalog: Option<Catalog>,
    /// Whether their results carry `structuredContent`.
    pub(crate) structured: bool,
    /// Whether tools have names that every client takes.
    pub(crate) aliases: bool,
    /// Whether arguments of the 1C extension's own tools are checked and mended.
    pub(crate) check: bool,
    /// How long lists of the 1C extension are remembered.
    pub(crate) list_cache: Option<Duration>,
    /// Patterns of names of its tools, and the scope that each needs.
    pub(crate) tool_scopes: Vec<(String, String)>,
    /// The token of the REST endpoints, where there are any; then there is a catalog.
    pub(crate) rest: Option<SecretString>,
}

impl Serving {
    /// What the tools of the catalog need, and those that a rule speaks of.
    pub(crate) fn scopes(&self) -> Scopes {
        let of_catalog = self.catalog.as_ref().map(|catalog| catalog.tools.scopes());
        of_catalog.unwrap_or_default().union(&self.scopes_of_rules())
    }

    /// What the rules for the 1C extension's own tools speak of.
    pub(crate) fn scopes_of_rules(&self) -> Scopes {
        self.tool_scopes.iter().map(|(_, scope)| scope.as_str()).collect()
    }
}

/// How to listen.
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
    /// The proxies whose word on the client counts.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// How long running calls may go on after SIGTERM.
    pub(crate) drain_timeout: Duration,
    /// Connections at once.
    pub(crate) max_connections: usize,
    /// Bytes of bodies and answers held at once.
    pub(crate) max_buffered: usize,
}

/// Files in PEM format, which belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The certificate and those between it and a root.
    pub(crate) cert: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// How clients prove who they are.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    /// They do not: whoever reaches the gateway (and knows the token, if there is one) uses the
    /// service account.
    None {
        /// The token that each request must carry.
        token: Option<SecretString>,
    },
    /// By tokens of the gateway's own authorization server.
    OAuth2(OAuth2),
    /// By their own login of 1C, with each request.
    Basic {
        /// What each of them may do.
        scopes: Scopes,
    },
}

impl Auth {
    /// As `MCP_AUTH_MODE` and `/health` call it.
    pub(crate) const fn mode(&self) -> &'static str {
        match self {
            Self::None { .. } => "none",
            Self::OAuth2(_) => "oauth2",
            Self::Basic { .. } => "basic",
        }
    }

    /// Whether calls run under the users' own logins of 1C, and not under the service account.
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
    /// What the login page asks for.
    pub(crate) login: Login,
    /// Where tokens are kept.
    pub(crate) store: Store,
    /// Whether the folder of the file that tokens are kept in is made, if there is none.
    pub(crate) makes_folder: bool,
    /// How long an authorization code may be redeemed.
    pub(crate) code_ttl: Duration,
    /// How long an access token is good.
    pub(crate) access_ttl: Duration,
    /// How long a refresh token is good.
    pub(crate) refresh_ttl: Duration,
    /// How long one that was just changed still works.
    pub(crate) refresh_grace: Duration,
    /// What clients may ask for; at least one.
    pub(crate) scopes: Scopes,
    /// What a client gets that asks for none: at least one of `scopes`.
    pub(crate) default_scopes: Scopes,
    /// Whether clients may send user and password for a token.
    pub(crate) password_grant: bool,
    /// Whether clients may be known by the URL of a metadata document.
    pub(crate) client_metadata: bool,
    /// What one address may get wrong at the login page in a minute; here and below 0 is any number.
    pub(crate) authorize_per_minute: u32,
    /// Registrations of clients from one address in a minute.
    pub(crate) register_per_minute: u32,
    /// Requests for tokens from one address in a minute.
    pub(crate) token_per_minute: u32,
}

/// What users type on the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Their own user and password of 1C.
    Credentials,
    /// An access key, which 1C checks for the service account.
    Key,
}

/// Where tokens are kept.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// In this process: a restart logs everybody out.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In a database that several gateways may share. The URL may hold a password.
    Postgres(SecretString),
}
