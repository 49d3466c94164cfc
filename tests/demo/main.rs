//! The stand-in infobase.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod dialects;
mod extension;
mod fixtures;
mod reports;
mod rest;
#[path = "../support/mod.rs"]
mod support;
mod users;
