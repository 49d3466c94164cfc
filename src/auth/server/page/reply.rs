//! Builds the answer with a page, and the headers that protect it.

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

/// The headers besides the policy. There is no `Cross-Origin-Opener-Policy`: web clients open this page in a popup, and
/// the header would cut the popup off from the page that waits for it, even after the redirect back. With
/// `Referrer-Policy: no-referrer` browsers would send the form with `Origin: null`.
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
    /// The text between the tags.
    pub(super) text: String,
    /// The source expression of the policy, without the quotes.
    hash: String,
}

impl Style {
    pub(super) fn get() -> &'static Self {
        static STYLE: LazyLock<Style> = LazyLock::new(|| {
            // Browsers hash the parsed text, which has no CR.
            let text = include_str!("templates/style.css").replace('\r', "");
            let hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(&text)));
            Style { text, hash }
        });
        &STYLE
    }
}

/// The part of the policy for a page without a form.
pub(super) const FORMLESS: &str = " form-action 'none';";

/// The part of the policy for a page with a form: none. Chromium applies `form-action` to all redirects after the POST
/// too, and silently stops at one that is not listed. The callback of a web client may lead on to any site, to an
/// application (`claude://…`) or to a program on this computer (`http://127.0.0.1:…`); there is no source expression
/// for all schemes.
pub(super) const WITH_FORM: &str = "";

/// Returns a page; `form` is the part of the policy for forms.
pub(super) fn html(
    status: StatusCode,
    language: Language,
    page: Result<String, askama::Error>,
    form: &str,
) -> Response<Body> {
    // Rendering into a string cannot fail; if it did, no partial page must be sent.
    let (status, text) = page.map_or((StatusCode::INTERNAL_SERVER_ERROR, String::new()), |text| (status, text));
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(HEADERS.iter().cloned());
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(CONTENT_SECURITY_POLICY, policy(form));
    response
}

/// Returns the policy: the page loads nothing, runs no scripts, and cannot be framed.
fn policy(form: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src '{}'; img-src data:;{form} base-uri 'none'; frame-ancestors 'none'",
        Style::get().hash
    );
    // The text is visible ASCII, so this cannot fail.
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"))
}
