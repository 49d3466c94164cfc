//! The signed assertion by which a client proves who it is, `private_key_jwt`
//! ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523#section-3),
//! [RFC 7521](https://www.rfc-editor.org/rfc/rfc7521#section-5.2), and
//! [OpenID Connect Core, section 9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)).

use super::keys::KeySet;
use crate::auth::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, decode_header};
use serde::Deserialize;

/// More than any has: one signed with RSA of 8192 bits has some 2 KB.
const MAX_LENGTH: usize = 8 * 1024;
/// Seconds that clocks may differ by.
const SKEW: Timestamp = 60;
/// Seconds that an assertion may still count for: one that leaked is soon worth nothing, and its id need
/// not be remembered for long.
const LONGEST: Timestamp = 600;
/// Characters of an id.
const MAX_ID: usize = 255;

/// An assertion, read and not yet believed.
#[derive(Debug)]
pub(crate) struct Assertion {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    claims: Claims,
    /// What is signed.
    message: String,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    /// Seconds, which may have fractions
    /// ([RFC 7519, section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// A slash at the end does not matter: some libraries put one after the host.
    fn has(&self, accepted: &[String]) -> bool {
        let is = |one: &String| {
            accepted
                .iter()
                .any(|other| one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other))
        };
        match self {
            Self::One(one) => is(one),
            Self::Several(several) => several.iter().any(is),
        }
    }
}

impl Assertion {
    /// Reads one; an error says what is wrong with its form. Nothing of it is true yet.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LENGTH {
            return Err("the client_assertion is too long");
        }
        let header = decode_header(text).map_err(|_| "the client_assertion is no JWT, or its alg is not supported")?;
        if header.crit.is_some() {
            return Err("the client_assertion has critical headers, and none is understood here");
        }
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        if typ.is_some_and(|typ| !matches!(typ.as_str(), "jwt" | "application/jwt" | "client-authentication+jwt")) {
            return Err("the client_assertion is a JWT for something else, by its typ");
        }
        let claims: Claims =
            insecure_decode_claims(text).map_err(|_| "the client_assertion lacks iss, sub, aud, exp or jti")?;
        let (message, signature) = text.rsplit_once('.').ok_or("the client_assertion is no JWT")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the client_assertion is no JWT")?;
        if claims.iss != claims.sub {
            return Err("iss and sub of the client_assertion must both be the client_id");
        }
        if claims.jti.is_empty() || claims.jti.len() > MAX_ID {
            return Err("jti of the client_assertion must have 1 to 255 bytes");
        }
        Ok(Self { algorithm: header.alg, key_id: header.kid, claims, message: message.to_owned(), signature })
    }

    /// Whether one of these keys has signed it.
    pub(crate) fn is_signed_by(&self, keys: &KeySet) -> bool {
        keys.verify(self.key_id.as_deref(), self.algorithm, self.message.as_bytes(), &self.signature)
    }

    /// Whom it is of, if it is true.
    pub(crate) fn client(&self) -> &str {
        &self.claims.sub
    }

    /// What may come once only.
    pub(crate) fn id(&self) -> String {
        // An id of a client that is a URL holds no line break.
        format!("{}\n{}", self.claims.sub, self.claims.jti)
    }

    /// Whether it is for this server, and now; until when its id must be remembered.
    pub(crate) fn check(&self, audiences: &[String], now: Timestamp) -> Result<Timestamp, &'static str> {
        let Claims { aud, exp, nbf, iat, .. } = &self.claims;
        if !aud.has(audiences) {
            return Err("aud of the client_assertion must be the issuer or the token endpoint");
        }
        let (earliest, latest) = (now.saturating_sub(SKEW), now.saturating_add(SKEW));
        let expires = seconds(*exp);
        if expires <= earliest {
            return Err("the client_assertion has expired");
        }
        if expires > latest.saturating_add(LONGEST) {
            return Err("exp of the client_assertion is more than 10 minutes ahead");
        }
        let future = |time: &Option<f64>| time.is_some_and(|time| seconds(time) > latest || time > *exp);
        if future(nbf) || future(iat) {
            return Err("nbf or iat of the client_assertion is in the future");
        }
        Ok(expires.saturating_add(SKEW))
    }
}

/// A cast of a number that is too large gives the nearest.
fn seconds(time: f64) -> Timestamp {
    time.floor() as Timestamp
}
