//! The table of settings, one row each: variable, flag, YAML key, default and meaning.
//!
//! To add one, add a row here, a field in `types.rs` and a line in `build.rs`.

/// A row of the table.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// The environment variable: `MCP_A_B`.
    pub(super) variable: &'static str,
    /// The flag without dashes: `a-b`.
    pub(super) flag: &'static str,
    /// The dotted path in the configuration file; empty if there is none.
    pub(super) yaml: &'static str,
    /// The name of the value in `--help`.
    pub(super) value: &'static str,
    /// One line for `--help`.
    pub(super) help: &'static str,
    /// The default, as text.
    pub(super) default: Option<&'static str>,
    /// Whether the value must not be shown in messages.
    pub(super) secret: bool,
    /// Whether an empty variable means an empty value. For other settings it means none, because docker-compose
    /// passes on every variable it names, set or not.
    pub(super) may_be_empty: bool,
    /// Whether the value in the configuration file is a list.
    pub(super) list: bool,
}

const fn row(
    variable: &'static str,
    flag: &'static str,
    yaml: &'static str,
    value: &'static str,
    help: &'static str,
) -> Setting {
    let (secret, may_be_empty, list) = (false, false, false);
    Setting { variable, flag, yaml, value, help, default: None, secret, may_be_empty, list }
}

