//! The HTTP client to 1C: hyper with a pool of warm connections.

mod builder;
mod error;
mod line;
pub(super) mod line_errors;
mod pooled;
#[cfg(feature = "tls")]
mod secure;
mod stream;
mod wire;

pub use builder::HttpClientBuilder;
pub use error::ClientError;
pub use pooled::{HttpClient, HttpClientFuture};
