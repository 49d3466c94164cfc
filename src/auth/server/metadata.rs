//! The metadata documents of the server and of its resources.

use super::client_metadata::METHODS;
use super::keys::ALGORITHMS;
use super::scopes::OFFLINE;
use super::service::Asker;
use super::{Inner, reply};
use crate::auth::login::{Form, Login};
use crate::identity::Scopes;
use crate::net::Body;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// The authorization server metadata of [RFC 8414, section 2](https://www.rfc-editor.org/rfc/rfc8414#section-2).
#[derive(Serialize)]
struct Server<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    registration_endpoint: String,
    revocation_endpoint: String,
    scopes_supported: Vec<&'a str>,
    response_types_supported: [&'a str; 1],
    response_modes_supported: [&'a str; 1],
    grant_types_supported: &'a [&'a str],
    token_endpoint_auth_methods_supported: &'a [&'a str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_endpoint_auth_signing_alg_values_supported: Vec<&'a str>,
    revocation_endpoint_auth_methods_supported: &'a [&'a str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'a str>,
    code_challenge_methods_supported: [&'a str; 1],
    client_id_metadata_document_supported: bool,
    authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_documentation: Option<&'a str>,
}

/// The protected resource metadata of [RFC 9728, section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2).
#[derive(Serialize)]
struct Resource<'a> {
    resource: String,
    authorization_servers: [&'a str; 1],
    // Empty lists are left out (section 3.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    bearer_methods_supported: [&'a str; 1],
    resource_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<&'a str>,
}

impl<L: Login, S> Inner<L, S> {
    pub(super) fn grant_types(&self) -> &'static [&'static str] {
        if self.password_grant && self.login.form() == Form::Credentials && self.login.page().fields.is_empty() {
            &["authorization_code", "refresh_token", "password"]
        } else {
            &["authorization_code", "refresh_token"]
        }
    }

    pub(super) fn server_metadata(&self, asker: &Asker<'_>) -> Response<Body> {
        let issuer = asker.issuer.as_str();
        let scopes = self.supported.union(&Scopes::parse(OFFLINE));
        // Keys come from metadata documents only.
        let (methods, algorithms) = match self.client_metadata {
            Some(_) => (&METHODS[..], ALGORITHMS.map(|(name, _)| name).to_vec()),
            None => (&["none"][..], Vec::new()),
        };
        self.document(&Server {
            issuer,
            authorization_endpoint: format!("{issuer}/authorize"),
            token_endpoint: format!("{issuer}/token"),
            registration_endpoint: format!("{issuer}/register"),
            revocation_endpoint: format!("{issuer}/revoke"),
            scopes_supported: scopes.iter().collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: self.grant_types(),
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
            revocation_endpoint_auth_methods_supported: methods,
            revocation_endpoint_auth_signing_alg_values_supported: algorithms,
            code_challenge_methods_supported: ["S256"],
            client_id_metadata_document_supported: self.client_metadata.is_some(),
            authorization_response_iss_parameter_supported: true,
            service_documentation: self.documentation.as_deref(),
        })
    }

    pub(super) fn resource_metadata(&self, asker: &Asker<'_>, path: &str) -> Response<Body> {
        self.document(&Resource {
            resource: format!("{}{path}", asker.base),
            authorization_servers: [&asker.issuer],
            scopes_supported: self.supported.iter().collect(),
            bearer_methods_supported: ["header"],
            resource_name: &self.name,
            resource_documentation: self.documentation.as_deref(),
        })
    }

    /// Returns a JSON document. If it depends on the headers of the request, it must not be cached for others.
    fn document(&self, document: &impl Serialize) -> Response<Body> {
        let mut response = reply::json(StatusCode::OK, document);
        if self.site.is_fixed() {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        }
        response
    }
}
