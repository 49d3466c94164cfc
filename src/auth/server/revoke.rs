//! The revocation endpoint ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).

use super::Inner;
use super::client_auth::named;
use super::params::Params;
use super::reply::{self, OAuthError};
use super::service::Asker;
use super::store::{TokenKind, TokenStore};
use crate::audit::Event;
use crate::auth::Digest;
use crate::auth::login::Login;
use crate::net::Body;
use http::{Response, StatusCode};

impl<L: Login, S: TokenStore> Inner<L, S> {
    /// Revokes the whole grant of a refresh token, but an access token alone
    /// ([section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1)). An unknown token counts as revoked.
    pub(super) async fn revoke(&self, asker: &Asker<'_>, form: &Params) -> Result<Response<Body>, OAuthError> {
        let named = named(asker, form)?;
        let token = form.get("token").ok_or_else(|| OAuthError::request("token is missing"))?;
        let digest = Digest::of(token);
        if let Some(found) = self.store.find(&digest).await? {
            if named.client().is_some_and(|client| client != found.grant.client) {
                return Err(OAuthError::client("the token was issued to another client"));
            }
            self.authenticate(asker, &named, &found.grant.client, found.grant.confidential).await?;
            match found.token.kind {
                TokenKind::Access => self.store.revoke_token(&digest).await?,
                TokenKind::Code { .. } | TokenKind::Refresh => self.store.revoke_grant(&found.grant.id).await?,
            }
            self.revocations.made_one();
            Event {
                name: "oauth.token.revoked",
                sub: Some(&found.grant.subject),
                client_id: Some(&found.grant.client),
                remote: asker.remote,
                reason: Some("client"),
            }
            .emit();
        }
        Ok(reply::status(StatusCode::OK))
    }
}
