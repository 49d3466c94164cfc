//! Keys of configuration files for the gateway in Go: each is another name for a setting, or has no use here.
//! `docs/migrate.md` describes them for users.

use super::parse::{Parsed, ValueError, refused, without_login};
use super::table::{self, Setting};
use std::time::Duration;

/// A key of the gateway in Go.
pub(super) struct Legacy {
    pub(super) key: &'static str,
    /// The setting of the key; `None` if the key, and all keys below it, have no use here.
    pub(super) alias: Option<Alias>,
}

/// A setting under another key.
pub(super) struct Alias {
    pub(super) setting: &'static Setting,
    /// Converts the value of the key to that of the setting.
    pub(super) convert: fn(&str) -> Parsed<String>,
    /// Settings with other values, implied by the key.
    pub(super) implies: &'static [(&'static Setting, &'static str)],
}

const fn alias(key: &'static str, setting: &'static Setting, convert: fn(&str) -> Parsed<String>) -> Legacy {
    Legacy { key, alias: Some(Alias { setting, convert, implies: &[] }) }
}

const fn unused(key: &'static str) -> Legacy {
    Legacy { key, alias: None }
}

static KEYS: [Legacy; 17] = [
    Legacy {
        key: "onec.default_tenant",
        alias: Some(Alias {
            setting: &table::ONEC_TENANT_VALUE,
            convert: as_it_is,
            implies: &[(&table::ONEC_TENANT_HEADER, "X-Tenant")],
        }),
    },
    alias("oauth.public_url", &table::PUBLIC_URL, as_it_is),
    alias("oauth.resource", &table::PUBLIC_URL, without_mcp),
    alias("oauth.db_path", &table::OAUTH2_STORE, sqlite),
    alias("database.path", &table::OAUTH2_STORE, sqlite),
    alias("oauth.access_token_ttl", &table::OAUTH2_ACCESS_TTL, seconds),
    alias("oauth.refresh_token_ttl", &table::OAUTH2_REFRESH_TTL, seconds),
    alias("oauth.auth_code_ttl", &table::OAUTH2_CODE_TTL, seconds),
    alias("oauth.supported_scopes", &table::OAUTH2_SCOPES, as_it_is),
    alias("oauth.rate_limit.authorize_per_minute", &table::AUTHORIZE_PER_MINUTE, as_it_is),
    alias("oauth.rate_limit.register_per_minute", &table::REGISTER_PER_MINUTE, as_it_is),
    alias("oauth.rate_limit.token_per_minute", &table::TOKEN_PER_MINUTE, as_it_is),
    unused("oauth.dev_access_key"),
    unused("onec.resolve_cache_ttl_sec"),
    unused("admin.enabled"),
    unused("admin.username"),
    unused("admin.password"),
];

/// Settings that are implied by any of these keys: 1C has only the endpoints of the catalog, and users log in
/// with keys.
/// others, and users log in with keys.
pub(super) static IMPLIED: [(&Setting, &str); 3] =
    [(&table::CATALOG, "trade"), (&table::ONEC_RPC, "false"), (&table::OAUTH2_LOGIN, "key")];

pub(super) fn find(path: &str) -> Option<&'static Legacy> {
    KEYS.iter().find(|legacy| legacy.key == path)
}

pub(super) fn keys() -> impl Iterator<Item = &'static str> + Clone {
    KEYS.iter().map(|legacy| legacy.key)
}

fn as_it_is(text: &str) -> Parsed<String> {
    Ok(text.to_owned())
}

fn sqlite(text: &str) -> Parsed<String> {
    Ok(format!("sqlite:{text}"))
}

/// Removes `/mcp` from the end of the URL that tokens are valid for, which leaves the public URL.
fn without_mcp(text: &str) -> Parsed<String> {
    let public = text.trim_end_matches('/').strip_suffix("/mcp");
    public.map(str::to_owned).ok_or_else(|| ValueError {
        shown: Some(without_login(text)),
        why: "expected the public URL with /mcp at its end, or nothing".to_owned(),
    })
}

/// Reads seconds, or a duration as Go writes it: `1h30m`, `1.5h`, `90s`, rounded up to whole seconds.
fn seconds(text: &str) -> Parsed<String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let why = "expected a duration such as 1h, 90m or 3600s";
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, char::is_alphabetic);
        let unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| seconds);
        let part = number.parse::<f64>().ok().zip(unit).map(|(number, unit)| number * unit);
        sum += part.ok_or_else(|| refused(why))?;
        rest = after;
    }
    let sum = Duration::try_from_secs_f64(sum).map_err(|_| refused(why))?;
    Ok((sum.as_secs() + u64::from(sum.subsec_millis() > 0)).to_string())
}

static UNITS: [(&str, f64); 7] =
    [("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9)];

/// Splits the text before the first character that is not one of `these`.
fn split(text: &str, these: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !these(c)).unwrap_or(text.len()))
}
