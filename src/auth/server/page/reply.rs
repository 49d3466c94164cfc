//! A page on its way to the browser: the headers that keep it to itself.

use super::Language;
use crate::net::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Response, StatusCode};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Besides the policy. No `Cross-Origin-Opener-Policy`: web clients open this page in a popup, and it
/// would cut the popup off from the page that waits for it, also after the way back.
/// With `Referrer-Policy: no-referrer` browsers would send the form with `Origin: null`.
static HEADERS: [(HeaderName, HeaderValue); 7] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (VARY, HeaderValue::from_static("Accept-Language, Cookie")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// The style sheet of the pages.
pub(super) struct Style {
    /// What stands between the tags.
    pub(super) text: String,
    /// Its source expression, without the quotes.
    hash: String,
}

impl Style {
    pub(super) fn get() -> &'static Self {
        static STYLE: LazyLock<Style> = LazyLock::new(|| {
            // Browsers hash what they parsed, in which there is no CR.
            let text = include_str!("templates/style.css").replace('\r', "");
            let hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(&text)));
            Style { text, hash }
        });
        &STYLE
    }
}

/// What the policy says of a page without a form.
pub(super) const FORMLESS: &str = " form-action 'none';";

/// And of a page with one: nothing. Chromium applies `form-action` to all redirects after the POST too,
/// and stops without a word where it names one of them not. The callback of a web client may lead on to
/// any site, to an application (`claude://…`) or to a program on this computer (`http://127.0.0.1:…`);
/// there is no word for all schemes.
pub(super) const WITH_FORM: &str = "";

/// A page; `form` is what its policy says of forms.
pub(super) fn html(
    status: StatusCode,
    language: Language,
    page: Result<String, askama::Error>,
    form: &str,
) -> Response<Body> {
    // Rendering into a string cannot fail; if it did, no half of a page may go out.
    let (status, text) = page.map_or((StatusCode::INTERNAL_SERVER_ERROR, String::new()), |text| (status, text));
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(HEADERS.iter().cloned());
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(CONTENT_SECURITY_POLICY, policy(form));
    response
}

/// Nothing is loaded, nothing runs, nobody frames the page.
fn policy(form: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src '{}'; img-src data:;{form} base-uri 'none'; frame-ancestors 'none'",
        Style::get().hash
    );
    // All of it is visible ASCII, so this cannot fail.
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"))
}
