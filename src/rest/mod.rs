//! The tools of a catalog as plain HTTP endpoints, for programs that speak no MCP.
//!
//! A [`RestService`] answers `POST` at the `rest` path of each tool of a [`Catalog`](crate::catalog::Catalog)
//! with the answer of 1C, or of the program for tools of its own, and `GET /openapi.json` with an OpenAPI 3.1 document of all tools. The body is the
//! tool's arguments as a JSON object, whatever its `Content-Type` says; the arguments are mended and checked
//! like those of an MCP call. A replaced catalog takes effect at once.
//!
//! [`RestService::new`] takes one token: every caller with it may call every tool, and 1C gets no user and no scopes.
//! [`RestService::with_auth`] takes a validator of tokens: a caller may call the tools whose scope its
//! [`Identity`](crate::Identity) holds, guarded values count as in [`scope`](crate::scope), and 1C is told who calls. Of
//! the request's head nothing else travels on. The OpenAPI document is that of all tools in either case.
//!
//! Errors are `{"error":code,"message":text}`:
//!
//! | Code | Status | When |
//! |---|---|---|
//! | `unauthorized` | 401 | no token, or a wrong one; also where there is no such endpoint |
//! | `insufficient_scope` | 403 | the caller lacks a scope, which the challenge names |
//! | `access_denied`, `slow_down`, `temporarily_unavailable` | 403, 429, 503 | the validator says so |
//! | `not_found` | 404 | no tool has this path |
//! | `invalid_request` | 400 | the body is not a JSON object |
//! | | 405, 408, 413, 415 | wrong method, a body that arrives too late, one over 4 MiB, or a compressed one |
//! | `validation_error` | 400 | an argument does not fit; `field` says which |
//! | `limit_exceeded` | 400 | 1C sent more rows than the limit |
//! | `onec_error` | 400, 401 | as 1C answered |
//! | | 502 | any other error of 1C; `Retry-After` if it is only busy |
//! | `tool_error` | 500 | a tool failed that the program itself answers |
//!
//! For CORS, put a layer around the service, such as that of `tower-http`.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use onec_mcp::catalog::{Catalog, Limits};
//! use onec_mcp::onec::RestCall;
//! use onec_mcp::rest::RestService;
//! use onec_mcp::rpc::{BoxError, Payload, Response};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // In place of `OneCService::rest`, which may have the memory of a cache around it.
//! let onec = service_fn(|call: RestCall| async move {
//!     assert_eq!(&*call.path, "resolve/customer");
//!     let answer = r#"{"candidates":[{"id":"…","label":"North Ltd","archived":false}]}"#;
//!     Ok::<_, BoxError>(Response::result(Payload::parse(answer)?))
//! });
//! let catalog = Catalog::trade(Limits::default())?;
//! let rest = RestService::new(catalog.clone(), "t0ken", onec).title("Reports of North");
//!
//! let ask = |token: &str| {
//!     let request = http::Request::post("/resolve/customer").header("authorization", format!("Bearer {token}"));
//!     request.body(Full::<Bytes>::from(r#"{"query":"north"}"#))
//! };
//! let answer = rest.clone().oneshot(ask("t0ken")?).await?;
//! assert_eq!(answer.status(), 200);
//! assert!(answer.into_body().collect().await?.to_bytes().starts_with(b"{\"candidates\""));
//! assert_eq!(rest.oneshot(ask("guess")?).await?.status(), 401);
//!
//! // With a validator the caller's scopes count: this one may not find customers.
//! use onec_mcp::auth::{BearerAuthLayer, StaticToken};
//! use onec_mcp::{Identity, Scopes};
//! let validator = StaticToken::new("t0ken", Identity::new("stock-robot", Scopes::parse("mcp:report:stock")));
//! let rest = RestService::with_auth(catalog, BearerAuthLayer::new(validator), onec);
//! assert_eq!(rest.oneshot(ask("t0ken")?).await?.status(), 403);
//! # Ok(())
//! # }
//! ```

mod document;
mod door;
mod endpoints;
mod error;
mod future;
mod service;

pub use service::{ResponseFuture, RestService};
