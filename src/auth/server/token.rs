//! The token endpoint ([RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).

use super::client_auth::{Named, named};
use super::client_metadata::is_metadata_url;
use super::log_in::typed;
use super::pair::Pair;
use super::params::Params;
use super::reply::{self, OAuthError};
use super::scopes::{Asked, OFFLINE};
use super::service::Asker;
use super::store::{Exchange, Found, Grant, TokenKind, TokenStore};
use super::{Inner, PUBLIC_CLIENT, pkce, secret};
use crate::audit::Event;
use crate::auth::Digest;
use crate::auth::login::{Form, Login, LoginError, Page};
use crate::auth::store::seal::open;
use crate::identity::Scopes;
use crate::net::Body;
use http::{Response, StatusCode};

impl<L: Login, S: TokenStore> Inner<L, S> {
    pub(super) async fn token(&self, asker: &Asker<'_>, form: &Params) -> Result<Response<Body>, OAuthError> {
        let named = &named(asker, form)?;
        match form.get("grant_type") {
            Some("authorization_code") => self.redeem(asker, form, named).await,
            Some("refresh_token") => self.refresh(asker, form, named).await,
            Some("password") if self.grant_types().contains(&"password") => self.password(asker, form, named).await,
            Some(_) => Err(OAuthError::new("unsupported_grant_type", "this grant_type is not supported")),
            None => Err(OAuthError::request("grant_type is missing")),
        }
    }

    /// Exchanges a code, [RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
    async fn redeem(&self, asker: &Asker<'_>, form: &Params, named: &Named) -> Result<Response<Body>, OAuthError> {
        let code = form.get("code").ok_or_else(|| OAuthError::request("code is missing"))?;
        let verifier =
            form.get("code_verifier").ok_or_else(|| OAuthError::request("code_verifier is missing (PKCE)"))?;
        if !pkce::is_verifier(verifier) {
            return Err(OAuthError::request("code_verifier must have 43 to 128 unreserved characters"));
        }
        let found = self.bearer(asker, code, named).await?;
        let TokenKind::Code { redirect_uri, challenge } = &found.token.kind else {
            return Err(OAuthError::grant("this is no authorization code"));
        };
        // The parameter may be omitted: PKCE binds the code already (OAuth 2.1, section 10.2).
        if redirect_uri.is_some()
            && form.get("redirect_uri").is_some_and(|given| Some(given) != redirect_uri.as_deref())
        {
            return Err(OAuthError::grant("redirect_uri is not that of the authorization request"));
        }
        if !pkce::verify(challenge, verifier) {
            self.refused(asker, named.client(), Some(&found.grant), "pkce");
            return Err(OAuthError::grant("code_verifier does not match the code_challenge"));
        }
        self.covered(asker, form)?;
        let told = found.token.scopes.clone();
        self.exchange(asker, code, &found, &told, &told).await
    }

    /// Exchanges a refresh token, [RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
    async fn refresh(&self, asker: &Asker<'_>, form: &Params, named: &Named) -> Result<Response<Body>, OAuthError> {
        let token = form.get("refresh_token").ok_or_else(|| OAuthError::request("refresh_token is missing"))?;
        let found = self.bearer(asker, token, named).await?;
        if found.token.kind != TokenKind::Refresh {
            return Err(OAuthError::grant("this is no refresh token"));
        }
        self.covered(asker, form)?;
        // Scopes that are no longer supported are not granted again.
        let supported = self.supported.union(&Scopes::parse(OFFLINE));
        let (asked, granted) = (Asked::parse(form.get("scope")), &found.token.scopes.intersection(&supported));
        if granted.without(OFFLINE).is_empty() {
            return Err(OAuthError::grant("nothing that was granted is supported any more; log in again"));
        }
        let told = if asked.is_nothing() {
            granted.clone()
        } else if !asked.scopes().is_empty() && granted.contains_all(asked.scopes()) {
            asked.told(asked.scopes()).intersection(granted)
        } else {
            return Err(OAuthError::new("invalid_scope", "scope asks for more than was granted"));
        };
        // The next refresh token has all granted scopes, even if this access token has fewer.
        self.exchange(asker, token, &found, &told, granted).await
    }

    /// Returns the code or refresh token, if this client can still exchange it.
    async fn bearer(&self, asker: &Asker<'_>, secret: &str, named: &Named) -> Result<Found, OAuthError> {
        let client = named.client();
        let Some(found) = self.store.find(&Digest::of(secret)).await? else {
            self.must_be_known(client).await?;
            self.refused(asker, client, None, "not_found");
            return Err(OAuthError::grant("it is not known: never issued, revoked, or expired long ago"));
        };
        if found.token.kind == TokenKind::Access {
            return Err(OAuthError::grant("an access token cannot be exchanged"));
        }
        let other = client.is_some_and(|client| client != found.grant.client);
        // Revoked for any sender: the token was used before, so one of the two senders has stolen it.
        if found.is_replay(self.clock.now()) || (found.used && other) {
            self.store.revoke_grant(&found.grant.id).await?;
            return Err(self.replayed(asker, &found.grant));
        }
        if other {
            self.refused(asker, client, Some(&found.grant), "other_client");
            return Err(OAuthError::grant("it was issued to another client"));
        }
        self.authenticate(asker, named, &found.grant.client, found.grant.confidential).await?;
        if self.login.is_own() && found.token.sealed.is_none() {
            self.refused(asker, client, Some(&found.grant), "no_login");
            return Err(OAuthError::grant("it carries no login of 1C, and users have their own here; log in again"));
        }
        // The new tokens would be refused here, so the client would refresh for ever.
        if !self.site.owns(&asker.base, &found.grant.resource) {
            self.refused(asker, client, Some(&found.grant), "audience_mismatch");
            return Err(OAuthError::grant("it was issued for another resource or address; log in again"));
        }
        if found.token.expires <= self.clock.now() {
            self.refused(asker, client, Some(&found.grant), "expired");
            return Err(OAuthError::grant("it has expired"));
        }
        Ok(found)
    }

