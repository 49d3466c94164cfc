//! Parsers for the settings of authentication.

use super::parse::{Parsed, items, refused};
use super::types::{Login, Mode, Store};
use ipnet::IpNet;
use onec_mcp::Scopes;
use secrecy::SecretString;
use std::net::IpAddr;
use std::path::Path;
use url::Url;

/// The value of `MCP_AUTH_MODE`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthMode {
    None,
    OAuth2,
    Basic,
}

const ON_STDIO: &str = "authentication has no meaning on stdio, where only the own user connects; expected";

pub(super) fn auth_mode(text: &str, mode: Mode) -> Parsed<AuthMode> {
    let parsed = match text.to_ascii_lowercase().as_str() {
        "none" => AuthMode::None,
        "oauth2" => AuthMode::OAuth2,
        "basic" => AuthMode::Basic,
        _ if mode == Mode::Stdio => return Err(refused("expected none")),
        _ => return Err(refused("expected none, oauth2 or basic")),
    };
    match (parsed, mode) {
        (AuthMode::OAuth2 | AuthMode::Basic, Mode::Stdio) => Err(refused(format!("{ON_STDIO} none"))),
        _ => Ok(parsed),
    }
}

/// Parses `oauth.enabled` of the configuration file.
pub(super) fn oauth_enabled(text: &str, mode: Mode) -> Parsed<bool> {
    match super::parse::switch(text)? {
        true if mode == Mode::Stdio => Err(refused(format!("{ON_STDIO} false"))),
        enabled => Ok(enabled),
    }
}

pub(super) fn login(text: &str) -> Parsed<Login> {
    match text.to_ascii_lowercase().as_str() {
        "credentials" => Ok(Login::Credentials),
        "key" => Ok(Login::Key),
        _ => Err(refused("expected credentials or key")),
    }
}

/// Parses the store of tokens; the path of a file is relative to `cwd`.
pub(super) fn store(text: &str, cwd: &Path) -> Parsed<Store> {
    let why = "expected memory, sqlite:PATH, or postgres://user:password@host/database";
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if lower == "memory" {
        return Ok(Store::Memory);
    }
    if lower.starts_with("postgres://") || lower.starts_with("postgresql://") {
        let url = Url::parse(text).map_err(|error| refused(format!("{error}; {why}")))?;
        return Ok(Store::Postgres(String::from(url).into()));
    }
    let path = lower.strip_prefix("sqlite:").and_then(|rest| text.get(text.len() - rest.len()..));
    // Database tools write `/var/lib/x` as `sqlite:///var/lib/x`.
    let path = path.map(|path| path.strip_prefix("//").unwrap_or(path)).ok_or_else(|| refused(why))?;
    if path == ":memory:" {
        return Err(refused("a database in memory is called memory"));
    }
    if path.ends_with(['/', '\\']) {
        return Err(refused("expected the path of a file after sqlite:"));
    }
    super::parse::path(path).map(|path| Store::Sqlite(cwd.join(path)))
}

/// Parses scopes, at least one.
pub(super) fn scopes(text: &str) -> Parsed<Scopes> {
    let why = "expected scopes with blanks or commas between them, e.g. mcp mcp:resolve";
    let items = items(text).ok_or_else(|| refused(why))?;
    // Commas separate scopes on the way to 1C.
    let odd = items.iter().find(|item| !Scopes::is_token(item) || item.contains(','));
    if let Some(odd) = odd {
        return Err(refused(format!("\"{odd}\" is no scope; {why}")));
    }
    // The authorization server offers it anyway, and it means nothing to 1C.
    let scopes = items.iter().map(String::as_str).collect::<Scopes>().without("offline_access");
    match scopes.is_empty() {
        true => Err(refused(why)),
        false => Ok(scopes),
    }
}

/// Parses scopes, each of which must be supported.
pub(super) fn default_scopes(text: &str, supported: &Scopes) -> Parsed<Scopes> {
    let scopes = scopes(text)?;
    let odd = scopes.iter().find(|scope| !supported.contains(scope)).map(str::to_owned);
    match odd {
        Some(odd) => Err(refused(format!("{odd} is not among the supported scopes, which are {supported}"))),
        None => Ok(scopes),
    }
}

/// Parses a token for the `Authorization` header.
pub(super) fn bearer_token(text: &str) -> Parsed<SecretString> {
    match text.contains(['"', '\\', ',']) {
        true => {
            Err(refused("expected ASCII letters, digits and signs, without blanks, quotes, commas and backslashes"))
        }
        false => super::parse::token(text),
    }
}

/// Parses networks or single addresses.
pub(super) fn networks(text: &str) -> Parsed<Vec<IpNet>> {
    let why = "expected addresses or networks with blanks or commas between them, e.g. 127.0.0.1 10.0.0.0/8";
    let network = |item: &String| {
        let network = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| network.trunc()).map_err(|_| refused(format!("\"{item}\" is no network; {why}")))
    };
    items(text).ok_or_else(|| refused(why))?.iter().map(network).collect()
}
