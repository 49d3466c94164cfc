//! Who may see and call what.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod cache;
mod fixtures;
mod guards;
mod headers;
mod lists;
mod matrix;
mod measures;
mod policy;
mod refusals;
mod reload;
mod schemas;
mod spoofing;
#[path = "../support/mod.rs"]
mod support;
