//! The settings of authentication: the mode, and the settings of each mode.

use super::parse;
use super::parse_auth::{self, AuthMode};
use super::stop::Stop;
use super::table::{self, Setting};
use super::types::{Auth, Mode, OAuth2, Serving, Store};
use super::values::Values;
use onec_mcp::Scopes;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// The longest lifetimes that make sense, in seconds: ten minutes, thirty days, a year.
const MAX_CODE: u64 = 600;
const MAX_ACCESS: u64 = 2_592_000;
const MAX_REFRESH: u64 = 31_536_000;
/// A client that waits longer for an answer has given up; a thief has not.
const MAX_GRACE: u64 = 600;

/// A token with fewer bytes could be guessed.
const SHORT: usize = 16;

/// The default scopes that clients may ask for, beside the scopes of a catalog file.
const SUPPORTED: &str =
    "mcp mcp:resolve mcp:report:sales mcp:report:stock mcp:report:money mcp:report:cost mcp:admin:eventlog";
/// The scopes that clients get without asking, if the catalog has them.
const HARMLESS: &str = "mcp:resolve mcp:report:sales mcp:report:stock";

/// The settings that only mode `oauth2` uses.
static OAUTH2: [&Setting; 12] = [
    &table::OAUTH2_LOGIN,
    &table::OAUTH2_STORE,
    &table::OAUTH2_CODE_TTL,
    &table::OAUTH2_ACCESS_TTL,
    &table::OAUTH2_REFRESH_TTL,
    &table::OAUTH2_REFRESH_GRACE,
    &table::OAUTH2_DEFAULT_SCOPES,
    &table::OAUTH2_PASSWORD_GRANT,
    &table::OAUTH2_CLIENT_METADATA,
    &table::AUTHORIZE_PER_MINUTE,
    &table::REGISTER_PER_MINUTE,
    &table::TOKEN_PER_MINUTE,
];

/// The settings that decide which scopes exist.
static SUPPORT: [&Setting; 3] = [&table::OAUTH2_SCOPES, &table::CATALOG, &table::TOOL_SCOPES];

pub(super) fn auth(mode: Mode, serving: &Serving, values: &mut Values, cwd: &Path) -> Result<Auth, Stop> {
    let (auth_mode, switch) = auth_mode(mode, serving, values)?;
    // Read in any mode: an error should not wait until the mode is switched on.
    let oauth = oauth2(serving, values, cwd)?;
    // An empty token counts as none, unless the endpoints would then be open.
    let guards = auth_mode == AuthMode::None && mode != Mode::Stdio && serving.mcp;
    let token = values.optional(&table::BEARER_TOKEN, |text| match text.is_empty() {
        true if guards => {
            Err(parse::refused("it is set but empty, and would keep nobody out; give a token, or do not set it"))
        }
        true => Ok(None),
        false => parse_auth::bearer_token(text).map(Some),
    });
    let token = token.flatten();
    if !serving.mcp {
        let modes = [&table::AUTH_MODE, &table::OAUTH_ENABLED, &table::BEARER_TOKEN, &table::OAUTH2_SCOPES];
        values.ignored(&modes, "MCP is off");
        values.ignored(&OAUTH2, "MCP is off");
        return Ok(Auth::None { token: None });
    }
    if auth_mode != AuthMode::OAuth2 {
        // With `oauth.enabled: false` these settings stay in the file for later.
        let waits = |setting: &Setting, values: &Values| switch == Some(false) && values.key(setting).is_some();
        let unused: Vec<_> = OAUTH2.into_iter().filter(|setting| !waits(setting, values)).collect();
        values.ignored(&unused, "the auth mode is not oauth2");
        if auth_mode == AuthMode::None {
            if !waits(&table::OAUTH2_SCOPES, values) {
                values.ignored(&[&table::OAUTH2_SCOPES], "the auth mode is none");
            }
            let why = "the auth mode is none, so that everybody may use every tool";
            values.ignored(&[&table::TOOL_SCOPES], why);
        }
    } else if oauth.refresh_ttl < oauth.access_ttl {
        values
            .warn("MCP_OAUTH2_REFRESH_TTL is shorter than MCP_OAUTH2_ACCESS_TTL: refresh tokens are of no use".into());
    }
    if auth_mode != AuthMode::None {
        out_of_reach(&oauth.scopes, serving, values);
    }
    match auth_mode {
        AuthMode::None => return Ok(Auth::None { token: bearer_token(token, mode, values) }),
        // The gateway in Go allowed the token beside OAuth, for times without it.
        _ if switch == Some(true) => {
            let why = match values.given(&table::OAUTH_ENABLED) {
                Some(_) => "oauth.enabled is true, so clients log in",
                None => "clients log in by OAuth, unless the file says oauth.enabled: false",
            };
            values.ignored(&[&table::BEARER_TOKEN], why);
        }
        _ if token.is_some() => {
            let why = "it goes with auth mode none only; remove it, or do not set MCP_AUTH_MODE";
            values.conflict(&table::BEARER_TOKEN, &[&table::AUTH_MODE], why);
        }
        _ => {}
    }
    if auth_mode == AuthMode::Basic {
        return Ok(Auth::Basic { scopes: oauth.scopes });
    }
    check_defaults(&oauth, values);
    if mode == Mode::Http {
        check_folder(&oauth, values);
    }
    Ok(Auth::OAuth2(oauth))
}

