//! Answers the login page: logs the user in, and sends the client a code.

use super::authorize::Wanted;
use super::page::{AuthorizationError, CONTINUE, Csrf, FIELD, FormError, Outage, error_page};
use super::params::Params;
use super::reply::{self, OAuthError};
use super::service::Asker;
use super::store::{Grant, Token, TokenKind, TokenStore};
use super::target::{RedirectError, Target};
use super::{Inner, secret};
use crate::audit::Event;
use crate::auth::login::{Fields, Form, LoggedIn, Login, LoginError, Page, Typed};
use crate::auth::store::seal::seal;
use crate::auth::{Digest, Timestamp};
use crate::identity::{Credentials, Scopes};
use crate::net::Body;
use http::Response;
use zeroize::Zeroizing;

/// The longest user name, in characters; those of 1C are shorter.
const LONGEST_USER: usize = 256;

/// The seconds for which an answered login page is remembered: no code that it sent lives longer.
const ANSWERED: Timestamp = 600;

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Answers a POST of the login page; nothing that it posts back is trusted. With `held`, since too many forms were
    /// sent, the form is shown again with these seconds to wait.
    pub(super) async fn log_in(
        &self,
        asker: &Asker<'_>,
        path: &str,
        form: &Params,
        held: Option<u64>,
    ) -> Response<Body> {
        let client = match self.asking_client(asker, form).await {
            Ok(client) => client,
            Err(problem) => return error_page(asker.language, &problem),
        };
        let target = match Target::find(&client, form) {
            Ok(target) => target,
            Err(problem) => return error_page(asker.language, &problem),
        };
        let csrf = Csrf::of(asker.head, &asker.base);
        let genuine = Csrf::verify(asker.head, &asker.base, form.get(csrf.field().0));
        let wanted = match self.wanted(asker, form) {
            Ok(wanted) => wanted,
            // A forged form must not send an answer anywhere.
            Err(refused) if genuine => return target.refuse(asker, &refused),
            Err(RedirectError(_, why)) => return error_page(asker.language, &AuthorizationError::BadRequest(why)),
        };
        let again = |problem| {
            let scopes = wanted.asked.told(&wanted.scopes);
            self.login_page(asker, path, form, &target, &scopes, Some(problem))
        };
        if !genuine {
            return again(FormError::Forged);
        }
        if form.get("action") == Some("cancel") {
            let cancelled = RedirectError::new("access_denied", "the user has cancelled");
            return match self.first_answer(asker, &target.client.id, form).await {
                Ok(false) => error_page(asker.language, &AuthorizationError::Used),
                Ok(true) | Err(_) => target.refuse(asker, &cancelled),
            };
        }
        if let Some(seconds) = held {
            return again(FormError::Crowded(seconds));
        }
        let page = self.login.page();
        if let Some(provider) = form.get("action").and_then(|action| action.strip_prefix(CONTINUE)) {
            let known = page.providers.iter().any(|known| known.name == provider);
            if !known {
                return again(FormError::Forged);
            }
            return self.refer(asker, path, form, provider).await.unwrap_or_else(|error| again(problem(&error)));
        }
        let waits = self.limits.may_fail(asker.remote).err().map(reply::seconds);
        let typed = typed(self.login.form(), &page, form);
        match self.check(asker, &target.client.id, typed, waits).await {
            Ok(logged_in) => self.finish(asker, &target, &wanted, form, logged_in).await,
            Err(error) => again(problem(&error)),
        }
    }

    /// Sends the client a code for a user who logged in.
    pub(super) async fn finish(
        &self,
        asker: &Asker<'_>,
        target: &Target<'_>,
        wanted: &Wanted<'_>,
        form: &Params,
        logged_in: LoggedIn,
    ) -> Response<Body> {
        match self.first_answer(asker, &target.client.id, form).await {
            Ok(true) => {}
            Ok(false) => return error_page(asker.language, &AuthorizationError::Used),
            Err(refused) => return target.refuse(asker, &refused),
        }
        match self.issue_code(asker, target, wanted, logged_in).await {
            Ok(code) => target.grant(asker, &code),
            Err(refused) => target.refuse(asker, &refused),
        }
    }

    /// Whether this browser answers this authorization request for the first time. A form that is sent twice (two
    /// clicks, the Back button) would send the client two codes.
    async fn first_answer(&self, asker: &Asker<'_>, client: &str, form: &Params) -> Result<bool, RedirectError> {
        let what = ["csrf", "redirect_uri", "state", "code_challenge"].map(|name| form.get(name).unwrap_or_default());
        let id = Digest::of(&format!("{:?}", ("login form", client, what)));
        let now = self.clock.now();
        let first = self.store.first_use(&id, now.saturating_add(ANSWERED), now).await;
        first.map_err(|error| self.refused_by(asker, OAuthError::from(error)))
    }

    /// Asks the [`Login`], and reports errors. With `waits`, a user who would have to wait passes if the login is
    /// known.
    pub(super) async fn check(
        &self,
        asker: &Asker<'_>,
        client: &str,
        typed: Option<Typed>,
        waits: Option<u64>,
    ) -> Result<LoggedIn, LoginError> {
        let credentials = typed.as_ref().and_then(Typed::credentials);
        let user = credentials.map(|credentials| credentials.user().to_owned());
        let checked = match typed {
            Some(typed) => match waits {
                Some(seconds) => self.login.check_held(typed, asker.remote, seconds).await,
                None => self.login.check_from(typed, asker.remote).await,
            },
            None => Err(waits.map_or(LoginError::Wrong, LoginError::TooMany)),
        };
        checked.inspect_err(|error| {
            let reason = match error {
                LoginError::Wrong => "wrong",
                LoginError::NoRole => "no_role",
                LoginError::TooMany(_) => "too_many",
                LoginError::Unavailable(cause) => {
                    self.troubles.tell(asker.remote, "logins cannot be checked", &**cause);
                    "unavailable"
                }
            };
            Event {
                name: "oauth.login.failed",
                sub: user.as_deref(),
                client_id: Some(client),
                remote: asker.remote,
                reason: None,
            }
            .emit_some(Some(reason), &self.sampler);
        })
    }

    /// Returns the supported scopes that a user may be granted, possibly none.
    pub(super) fn allowed(&self, logged_in: &LoggedIn) -> Scopes {
        logged_in.scopes.as_ref().map_or_else(|| self.supported.clone(), |has| has.intersection(&self.supported))
    }

    async fn issue_code(
        &self,
        asker: &Asker<'_>,
        target: &Target<'_>,
        wanted: &Wanted<'_>,
        logged_in: LoggedIn,
    ) -> Result<Zeroizing<String>, RedirectError> {
        let scopes = wanted.asked.within(&self.allowed(&logged_in), &self.default_scopes());
        let Some(scopes) = scopes else {
            Event {
                name: "oauth.login.failed",
                sub: Some(&logged_in.subject),
                client_id: Some(&target.client.id),
                remote: asker.remote,
                reason: Some("no_scope"),
            }
            .emit();
            return Err(RedirectError::new("invalid_scope", "this user has none of these scopes"));
        };
        let issued = self.put_code(target, wanted, &logged_in, scopes).await;
        let code = issued.map_err(|failure| self.refused_by(asker, failure))?;
        Event {
            name: "oauth.code.issued",
            sub: Some(&logged_in.subject),
            client_id: Some(&target.client.id),
            remote: asker.remote,
            reason: None,
        }
        .emit();
        Ok(code)
    }

    /// Logs an error, and turns it into one for the client.
    fn refused_by(&self, asker: &Asker<'_>, failure: OAuthError) -> RedirectError {
        self.tell(asker, &failure);
        RedirectError::new(failure.error, failure.description)
    }

    async fn put_code(
        &self,
        target: &Target<'_>,
        wanted: &Wanted<'_>,
        logged_in: &LoggedIn,
        scopes: Scopes,
    ) -> Result<Zeroizing<String>, OAuthError> {
        let (code, now) = (secret::new(secret::CODE)?, self.clock.now());
        let token = Token {
            digest: Digest::of(&code),
            grant: secret::new(secret::GRANT)?.to_string(),
            kind: TokenKind::Code {
                redirect_uri: target.asked.map(str::to_owned),
                challenge: wanted.challenge.to_owned(),
            },
            scopes: wanted.asked.told(&scopes),
            sealed: sealed(logged_in.credentials.as_ref(), &code)?,
            expires: now.saturating_add(super::lifetime(self.lifetimes.code)),
        };
        let grant = Grant {
            id: token.grant.clone(),
            client: target.client.id.clone(),
            subject: logged_in.subject.clone(),
            scopes,
            resource: wanted.resource.clone(),
            created: now,
            confidential: target.confidential,
        };
        self.store.put_grant(grant, vec![token]).await?;
        Ok(code)
    }
}

