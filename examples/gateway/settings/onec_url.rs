//! The infobase URL as users copy it: with the address of the HTTP service, or with the language that the web
//! client appends.

use super::table;
use super::values::Values;
use url::Url;

/// The paths behind the root of the service.
const ENDPOINTS: [&str; 2] = ["health", "rpc"];

/// Removes parts that do not belong to the infobase's URL, and notes it. All else stays: some infobases have
/// several parts in their address.
pub(super) fn tidy(url: &mut Url, service_root: &str, values: &mut Values) {
    let name = values.given(&table::ONEC_URL).unwrap_or_default();
    let Some(parts) = url.path_segments() else { return };
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let kept = match parts.iter().rposition(|part| part == "hs") {
        Some(hs) => match parts.get(hs + 1..).unwrap_or_default() {
            [] => hs,
            service if is_service(service, service_root) => hs,
            other => {
                values.warn(format!(
                    "{name} seems to name the HTTP service {} besides the infobase; if so, end it before /hs and set \
                     MCP_ONEC_SERVICE_ROOT",
                    other.join("/")
                ));
                return;
            }
        },
        None if parts.len() > 1 && parts.last().is_some_and(|part| is_language(part)) => parts.len() - 1,
        None => return,
    };
    let kept = parts.get(..kept).unwrap_or_default().join("/");
    let taken = url.path().trim_end_matches('/').strip_prefix('/').unwrap_or_default();
    let taken = taken.get(kept.len()..).unwrap_or_default().to_owned();
    url.set_path(&kept);
    values
        .note(format!("{name}: {taken} is taken off its end, as it does not belong to the infobase's address: {url}"));
}

/// Returns whether these parts are the root of the service, with or without one of its paths.
fn is_service(parts: &[String], root: &str) -> bool {
    let mut encoded = Url::parse("http://h").ok();
    if let Some(url) = &mut encoded {
        url.set_path(root);
    }
    let root = encoded.as_ref().map_or(root, |url| url.path().trim_start_matches('/'));
    let path = parts.join("/");
    path == root || ENDPOINTS.iter().any(|endpoint| path.strip_suffix(endpoint) == Some(&format!("{root}/")))
}

/// Returns whether a part is a language such as `ru_RU`, as the web client appends it.
fn is_language(part: &str) -> bool {
    let (language, country) = part.split_once('_').unwrap_or_default();
    language.len() == 2
        && country.len() == 2
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
}