/// Returns the mode that `MCP_AUTH_MODE` and `oauth.enabled` give together, and the value of the latter.
fn auth_mode(mode: Mode, serving: &Serving, values: &mut Values) -> Result<(AuthMode, Option<bool>), Stop> {
    let auth_mode = values.get(&table::AUTH_MODE, |text| parse_auth::auth_mode(text, mode))?;
    let enabled = values.optional(&table::OAUTH_ENABLED, |text| parse_auth::oauth_enabled(text, mode));
    // A wrong value in one of the two counts as set too.
    let unsaid = |setting: &Setting| values.given(setting).is_none() && !values.is_flawed(setting);
    let open = unsaid(&table::AUTH_MODE) && unsaid(&table::OAUTH_ENABLED);
    if open && serving.mcp && mode != Mode::Stdio && values.wants_oauth() {
        let why = "has keys under oauth, or of another gateway that has it on by default";
        values.note(format!(
            "the configuration file {why}, and says neither oauth.enabled nor auth.mode: taken as oauth.enabled: true"
        ));
        return Ok((AuthMode::OAuth2, Some(true)));
    }
    match (enabled, values.given(&table::AUTH_MODE)) {
        (Some(true), None) => return Ok((AuthMode::OAuth2, enabled)),
        (Some(enabled), Some(name)) if enabled != (auth_mode == AuthMode::OAuth2) => {
            let why = format!("{name} says something else; remove one of the two");
            values.conflict(&table::OAUTH_ENABLED, &[&table::AUTH_MODE], &why);
        }
        _ => {}
    }
    Ok((auth_mode, enabled))
}

fn oauth2(serving: &Serving, values: &mut Values, cwd: &Path) -> Result<OAuth2, Stop> {
    let scopes = values.optional(&table::OAUTH2_SCOPES, parse_auth::scopes);
    let scopes = scopes.unwrap_or_else(|| Scopes::parse(SUPPORTED).union(&serving.scopes()));
    Ok(OAuth2 {
        login: values.get(&table::OAUTH2_LOGIN, parse_auth::login)?,
        store: values.get(&table::OAUTH2_STORE, |text| parse_auth::store(text, cwd))?,
        // As in the gateway in Go. For a setting of this gateway a missing folder is an error.
        makes_folder: values.key(&table::OAUTH2_STORE).is_some_and(|key| key != table::OAUTH2_STORE.yaml),
        code_ttl: values.get(&table::OAUTH2_CODE_TTL, |text| parse::seconds(text, MAX_CODE))?,
        access_ttl: values.get(&table::OAUTH2_ACCESS_TTL, |text| parse::seconds(text, MAX_ACCESS))?,
        refresh_ttl: values.get(&table::OAUTH2_REFRESH_TTL, |text| parse::seconds(text, MAX_REFRESH))?,
        refresh_grace: values.get(&table::OAUTH2_REFRESH_GRACE, |text| parse::seconds_or_none(text, MAX_GRACE))?,
        default_scopes: default_scopes(&scopes, serving, values),
        password_grant: values.get(&table::OAUTH2_PASSWORD_GRANT, parse::switch)?,
        client_metadata: values.get(&table::OAUTH2_CLIENT_METADATA, parse::switch)?,
        authorize_per_minute: values.get(&table::AUTHORIZE_PER_MINUTE, parse::per_minute)?,
        register_per_minute: values.get(&table::REGISTER_PER_MINUTE, parse::per_minute)?,
        token_per_minute: values.get(&table::TOKEN_PER_MINUTE, parse::per_minute)?,
        scopes,
    })
}

