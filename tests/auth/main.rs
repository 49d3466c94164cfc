//! Who calls: validators, logins, and how guesses are slowed down.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod basic;
mod bearer;
mod fixtures;
mod login;
mod login_cache;
mod login_slowdown;
#[path = "../support/mod.rs"]
mod support;
mod token_passthrough;
mod token_validation;
