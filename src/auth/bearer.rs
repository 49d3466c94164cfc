//! The layer [`BearerAuthLayer`], which authenticates callers by their bearer tokens.

use super::gate::{Authenticated, Challenge, DeniedError, MISSING, Scheme, refused, remote};
use super::site::clean;
use super::trouble::Troubles;
use super::validate::{AuthError, Presented, TokenValidator};
use super::{NeededScopes, Site};
use crate::audit;
use crate::identity::{Identity, Scopes};
use crate::net::sampler::Sampler;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::fmt::Write as _;
use std::sync::Arc;
use tower_layer::Layer;

/// The longest token. Tokens of this server are much shorter, but those of another authorization server may be long.
const MAX_TOKEN: usize = 8 * 1024;
/// How long clients should wait when tokens cannot be checked, in seconds.
const RETRY_AFTER: u64 = 5;

/// A layer that lets in only requests with a valid bearer token ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750));
/// see the [module](super).
#[derive(Clone, Debug)]
pub struct BearerAuthLayer<V> {
    pub(crate) scheme: Bearer<V>,
}

/// The authentication scheme of a [`BearerAuthLayer`].
#[derive(Clone, Debug)]
pub struct Bearer<V> {
    validator: V,
    site: Site,
    /// The path of the resource, if it is not that of the request.
    resource: Option<String>,
    /// Whether challenges point to metadata that says where to get a token.
    has_metadata: bool,
    advertised: Scopes,
    required: Scopes,
    /// Bounds the audit events of refused tokens.
    sampler: Sampler,
    troubles: Troubles,
}

impl<V: TokenValidator> BearerAuthLayer<V> {
    /// Creates a layer that checks tokens by `validator`.
    pub fn new(validator: V) -> Self {
        let (advertised, required) = (Scopes::default(), Scopes::default());
        let (site, resource, has_metadata) = (Site::new(), None, false);
        let (sampler, troubles) = (audit::sampler(), Troubles::new());
        Self { scheme: Bearer { validator, site, resource, has_metadata, advertised, required, sampler, troubles } }
    }

    /// Sets where this server is, so that challenges point to the metadata of the resource
    /// ([RFC 9728, section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)), which
    /// `auth::server::AuthorizationServer` serves.
    #[must_use]
    pub fn site(mut self, site: Site) -> Self {
        self.scheme.site = site;
        self.scheme.has_metadata = true;
        self.resolved()
    }

    /// Sets the path of the resource behind this layer as clients see it, such as `/api/v1/1c/mcp`. By default it is
    /// the path of the request, which a router that nests the service has shortened to `/mcp`.
    ///
    /// Challenges then point to the metadata of this resource
    /// ([RFC 9728, section 3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)). If it is not one of the
    /// [site's](Self::site), it takes their place, and a token for it is valid here only.
    ///
    /// # Example
    ///
    /// A service below `/api/v1/1c`, beside other routes. The documents under `/.well-known/` belong to the root of the
    /// host.
    ///
    /// ```
    /// use axum::{Router, body::Body, extract::Request, response::Response};
    /// use onec_mcp::auth::{BearerAuthLayer, Site, StaticToken};
    /// use onec_mcp::{Identity, Scopes};
    /// use std::convert::Infallible;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let site = Site::new().mount("/api/v1/1c").resources(["/api/v1/1c/mcp"]);
    /// let robot = StaticToken::new("s3cret", Identity::new("robot", Scopes::parse("mcp")));
    /// let mcp = service_fn(async |_: Request| Ok::<_, Infallible>(Response::<Body>::default()));
    /// let mcp = BearerAuthLayer::new(robot).site(site).resource("/api/v1/1c/mcp").layer(mcp);
    /// let app = Router::new().nest("/api/v1/1c", Router::new().route_service("/mcp", mcp));
    ///
    /// let request = http::Request::post("/api/v1/1c/mcp").header("host", "h.example").body(Body::empty())?;
    /// let answer = app.oneshot(request).await?;
    /// let metadata = "http://h.example/.well-known/oauth-protected-resource/api/v1/1c/mcp";
    /// assert!(answer.headers()["www-authenticate"].to_str()?.contains(metadata));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn resource(mut self, path: &str) -> Self {
        self.scheme.resource = Some(clean(path));
        self.scheme.has_metadata = true;
        self.resolved()
    }

    /// Makes the resource one of the site's, in whichever order the two were set.
    fn resolved(mut self) -> Self {
        let Bearer { site, resource, .. } = &mut self.scheme;
        if let Some(path) = resource
            && site.resource_at(path).is_none()
        {
            *site = site.clone().resources([path.as_str()]);
        }
        self
    }

    /// Sets the scopes that a 401 tells clients to ask for. `offline_access` is left out: it concerns only clients and
    /// their authorization server.
    #[must_use]
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.scheme.advertised = scopes.without("offline_access");
        self
    }

    /// Sets the scopes that every token must have: others get 403 with `insufficient_scope`.
    #[must_use]
    pub fn require(mut self, scopes: Scopes) -> Self {
        self.scheme.required = scopes;
        self
    }
}