/// Returns the scopes of a client that asks for none: those of the catalog that show neither money nor costs.
fn default_scopes(supported: &Scopes, serving: &Serving, values: &mut Values) -> Scopes {
    let known = !SUPPORT.iter().any(|setting| values.is_flawed(setting));
    let given = |text: &str| match known {
        true => parse_auth::default_scopes(text, supported),
        false => parse_auth::scopes(text),
    };
    if let Some(scopes) = values.optional(&table::OAUTH2_DEFAULT_SCOPES, given) {
        return scopes;
    }
    let scopes = match &serving.catalog {
        None => Scopes::parse("mcp"),
        Some(catalog) => {
            let all = catalog.tools.scopes();
            let harmless = Scopes::parse(HARMLESS).intersection(&all);
            let others = || all.iter().filter(|scope| *scope != "mcp:report:cost" && !scope.starts_with("mcp:admin:"));
            if harmless.is_empty() { others().collect() } else { harmless }
        }
    };
    scopes.intersection(supported)
}

/// Checks that a client that asks for no scopes gets some.
fn check_defaults(oauth: &OAuth2, values: &mut Values) {
    let OAuth2 { scopes, default_scopes, .. } = oauth;
    if default_scopes.is_empty() && !values.is_flawed(&table::OAUTH2_DEFAULT_SCOPES) {
        let why = format!("none of its defaults is among the supported scopes, which are {scopes}");
        values.missing(&table::OAUTH2_DEFAULT_SCOPES, &SUPPORT, &why);
    }
}

/// Checks that the folder of the token file exists. In mode `check` the command itself reports it.
fn check_folder(oauth: &OAuth2, values: &mut Values) {
    let Store::Sqlite(path) = &oauth.store else { return };
    let Some(mut folder) = path.parent() else { return };
    if oauth.makes_folder && !folder.exists() {
        folder = folder.parent().unwrap_or(folder);
    }
    if !folder.is_dir() {
        let why = format!("cannot use the file {}: there is no folder {}", path.display(), folder.display());
        values.conflict(&table::OAUTH2_STORE, &[&table::AUTH_MODE], &why);
    }
}

/// Warns of tools that no caller can use.
fn out_of_reach(scopes: &Scopes, serving: &Serving, values: &mut Values) {
    let Some(name) = values.given(&table::OAUTH2_SCOPES) else { return };
    if serving.rpc && !scopes.contains("mcp") {
        values.warn(format!("{name} lacks mcp, without which nobody may use what the 1C extension itself offers"));
    }
    // The scopes of the built-in catalog are documented, so leaving some out is a choice.
    let catalog = serving.catalog.as_ref().filter(|catalog| catalog.is_file());
    let of_file = catalog.map(|catalog| catalog.tools.scopes()).unwrap_or_default();
    let needed = of_file.union(&serving.scopes_of_rules());
    let missing: Scopes = needed.iter().filter(|scope| !scopes.contains(scope)).collect();
    if !missing.is_empty() {
        values.warn(format!("{name} lacks {missing}, so that nobody may use the tools that need it"));
    }
}

/// Warns of a token that could be guessed.
pub(super) fn warn_if_short(token: Option<&SecretString>, setting: &Setting, values: &mut Values) {
    if token.is_some_and(|token| token.expose_secret().len() < SHORT) {
        let name = values.given(setting).unwrap_or_default();
        values.warn(format!("{name} is short and could be guessed; 32 random characters are good"));
    }
}

fn bearer_token(token: Option<SecretString>, mode: Mode, values: &mut Values) -> Option<SecretString> {
    if mode == Mode::Stdio {
        values.ignored(&[&table::BEARER_TOKEN], "on stdio only the own user connects");
        return None;
    }
    warn_if_short(token.as_ref(), &table::BEARER_TOKEN, values);
    token
}
