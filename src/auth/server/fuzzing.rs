//! Readers of what strangers send, for the fuzz targets and property tests.

use super::params::Params;
use super::redirect::RedirectUri;

/// Whether a redirect URI may be registered.
pub fn redirect_uri(text: &str) -> bool {
    RedirectUri::parse(text).is_ok()
}

/// Whether a request may use `asked` where `registered` was registered.
pub fn redirect_matches(asked: &str, registered: &str) -> bool {
    RedirectUri::parse(asked).is_ok_and(|uri| uri.matches(registered))
}

/// The redirect URI with an answer appended; nothing if it is none.
pub fn redirect_with(text: &str, answer: &[(&str, &str)]) -> Option<String> {
    RedirectUri::parse(text).ok().map(|uri| uri.with(answer))
}

/// The values of one parameter, and whether any parameter is repeated; nothing if it is no form.
pub fn params(encoded: &[u8], name: &str) -> Option<(Vec<String>, bool)> {
    let params = Params::parse(encoded).ok()?;
    Some((params.all(name).map(str::to_owned).collect(), params.repeated().is_some()))
}
