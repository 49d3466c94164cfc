//! The stores of tokens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod crash;
mod promises;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
