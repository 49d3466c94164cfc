//! Parsers of what strangers send, for the fuzz targets and property tests.

use super::assertion::Assertion;
use super::keys::KeySet;
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

/// Returns the redirect URI with an answer appended; `None` if it is not one.
pub fn redirect_with(text: &str, answer: &[(&str, &str)]) -> Option<String> {
    RedirectUri::parse(text).ok().map(|uri| uri.with(answer))
}

/// Returns the values of one parameter, and whether any parameter is repeated; `None` if it is no form.
pub fn params(encoded: &[u8], name: &str) -> Option<(Vec<String>, bool)> {
    let params = Params::parse(encoded).ok()?;
    Some((params.all(name).map(str::to_owned).collect(), params.repeated().is_some()))
}

/// Returns the client of an assertion, its id, and until when the id is remembered if the assertion is for one of these
/// audiences and this moment; `None` if it is no assertion.
#[allow(clippy::type_complexity, reason = "for tests")]
pub fn assertion(text: &str, audiences: &[String], now: i64) -> Option<(String, String, Option<i64>)> {
    let assertion = Assertion::parse(text).ok()?;
    Some((assertion.client().to_owned(), assertion.id(), assertion.check(audiences, now).ok()))
}

/// Whether `keys` is a set of public keys, and whether one of them has signed the assertion.
pub fn signed(keys: &str, assertion: &str) -> (bool, bool) {
    let Ok(keys) = KeySet::read(keys) else { return (false, false) };
    (true, Assertion::parse(assertion).is_ok_and(|assertion| assertion.is_signed_by(&keys)))
}
