//! HTTP layers that know nothing of MCP: client addresses, trusted proxies, hosts and origins, limits on memory.
//!
//! | | What it does |
//! |---|---|
//! | [`ProxiesLayer`] | finds the client behind proxies and the URL that it used: a [`Caller`] |
//! | [`HostLayer`], [`OriginPolicy`] | keep out foreign hosts and foreign web pages |
//! | [`Lingering`], [`Unread`] | let an early answer reach a client that is still sending |
//! | [`RefusalsLayer`] | writes a log line for each refused request, within bounds |
//! | [`budget`] | bounds the bytes that are held for all callers, and for each |

mod body;
pub mod budget;
pub(crate) mod collect;
mod encoded;
mod forwarded;
pub(crate) mod holder;
mod hosts;
mod lingering;
mod network;
mod origin;
mod proxies;
mod refusals;
#[cfg(feature = "tls")]
pub(crate) mod roots;
pub(crate) mod sampler;
pub(crate) mod served;
mod unread;

pub use body::Body;
pub(crate) use encoded::{ENCODED, IDENTITY, is_encoded};
pub(crate) use forwarded::remote;
pub use forwarded::{Caller, Peer};
pub use hosts::{HostLayer, Hosts, HostsFuture};
pub use lingering::Lingering;
#[cfg(any(feature = "basic", feature = "oauth"))]
pub(crate) use network::place;
pub(crate) use network::{Network, networks};
pub use origin::OriginPolicy;
#[cfg(feature = "oauth")]
pub(crate) use origin::is_of;
pub use proxies::{Proxies, ProxiesLayer};
pub(crate) use refusals::Refused;
pub use refusals::{Refusals, RefusalsFuture, RefusalsLayer};
pub(crate) use unread::close_unread;
pub use unread::{Unread, Watched, Watching, WatchingFuture};
