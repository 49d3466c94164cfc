//! The pages that users see: the login page, and the error page for requests that must not be redirected.
//!
//! They are plain HTML without scripts, and work in any browser. Texts of applications are cleaned of invisible
//! characters, and escaped by the templates.

mod clean;
mod csrf;
mod destination;
mod error;
mod language;
mod outage;
mod reply;
mod texts;
mod words;

pub(super) use csrf::Csrf;
pub(super) use error::{AuthorizationError, error_page};
pub(super) use language::Language;
pub(super) use outage::Outage;

use super::params::Params;
use crate::auth::login::Form;
use crate::auth::login::page::Page;
use crate::identity::Scopes;
use crate::net::{Body, Refused};
use askama::Template;
use destination::Destination;
use http::{HeaderValue, Response, StatusCode, header};
use reply::{Style, WITH_FORM};
use std::borrow::Cow;
use texts::Texts;
use words::{Input, Words};

/// The prefix of the names of fields that a [`Page`] adds.
pub(super) const FIELD: &str = "field.";
/// The prefix of the action that leads to a provider.
pub(super) const CONTINUE: &str = "continue.";
/// The characters of a name that are shown.
const NAME: usize = 80;
/// The unknown scopes that are shown; of further ones only the number.
const UNKNOWN_SCOPES: usize = 12;
/// The scopes that have texts, in the order in which they are shown.
const SCOPES: [&str; 8] = [
    "mcp",
    "mcp:resolve",
    "mcp:report:sales",
    "mcp:report:stock",
    "mcp:report:money",
    "mcp:report:cost",
    "mcp:admin:eventlog",
    "offline_access",
];

/// The page that asks for a login and says what it gives to whom. Its form posts `username` and `password`, or `key`;
/// further fields with the prefix [`FIELD`]; the hidden fields; and `action`, which is `allow` or `cancel`, or has the
/// prefix [`CONTINUE`] and the name of a provider.
pub(super) struct LoginPage<'a> {
    /// The language of all texts.
    pub(super) language: Language,
    /// The name of this server.
    pub(super) server_name: &'a str,
    /// The fields that are asked for.
    pub(super) form: Form,
    /// The texts, further fields and buttons.
    pub(super) look: &'a Page,
    /// The name that the application gives itself.
    pub(super) client_name: Option<&'a str>,
    /// The host of a `client_id` that is the URL of a metadata document.
    pub(super) client_host: Option<&'a str>,
    /// The redirect URI, to which the browser goes after the login.
    pub(super) redirect_uri: &'a str,
    /// The scopes that the application asks for.
    pub(super) scopes: &'a Scopes,
    /// The path that the form is posted to.
    pub(super) action: &'a str,
    /// The parameters of the authorization request, to be posted back.
    pub(super) hidden: &'a [(&'static str, &'a str)],
    /// The user name that was typed before.
    pub(super) user: Option<&'a str>,
    /// The form that was sent before.
    pub(super) typed: Option<&'a Params>,
    /// The error of the previous login.
    pub(super) problem: Option<FormError>,
}

/// The error of a login, as the login page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormError {
    /// The user, password or key is wrong.
    Wrong,
    /// The user lacks the role.
    NoRole,
    /// Too many wrong logins; with the seconds to wait.
    TooMany(u64),
    /// Too many logins from this network, wrong or not; with the seconds to wait.
    Crowded(u64),
    /// Logins cannot be checked; with the reason.
    Unavailable(Outage),
    /// The provider has not said who the user is.
    NotCompleted,
    /// The form is not known to come from a page of this server.
    Forged,
}

impl FormError {
    const fn status(self) -> StatusCode {
        match self {
            // No 401: it would need a challenge, and browsers answer challenges with a dialogue of their own.
            Self::Wrong | Self::NoRole | Self::NotCompleted => StatusCode::FORBIDDEN,
            Self::TooMany(_) | Self::Crowded(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forged => StatusCode::BAD_REQUEST,
        }
    }
}

/// The fields have the names that the template uses.
#[derive(Template)]
#[template(path = "login.html", config = "src/auth/server/page/askama.toml")]
struct Login<'a> {
    t: &'static Texts,
    language: &'static str,
    style: &'static Style,
    page: &'a LoginPage<'a>,
    server: String,
    words: Words<'a>,
    inputs: Vec<Input<'a>>,
    providers: Vec<(String, &'a str)>,
    client: Option<String>,
    publisher: Option<String>,
    destination: Destination,
    known: Vec<&'static str>,
    unknown: Vec<String>,
    more: usize,
    user: &'a str,
    problem: Option<(&'a str, Cow<'a, str>)>,
    /// Whether the error is in the fields.
    wrong: bool,
    csrf: (&'static str, &'a str),
}

impl LoginPage<'_> {
    /// Returns the page, with the cookie that belongs to its form. The status is 200, or that of the error.
    pub(super) fn response(&self, csrf: &Csrf) -> Response<Body> {
        let t = texts::of(self.language);
        let (known, unknown) = plain_words(self.scopes, t);
        let more = unknown.len().saturating_sub(UNKNOWN_SCOPES);
        let words = Words::new(t, self.language, self.look, self.form);
        let name = self.look.name.as_ref().map_or(self.server_name, |name| self.language.pick(name));
        let page = Login {
            t,
            language: self.language.tag(),
            style: Style::get(),
            page: self,
            server: clean::clean(name, NAME).unwrap_or_default(),
            inputs: Input::of(self),
            providers: words::providers(self.look, self.language),
            client: self.client_name.and_then(|name| clean::clean(name, NAME)),
            publisher: self.client_host.map(|host| clean::host(host, NAME)),
            destination: Destination::of(self.redirect_uri),
            known,
            unknown: unknown.into_iter().take(UNKNOWN_SCOPES).collect(),
            more,
            // A forged form must not choose the user who logs in.
            user: self.user.filter(|_| self.problem != Some(FormError::Forged)).unwrap_or_default(),
            problem: self.problem.map(|problem| words.of(problem)),
            wrong: self.problem == Some(FormError::Wrong),
            csrf: csrf.field(),
            words,
        };
        let status = self.problem.map_or(StatusCode::OK, FormError::status);
        let mut response = reply::html(status, self.language, page.render(), WITH_FORM);
        match self.problem {
            None => {}
            Some(FormError::Forged) => {
                Refused::Because("the form did not come from the login page".into()).mark(&mut response);
            }
            Some(FormError::TooMany(_) | FormError::Crowded(_)) => {
                Refused::Because("too many requests or wrong logins".into()).mark(&mut response);
            }
            // The audit trail reports it.
            Some(_) => Refused::Told.mark(&mut response),
        }
        if let Some(cookie) = csrf.cookie() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if let Some(FormError::TooMany(seconds) | FormError::Crowded(seconds)) = self.problem {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// Returns the texts of known scopes, and the unknown scopes unchanged.
fn plain_words(scopes: &Scopes, t: &Texts) -> (Vec<&'static str>, Vec<String>) {
    let known = SCOPES.into_iter().filter(|scope| scopes.contains(scope)).filter_map(t.scope).collect();
    let unknown = scopes.iter().filter(|scope| (t.scope)(scope).is_none());
    (known, unknown.filter_map(|scope| clean::clean(scope, NAME)).collect())
}

#[cfg(test)]
mod tests;
