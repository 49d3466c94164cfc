//! [`Pair`]: an access token and the refresh token that comes with it.

use super::log_in::sealed;
use super::reply::OAuthError;
use super::store::{Token, TokenKind};
use super::{Inner, secret};
use crate::auth::Digest;
use crate::auth::clock::Timestamp;
use crate::identity::{Credentials, Scopes};
use serde::Serialize;
use zeroize::Zeroizing;

pub(super) struct Pair {
    access: Zeroizing<String>,
    refresh: Zeroizing<String>,
}

/// The token response of [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: Timestamp,
    refresh_token: &'a str,
    scope: String,
}

impl Pair {
    /// Creates the tokens of a grant, and what the store keeps of them; `since` is when the user logged in.
    pub(super) fn new<L, S>(
        server: &Inner<L, S>,
        grant: &str,
        credentials: Option<&Credentials>,
        told: &Scopes,
        refreshable: &Scopes,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(Self, Vec<Token>), OAuthError> {
        let pair = Self { access: secret::new(secret::ACCESS)?, refresh: secret::new(secret::REFRESH)? };
        // 1C checks a login with every call. A key is not checked again, and only its digest is known here: the user
        // has to type it from time to time, so that a withdrawn key ends.
        let renewed = if credentials.is_some() { now } else { since };
        let token = |secret: &str, kind, scopes, from: Timestamp, lifetime| {
            Ok::<_, OAuthError>(Token {
                digest: Digest::of(secret),
                grant: grant.to_owned(),
                kind,
                scopes,
                sealed: sealed(credentials, secret)?,
                expires: from.saturating_add(super::lifetime(lifetime)),
            })
        };
        let access = token(&pair.access, TokenKind::Access, told.clone(), now, server.lifetimes.access)?;
        let refresh = token(&pair.refresh, TokenKind::Refresh, refreshable.clone(), renewed, server.lifetimes.refresh)?;
        Ok((pair, vec![access, refresh]))
    }

    pub(super) fn answer(&self, expires_in: Timestamp, scopes: &Scopes) -> Answer<'_> {
        Answer {
            access_token: &self.access,
            token_type: "Bearer",
            expires_in,
            refresh_token: &self.refresh,
            scope: scopes.to_string(),
        }
    }
}
