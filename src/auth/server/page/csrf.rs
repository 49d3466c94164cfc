//! [`Csrf`]: protection against login forms that another site sends.

use crate::net::is_of;
use aes_gcm::aead::Generate;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::{COOKIE, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use url::Url;

/// The name of the hidden field.
const FIELD: &str = "csrf";
/// The name of the cookie over https. Browsers accept this prefix only from this very host with the path `/`: no other
/// host under the same domain can set the cookie.
const SECURE: &str = "__Host-onec-mcp-csrf";
/// The name of the cookie over plain http, where the prefix is not allowed.
const PLAIN: &str = "onec-mcp-csrf";

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A random value that a browser keeps in a cookie and a form repeats in a hidden field. Another site can make a
/// browser send the cookie, but cannot know the value for the field.
pub(crate) struct Csrf {
    value: String,
    secure: bool,
}

impl Csrf {
    /// Returns the value that the browser has already, so that forms in other tabs stay valid, or a new one.
    ///
    /// If the operating system gives no random numbers it is empty, and no form passes.
    pub(crate) fn of(head: &Parts, base: &str) -> Self {
        let secure = base.starts_with("https:");
        let new = || <[u8; 32]>::try_generate().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
        Self { value: found(&head.headers, secure).map_or_else(new, Cow::into_owned), secure }
    }

    /// Returns the name and value of the hidden field.
    pub(crate) fn field(&self) -> (&'static str, &str) {
        (FIELD, &self.value)
    }

    /// Returns the `Set-Cookie` header. The cookie is Lax and not Strict: users come from other sites, where browsers
    /// omit Strict cookies, so each new tab would get another value and invalidate the other forms. Browsers omit
    /// either on a POST from another site.
    pub(super) fn cookie(&self) -> Option<HeaderValue> {
        let cookie = Cookie::build((name(self.secure), self.value.as_str()))
            .http_only(true)
            .path("/")
            .same_site(SameSite::Lax)
            .secure(self.secure);
        HeaderValue::from_str(&cookie.to_string()).ok()
    }

    /// Whether a form with this hidden field comes from a page of this server, in the browser that asked for the page.
    pub(crate) fn verify(head: &Parts, base: &str, posted: Option<&str>) -> bool {
        let cookie = found(&head.headers, base.starts_with("https:"));
        let same =
            |cookie: Cow<'_, str>| posted.is_some_and(|posted| posted.as_bytes().ct_eq(cookie.as_bytes()).into());
        own_site(&head.headers, base) && cookie.is_some_and(same)
    }
}

const fn name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}

/// Returns the first cookie with the name that this server may have made.
fn found(headers: &HeaderMap, secure: bool) -> Option<Cow<'_, str>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let made_here = |value: &str| URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == 32);
    let cookie = cookies.find(|cookie| cookie.name() == name(secure) && made_here(cookie.value()))?;
    Some(cookie.value().to_owned().into())
}

