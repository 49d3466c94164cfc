//! The settings of authentication: which mode, and what belongs to it.

use super::parse;
use super::parse_auth::{self, AuthMode};
use super::stop::Stop;
use super::table::{self, Setting};
use super::types::{Auth, Mode, OAuth2};
use super::values::Values;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// The longest lifetimes that make sense, in seconds: ten minutes, thirty days, a year.
const MAX_CODE: u64 = 600;
const MAX_ACCESS: u64 = 2_592_000;
const MAX_REFRESH: u64 = 31_536_000;

/// A token shorter than this can be guessed.
const SHORT: usize = 16;

/// What has a meaning in mode `oauth2` alone.
static OAUTH2: [&Setting; 8] = [
    &table::OAUTH2_LOGIN,
    &table::OAUTH2_STORE,
    &table::OAUTH2_CODE_TTL,
    &table::OAUTH2_ACCESS_TTL,
    &table::OAUTH2_REFRESH_TTL,
    &table::OAUTH2_DEFAULT_SCOPES,
    &table::OAUTH2_PASSWORD_GRANT,
    &table::OAUTH2_CLIENT_METADATA,
];

pub(super) fn auth(mode: Mode, values: &mut Values, cwd: &Path) -> Result<Auth, Stop> {
    let auth_mode = auth_mode(mode, values)?;
    // Read in any mode: a slip should not wait for the day the mode is switched on.
    let oauth = oauth2(values, cwd)?;
    let token = values.optional(&table::BEARER_TOKEN, parse_auth::bearer_token)?;
    if auth_mode != AuthMode::OAuth2 {
        values.ignored(&OAUTH2, "the auth mode is not oauth2");
        if auth_mode == AuthMode::None {
            values.ignored(&[&table::OAUTH2_SCOPES], "the auth mode is none");
        }
    } else if oauth.refresh_ttl < oauth.access_ttl {
        values
            .warn("MCP_OAUTH2_REFRESH_TTL is shorter than MCP_OAUTH2_ACCESS_TTL: refresh tokens are of no use".into());
    }
    if auth_mode != AuthMode::None && !oauth.scopes.contains("mcp") {
        values.warn("MCP_OAUTH2_SCOPES lacks mcp, without which nobody may call anything in this version".into());
    }
    match auth_mode {
        AuthMode::None => Ok(Auth::None { token: bearer_token(token, mode, values) }),
        _ if token.is_some() => {
            let why = "it goes with auth mode none only; remove it, or do not set MCP_AUTH_MODE";
            Err(values.refuse(&table::BEARER_TOKEN, why))
        }
        AuthMode::OAuth2 => Ok(Auth::OAuth2(oauth)),
        AuthMode::Basic => Ok(Auth::Basic { scopes: oauth.scopes }),
    }
}

/// What `MCP_AUTH_MODE` and `oauth.enabled` say together.
fn auth_mode(mode: Mode, values: &Values) -> Result<AuthMode, Stop> {
    let auth_mode = values.get(&table::AUTH_MODE, |text| parse_auth::auth_mode(text, mode))?;
    let enabled = values.optional(&table::OAUTH_ENABLED, |text| parse_auth::oauth_enabled(text, mode))?;
    match (enabled, values.given(&table::AUTH_MODE)) {
        (Some(true), None) => Ok(AuthMode::OAuth2),
        (Some(enabled), Some(name)) if enabled != (auth_mode == AuthMode::OAuth2) => {
            let why = format!("{name} says something else; remove one of the two");
            Err(values.refuse(&table::OAUTH_ENABLED, &why))
        }
        _ => Ok(auth_mode),
    }
}

fn oauth2(values: &Values, cwd: &Path) -> Result<OAuth2, Stop> {
    let scopes = values.get(&table::OAUTH2_SCOPES, parse_auth::scopes)?;
    let default_scopes = |text: &str| parse_auth::default_scopes(text, &scopes);
    Ok(OAuth2 {
        login: values.get(&table::OAUTH2_LOGIN, parse_auth::login)?,
        store: values.get(&table::OAUTH2_STORE, |text| parse_auth::store(text, cwd))?,
        code_ttl: values.get(&table::OAUTH2_CODE_TTL, |text| parse::seconds(text, MAX_CODE))?,
        access_ttl: values.get(&table::OAUTH2_ACCESS_TTL, |text| parse::seconds(text, MAX_ACCESS))?,
        refresh_ttl: values.get(&table::OAUTH2_REFRESH_TTL, |text| parse::seconds(text, MAX_REFRESH))?,
        default_scopes: values.get(&table::OAUTH2_DEFAULT_SCOPES, default_scopes)?,
        password_grant: values.get(&table::OAUTH2_PASSWORD_GRANT, parse::switch)?,
        client_metadata: values.get(&table::OAUTH2_CLIENT_METADATA, parse::switch)?,
        scopes,
    })
}

fn bearer_token(token: Option<SecretString>, mode: Mode, values: &mut Values) -> Option<SecretString> {
    if mode == Mode::Stdio {
        values.ignored(&[&table::BEARER_TOKEN], "on stdio only the own user connects");
        return None;
    }
    if token.as_ref().is_some_and(|token| token.expose_secret().len() < SHORT) {
        let name = values.given(&table::BEARER_TOKEN).unwrap_or_default();
        values.warn(format!("{name} is short and could be guessed; 32 random characters are good"));
    }
    token
}