    /// Checks that the grant, which is for this site, is for the requested resources
    /// ([RFC 8707, section 2.2](https://www.rfc-editor.org/rfc/rfc8707#section-2.2)).
    fn covered(&self, asker: &Asker<'_>, form: &Params) -> Result<(), OAuthError> {
        match self.resource(asker, form) {
            Ok(_) => Ok(()),
            Err(_) => Err(OAuthError::new("invalid_target", "this grant is for another resource")),
        }
    }

    /// Uses up a code or refresh token; its successors carry its login of 1C.
    async fn exchange(
        &self,
        asker: &Asker<'_>,
        used: &str,
        found: &Found,
        told: &Scopes,
        refreshable: &Scopes,
    ) -> Result<Response<Body>, OAuthError> {
        let grant = &found.grant;
        let credentials = match &found.token.sealed {
            Some(sealed) => {
                let opened = open(sealed, used);
                Some(opened.ok_or_else(|| OAuthError::grant("the login it carries cannot be read; log in again"))?)
            }
            None => None,
        };
        let now = self.clock.now();
        let (pair, tokens) = Pair::new(self, &grant.id, credentials.as_ref(), told, refreshable, grant.created, now)?;
        let grace = super::lifetime(self.lifetimes.grace);
        match self.store.exchange(&Digest::of(used), tokens, now, grace).await? {
            Exchange::Done => Ok(self.issued(asker, grant, &pair, told, None)),
            Exchange::Repeated => Ok(self.issued(asker, grant, &pair, told, Some("repeated"))),
            Exchange::Replayed => Err(self.replayed(asker, grant)),
            Exchange::Gone => Err(OAuthError::grant("it is not valid any more")),
        }
    }

    /// Logs in by user and password in one request
    /// ([RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)).
    async fn password(&self, asker: &Asker<'_>, form: &Params, named: &Named) -> Result<Response<Body>, OAuthError> {
        if form.get("username").is_none() {
            return Err(OAuthError::request("username is missing"));
        }
        let client = named.client();
        self.must_be_known(client).await?;
        let resource = self.resource(asker, form).map_err(|why| OAuthError::new("invalid_target", why))?;
        let asked = Asked::parse(form.get("scope"));
        let no_scope = || OAuthError::new("invalid_scope", "none of these scopes can be granted");
        asked.within(&self.supported, &self.default_scopes()).ok_or_else(no_scope)?;
        let client = client.unwrap_or(PUBLIC_CLIENT);
        // No earlier login says whether the client must authenticate, so its document must be available.
        let confidential = self.authenticate(asker, named, client, is_metadata_url(client)).await?;
        let logged_in = self.check(asker, client, typed(Form::Credentials, &Page::new(), form), None).await;
        let logged_in = logged_in.map_err(login_failure)?;
        let scopes = asked.within(&self.allowed(&logged_in), &self.default_scopes()).ok_or_else(no_scope)?;
        let (now, told) = (self.clock.now(), asked.told(&scopes));
        let id = secret::new(secret::GRANT)?.to_string();
        let (pair, tokens) = Pair::new(self, &id, logged_in.credentials.as_ref(), &told, &told, now, now)?;
        let (client, subject) = (client.to_owned(), logged_in.subject);
        let grant = Grant { id, client, subject, scopes, resource, created: now, confidential };
        self.store.put_grant(grant.clone(), tokens).await?;
        Ok(self.issued(asker, &grant, &pair, &told, None))
    }

    fn issued(
        &self,
        asker: &Asker<'_>,
        grant: &Grant,
        pair: &Pair,
        told: &Scopes,
        reason: Option<&'static str>,
    ) -> Response<Body> {
        event("oauth.token.issued", asker, Some(&grant.client), Some(grant), reason).emit();
        reply::json(StatusCode::OK, &pair.answer(super::lifetime(self.lifetimes.access), told))
    }

    pub(super) fn refused(&self, asker: &Asker<'_>, client: Option<&str>, grant: Option<&Grant>, reason: &'static str) {
        event("oauth.token.refused", asker, client, grant, None).emit_some(Some(reason), &self.sampler);
    }

    /// Reports that a token was replayed and its grant revoked, and returns the error.
    fn replayed(&self, asker: &Asker<'_>, grant: &Grant) -> OAuthError {
        self.revocations.made_one();
        event("oauth.token.replay_detected", asker, Some(&grant.client), Some(grant), None).emit();
        OAuthError::grant("it was used before; everything granted with it is revoked")
    }
}

fn event<'a>(
    name: &'static str,
    asker: &Asker<'_>,
    client_id: Option<&'a str>,
    grant: Option<&'a Grant>,
    reason: Option<&'static str>,
) -> Event<'a> {
    let sub = grant.map(|grant| grant.subject.as_str());
    Event { name, sub, client_id, remote: asker.remote, reason }
}

fn login_failure(error: LoginError) -> OAuthError {
    match error {
        LoginError::Wrong => OAuthError::grant("wrong user or password"),
        LoginError::NoRole => OAuthError::grant("this user lacks the role to use this service"),
        LoginError::TooMany(seconds) => OAuthError::too_many(seconds),
        LoginError::Unavailable(_) => OAuthError::unavailable("logins cannot be checked now"),
    }
}
