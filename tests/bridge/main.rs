//! The bridges between MCP over HTTP or stdio and the RPC stack.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod bridge_properties;
mod cache_hints;
mod header_validation;
mod http_rules;
mod json_rpc;
mod legacy_sse;
mod lingering;
mod memory_budget;
mod negotiation;
mod pass_through;
mod properties;
mod questions;
mod readiness;
mod refusal_log;
mod slow_calls;
mod stdio;
mod stdio_lines;
#[path = "../support/mod.rs"]
mod support;
mod trusted_proxies;
