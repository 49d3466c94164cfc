//! Authentication of a client at the token endpoint, as its metadata document describes it.

use super::{MetadataError, url};
use crate::auth::server::keys::{ALGORITHMS, KeySet};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// The authentication methods that this server supports.
pub(crate) const METHODS: [&str; 2] = ["none", PRIVATE_KEY_JWT];
const PRIVATE_KEY_JWT: &str = "private_key_jwt";

/// Other methods of the IANA registry, which an error may name: errors must not quote the document.
const OTHERS: [&str; 6] = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "attest_jwt_client_auth",
];

/// The members of a document that describe authentication. A document is written once for all servers, so beside the
/// single method of registration ([RFC 7591, section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)) it may list
/// all methods of the client
/// ([OpenID Connect RP Metadata Choices](https://openid.net/specs/openid-connect-rp-metadata-choices-1_0.html)); if
/// there is a list, it takes precedence.
#[derive(Deserialize)]
pub(super) struct Members {
    token_endpoint_auth_method: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods: Option<Vec<String>>,
    token_endpoint_auth_signing_alg: Option<String>,
    token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    jwks: Option<Box<RawValue>>,
    jwks_uri: Option<String>,
}

/// How a client may authenticate, and the keys to verify it with.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    none: bool,
    pub(super) keys: Option<Keys>,
    algorithms: Vec<Algorithm>,
}

/// The place of the client's keys.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    Here(Arc<KeySet>),
    At(::url::Url),
}

impl Authentication {
    /// Whether the client gets nothing unless it authenticates.
    pub(crate) const fn is_required(&self) -> bool {
        !self.none
    }

    /// Whether the client may sign with this algorithm.
    pub(super) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

impl Members {
    /// Reads the members. With no method named, a client is public, since it cannot have agreed on a secret with the
    /// server.
    pub(super) fn read(self) -> Result<Authentication, MetadataError> {
        let single = self.token_endpoint_auth_method.as_deref();
        if single.is_some_and(|method| method.starts_with("client_secret")) {
            return Err(refused("a client with a public document can have no secret", single));
        }
        // Keys are checked even if they are not used: private keys in a public document are compromised.
        let here = self.jwks.as_deref().map(|jwks| KeySet::read(jwks.get())).transpose();
        let here = here.map_err(|why| MetadataError::Document(format!("its jwks {why}")))?;
        let list = self.token_endpoint_auth_methods_supported.or(self.token_endpoint_auth_methods);
        let named: Vec<&str> = match &list {
            Some(list) => list.iter().map(String::as_str).collect(),
            None => single.into_iter().collect(),
        };
        let unsaid = list.is_none() && single.is_none();
        let none = unsaid || named.contains(&"none");
        let signed = named.contains(&PRIVATE_KEY_JWT) || (unsaid && (here.is_some() || self.jwks_uri.is_some()));
        if !none && !signed {
            let other = OTHERS.into_iter().find(|other| named.contains(other));
            return Err(refused("it allows no way to authenticate that this server has", other));
        }
        let mut keys = None;
        if signed {
            keys = match (here, self.jwks_uri.as_deref()) {
                (Some(_), Some(_)) if !none => {
                    return Err(MetadataError::Document("it has both jwks and jwks_uri".to_owned()));
                }
                (Some(keys), _) => Some(Keys::Here(Arc::new(keys))),
                (None, Some(at)) => Some(Keys::At(url::parse_keys(at)?)),
                (None, None) if none => None,
                (None, None) => return Err(refused("it demands private_key_jwt and publishes no keys", None)),
            };
        }
        let single = self.token_endpoint_auth_signing_alg.map(|one| vec![one]);
        let wanted = self.token_endpoint_auth_signing_alg_values_supported.or(single);
        let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|one| one == name));
        let algorithms: Vec<_> =
            ALGORITHMS.iter().filter(|(name, _)| is_wanted(name)).map(|(_, algorithm)| *algorithm).collect();
        if algorithms.is_empty() && !none {
            return Err(refused("it signs with no algorithm that this server has", None));
        }
        Ok(Authentication { none, keys, algorithms })
    }
}

fn refused(why: &'static str, method: Option<&str>) -> MetadataError {
    let method = method.and_then(|method| OTHERS.into_iter().find(|other| *other == method));
    let named = method.map(|method| format!(" ({method})")).unwrap_or_default();
    MetadataError::Authentication(format!("{why}{named}; this server has {}", METHODS.join(" and ")))
}
