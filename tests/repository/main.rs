//! What this repository keeps beside its code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod corpus;
mod requirements;
#[path = "../support/mod.rs"]
mod support;
