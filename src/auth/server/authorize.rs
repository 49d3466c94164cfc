//! The authorization endpoint: checks requests and shows the login page.

use super::page::{Csrf, FormError, LoginPage, error_page};
use super::params::Params;
use super::scopes::Asked;
use super::service::Asker;
use super::store::TokenStore;
use super::target::{RedirectError, Target};
use super::{Inner, pkce};
use crate::auth::login::Login;
use crate::identity::Scopes;
use crate::net::Body;
use http::Response;
use url::Url;

/// The parameters that the login page posts back, to be checked again.
pub(super) const REQUEST: [&str; 8] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// An authorization request that was checked.
pub(super) struct Wanted<'a> {
    pub(super) challenge: &'a str,
    pub(super) asked: Asked,
    /// The scopes that the request can get at most.
    pub(super) scopes: Scopes,
    pub(super) resource: String,
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Answers a GET with the login page.
    pub(super) async fn authorize(&self, asker: &Asker<'_>, path: &str, params: &Params) -> Response<Body> {
        let client = match self.asking_client(asker, params).await {
            Ok(client) => client,
            Err(problem) => return error_page(asker.language, &problem),
        };
        let target = match Target::find(&client, params) {
            Ok(target) => target,
            Err(problem) => return error_page(asker.language, &problem),
        };
        match self.wanted(asker, params) {
            Ok(wanted) => self.login_page(asker, path, params, &target, &wanted.asked.told(&wanted.scopes), None),
            Err(refused) => target.refuse_stranger(asker, &refused),
        }
    }

    /// Checks the part of the request whose errors go to the redirect URI.
    pub(super) fn wanted<'a>(&self, asker: &Asker<'_>, params: &'a Params) -> Result<Wanted<'a>, RedirectError> {
        let invalid = |why: &str| RedirectError::new("invalid_request", why);
        if let Some(name) = params.repeated() {
            return Err(invalid(&format!("{name} is given twice")));
        }
        match params.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(RedirectError::new("unsupported_response_type", "response_type must be code")),
            None => return Err(invalid("response_type is missing")),
        }
        if params.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(invalid("response_mode must be query"));
        }
        let challenge = params.get("code_challenge").ok_or_else(|| invalid("code_challenge is missing (PKCE)"))?;
        // Without a method it would be `plain` (RFC 7636, section 4.3).
        if params.get("code_challenge_method") != Some("S256") {
            return Err(invalid("code_challenge_method must be S256"));
        }
        if !pkce::is_challenge(challenge) {
            return Err(invalid("code_challenge is not a SHA-256 in base64url"));
        }
        let resource = self.resource(asker, params).map_err(|why| RedirectError::new("invalid_target", why))?;
        let asked = Asked::parse(params.get("scope"));
        let scopes = asked.within(&self.supported, &self.default_scopes());
        let scopes = scopes.ok_or_else(|| RedirectError::new("invalid_scope", "none of these scopes is supported"))?;
        Ok(Wanted { challenge, asked, scopes, resource })
    }

    /// Returns the resource that tokens are for
    /// ([RFC 8707, section 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)): the main one if the request names
    /// none, or several. A token is valid at all resources of the site in any case, and at no other site.
    pub(super) fn resource(&self, asker: &Asker<'_>, params: &Params) -> Result<String, &'static str> {
        let asked = params.all("resource").map(|asked| self.site.granted(&asker.base, asked));
        let asked: Vec<_> = asked.collect::<Option<_>>().ok_or("this server has no such resource")?;
        match <[String; 1]>::try_from(asked) {
            Ok([one]) => Ok(one),
            Err(_) => Ok(self.site.main_resource(&asker.base)),
        }
    }

    pub(super) fn login_page(
        &self,
        asker: &Asker<'_>,
        path: &str,
        params: &Params,
        target: &Target<'_>,
        scopes: &Scopes,
        problem: Option<FormError>,
    ) -> Response<Body> {
        let issuer = Url::parse(&asker.issuer).ok();
        let action = format!("{}{path}", issuer.as_ref().map_or("", |url| url.path().trim_end_matches('/')));
        let one = REQUEST.into_iter().filter_map(|name| params.get(name).map(|value| (name, value)));
        let hidden: Vec<_> = one.chain(params.all("resource").map(|value| ("resource", value))).collect();
        let client_url = Url::parse(&target.client.id).ok();
        let look = self.login.page();
        let page = LoginPage {
            language: asker.language,
            server_name: &self.name,
            form: self.login.form(),
            look: &look,
            client_name: target.client.name.as_deref(),
            client_host: client_url.as_ref().and_then(Url::host_str),
            redirect_uri: target.uri.as_str(),
            scopes,
            action: &action,
            hidden: &hidden,
            user: problem.and(params.get("username")),
            typed: problem.and(Some(params)),
            problem,
        };
        page.response(&Csrf::of(asker.head, &asker.base))
    }
}
