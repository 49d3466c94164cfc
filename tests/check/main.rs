//! What is looked at before a call reaches 1C: its arguments and the consent of the user.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod arguments;
mod confirm;
#[path = "../support/mod.rs"]
mod support;