/// Whether the browser says that the form is on a page of this server, by `Sec-Fetch-Site`, or by `Origin` where that
/// is missing (old browsers, plain http). Clients that send neither are not browsers.
fn own_site(headers: &HeaderMap, base: &str) -> bool {
    if let Some(site) = headers.get(&SEC_FETCH_SITE) {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    origin.to_str().ok().zip(Url::parse(base).ok()).is_some_and(|(origin, base)| is_of(origin, &base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const HTTPS: &str = "https://h.example";
    const HTTP: &str = "http://127.0.0.1:8000";

    fn head(headers: &[(&str, &str)]) -> Parts {
        let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    /// Returns `name=value` as the browser sends it back, and the value.
    fn issued(base: &str) -> (String, String) {
        let csrf = Csrf::of(&head(&[]), base);
        let cookie = csrf.cookie().unwrap().to_str().unwrap().to_owned();
        (cookie.split(';').next().unwrap().to_owned(), csrf.field().1.to_owned())
    }

    #[test]
    fn cookies_are_as_strict_as_the_scheme_allows() {
        let cookie = |base| Csrf::of(&head(&[]), base).cookie().unwrap().to_str().unwrap().to_owned();
        let (https, http) = (cookie(HTTPS), cookie(HTTP));
        assert!(https.starts_with("__Host-onec-mcp-csrf="), "{https}");
        assert!(http.starts_with("onec-mcp-csrf="), "{http}");
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(https.contains(attribute) && http.contains(attribute), "{https} {http}");
        }
        assert!(https.contains("; Secure") && !http.contains("Secure"), "{https} {http}");
        assert!(!https.contains("Domain") && !https.contains("Max-Age"), "{https}");
    }

    #[test]
    fn the_form_of_the_same_browser_is_accepted() {
        for base in [HTTPS, HTTP] {
            let (cookie, value) = issued(base);
            let origin = format!("{base}/");
            for extra in
                [&[][..], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")], &[("origin", base)]]
            {
                let headers = [&[("cookie", cookie.as_str())], extra].concat();
                assert!(Csrf::verify(&head(&headers), base, Some(&value)), "{headers:?}");
            }
            let headers = [
                ("cookie", cookie.as_str()),
                ("origin", origin.trim_end_matches('/')),
                ("sec-fetch-site", "same-origin"),
            ];
            assert!(Csrf::verify(&head(&headers), &format!("{base}/below"), Some(&value)));
        }
    }

    #[test]
    fn any_other_form_is_not() {
        let (cookie, value) = issued(HTTPS);
        let (cookie, value) = (cookie.as_str(), value.as_str());
        let other = issued(HTTPS).1;
        let posted = |headers: &[(&str, &str)], value| Csrf::verify(&head(headers), HTTPS, value);
        assert!(posted(&[("cookie", cookie)], Some(value)), "the control");
        for wrong in [None, Some(""), Some("x"), Some(other.as_str()), Some(&value[..42])] {
            assert!(!posted(&[("cookie", cookie)], wrong), "{wrong:?}");
        }
        for cookies in ["", "a=b", "__Host-onec-mcp-csrf=", &cookie["__Host-".len()..]] {
            assert!(!posted(&[("cookie", cookies)], Some(value)), "{cookies:?}");
        }
        assert!(!posted(&[], Some(value)) && !posted(&[("cookie", "__Host-onec-mcp-csrf=")], Some("")));
        for (name, foreign) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
            ("origin", "null"),
            ("origin", "http://h.example"),
            ("origin", "https://h.example:444"),
            ("origin", "https://h.example.evil"),
            ("origin", "https://h.example/"),
            ("origin", "https://user@h.example"),
            ("origin", "https:h.example"),
            ("origin", ""),
        ] {
            assert!(!posted(&[("cookie", cookie), (name, foreign)], Some(value)), "{name}: {foreign}");
        }
        let both = [("cookie", cookie), ("origin", HTTPS), ("sec-fetch-site", "cross-site")];
        assert!(!posted(&both, Some(value)), "Sec-Fetch-Site goes first");
    }

    #[test]
    fn several_tabs_share_a_value_and_strangers_values_are_not_kept() {
        let (cookie, value) = issued(HTTPS);
        let cookies = format!("other=1; {cookie}; more=2");
        let again = |cookies: &str| Csrf::of(&head(&[("cookie", cookies)]), HTTPS).field().1.to_owned();
        assert_eq!(again(&cookies), value);
        for foreign in ["__Host-onec-mcp-csrf=x", "__Host-onec-mcp-csrf=\"><script>", "onec-mcp-csrf=x"] {
            let fresh = again(foreign);
            assert!(fresh.len() == 43 && fresh != value, "{foreign}: {fresh}");
        }
        assert_ne!(issued(HTTPS).1, issued(HTTPS).1);
    }
}
