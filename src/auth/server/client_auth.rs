//! Client authentication at the token and revocation endpoints. Clients have no secrets, but a client that is known by
//! a metadata document can have keys, and may then have to authenticate with them.

use super::assertion::Assertion;
use super::client_metadata::{AssertionError, Described, MetadataError, is_metadata_url};
use super::params::Params;
use super::reply::OAuthError;
use super::service::Asker;
use super::store::TokenStore;
use super::{Inner, PUBLIC_CLIENT};
use crate::auth::Digest;
use crate::auth::login::Login;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// The only type of client assertions that is supported
/// ([RFC 7523, section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client that a request names, and the assertion that is to prove it.
pub(super) struct Named {
    /// The client's id, if the request has one.
    pub(super) client: Option<String>,
    assertion: Option<Assertion>,
}

impl Named {
    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

/// Returns the `client_id` from the form, from the user of HTTP Basic, or from the subject of an assertion.
pub(super) fn named(asker: &Asker<'_>, form: &Params) -> Result<Named, OAuthError> {
    if let Some(name) = form.repeated() {
        return Err(OAuthError::request(format!("{} is given twice", super::reply::plain(name))));
    }
    if form.get("client_secret").is_some() {
        return Err(OAuthError::client("clients have no secret here"));
    }
    let (basic, in_form) = (basic(asker)?, form.get("client_id"));
    let assertion = match (form.get("client_assertion"), form.get("client_assertion_type")) {
        (None, None) => None,
        (None, Some(_)) => return Err(OAuthError::request("client_assertion is missing")),
        (Some(_), kind) if kind != Some(JWT_BEARER) => {
            return Err(OAuthError::client("client_assertion_type must be that of JWTs (RFC 7523, section 2.2)"));
        }
        (Some(_), _) if basic.is_some() => return Err(OAuthError::request("the client authenticates in two ways")),
        (Some(text), _) => Some(Assertion::parse(text).map_err(OAuthError::client)?),
    };
    let subject = assertion.as_ref().map(Assertion::client);
    let client = basic.as_deref().or(subject);
    match (client, in_form) {
        (Some(client), Some(in_form)) if client != in_form => Err(OAuthError::client("two different client ids")),
        (client, in_form) => Ok(Named { client: client.or(in_form).map(str::to_owned), assertion }),
    }
}

/// Returns the user of `Authorization: Basic`
/// ([RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
fn basic(asker: &Asker<'_>) -> Result<Option<String>, OAuthError> {
    let bad = || OAuthError::client("the Authorization header is not HTTP Basic with a client id");
    let Some(header) = asker.head.headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, login) = header.to_str().ok().and_then(|header| header.split_once(' ')).ok_or_else(bad)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad());
    }
    let login = Zeroizing::new(STANDARD.decode(login.trim()).map_err(|_| bad())?);
    let login = std::str::from_utf8(&login).map_err(|_| bad())?;
    let (id, secret) = login.split_once(':').unwrap_or((login, ""));
    if !secret.is_empty() {
        return Err(OAuthError::client("clients have no secret here"));
    }
    let id = id.replace('+', " ");
    let id = percent_decode_str(&id).decode_utf8().map_err(|_| bad())?;
    if id.is_empty() { Err(bad()) } else { Ok(Some(id.into_owned())) }
}

/// The paths that an assertion may name as its audience: some libraries name the endpoint that they call.
const ENDPOINTS: [&str; 4] = ["/token", "/oauth/token", "/revoke", "/oauth/revoke"];

/// Returns an error that makes the client keep its tokens and try again.
fn unknown(error: MetadataError) -> OAuthError {
    let why = "what this client publishes about itself cannot be had now";
    OAuthError::broken(why, "a client cannot be authenticated", error)
}

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Checks that `client` sends the request, if it has to authenticate; returns whether it has to. Its document
    /// decides, or, where the document cannot be fetched, whether the client had to at the login (`confidential`).
    pub(super) async fn authenticate(
        &self,
        asker: &Asker<'_>,
        named: &Named,
        client: &str,
        confidential: bool,
    ) -> Result<bool, OAuthError> {
        let proven = self.proven(asker, named.assertion.as_ref(), client, confidential).await;
        proven.inspect_err(|_| self.refused(asker, Some(client), None, "client_assertion"))
    }

    async fn proven(
        &self,
        asker: &Asker<'_>,
        assertion: Option<&Assertion>,
        client: &str,
        confidential: bool,
    ) -> Result<bool, OAuthError> {
        let documents = self.client_metadata.as_ref().filter(|_| is_metadata_url(client));
        let described = match documents {
            Some(documents) => documents.describe(client).await,
            None if assertion.is_none() && !confidential => return Ok(false),
            None => return Err(OAuthError::client("this client has published no keys here")),
        };
        match (described, assertion) {
            (Ok(described), Some(assertion)) => {
                self.verified(asker, &described, assertion).await.map(|()| described.authentication.is_required())
            }
            (Ok(described), None) if described.authentication.is_required() => {
                Err(OAuthError::client("this client has to authenticate by a client_assertion (private_key_jwt)"))
            }
            (Ok(_), None) => Ok(false),
            (Err(MetadataError::Authentication(_)), _) => {
                Err(OAuthError::client("this client allows no way to authenticate that this server has"))
            }
            (Err(_), None) if !confidential => Ok(false),
            (Err(error), _) => Err(unknown(error)),
        }
    }

    /// Verifies an assertion, which may be used once, in all replicas together.
    async fn verified(
        &self,
        asker: &Asker<'_>,
        described: &Described,
        assertion: &Assertion,
    ) -> Result<(), OAuthError> {
        let Some(documents) = &self.client_metadata else {
            return Err(OAuthError::client("clients have no keys here"));
        };
        let now = self.clock.now();
        let audiences =
            [asker.issuer.clone()].into_iter().chain(ENDPOINTS.map(|path| format!("{}{path}", asker.issuer)));
        let until = assertion.check(&audiences.collect::<Vec<_>>(), now).map_err(OAuthError::client)?;
        documents.prove(&described.authentication, assertion).await.map_err(|unproven| match unproven {
            AssertionError::False(why) => OAuthError::client(why),
            AssertionError::Unknown(error) => unknown(error),
        })?;
        match self.store.first_use(&Digest::of(&assertion.id()), until, now).await? {
            true => Ok(()),
            false => Err(OAuthError::client("this client_assertion was used before")),
        }
    }

    /// Checks that this client exists. A client that this server has forgotten learns so from `invalid_client`, and
    /// registers again.
    pub(super) async fn must_be_known(&self, client: Option<&str>) -> Result<(), OAuthError> {
        let Some(id) = client.filter(|id| *id != PUBLIC_CLIENT) else { return Ok(()) };
        if self.client_metadata.is_some() && is_metadata_url(id) {
            return Ok(());
        }
        match self.store.client(id).await? {
            Some(_) => Ok(()),
            None => Err(OAuthError::client("this client is not registered")),
        }
    }
}
