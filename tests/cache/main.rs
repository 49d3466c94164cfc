//! What the cache keeps, for whom and how long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a helper that fails fails its test"
)]

mod answers;
mod properties;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod waiting;
