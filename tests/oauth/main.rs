//! The authorization server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod attacks;
mod audit;
mod authorize;
mod bounds;
mod client_metadata;
mod fixtures;
mod federated;
mod login_page;
mod metadata;
mod nested;
mod pages;
mod private_key_jwt;
mod refresh;
mod register;
mod revoke;
#[path = "../support/mod.rs"]
mod support;
mod token;