impl<S, V: TokenValidator> Layer<S> for BearerAuthLayer<V> {
    type Service = Authenticated<S, Bearer<V>>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticated { inner, scheme: self.scheme.clone() }
    }
}

/// The server's URL and the resource that a request is for.
#[derive(Debug)]
pub struct Place {
    base: Arc<str>,
    /// The number of the resource among those of the site.
    resource: Option<usize>,
}

impl<V: TokenValidator> Scheme for Bearer<V> {
    type Place = Place;

    fn place(&self, head: &Parts) -> Place {
        let path = self.resource.as_deref().unwrap_or_else(|| head.uri.path());
        Place { base: self.site.base(head), resource: self.site.resource_at(path) }
    }

    async fn admit(&self, head: &Parts, place: &Place) -> Result<Identity, DeniedError> {
        let token = match token(&head.headers) {
            Ok(Some(token)) => token,
            Ok(None) => {
                refused(&self.sampler, head, None, "no_bearer");
                return Err(DeniedError::new(StatusCode::UNAUTHORIZED, MISSING, "A bearer token is needed").told());
            }
            Err(denied) => {
                refused(&self.sampler, head, None, "not_found");
                return Err(denied.told());
            }
        };
        let presented = Presented { token, base: &place.base, site: &self.site };
        let identity = match self.validator.validate(presented).await {
            Ok(identity) => identity,
            Err(refusal) => {
                refused(&self.sampler, head, None, refusal.reason());
                return Err(denied(&refusal, &self.troubles, head));
            }
        };
        if !identity.scopes().contains_all(&self.required) {
            refused(&self.sampler, head, Some(identity.subject()), "insufficient_scope");
            let mut denied = DeniedError::new(StatusCode::FORBIDDEN, "insufficient_scope", "The token lacks scopes");
            denied.scopes = Some(NeededScopes(self.required.clone()));
            return Err(denied.told());
        }
        Ok(identity)
    }

    /// Builds the challenge of [RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3) and the MCP
    /// specification,
    /// [2026-07-28, authorization](https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization).
    fn challenge(&self, place: &Place, why: Challenge<'_>) -> Option<HeaderValue> {
        let mut text = "Bearer".to_owned();
        let mut first = true;
        let mut put = |name: &str, value: &str| {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            let value = value.replace(|c: char| c == '"' || c == '\\' || !(' '..='~').contains(&c), "?");
            // Writing into a string cannot fail.
            let _ = write!(text, "{comma} {name}=\"{value}\"");
        };
        let scopes = match why {
            Challenge::Scopes(NeededScopes(needed)) => {
                put("error", "insufficient_scope");
                needed
            }
            Challenge::Invalid(description) => {
                put("error", "invalid_token");
                put("error_description", description);
                &self.advertised
            }
            Challenge::Malformed(description) => {
                put("error", "invalid_request");
                put("error_description", description);
                &self.advertised
            }
            Challenge::Missing => &self.advertised,
        };
        if !scopes.is_empty() {
            put("scope", &scopes.to_string());
        }
        if self.has_metadata {
            put("resource_metadata", &self.site.metadata_url(&place.base, place.resource));
        }
        HeaderValue::from_str(&text).ok()
    }
}

/// Returns the token of the `Authorization` header. A token in the query is never read, since URLs end up in logs.
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<&str>, DeniedError> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(DeniedError::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "There are several Authorization headers",
        ));
    }
    let malformed = || DeniedError::new(StatusCode::UNAUTHORIZED, "invalid_token", "The token is malformed");
    let (scheme, token) = match first.to_str() {
        Ok(text) => text.split_once(' ').unwrap_or((text, "")),
        Err(_) => return Err(malformed()),
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim_matches(' ');
    let legal = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',');
    if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(legal) {
        return Err(malformed());
    }
    Ok(Some(token))
}

/// Turns an [`AuthError`] into the answer. The audit trail or the log has reported the error.
pub(super) fn denied(refusal: &AuthError, troubles: &Troubles, head: &Parts) -> DeniedError {
    let invalid = |text| DeniedError::new(StatusCode::UNAUTHORIZED, "invalid_token", text);
    let denied = match refusal {
        AuthError::Unknown => invalid("The token is not known here, or was revoked"),
        AuthError::Expired => invalid("The token has expired"),
        AuthError::Audience => invalid("The token is for another resource"),
        AuthError::Forbidden => DeniedError::new(StatusCode::FORBIDDEN, "access_denied", refusal.to_string()),
        AuthError::TooMany(seconds) => {
            let mut denied = DeniedError::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", refusal.to_string());
            denied.retry_after = Some(*seconds);
            denied
        }
        AuthError::Unavailable(error) => {
            troubles.tell(remote(head), "callers cannot be authenticated", &**error);
            let text = "This server cannot check logins and tokens at the moment; try again later";
            let mut denied = DeniedError::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
            denied.retry_after = Some(RETRY_AFTER);
            denied
        }
    };
    denied.told()
}
