//! [`Pending`]: an authorization request whose user logs in elsewhere.

use super::authorize::REQUEST;
use super::params::Params;
use super::secret;
use super::service::Asker;
use crate::auth::login::Referral;
use crate::rpc::BoxError;
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use subtle::ConstantTimeEq;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// The longest value: browsers keep 4096 bytes with the name and the attributes
/// ([RFC 6265, section 6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)).
const LONGEST: usize = 3800;
/// How long a login elsewhere may take.
const LIFETIME: Duration = Duration::minutes(10);

/// The parameters of the authorization request, and what the provider's answer is recognised by. It is kept by the
/// browser, which may change it as it may change any form: everything is checked again. Nobody else can set the cookie,
/// so that nobody can be logged in as another user by a link
/// ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
pub(super) struct Pending(Params);

impl Pending {
    pub(super) fn new(provider: &str, path: &str, form: &Params) -> Result<Self, BoxError> {
        let [state, verifier] = [secret::new("")?, secret::new("")?];
        let own = [("pending", provider), ("path", path), ("sent", &*state), ("verifier", &*verifier)];
        let one = REQUEST.into_iter().chain(["csrf"]).filter_map(|name| form.get(name).map(|value| (name, value)));
        let request = one.chain(form.all("resource").map(|resource| ("resource", resource)));
        let pairs = own.into_iter().chain(request).map(|(name, value)| (name.to_owned(), value.to_owned().into()));
        Ok(Self(Params::from_iter(pairs)))
    }

    /// Returns the request that the browser keeps.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
        let cookie = cookies.find(|cookie| cookie.name() == name(secure))?;
        Params::parse(cookie.value().as_bytes()).ok().map(Self)
    }

    /// Whether this is the answer that the browser waits for.
    pub(super) fn is_answered_by(&self, answer: &Params) -> bool {
        let states = self.0.get("sent").zip(answer.get("state"));
        states.is_some_and(|(sent, state)| sent.as_bytes().ct_eq(state.as_bytes()).into())
    }

    pub(super) fn referral(&self, asker: &Asker<'_>) -> Referral {
        let get = |name| self.0.get(name).unwrap_or_default();
        Referral::new(get("pending"), format!("{}/callback", asker.issuer), get("sent"), get("verifier"))
    }

    /// Returns the parameters of the authorization request, among others.
    pub(super) const fn request(&self) -> &Params {
        &self.0
    }

    /// Returns the path of the login page below the mount.
    pub(super) fn path(&self) -> &'static str {
        match self.0.get("path") {
            Some("/oauth/authorize") => "/oauth/authorize",
            _ => "/authorize",
        }
    }

    /// Returns the `Set-Cookie` header, or `None` if the request is too long for it. The cookie is Lax and not Strict,
    /// since the user comes back from another site.
    pub(super) fn cookie(&self, secure: bool) -> Option<HeaderValue> {
        let value = Zeroizing::new(Serializer::new(String::new()).extend_pairs(self.0.iter()).finish());
        (value.len() <= LONGEST).then(|| set(&value, LIFETIME, secure)).flatten()
    }

    /// Returns the `Set-Cookie` header that ends the cookie.
    pub(super) fn no_cookie(secure: bool) -> HeaderValue {
        set("", Duration::ZERO, secure).unwrap_or(HeaderValue::from_static(""))
    }
}

fn set(value: &str, age: Duration, secure: bool) -> Option<HeaderValue> {
    let cookie = Cookie::build((name(secure), value)).http_only(true).path("/").same_site(SameSite::Lax);
    HeaderValue::from_str(&cookie.secure(secure).max_age(age).to_string()).ok()
}

/// Returns the name of the cookie; for the prefix see [`Csrf`](super::page::Csrf).
const fn name(secure: bool) -> &'static str {
    if secure { "__Host-onec-mcp-pending" } else { "onec-mcp-pending" }
}
