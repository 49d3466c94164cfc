//! The authorization server's parts.

mod tokens;

pub use tokens::Tokens;
