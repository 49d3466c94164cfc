//! Readers of input from outside, for the fuzz targets and property tests; not part of the API.

pub use crate::bridge::http::sentinel::{decode as decode_sentinel, encode as encode_sentinel};

/// Readers of JSON text.
pub mod json {
    pub use crate::rpc::json::{JsonError, Member, Scanner, Span, quote_into, text, unquote};
}

/// Readers of answers of 1C.
pub mod onec {
    pub use crate::onec::fuzzing::*;
}

/// Readers of requests to the authorization server.
#[cfg(feature = "oauth")]
pub mod oauth {
    pub use crate::auth::server::fuzzing::*;
}

/// Readers of what a token store returns.
#[cfg(feature = "oauth")]
pub mod login {
    pub use crate::auth::login::fuzzing::*;
}
