//! The error page, for requests that must not be answered by a redirect because the redirect URI may not belong to the
//! application ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).

use super::destination::Destination;
use super::reply::{self, FORMLESS, Style};
use super::texts::{self, Texts};
use super::{Language, clean};
use crate::net::{Body, Refused};
use askama::Template;
use http::{HeaderValue, Response, StatusCode, header};
use std::borrow::Cow;

/// The characters of an explanation that are shown.
const DETAIL: usize = 400;

/// An error of an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationError {
    /// The client is not known.
    UnknownClient,
    /// The redirect URI is not one of this client, or is missing where it is needed.
    BadRedirectUri,
    /// Any other error; explained for developers.
    BadRequest(String),
    /// The client's metadata document cannot be used; explained for developers.
    Metadata(String),
    /// The client can authenticate only in ways that this server does not support; explained for developers.
    Authentication(String),
    /// Any other error of a client whose web site or program is known.
    Refused {
        /// The error, explained for developers.
        why: String,
        /// The redirect that tells the client, if the user wants to go there.
        back: String,
    },
    /// The form was sent and answered before.
    Used,
    /// What a login elsewhere was for is not known any more.
    Lost,
    /// Too many requests from this address; with the seconds to wait.
    TooMany(u64),
    /// The token store does not answer.
    Unavailable,
}

impl AuthorizationError {
    fn for_log(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownClient => "there is no such client".into(),
            Self::BadRedirectUri => "this is no redirect URI of the client".into(),
            Self::BadRequest(why) | Self::Metadata(why) | Self::Authentication(why) | Self::Refused { why, .. } => {
                why.clone().into()
            }
            Self::Used => "the form was sent before".into(),
            Self::Lost => "nobody was sent to a provider from here".into(),
            Self::TooMany(_) => "too many requests".into(),
            Self::Unavailable => "the token store is down".into(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/auth/server/page/askama.toml")]
struct Page<'a> {
    t: &'static Texts,
    language: &'static str,
    style: &'static Style,
    heading: &'static str,
    advice: String,
    detail: Option<String>,
    link: Option<(Destination, &'a str)>,
    /// Whether the page may say that no access was given.
    nothing_given: bool,
}

/// Returns the page that says what is wrong and what to do. The status is 400, 409, 429 or 503.
pub(crate) fn error_page(language: Language, problem: &AuthorizationError) -> Response<Body> {
    let t = texts::of(language);
    let detailed = |advice: (&'static str, &'static str), detail: &str| (advice, clean::clean(detail, DETAIL));
    let mut status = StatusCode::BAD_REQUEST;
    let mut wait = None;
    let mut link = None;
    let ((heading, advice), detail) = match problem {
        AuthorizationError::UnknownClient => (t.unknown_client, None),
        AuthorizationError::BadRedirectUri => (t.bad_redirect_uri, None),
        AuthorizationError::BadRequest(detail) => detailed(t.bad_request, detail),
        AuthorizationError::Refused { why, back } => {
            link = Some((Destination::of(back), back.as_str()));
            detailed(t.bad_request, why)
        }
        AuthorizationError::Metadata(detail) => detailed(t.metadata, detail),
        AuthorizationError::Authentication(detail) => detailed(t.authentication, detail),
        AuthorizationError::Used => {
            status = StatusCode::CONFLICT;
            (t.used, None)
        }
        AuthorizationError::Lost => (t.lost, None),
        AuthorizationError::TooMany(seconds) => {
            (status, wait) = (StatusCode::TOO_MANY_REQUESTS, Some(*seconds));
            ((t.too_many, ""), None)
        }
        AuthorizationError::Unavailable => {
            status = StatusCode::SERVICE_UNAVAILABLE;
            (t.server_unavailable, None)
        }
    };
    let advice = wait.map_or_else(|| advice.to_owned(), |wait| format!("{} {}", t.crowded, (t.wait)(wait)));
    let nothing_given = *problem != AuthorizationError::Used;
    let page = Page { t, language: language.tag(), style: Style::get(), heading, advice, detail, link, nothing_given };
    let mut response = reply::html(status, language, page.render(), FORMLESS);
    Refused::Because(problem.for_log()).mark(&mut response);
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}
