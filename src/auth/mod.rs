//! Authentication in front of the bridge: who may call.
//!
//! [`BearerAuthLayer`] asks a [`TokenValidator`] for the bearer of a request's token, and puts the
//! [`Identity`](crate::Identity) into the request's extensions, from where it travels through the bridge to the leaf.
//! All other requests get an answer before their body is read:
//!
//! | Request | Answer |
//! |---|---|
//! | without a bearer token in the `Authorization` header | 401 with a challenge |
//! | with a token that is unknown, expired or for another resource | 401, `invalid_token` |
//! | with a token that lacks a [required](BearerAuthLayer::require) scope | 403, `insufficient_scope` and the scopes |
//! | while tokens cannot be checked | 503 with `Retry-After`: the token may be good |
//!
//! A 401 or 403 of the inner service gets the challenge too: 1C may refuse a login that was valid when the token was
//! issued, and an inner layer may need more scopes.
//!
//! Which paths and methods need no token is a matter of your routing; the layer has no list of them.
//!
//! `BasicAuthLayer` (feature `basic`) authenticates clients that send their own login of 1C.
//! `server::AuthorizationServer` (feature `oauth`) issues tokens.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use onec_mcp::auth::{BearerAuthLayer, StaticToken};
//! use onec_mcp::{Identity, Scopes};
//! use std::convert::Infallible;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inner = service_fn(|request: http::Request<Full<Bytes>>| async move {
//!     let who = request.extensions().get::<Identity>().map(|identity| identity.subject().to_owned());
//!     Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from(who.unwrap_or_default())))
//! });
//! let robot = Identity::new("robot", Scopes::parse("mcp"));
//! let service = BearerAuthLayer::new(StaticToken::new("s3cret", robot)).layer(inner);
//!
//! let request = http::Request::post("/mcp").header("authorization", "Bearer s3cret");
//! assert_eq!(service.clone().oneshot(request.body(Full::default())?).await?.status(), 200);
//!
//! let request = http::Request::post("/mcp").header("authorization", "Bearer guess");
//! let answer = service.oneshot(request.body(Full::default())?).await?;
//! assert_eq!(answer.status(), 401);
//! assert!(answer.headers()["www-authenticate"].to_str()?.contains(r#"error="invalid_token""#));
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "basic")]
mod basic;
mod bearer;
mod boxed;
#[cfg(any(feature = "basic", feature = "oauth"))]
mod buckets;
mod clock;
mod digest;
mod gate;
#[cfg(any(feature = "basic", feature = "oauth"))]
pub mod login;
#[cfg(feature = "oauth")]
pub mod server;
mod site;
#[cfg(feature = "oauth")]
pub mod store;
#[cfg(any(feature = "basic", feature = "oauth"))]
mod tallies;
mod trouble;
mod validate;

pub use crate::identity::NeededScopes;
#[cfg(feature = "basic")]
pub use basic::{Basic, BasicAuthLayer};
#[cfg(feature = "rest")]
pub(crate) use bearer::token;
pub use bearer::{Bearer, BearerAuthLayer};
pub use boxed::BoxValidator;
pub use clock::{Clock, Timestamp};
pub use digest::Digest;
pub use gate::{Authenticated, ResponseFuture};
#[cfg(feature = "rest")]
pub(crate) use gate::{DeniedError, Scheme};
pub use site::Site;
pub use validate::{AuthError, Presented, ServiceValidator, StaticToken, TokenRequest, TokenValidator};
