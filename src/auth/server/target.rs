//! The client of an authorization request and its redirect URI, which must be certain before an answer is redirected.

use super::client_metadata::{MetadataError, is_metadata_url};
use super::page::{AuthorizationError, error_page};
use super::params::Params;
use super::redirect::RedirectUri;
use super::reply::{self, plain};
use super::service::Asker;
use super::store::{Client, TokenStore};
use super::{Inner, PUBLIC_CLIENT};
use crate::auth::login::Login;
use crate::net::Body;
use http::{Method, Response, StatusCode};

/// The receiver of the answer.
pub(super) struct Target<'a> {
    pub(super) client: &'a Client,
    /// Whether the client gets tokens only if it authenticates.
    pub(super) confidential: bool,
    pub(super) uri: RedirectUri<'a>,
    /// The redirect URI of the request, if it named one.
    pub(super) asked: Option<&'a str>,
    state: Option<&'a str>,
}

/// The client that asks for authorization.
pub(super) struct Asking {
    client: Client,
    confidential: bool,
}

/// An error that is redirected to the client instead of a code
/// ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
pub(super) struct RedirectError(pub(super) &'static str, pub(super) String);

impl RedirectError {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self(error, description.into())
    }
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Returns the client of an authorization request.
    pub(super) async fn asking_client(&self, asker: &Asker<'_>, params: &Params) -> Result<Asking, AuthorizationError> {
        if let Some(name) = ["client_id", "redirect_uri"].into_iter().find(|name| params.is_repeated(name)) {
            return Err(AuthorizationError::BadRequest(format!("{name} is given twice")));
        }
        let id = params.get("client_id").ok_or(AuthorizationError::UnknownClient)?;
        if id == PUBLIC_CLIENT {
            let (id, registered) = (id.to_owned(), self.clock.now());
            let client = Client { id, name: None, redirect_uris: Vec::new(), registered };
            return Ok(Asking { client, confidential: false });
        }
        if let Some(documents) = self.client_metadata.as_ref().filter(|_| is_metadata_url(id)) {
            let described = documents.describe(id).await.map_err(|error| match error {
                MetadataError::Authentication(why) => AuthorizationError::Authentication(why),
                error => AuthorizationError::Metadata(error.to_string()),
            })?;
            let confidential = described.authentication.is_required();
            return Ok(Asking { client: described.client.clone(), confidential });
        }
        let client = self.store.client(id).await.map_err(|error| {
            self.tell(asker, &error.into());
            AuthorizationError::Unavailable
        })?;
        let client = client.ok_or(AuthorizationError::UnknownClient)?;
        Ok(Asking { client, confidential: false })
    }
}

impl<'a> Target<'a> {
    /// Finds the redirect URI, and compares it as text with the registered ones
    /// ([RFC 9700, section 2.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1)).
    pub(super) fn find(asking: &'a Asking, params: &'a Params) -> Result<Self, AuthorizationError> {
        let Asking { client, confidential } = asking;
        let asked = params.get("redirect_uri");
        let text = match (asked, client.redirect_uris.as_slice()) {
            (Some(asked), _) => asked,
            // The redirect URI may be omitted if only one is registered (RFC 6749, section 3.1.2.3).
            (None, [only]) => only,
            (None, _) => return Err(AuthorizationError::BadRedirectUri),
        };
        let uri = RedirectUri::parse(text).map_err(|_| AuthorizationError::BadRedirectUri)?;
        let registered = if client.redirect_uris.is_empty() {
            uri.is_loopback()
        } else {
            client.redirect_uris.iter().any(|registered| uri.matches(registered))
        };
        if !registered {
            return Err(AuthorizationError::BadRedirectUri);
        }
        let state = params.get("state").filter(|_| !params.is_repeated("state"));
        Ok(Self { client, confidential: *confidential, uri, asked, state })
    }

    pub(super) fn refuse(
        &self,
        asker: &Asker<'_>,
        RedirectError(error, description): &RedirectError,
    ) -> Response<Body> {
        self.answer(asker, &[("error", error), ("error_description", &plain(description))])
    }

    /// Refuses a request before the user has seen the login page. Any stranger can register a web site or the scheme of
    /// a program, so an automatic redirect could be a phishing lure: the user decides on an error page
    /// ([OAuth 2.1, section 7.12.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-7.12.2)). A
    /// loopback address is redirected to at once: its program runs on the user's machine already.
    pub(super) fn refuse_stranger(&self, asker: &Asker<'_>, refused: &RedirectError) -> Response<Body> {
        if self.uri.is_loopback() {
            return self.refuse(asker, refused);
        }
        let RedirectError(error, why) = refused;
        let back = self.url(asker, &[("error", error), ("error_description", &plain(why))]);
        error_page(asker.language, &AuthorizationError::Refused { why: format!("{error}: {why}"), back })
    }

    pub(super) fn grant(&self, asker: &Asker<'_>, code: &str) -> Response<Body> {
        self.answer(asker, &[("code", code)])
    }

    /// Redirects to the client, always with `iss`, so that the client knows which server answers
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)).
    fn answer(&self, asker: &Asker<'_>, answer: &[(&str, &str)]) -> Response<Body> {
        // After a POST, only 303 prevents the browser from sending the password on (RFC 9700, section 4.12).
        let status = if asker.head.method == Method::POST { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
        reply::redirect(status, &self.url(asker, answer))
    }

    fn url(&self, asker: &Asker<'_>, answer: &[(&str, &str)]) -> String {
        let state = self.state.map(|state| ("state", state));
        let answer: Vec<_> = answer.iter().copied().chain(state).chain([("iss", asker.issuer.as_str())]).collect();
        self.uri.with(&answer)
    }
}
