//! The settings of what is served: the 1C extension's own tools, the catalog, its REST endpoints.

use super::catalog::Catalog;
use super::parse::{self, Parsed, items, refused};
use super::parse_auth;
use super::stop::Stop;
use super::table;
use super::types::{Mode, Serving};
use super::values::Values;
use onec_mcp::Scopes;
use onec_mcp::catalog::Limits;
use secrecy::SecretString;
use std::path::Path;

/// More would be too much for a model or for a machine.
const MAX_CANDIDATES: u64 = 1000;
const MAX_ROWS: u64 = 100_000;

pub(super) fn serving(mode: Mode, values: &mut Values, cwd: &Path) -> Result<Serving, Stop> {
    let limits = Limits::default()
        .resolve_limit(values.get(&table::RESOLVE_LIMIT, |text| parse::number(text, 1, MAX_CANDIDATES, ""))?)
        .max_rows(values.get(&table::MAX_ROWS, |text| parse::number(text, 1, MAX_ROWS, ""))?)
        .default_rows(values.get(&table::DEFAULT_ROWS, |text| parse::number(text, 1, MAX_ROWS, ""))?);
    let list_cache = values.get(&table::LIST_CACHE_MS, |text| parse::millis(text, 0))?;
    let serving = Serving {
        mcp: values.get(&table::ENABLED, parse::switch)?,
        rpc: values.get(&table::ONEC_RPC, parse::switch)?,
        catalog: catalog(limits, values, cwd),
        structured: values.get(&table::STRUCTURED_CONTENT, parse::switch)?,
        aliases: values.get(&table::TOOL_ALIASES, parse::switch)?,
        check: values.get(&table::CHECK_ARGUMENTS, parse::switch)?,
        list_cache: (!list_cache.is_zero()).then_some(list_cache),
        tool_scopes: values.optional(&table::TOOL_SCOPES, tool_scopes).unwrap_or_default(),
        rest: values.optional(&table::API_BEARER_TOKEN, parse_auth::bearer_token),
    };
    if serving.catalog.is_none() {
        without_catalog(&serving, values);
    }
    if !serving.rpc {
        values.ignored(&[&table::TOOL_SCOPES, &table::LIST_CACHE_MS, &table::CHECK_ARGUMENTS], "MCP_ONEC_RPC is false");
    }
    let rest = rest(serving.rest.clone(), mode, values);
    if !serving.mcp {
        without_mcp(rest.is_some(), mode, values);
    }
    Ok(Serving { rest, ..serving })
}

/// Reads the catalog. A token for its REST endpoints alone selects the built-in one.
fn catalog(limits: Limits, values: &mut Values, cwd: &Path) -> Option<Catalog> {
    let read = |text: &str| Catalog::parse(text, limits, cwd);
    let catalog = match values.optional(&table::CATALOG, read) {
        Some(catalog) => catalog,
        None if values.is_flawed(&table::CATALOG) || values.given(&table::API_BEARER_TOKEN).is_none() => None,
        None => read("trade").unwrap_or_else(|refused| {
            values.conflict(&table::API_BEARER_TOKEN, &[], &refused.why);
            None
        }),
    };
    for note in catalog.iter().flat_map(|catalog| &catalog.notes) {
        let name = catalog.as_ref().map_or("MCP_CATALOG", Catalog::name);
        values.warn(format!("{name}: {note}"));
    }
    catalog
}

fn without_catalog(serving: &Serving, values: &mut Values) {
    if !serving.rpc {
        let why = "without a catalog there is nothing else to serve; set MCP_CATALOG, e.g. to trade";
        values.conflict(&table::ONEC_RPC, &[&table::CATALOG], why);
    }
    if serving.rest.is_some() {
        let why = "the REST endpoints are those of a catalog; set MCP_CATALOG, e.g. to trade";
        values.conflict(&table::API_BEARER_TOKEN, &[&table::CATALOG], why);
    }
    let of_catalog = [&table::RESOLVE_LIMIT, &table::MAX_ROWS, &table::DEFAULT_ROWS, &table::STRUCTURED_CONTENT];
    values.ignored(&of_catalog, "there is no catalog");
}

fn rest(token: Option<SecretString>, mode: Mode, values: &mut Values) -> Option<SecretString> {
    if mode == Mode::Stdio {
        values.ignored(&[&table::API_BEARER_TOKEN], "there are no REST endpoints on stdio");
        return None;
    }
    super::auth::warn_if_short(token.as_ref(), &table::API_BEARER_TOKEN, values);
    token
}

/// Checks settings for a gateway with REST endpoints only.
fn without_mcp(rest: bool, mode: Mode, values: &mut Values) {
    let why = match (mode, rest) {
        (Mode::Stdio, _) => "on stdio there is nothing but MCP; start the gateway with http",
        (_, false) => "only the REST endpoints would be left, and these need MCP_API_BEARER_TOKEN",
        _ => {
            return values.ignored(
                &[&table::STRUCTURED_CONTENT, &table::TOOL_ALIASES, &table::CHECK_ARGUMENTS, &table::TOOL_SCOPES],
                "MCP is off",
            );
        }
    };
    values.conflict(&table::ENABLED, &[&table::API_BEARER_TOKEN], why);
}

/// Parses rules `pattern=scope`.
fn tool_scopes(text: &str) -> Parsed<Vec<(String, String)>> {
    let why = "expected rules PATTERN=SCOPE with blanks or commas between them, e.g. get_*=own:read";
    let rules = items(text).ok_or_else(|| refused(why))?;
    let mut read: Vec<(String, String)> = Vec::with_capacity(rules.len());
    for rule in &rules {
        let parts = rule.rsplit_once('=').map(|(pattern, scope)| (pattern.trim(), scope.trim()));
        let legal =
            |(pattern, scope): &(&str, &str)| !pattern.is_empty() && Scopes::is_token(scope) && !scope.contains(',');
        let Some((pattern, scope)) = parts.filter(legal) else {
            return Err(refused(format!("\"{rule}\" is no rule; {why}")));
        };
        if read.iter().any(|(known, _)| known == pattern) {
            return Err(refused(format!("there are two rules for {pattern}")));
        }
        read.push((pattern.to_owned(), scope.to_owned()));
    }
    Ok(read)
}
