//! The signed assertion by which a client authenticates, `private_key_jwt`
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

/// The longest assertion: one signed with RSA of 8192 bits has some 2 KB.
const MAX_LENGTH: usize = 8 * 1024;
/// The seconds by which clocks may differ.
const SKEW: Timestamp = 60;
/// The longest remaining lifetime of an assertion, in seconds. A leaked one soon expires, and its id need not be
/// remembered for long.
const LONGEST: Timestamp = 600;
/// The longest id, in bytes.
const MAX_ID: usize = 255;

/// An assertion that was parsed but not yet verified.
#[derive(Debug)]
pub(crate) struct Assertion {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    claims: Claims,
    /// The signed part of the text.
    message: String,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    /// The expiry time in seconds, which may have fractions
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
    /// Whether an accepted audience is named. A slash at the end does not matter: some libraries add one after the
    /// host.
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
    /// Parses an assertion; the error says what is wrong with its form. Its claims are not verified.
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

    /// Whether one of these keys has signed the assertion.
    pub(crate) fn is_signed_by(&self, keys: &KeySet) -> bool {
        keys.verify(self.key_id.as_deref(), self.algorithm, self.message.as_bytes(), &self.signature)
    }

    /// Returns the `client_id` that the assertion claims.
    pub(crate) fn client(&self) -> &str {
        &self.claims.sub
    }

    /// Returns the id that may be used only once.
    pub(crate) fn id(&self) -> String {
        // A client id that is a URL contains no line break.
        format!("{}\n{}", self.claims.sub, self.claims.jti)
    }

    /// Checks that the assertion is for this server and valid now; returns until when its id must be remembered.
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

/// Converts seconds to a timestamp; a number that is too large becomes the nearest one.
fn seconds(time: f64) -> Timestamp {
    time.floor() as Timestamp
}
