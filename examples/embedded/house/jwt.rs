//! Tokens of the house's identity provider: JWT, checked by its public keys.

use super::tenants::Tenant;
use axum::Json;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use onec_mcp::auth::{AuthError, Presented, TokenValidator};
use onec_mcp::{Identity, Scopes};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// The claims that matter here.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    scope: String,
    tenant: Tenant,
}

/// A validator of the house's tokens.
#[derive(Clone)]
pub(crate) struct HouseTokens {
    keys: Arc<JwkSet>,
    issuer: &'static str,
}

impl HouseTokens {
    pub(crate) fn new(keys: JwkSet, issuer: &'static str) -> Self {
        Self { keys: Arc::new(keys), issuer }
    }

    fn claims(&self, presented: Presented<'_>) -> Result<Claims, jsonwebtoken::errors::Error> {
        let header = decode_header(presented.token)?;
        let key = header.kid.and_then(|kid| self.keys.find(&kid)).ok_or(ErrorKind::InvalidToken)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[self.issuer]);
        // A token for another service of the house is not one for this (RFC 8707).
        validation.set_audience(&[presented.site.main_resource(presented.base)]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        Ok(decode(presented.token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
    }
}

impl TokenValidator for HouseTokens {
    async fn validate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        let claims = self.claims(presented).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => AuthError::Expired,
            ErrorKind::InvalidAudience => AuthError::Audience,
            _ => AuthError::Unknown,
        })?;
        Ok(Identity::new(claims.sub, Scopes::parse(&claims.scope)).with_claim(claims.tenant))
    }
}

/// Returns the metadata that sends clients to the identity provider (RFC 9728).
pub(crate) fn resource_metadata(base: &Url, path: &str) -> Json<Value> {
    let resource = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Json(json!({
        "resource": resource,
        "authorization_servers": [super::ISSUER],
        "scopes_supported": ["mcp"],
        "bearer_methods_supported": ["header"],
    }))
}

/// Returns the keys of the identity provider, which a real service gets from its `jwks_uri`. This one is the example of
/// RFC 8037, appendix A.2.
pub(crate) fn keys_of_the_example() -> JwkSet {
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "house-1", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    serde_json::from_value(json!({ "keys": [key] })).unwrap_or(JwkSet { keys: Vec::new() })
}