impl Setting {
    const fn default(self, text: &'static str) -> Self {
        Self { default: Some(text), ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn may_be_empty(self) -> Self {
        Self { may_be_empty: true, ..self }
    }

    const fn list(self) -> Self {
        Self { list: true, ..self }
    }
}

macro_rules! settings {
    ($($name:ident = $row:expr;)*) => {
        $(pub(super) const $name: Setting = $row;)*
        /// All rows, in the order of `--help`.
        pub(super) static ALL: &[Setting] = &[$($name),*];
    };
}

#[rustfmt::skip] // one setting, one row
settings! {
    ONEC_URL = row("MCP_ONEC_URL", "onec-url", "onec.base_url", "URL",
        "Infobase URL, e.g. http://localhost/base; required unless --demo");
    ONEC_USERNAME = row("MCP_ONEC_USERNAME", "onec-username", "onec.auth.username", "NAME",
        "1C user that calls run under; required where users do not log in to 1C themselves");
    ONEC_PASSWORD = row("MCP_ONEC_PASSWORD", "onec-password", "onec.auth.password", "PASSWORD",
        "Its password, may be empty; better given as the variable, as all can see flags").secret().may_be_empty();
    ONEC_AUTH = row("MCP_ONEC_AUTH", "onec-auth", "onec.auth.type", "TYPE",
        "How to log in to 1C: basic or bearer").default("basic");
    ONEC_TOKEN = row("MCP_ONEC_TOKEN", "onec-token", "onec.auth.token", "TOKEN",
        "Token for --onec-auth bearer; better given as the variable").secret();
    ONEC_SERVICE_ROOT = row("MCP_ONEC_SERVICE_ROOT", "onec-service-root", "onec.service_root", "PATH",
        "Root URL of the HTTP service in 1C: it is called at {url}/hs/{root}/").default("mcp");
    ONEC_TIMEOUT_MS = row("MCP_ONEC_TIMEOUT_MS", "onec-timeout-ms", "onec.timeout_ms", "MS",
        "How long one 1C call may take").default("30000");
    ONEC_REPORT_TIMEOUT_MS = row("MCP_ONEC_REPORT_TIMEOUT_MS", "onec-report-timeout-ms", "onec.report_timeout_ms", "MS",
        "How long a slow 1C call may take: reports and tools").default("120000");
    ONEC_MAX_CONCURRENCY = row("MCP_ONEC_MAX_CONCURRENCY", "onec-max-concurrency", "onec.max_concurrency", "N",
        "1C calls at once; each takes a 1C session and maybe a licence").default("16");
    ONEC_KEEPALIVE_MS = row("MCP_ONEC_KEEPALIVE_MS", "onec-keepalive-ms", "onec.keepalive_ms", "MS",
        "How long an idle connection to 1C is kept for the next call; less than the web server's own limit. 0 keeps none")
        .default("4000");
    ONEC_CA = row("MCP_ONEC_CA", "onec-ca", "onec.ca", "FILE",
        "Certificates (PEM) to trust beside the machine's: authorities, or 1C's own self-signed certificate");
    ONEC_TLS_VERIFY = row("MCP_ONEC_TLS_VERIFY", "onec-tls-verify", "onec.tls_verify", "BOOL",
        "false takes any certificate of 1C, so that whoever sits in between reads and changes everything").default("true");
    USER_CONCURRENCY = row("MCP_USER_CONCURRENCY", "user-concurrency", "limits.user_concurrency", "N",
        "1C calls at once for one caller: a user, or else an address [default: half of --onec-max-concurrency, at least 1]");
    ONEC_RPC = row("MCP_ONEC_RPC", "onec-rpc", "onec.rpc", "BOOL",
        "Whether the 1C extension has tools, resources and prompts of its own (JSON-RPC); false where it only answers \
         the catalog's calls").default("true");
    ONEC_TENANT_HEADER = row("MCP_ONEC_TENANT_HEADER", "onec-tenant-header", "onec.tenant_header", "NAME",
        "Header to send to 1C on each call, e.g. X-Tenant");
    ONEC_TENANT_VALUE = row("MCP_ONEC_TENANT_VALUE", "onec-tenant-value", "onec.tenant_value", "TEXT",
        "Value of that header");
    CATALOG = row("MCP_CATALOG", "catalog", "mcp.catalog", "CATALOG",
        "Business tools: none, trade (the built-in ones of a trading company), or a file with a catalog of your own \
         (YAML or JSON; read again on SIGHUP) [default: none; trade with --api-bearer-token]");
    RESOLVE_LIMIT = row("MCP_RESOLVE_LIMIT", "resolve-limit", "limits.resolve_limit", "N",
        "The most candidates that a resolve_... tool returns").default("10");
    MAX_ROWS = row("MCP_MAX_ROWS", "max-rows", "limits.max_rows", "N",
        "The most rows that a report returns").default("5000");
    DEFAULT_ROWS = row("MCP_DEFAULT_ROWS", "default-rows", "limits.default_rows", "N",
        "The rows that a report is asked for where the language model names no number").default("200");
    STRUCTURED_CONTENT = row("MCP_STRUCTURED_CONTENT", "structured-content", "mcp.structured_content", "BOOL",
        "Whether results of the catalog's tools carry structuredContent beside the text").default("true");
    TOOL_ALIASES = row("MCP_TOOL_ALIASES", "tool-aliases", "mcp.tool_aliases", "BOOL",
        "Whether tools with names that clients refuse (Cyrillic, long) are shown under ASCII names").default("true");
    CHECK_ARGUMENTS = row("MCP_CHECK_ARGUMENTS", "check-arguments", "mcp.check_arguments", "BOOL",
        "Whether arguments of the 1C extension's own tools are checked and mended by the schemas that it lists")
        .default("true");
    TOOL_SCOPES = row("MCP_TOOL_SCOPES", "tool-scopes", "mcp.tool_scopes", "RULES",
        "Scopes that tools of the 1C extension need instead of mcp, as PATTERN=SCOPE with blanks between them, e.g. \
         get_*=own:read; the first that fits counts").list();
    LIST_CACHE_MS = row("MCP_LIST_CACHE_MS", "list-cache-ms", "mcp.list_cache_ms", "MS",
        "How long lists of the 1C extension are remembered; 0 means not").default("0");
    ENABLED = row("MCP_ENABLED", "enabled", "mcp.enabled", "BOOL",
        "Whether MCP is served; false leaves only the REST endpoints").default("true");
    API_BEARER_TOKEN = row("MCP_API_BEARER_TOKEN", "api-bearer-token", "api.bearer_token", "TOKEN",
        "Token of the catalog's REST endpoints, which are there only when it is set; better given as the variable")
        .secret();
    HOST = row("MCP_HOST", "host", "server.host", "HOST",
        "Address to listen on, in http mode").default("127.0.0.1");
    PORT = row("MCP_PORT", "port", "server.port", "PORT",
        "Port to listen on; 0 picks a free one").default("8000");
    CORS_ORIGINS = row("MCP_CORS_ORIGINS", "cors-origins", "server.cors_origins", "JSON",
        "Origins that may call from a browser, as a JSON array").default(r#"["*"]"#).list();
    PUBLIC_URL = row("MCP_PUBLIC_URL", "public-url", "server.public_url", "URL",
        "Root URL under which clients reach the gateway; if not set, taken from the request");
    TLS_CERT = row("MCP_TLS_CERT", "tls-cert", "server.tls_cert", "FILE",
        "Certificate chain (PEM) to serve https with; needs --tls-key");
    TLS_KEY = row("MCP_TLS_KEY", "tls-key", "server.tls_key", "FILE",
        "Private key (PEM) of that certificate");
    DRAIN_TIMEOUT_MS = row("MCP_DRAIN_TIMEOUT_MS", "drain-timeout-ms", "server.drain_timeout_ms", "MS",
        "How long running calls may go on after SIGTERM").default("10000");
    MAX_CONNECTIONS = row("MCP_MAX_CONNECTIONS", "max-connections", "server.max_connections", "N",
        "Connections at once; a 16th of them for one address that is no trusted proxy").default("10000");
    MAX_BUFFERED = row("MCP_MAX_BUFFERED", "max-buffered", "server.max_buffered", "MIB",
        "MiB of bodies and answers held at once; a quarter of them for one address").default("512");
    AUTH_MODE = row("MCP_AUTH_MODE", "auth-mode", "auth.mode", "MODE",
        "How MCP clients prove who they are: none, oauth2, or basic (their own 1C login)").default("none");
    BEARER_TOKEN = row("MCP_BEARER_TOKEN", "bearer-token", "mcp.bearer_token", "TOKEN",
        "Token that MCP clients must send, with --auth-mode none; better given as the variable").secret().may_be_empty();
    TRUSTED_PROXIES = row("MCP_TRUSTED_PROXIES", "trusted-proxies", "server.trusted_proxies", "NETWORKS",
        "Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-* headers count").list();
    OAUTH2_LOGIN = row("MCP_OAUTH2_LOGIN", "oauth2-login", "oauth.login", "TYPE",
        "What users type on the login page: credentials (own 1C login) or key (access key that 1C checks)")
        .default("credentials");
    OAUTH2_STORE = row("MCP_OAUTH2_STORE", "oauth2-store", "oauth.store", "STORE",
        "Where tokens are kept: memory, sqlite:PATH or postgres://...; a URL with a password is better given as the \
         variable").default("memory").secret();
    OAUTH2_CODE_TTL = row("MCP_OAUTH2_CODE_TTL", "oauth2-code-ttl", "oauth.code_ttl", "SECONDS",
        "How long an authorization code may be redeemed").default("120");
    OAUTH2_ACCESS_TTL = row("MCP_OAUTH2_ACCESS_TTL", "oauth2-access-ttl", "oauth.access_ttl", "SECONDS",
        "How long an access token is good").default("3600");
    OAUTH2_REFRESH_TTL = row("MCP_OAUTH2_REFRESH_TTL", "oauth2-refresh-ttl", "oauth.refresh_ttl", "SECONDS",
        "How long a refresh token is good").default("1209600");
    OAUTH2_REFRESH_GRACE = row("MCP_OAUTH2_REFRESH_GRACE", "oauth2-refresh-grace", "oauth.refresh_grace", "SECONDS",
        "How long a refresh token that was just changed still works for its client; 0 means not").default("30");
    OAUTH2_SCOPES = row("MCP_OAUTH2_SCOPES", "oauth2-scopes", "oauth.scopes", "SCOPES",
        "Scopes that clients may ask for [default: mcp mcp:resolve mcp:report:sales mcp:report:stock mcp:report:money \
         mcp:report:cost mcp:admin:eventlog, and those of --catalog and --tool-scopes]").list();
    OAUTH2_DEFAULT_SCOPES = row("MCP_OAUTH2_DEFAULT_SCOPES", "oauth2-default-scopes", "oauth.default_scopes", "SCOPES",
        "Scopes granted to a client that asks for none [default: mcp; with a catalog mcp:resolve mcp:report:sales \
         mcp:report:stock where it has them, otherwise all of its scopes but mcp:report:cost and mcp:admin:...]").list();
    OAUTH2_CLIENT_METADATA = row("MCP_OAUTH2_CLIENT_METADATA", "oauth2-client-metadata", "oauth.client_metadata", "BOOL",
        "Whether a client may be known by the https URL of its metadata, which the gateway then fetches").default("true");
    OAUTH2_PASSWORD_GRANT = row("MCP_OAUTH2_PASSWORD_GRANT", "oauth2-password-grant", "oauth.password_grant", "BOOL",
        "Whether clients may send user and password for a token: true or false").default("true");
    SERVER_NAME = row("MCP_SERVER_NAME", "server-name", "mcp.server_name", "TEXT",
        "Server name shown to MCP clients").default("1C Configuration Data Tools");
    SERVER_VERSION = row("MCP_SERVER_VERSION", "server-version", "mcp.server_version", "TEXT",
        "Server version shown to MCP clients").default("1.0.0");
    LOG_LEVEL = row("MCP_LOG_LEVEL", "log-level", "log.level", "LEVEL",
        "DEBUG, INFO, WARNING or ERROR; the log goes to standard error [default: INFO; WARNING with stdio]");
    AUDIT_LOG = row("MCP_AUDIT_LOG", "audit-log", "log.audit", "FILE",
        "File to which the audit trail is appended, one JSON object a line (opened anew on SIGHUP)");
    CONFIG = row("CONFIG_PATH", "config", "", "FILE",
        "Configuration file (YAML)");
}

/// Another form of `auth.mode: oauth2`, in the configuration file only.
pub(super) static OAUTH_ENABLED: Setting = row("oauth.enabled", "", "oauth.enabled", "BOOL", "");

const fn per_minute(key: &'static str, default: &'static str) -> Setting {
    row(key, "", key, "N", "").default(default)
}

// Rate limits of one address, in the configuration file only, under the names of the gateway in Go.
pub(super) static AUTHORIZE_PER_MINUTE: Setting = per_minute("oauth.rate_limit.authorize_per_minute", "10");
pub(super) static REGISTER_PER_MINUTE: Setting = per_minute("oauth.rate_limit.register_per_minute", "30");
pub(super) static TOKEN_PER_MINUTE: Setting = per_minute("oauth.rate_limit.token_per_minute", "120");

/// Returns whether a variable of this name belongs to the gateway.
pub(super) fn is_ours(variable: &str) -> bool {
    variable.starts_with("MCP_") || by_variable(variable).is_some()
}

/// Returns the setting of a variable. Case does not matter, as on Windows and in the proxy in Python.
pub(super) fn by_variable(variable: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.variable.eq_ignore_ascii_case(variable))
}

pub(super) fn by_flag(flag: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.flag == flag)
}

pub(super) fn by_yaml(path: &str) -> Option<&'static Setting> {
    ALL.iter().chain([&OAUTH_ENABLED]).find(|setting| !setting.yaml.is_empty() && setting.yaml == path)
}

/// Returns every key that the configuration file may hold.
pub(super) fn yaml_keys() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().chain([&OAUTH_ENABLED]).map(|setting| setting.yaml).filter(|key| !key.is_empty())
}
