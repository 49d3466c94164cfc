//! Logins at a provider: sends the user there, and goes on when they come back.

use super::Inner;
use super::log_in::problem;
use super::page::{AuthorizationError, FormError, error_page};
use super::params::Params;
use super::pending::Pending;
use super::reply;
use super::service::Asker;
use super::store::TokenStore;
use super::target::Target;
use crate::auth::login::{Answer, Login, LoginError, Typed};
use crate::net::Body;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Sends the user to a provider. Until they come back, the authorization request waits in a cookie.
    pub(super) async fn refer(
        &self,
        asker: &Asker<'_>,
        path: &str,
        form: &Params,
        provider: &str,
    ) -> Result<Response<Body>, LoginError> {
        let pending = Pending::new(provider, path, form).map_err(LoginError::Unavailable)?;
        let Some(cookie) = pending.cookie(asker.is_secure()) else {
            let why = "the authorization request is too long for a login elsewhere".to_owned();
            return Ok(error_page(asker.language, &AuthorizationError::BadRequest(why)));
        };
        let sent = self.login.authorization_url(pending.referral(asker)).await;
        let url = sent.inspect_err(|error| {
            if let LoginError::Unavailable(cause) = error {
                self.troubles.tell(asker.remote, "logins cannot be checked", &**cause);
            }
        })?;
        let mut response = reply::redirect(StatusCode::SEE_OTHER, url.as_str());
        response.headers_mut().append(SET_COOKIE, cookie);
        Ok(response)
    }

    /// Answers a user who came back from a provider.
    pub(super) async fn came_back(&self, asker: &Asker<'_>, answer: &Params) -> Response<Body> {
        let pending = Pending::of(&asker.head.headers, asker.is_secure());
        let Some(pending) = pending.filter(|pending| pending.is_answered_by(answer)) else {
            return error_page(asker.language, &AuthorizationError::Lost);
        };
        let mut response = self.go_on(asker, &pending, answer).await;
        response.headers_mut().append(SET_COOKIE, Pending::no_cookie(asker.is_secure()));
        response
    }

    /// Goes on with the authorization request; it is checked as the one of a form is.
    async fn go_on(&self, asker: &Asker<'_>, pending: &Pending, answer: &Params) -> Response<Body> {
        let request = pending.request();
        let client = match self.asking_client(asker, request).await {
            Ok(client) => client,
            Err(problem) => return error_page(asker.language, &problem),
        };
        let target = match Target::find(&client, request) {
            Ok(target) => target,
            Err(problem) => return error_page(asker.language, &problem),
        };
        let wanted = match self.wanted(asker, request) {
            Ok(wanted) => wanted,
            Err(refused) => return target.refuse(asker, &refused),
        };
        let answer =
            answer.iter().fold(Answer::new(pending.referral(asker)), |all, (name, value)| all.with(name, value));
        match self.check(asker, &target.client.id, Some(Typed::Answer(answer)), None).await {
            Ok(logged_in) => self.finish(asker, &target, &wanted, request, logged_in).await,
            Err(error) => {
                let problem = match problem(&error) {
                    FormError::Wrong => FormError::NotCompleted,
                    other => other,
                };
                let scopes = wanted.asked.told(&wanted.scopes);
                self.login_page(asker, pending.path(), request, &target, &scopes, Some(problem))
            }
        }
    }
}
