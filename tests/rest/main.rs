//! The catalog as HTTP endpoints.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod callers;
mod endpoints;
mod openapi;
mod program;
#[path = "../support/mod.rs"]
mod support;
