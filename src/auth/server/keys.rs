//! The public keys of a client ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517#section-5)), and the verification of
//! signatures.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The supported signature algorithms, each with its name: asymmetric ones only.
pub(crate) const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

/// The most keys in a set, more than any client needs while it changes its keys.
const MAX_KEYS: usize = 32;
/// The most keys that are tried for a signature that names no key.
const MAX_TRIED: usize = 8;

/// The supported keys of a set.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only algorithm that the key is for, if it names one.
    algorithm: Option<KeyAlgorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// The members of a key that only its owner may know
/// ([RFC 7518, section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6)).
#[derive(Deserialize)]
struct Private {
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Private {
    const fn is_there(&self) -> bool {
        let Self { d, p, q, dp, dq, qi, oth, k } = self;
        d.is_some()
            || p.is_some()
            || q.is_some()
            || dp.is_some()
            || dq.is_some()
            || qi.is_some()
            || oth.is_some()
            || k.is_some()
    }
}

impl KeySet {
    /// Parses a key set. Keys of unknown kinds and for other purposes are left out; a private or shared key makes the
    /// whole set invalid, since its owner has published it.
    pub(crate) fn read(json: &str) -> Result<Self, &'static str> {
        let document: Document<'_> = serde_json::from_str(json).map_err(|_| "is no JSON Web Key Set")?;
        if document.keys.len() > MAX_KEYS {
            return Err("has more than 32 keys");
        }
        let mut keys = Vec::new();
        for text in document.keys {
            let private: Private = serde_json::from_str(text.get()).map_err(|_| "has a key that is none")?;
            if private.is_there() {
                return Err("has private keys");
            }
            keys.extend(serde_json::from_str(text.get()).ok().and_then(Key::of));
        }
        Ok(Self(keys))
    }

    /// Whether the set has a key of this id, or, without an id, any key.
    pub(super) fn has(&self, id: Option<&str>) -> bool {
        self.0.iter().any(|key| id.is_none() || key.id.as_deref() == id)
    }

    /// Whether one of the keys has signed the message.
    pub(crate) fn verify(&self, id: Option<&str>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let fits = |key: &&Key| (id.is_none() || key.id.as_deref() == id) && key.is_for(algorithm);
        self.0.iter().filter(fits).take(MAX_TRIED).any(|key| verify(algorithm, &key.key, message, signature))
    }
}

impl Key {
    /// Returns the key; `None` if it is not for signatures, or no supported algorithm uses its kind.
    fn of(jwk: Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|one| *one == PublicKeyUse::Signature);
        let verifies =
            common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let known = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => true,
            AlgorithmParameters::EllipticCurve(key) => key.curve == EllipticCurve::P256,
            AlgorithmParameters::OctetKeyPair(key) => key.curve == EllipticCurve::Ed25519,
            _ => false,
        };
        if !(signs && verifies && known) {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithm: jwk.common.key_algorithm, key })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| match algorithm {
            Algorithm::RS256 => only == KeyAlgorithm::RS256,
            Algorithm::PS256 => only == KeyAlgorithm::PS256,
            Algorithm::ES256 => only == KeyAlgorithm::ES256,
            Algorithm::EdDSA => only == KeyAlgorithm::EdDSA,
            _ => false,
        })
    }
}

/// Verifies a signature. Each algorithm accepts only keys of its own family, whatever the signature claims.
fn verify(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
    let rsa = |parameters: &RsaParameters, n: &[u8], e: &[u8]| {
        // Some encoders add the leading zero that signed numbers need.
        let n = n.iter().position(|byte| *byte != 0).and_then(|start| n.get(start..)).unwrap_or_default();
        RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
    };
    let other = |algorithm: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
    };
    match (algorithm, key.family(), key.kind()) {
        (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            rsa(&signature::RSA_PKCS1_2048_8192_SHA256, n, e)
        }
        (Algorithm::PS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            rsa(&signature::RSA_PSS_2048_8192_SHA256, n, e)
        }
        (Algorithm::ES256, AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            other(&signature::ECDSA_P256_SHA256_FIXED, point)
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(key)) => other(&signature::ED25519, key),
        _ => false,
    }
}
