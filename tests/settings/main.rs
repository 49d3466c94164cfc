//! The inside of the gateway program: its settings, its audit file and its connections.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test, and not all of the program is used here"
)]

mod audit_file;
#[path = "../../examples/gateway/audit_log.rs"]
mod audit_log;
mod auth;
mod case;
mod catalog;
mod connection_bounds;
#[path = "../../examples/gateway/connections.rs"]
mod connections;
#[path = "../../examples/gateway/lines/mod.rs"]
mod lines;
mod migrate;
#[path = "../../examples/gateway/server.rs"]
mod server;
#[path = "../../examples/gateway/settings/mod.rs"]
mod settings;
#[path = "../../examples/gateway/standard_error.rs"]
mod standard_error;
#[path = "../support/mod.rs"]
mod support;

type Failure = Box<dyn std::error::Error + Send + Sync>;
mod values;
#[path = "../../examples/gateway/visible.rs"]
mod visible;
