//! onec-mcp
#[cfg(feature = "demo")]
pub mod demo;
pub mod onec;
pub mod rpc;
