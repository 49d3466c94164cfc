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

pub(super) use csrf::Csrf;
pub(super) use error::{AuthorizationError, error_page};
pub(super) use language::Language;
pub(super) use outage::Outage;

use crate::auth::login::Form;
use crate::identity::Scopes;
use crate::net::{Body, Refused};
use askama::Template;
use destination::Destination;
use http::{HeaderValue, Response, StatusCode, header};
use reply::{Style, WITH_FORM};
use texts::Texts;

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
/// the hidden fields; and `action`, which is `allow` or `cancel`.
pub(super) struct LoginPage<'a> {
    /// The language of all texts.
    pub(super) language: Language,
    /// The name of this server.
    pub(super) server_name: &'a str,
    /// The fields that are asked for.
    pub(super) form: Form,
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
    /// 1C cannot be asked; with the reason.
    Unavailable(Outage),
    /// The form is not known to come from a page of this server.
    Forged,
}

impl FormError {
    const fn status(self) -> StatusCode {
        match self {
            // No 401: it would need a challenge, and browsers answer challenges with a dialogue of their own.
            Self::Wrong | Self::NoRole => StatusCode::FORBIDDEN,
            Self::TooMany(_) | Self::Crowded(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forged => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns the heading and the advice.
    fn words(self, t: &Texts, form: Form) -> (&'static str, String) {
        let (heading, advice) = match (self, form) {
            (Self::TooMany(seconds), _) => return (t.too_many, format!("{} {}", t.guessed, (t.wait)(seconds))),
            (Self::Crowded(seconds), _) => return (t.too_many, format!("{} {}", t.crowded, (t.wait)(seconds))),
            (Self::Wrong, Form::Credentials) => t.wrong_credentials,
            (Self::Wrong, Form::Key) => t.wrong_key,
            (Self::NoRole, _) => t.no_role,
            (Self::Unavailable(outage), _) => (t.outage)(outage),
            (Self::Forged, _) => t.forged,
        };
        (heading, advice.to_owned())
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
    heading: &'static str,
    client: Option<String>,
    publisher: Option<String>,
    destination: Destination,
    known: Vec<&'static str>,
    unknown: Vec<String>,
    more: usize,
    user: &'a str,
    problem: Option<(&'static str, String)>,
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
        let page = Login {
            t,
            language: self.language.tag(),
            style: Style::get(),
            page: self,
            server: clean::clean(self.server_name, NAME).unwrap_or_default(),
            heading: match self.form {
                Form::Credentials => t.log_in_credentials,
                Form::Key => t.log_in_key,
            },
            client: self.client_name.and_then(|name| clean::clean(name, NAME)),
            publisher: self.client_host.map(|host| clean::host(host, NAME)),
            destination: Destination::of(self.redirect_uri),
            known,
            unknown: unknown.into_iter().take(UNKNOWN_SCOPES).collect(),
            more,
            // A forged form must not choose the user who logs in.
            user: self.user.filter(|_| self.problem != Some(FormError::Forged)).unwrap_or_default(),
            problem: self.problem.map(|problem| problem.words(t, self.form)),
            wrong: self.problem == Some(FormError::Wrong),
            csrf: csrf.field(),
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