/// Returns what a form contains, or `None` if it cannot be a login.
pub(super) fn typed(form: Form, page: &Page, params: &Params) -> Option<Typed> {
    match form {
        Form::Credentials => {
            let user = params.get("username")?;
            // A colon would end the name early: the login of another user would be checked.
            let legal = !user.contains(|char: char| char == ':' || char.is_control());
            if !legal || user.chars().count() > LONGEST_USER {
                return None;
            }
            let credentials = Credentials::new(user, params.get("password").unwrap_or_default());
            if page.fields.is_empty() {
                return Some(Typed::Credentials(credentials));
            }
            let fields = page.fields.iter().try_fold(Fields::new(credentials), |fields, field| {
                match params.get(&format!("{FIELD}{}", field.name)) {
                    Some(value) => Some(fields.with(&*field.name, value)),
                    None => (!field.required).then_some(fields),
                }
            });
            fields.map(Typed::Fields)
        }
        Form::Key => params.get("key").map(|key| Typed::Key(key.into())),
        Form::Providers => None,
    }
}

/// Returns what the login page says of an error.
pub(super) fn problem(error: &LoginError) -> FormError {
    match error {
        LoginError::Wrong => FormError::Wrong,
        LoginError::NoRole => FormError::NoRole,
        LoginError::TooMany(seconds) => FormError::TooMany(*seconds),
        LoginError::Unavailable(why) => FormError::Unavailable(Outage::of(why)),
    }
}

/// Returns the credentials sealed so that only the bearer of `token` can open them.
pub(super) fn sealed(credentials: Option<&Credentials>, token: &str) -> Result<Option<Vec<u8>>, OAuthError> {
    let sealed = credentials.map(|credentials| seal(credentials, token)).transpose();
    sealed.map_err(|error| OAuthError::from(crate::rpc::BoxError::from(error)))
}
