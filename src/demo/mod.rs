//! A stand-in 1C:Enterprise infobase, served over real HTTP on a loopback port.
//!
//! It is for trying the gateway without 1C (`--demo`), for integration tests and for benches. It is the
//! infobase of one small trading company ([`trade`]), and every answer of either dialect is computed from its
//! documents, so all answers agree. It behaves like the standard MCP extension, quirks included: a byte order
//! mark before JSON that is spread over lines, Base64 broken by CRLF, Russian error texts, and errors for keys
//! that a 1C `Structure` cannot hold.
//!
//! - `GET {url}/hs/mcp/health` answers `{"status":"ok"}`.
//! - `POST {url}/hs/mcp/rpc` is JSON-RPC 2.0: `tools/list`, `tools/call`, `resources/list`, `resources/read`,
//!   `prompts/list`, `prompts/get`; any other method is -32601. Like the standard extension it knows no scopes.
//!   Its `sales_report` (by product, slow on purpose) has the name of a tool of the built-in catalog: if a
//!   gateway serves both, clients see and call that of the catalog.
//!
//! - `POST {url}/hs/mcp/auth/verify` with `{"key":…}` returns the holder of an access key: `{"sub","name",
//!   "scopes":[…]}`, or 401 with an error in JSON.
//!
//! - `POST {url}/hs/mcp/resolve/{entity}`, `reports/{report}`, `admin/eventlog` and `admin/find_document` are
//!   the REST dialect. Errors are `{"error","message"}` with 400, or 403 if `X-MCP-Scopes` lacks the scope.
//!
//! All need Basic authentication in UTF-8: 401 otherwise, and 403 for a user without the role. Another infobase
//! or path is 404, a known path with another method 405, a body over 4 MiB 413, a notification 204.
//!
//! There are several users ([`DemoInfobase::users`]), one without a password and one without the role, and
//! access keys with different scopes ([`DemoInfobase::keys`]). The tool `whoami` shows the user it runs as and
//! what the gateway said about the caller (`X-MCP-Sub`, `X-MCP-Scopes`). For tests, [`DemoInfobase::callers`]
//! returns the callers in both dialects, and [`DemoInfobase::requests`] the requests.
//!
//! It listens on 127.0.0.1 only. Its passwords are not secret, since they protect nothing.
//!
//! # Example
//!
//! ```
//! use base64::prelude::{BASE64_STANDARD, Engine};
//! use bytes::Bytes;
//! use http::{Request, header::AUTHORIZATION};
//! use http_body_util::{BodyExt, Empty};
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use onec_mcp::demo::DemoInfobase;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let infobase = DemoInfobase::start().await?;
//!
//! let login = format!("{}:{}", infobase.username(), infobase.password());
//! let request = Request::get(format!("{}/hs/mcp/health", infobase.url()))
//!     .header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(login)))
//!     .body(Empty::<Bytes>::new())?;
//! let reply = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
//!
//! let body = reply.into_body().collect().await?.to_bytes();
//! assert_eq!(body, "\u{feff}{\r\n\t\"status\": \"ok\"\r\n}");
//! # Ok(())
//! # }
//! ```

mod answers;
mod arguments;
mod callers;
mod calls;
mod configuration;
mod http;
mod infobase;
mod keys;
mod metadata;
mod object;
mod png;
mod prompts;
mod publication;
mod queries;
mod requests;
mod resources;
mod rpc;
mod text;
mod tools;
pub mod trade;
mod users;
mod wire;

pub use callers::Caller;
pub use calls::Calls;
pub use infobase::{Builder, DemoInfobase};
pub use keys::Key;
pub use requests::Received;
pub use users::User;
