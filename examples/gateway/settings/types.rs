//! The settings as the rest of the program sees them: typed, checked, complete.

use http::{HeaderName, HeaderValue};
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
    /// How to listen, in [`Mode::Http`].
    pub(crate) http: Http,
    /// The name shown to MCP clients.
    pub(crate) server_name: String,
    /// The version shown to MCP clients.
    pub(crate) server_version: String,
    /// What is worth a line in the log.
    pub(crate) log_level: LogLevel,
    /// How clients prove who they are.
    pub(crate) auth_mode: AuthMode,
    /// What looks like a mistake but does not stop the start; for the log, without secrets.
    pub(crate) warnings: Vec<String>,
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
        /// The service account.
        account: Account,
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
    /// How long running calls may go on after SIGTERM.
    pub(crate) drain_timeout: Duration,
}

/// Files in PEM format; both exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The certificate and those between it and a root.
    pub(crate) cert: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Everything.
    Debug,
    /// What is done.
    Info,
    /// What looks wrong.
    Warning,
    /// What failed.
    Error,
}

/// How clients prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMode {
    /// They do not: whoever reaches the gateway uses the service account.
    None,
}
