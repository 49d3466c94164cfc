//! onec-mcp
mod bridge;
#[cfg(feature = "demo")]
pub mod demo;
pub mod http;
pub mod onec;
pub mod rpc;
#[cfg(feature = "stdio")]
pub mod stdio;

pub use bridge::Bridge;
