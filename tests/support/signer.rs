//! A client with keys of its own, and the assertions that it signs.
#![allow(dead_code, reason = "each test file takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

/// A key for tests, which has never protected anything.
const RSA: &[u8] = include_bytes!("rsa_2048.pk8");

pub(crate) enum Signer {
    Rs256(RsaKeyPair),
    Ps256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn rs256() -> Self {
        Self::Rs256(RsaKeyPair::from_pkcs8(RSA).unwrap())
    }

    pub(crate) fn ps256() -> Self {
        Self::Ps256(RsaKeyPair::from_pkcs8(RSA).unwrap())
    }

    pub(crate) fn es256() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Es256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
    }

    pub(crate) fn eddsa() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Ps256(_) => "PS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// The public key.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Rs256(key) | Self::Ps256(key) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "kid": id, "n": text(&public.n), "e": text(&public.e)})
            }
            Self::Es256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": text(x), "y": text(y)})
            }
            Self::EdDsa(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": text(key.public_key().as_ref())})
            }
        }
    }

    pub(crate) fn jwks(&self, id: &str) -> Value {
        json!({"keys": [self.jwk(id)]})
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rs256(key) | Self::Ps256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding =
                    if matches!(self, Self::Rs256(_)) { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                key.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// A JWT, whatever its header and claims say.
    pub(crate) fn jwt(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        format!("{message}.{}", text(&self.sign(message.as_bytes())))
    }

    /// A good assertion of this client with the key `1`.
    pub(crate) fn assertion(&self, client: &str, now: i64) -> String {
        self.jwt(&json!({"alg": self.algorithm(), "kid": "1", "typ": "JWT"}), &claims(client, now))
    }
}

/// What a good assertion says; each has another `jti`.
pub(crate) fn claims(client: &str, now: i64) -> Value {
    let jti = uuid::Uuid::new_v4().to_string();
    json!({"iss": client, "sub": client, "aud": "https://mcp.example", "iat": now, "exp": now + 60, "jti": jti})
}

pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
