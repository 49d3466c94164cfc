//! The recipes of docs/embedding.md: that they are the code of `examples/embedded`, and what that does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod clients;
mod document;
#[allow(dead_code, reason = "the program uses all of it")]
#[path = "../../examples/embedded/house/mod.rs"]
mod house;
mod infobases;
mod lab;
mod network;
mod reports;
mod stack;
mod tenants;
mod tokens;
