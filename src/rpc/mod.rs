//! JSON-RPC 2.0 and MCP without any transport.
//!
//! A [`Request`] goes through any `tower::Service<Request, Response = Response>`; the bridges
//! ([`http`](crate::bridge::http), `stdio`, `sse`) turn messages into requests and answers into messages.
//! Payloads stay bytes, checked once and passed on unchanged.
//!
//! For layers of your own there are [`from_fn`], which makes one from an async function, [`Params::get`] and
//! [`Params::with`] for the parameters, a [`ListEditor`] for the items of lists, and a [`BoxService`].

mod boxed;
mod each;
mod editor;
mod encoded;
mod error;
mod extensions;
mod failure;
mod from_fn;
mod item;
pub(crate) mod json;
pub(crate) mod label;
mod level;
mod lifecycle;
mod list;
mod memo;
mod message;
mod method;
#[cfg(feature = "alias")]
pub(crate) mod name;
mod outline;
mod params;
mod payload;
mod request_id;
mod response;
mod splice;
mod version;

pub use boxed::{BoxService, ResponseFuture};
pub use editor::ListEditor;
pub use encoded::Encoded;
pub use error::{BoxError, ErrorObject, RpcError};
pub(crate) use extensions::Told;
pub use extensions::{Extensions, Unasked};
pub use from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use item::Item;
pub use json::{JsonError, MAX_DEPTH};
pub use level::Level;
pub use lifecycle::ServerInfo;
pub use message::{Id, Incoming, MAX_BATCH, Message, MessageError, Reply, Request};
pub use method::Method;
pub use params::{Meta, Param, Params};
pub use payload::Payload;
pub use request_id::RequestId;
pub use response::Response;
pub use version::{Era, Version};

pub(crate) use error::{Upstream, cause};
pub(crate) use failure::{no_answer, tell_refused};
#[cfg(any(feature = "stdio", feature = "sse"))]
pub(crate) use lifecycle::asked_version;
pub(crate) use list::{List, MAX_ITEMS};
#[cfg(feature = "alias")]
pub(crate) use memo::number;
pub(crate) use memo::{Memo, Size};
#[cfg(any(feature = "stdio", feature = "rest", feature = "oauth"))]
pub(crate) use message::without_bom;
pub(crate) use outline::Outline;
pub(crate) use payload::without_line_breaks;
pub(crate) use response::{Outcome, empty_list, encode_error};
pub(crate) use splice::encode;
